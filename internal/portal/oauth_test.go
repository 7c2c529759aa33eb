package portal_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const (
	callback = "http://127.0.0.1:8400/callback"
	verifier = "made-up-verifier-of-forty-three-characters-x"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// consenting is an OAuth client of a portal.
type consenting struct {
	*asker
	clock *clock
}

func newConsenting(t *testing.T) consenting {
	t.Helper()
	c := newClock()
	p := portal.New(portal.Options{Now: c.Now, ClientID: "bridge", ClientSecret: "cl13nt-s3cret"})
	return consenting{ask(t, p), c}
}

// with is a form with changes; an empty value leaves a key out.
func with(form, changes url.Values) string {
	form = maps.Clone(form)
	maps.Copy(form, changes)
	maps.DeleteFunc(form, func(_ string, v []string) bool { return v[0] == "" })
	return form.Encode()
}

// authorize requests consent, and returns the status and where the browser is redirected.
func (c consenting) authorize(changes url.Values) (int, *url.URL) {
	c.t.Helper()
	query := with(url.Values{
		"response_type": {"code"}, "client_id": {"bridge"}, "redirect_uri": {callback}, "scope": {"openid admin.v1"}, "state": {"s-1"},
	}, changes)
	res, err := c.http.Transport.RoundTrip(c.request("GET", "/oauth/authorize?"+query, nil))
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, to
}

func (c consenting) code(changes url.Values) string {
	c.t.Helper()
	status, to := c.authorize(changes)
	code := to.Query().Get("code")
	if status != 302 || code == "" || to.Query().Get("state") != "s-1" || !strings.HasPrefix(to.String(), callback) {
		c.t.Fatalf("authorize: %d %s", status, to)
	}
	return code
}

// trade posts to the token endpoint.
func (c consenting) trade(form url.Values, changes url.Values, header http.Header) (int, map[string]any) {
	c.t.Helper()
	r := c.request("POST", "/oauth/token", strings.NewReader(with(form, changes)))
	maps.Copy(r.Header, header)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := c.do(r)
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		c.t.Fatalf("%d %s", status, body)
	}
	return status, answer
}

func grantOf(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "client_id": {"bridge"}, "client_secret": {"cl13nt-s3cret"}}
}

func TestOAuthConsent(t *testing.T) {
	c := newConsenting(t)
	code := c.code(nil)
	status, answer := c.trade(grantOf(code), nil, nil)
	if status != 200 || answer["refresh_token"] == nil || answer["token_type"] != "Bearer" {
		t.Fatalf("the code: %d %v", status, answer)
	}
	c.token = answer["access_token"].(string)
	if status := c.status("/my-details"); status != 200 {
		t.Errorf("the access token: %d", status)
	}
	if status, again := c.trade(grantOf(code), nil, nil); status != 400 || again["error"] != "invalid_grant" {
		t.Errorf("the code once more: %d %v", status, again)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {answer["refresh_token"].(string)}, "client_id": {"bridge"}, "client_secret": {"cl13nt-s3cret"}}
	if status, answer := c.trade(refresh, url.Values{"client_secret": {"wrong"}}, nil); status != 401 || answer["error"] != "invalid_client" {
		t.Errorf("a refresh with a wrong secret: %d %v", status, answer)
	}
	if status, _ := c.trade(refresh, nil, nil); status != 200 {
		t.Errorf("the refresh token: %d", status)
	}
	basic := c.request("POST", "/", nil)
	basic.SetBasicAuth("bridge", "cl13nt-s3cret")
	if status, answer := c.trade(grantOf(c.code(nil)), url.Values{"client_id": {""}, "client_secret": {""}}, http.Header{"Authorization": basic.Header["Authorization"]}); status != 200 {
		t.Errorf("credentials in a header: %d %v", status, answer)
	}
	challenged := url.Values{"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	if status, answer := c.trade(grantOf(c.code(challenged)), url.Values{"code_verifier": {verifier}}, nil); status != 200 {
		t.Errorf("with PKCE: %d %v", status, answer)
	}
}

func TestOAuthRefusals(t *testing.T) {
	c := newConsenting(t)
	for name, changes := range map[string]url.Values{
		"unknown client": {"client_id": {"other"}}, "no client": {"client_id": {""}}, "no address": {"redirect_uri": {""}},
		"relative address": {"redirect_uri": {"/callback"}}, "another scheme": {"redirect_uri": {"javascript://x/"}},
	} {
		if status, to := c.authorize(changes); status != 400 || to.String() != "" {
			t.Errorf("%s: %d, sent to %q", name, status, to)
		}
	}
	for want, changes := range map[string]url.Values{
		"unsupported_response_type": {"response_type": {"token"}}, "invalid_scope": {"scope": {"openid"}},
		"invalid_request": {"code_challenge": {"x"}, "code_challenge_method": {"plain"}},
	} {
		if status, to := c.authorize(changes); status != 302 || to.Query().Get("error") != want || to.Query().Get("state") != "s-1" || to.Query().Has("code") {
			t.Errorf("%s: %d, sent to %s", want, status, to)
		}
	}
	challenged := url.Values{"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	for _, x := range []struct {
		name, want       string
		status           int
		consent, changes url.Values
	}{
		{"wrong secret", "invalid_client", 401, nil, url.Values{"client_secret": {"x"}}},
		{"no secret", "invalid_client", 401, nil, url.Values{"client_secret": {""}}},
		{"another address", "invalid_grant", 400, nil, url.Values{"redirect_uri": {callback + "2"}}},
		{"no address", "invalid_grant", 400, nil, url.Values{"redirect_uri": {""}}},
		{"made-up code", "invalid_grant", 400, nil, url.Values{"code": {"x"}}},
		{"no code", "invalid_grant", 400, nil, url.Values{"code": {""}}},
		{"no verifier", "invalid_grant", 400, challenged, nil},
		{"wrong verifier", "invalid_grant", 400, challenged, url.Values{"code_verifier": {"x"}}},
		{"another grant", "unsupported_grant_type", 400, nil, url.Values{"grant_type": {"password"}}},
	} {
		if status, answer := c.trade(grantOf(c.code(x.consent)), x.changes, nil); status != x.status || answer["error"] != x.want {
			t.Errorf("%s: %d %v", x.name, status, answer)
		}
	}
	code := c.code(nil)
	c.clock.now = c.clock.now.Add(10 * time.Minute)
	if status, answer := c.trade(grantOf(code), nil, nil); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("an old code: %d %v", status, answer)
	}
}
