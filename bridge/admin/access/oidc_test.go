package access_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
)

const (
	clientID     = "absorb-bridge"
	clientSecret = "secret-of-the-client"
)

// issuer is an OpenID Connect provider that logs everybody in as its claims say.
type issuer struct {
	*httptest.Server
	key    *rsa.PrivateKey
	claims map[string]any
	asked  url.Values // what a login was begun with
	signer *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, signer: key, claims: map[string]any{}}
	mux := http.NewServeMux()
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	say := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		say(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		exponent := big.NewInt(int64(key.E)).Bytes()
		say(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k", "n": encode(key.N.Bytes()), "e": encode(exponent)}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		id, secret, _ := r.BasicAuth()
		if r.PostFormValue("code") != "the-code" || encode(sum[:]) != i.asked.Get("code_challenge") || id != clientID || secret != clientSecret {
			w.WriteHeader(http.StatusBadRequest)
			say(w, map[string]any{"error": "invalid_grant"})
			return
		}
		say(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": i.token(t)})
	})
	return i
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token is a signed identity.
func (i *issuer) token(t *testing.T) string {
	claims := map[string]any{
		"iss": i.URL, "aud": clientID, "sub": "subject", "nonce": i.asked.Get("nonce"),
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	maps.Copy(claims, i.claims)
	body, err := json.Marshal(claims)
	if err != nil {
		t.Error(err)
	}
	text := encode([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + encode(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.signer, crypto.SHA256, sum[:])
	if err != nil {
		t.Error(err)
	}
	return text + "." + encode(signature)
}

func (i *issuer) options(claim string) access.Settings {
	return access.Settings{OIDC: &access.OIDC{
		Issuer: i.URL, ClientID: clientID, ClientSecret: clientSecret, Scopes: []string{"email"}, Claim: claim,
		Rights: access.Rights{Operate: []string{"mira@example.com", "/lms/admins"}, View: []string{"*@example.com", "/lms/*"}},
	}}
}

// begin begins a login, and gives where the provider would send the browser back.
func (i *issuer) begin(t *testing.T, c *http.Client, d *door) string {
	t.Helper()
	status, body, h := ask(t, c, "GET", d.URL+"/login/oidc?next=/events", "")
	to, err := url.Parse(h.Get("Location"))
	if err != nil || status != 303 || !strings.HasPrefix(to.String(), i.URL+"/authorize?") {
		t.Fatalf("%d %s, leads to %s, %v", status, body, to, err)
	}
	i.asked = to.Query()
	for key, want := range map[string]string{"client_id": clientID, "redirect_uri": d.URL + "/login/callback", "scope": "openid email", "code_challenge_method": "S256", "response_type": "code"} {
		if i.asked.Get(key) != want {
			t.Errorf("%s is %q", key, i.asked.Get(key))
		}
	}
	return d.URL + "/login/callback?" + url.Values{"code": {"the-code"}, "state": {i.asked.Get("state")}}.Encode()
}

func TestLoginByOpenIDConnect(t *testing.T) {
	i := newIssuer(t)
	for _, c := range []struct {
		name, claim string
		claims      map[string]any
		status      int
		want        string
	}{
		{"by address", "email", map[string]any{"email": "mira@example.com", "email_verified": true}, 303, "mira@example.com may operate"},
		{"verified, as a text", "email", map[string]any{"email": "ben@example.com", "email_verified": "true"}, 303, "ben@example.com may view"},
		{"verified by Entra ID", "email", map[string]any{"email": "ben@example.com", "xms_edov": true}, 303, "ben@example.com may view"},
		{"verified by Entra ID, as a text", "email", map[string]any{"email": "ben@example.com", "xms_edov": "1"}, 303, "ben@example.com may view"},
		{"verified by Entra ID, as a number", "email", map[string]any{"email": "ben@example.com", "xms_edov": 1}, 303, "ben@example.com may view"},
		{"not verified by Entra ID", "email", map[string]any{"email": "mira@example.com", "xms_edov": "0"}, 403, ""},
		{"said not to be verified and to be", "email", map[string]any{"email": "mira@example.com", "email_verified": false, "xms_edov": true}, 403, ""},
		{"without a word on its verification", "email", map[string]any{"email": "mira@example.com"}, 403, ""},
		{"an empty word on its verification", "email", map[string]any{"email": "mira@example.com", "email_verified": nil}, 403, ""},
		{"an address that is not verified", "email", map[string]any{"email": "mira@example.com", "email_verified": false}, 403, ""},
		{"a stranger", "email", map[string]any{"email": "eve@attacker.example", "email_verified": true}, 403, ""},
		{"no address", "email", nil, 403, ""},
		{"by groups", "groups", map[string]any{"name": "Mira", "groups": []string{"/other", "/lms/admins"}}, 303, "Mira may operate"},
		{"by a group that may view", "groups", map[string]any{"preferred_username": "ben", "groups": "/lms/readers"}, 303, "ben may view"},
		{"without groups", "groups", map[string]any{"email": "mira@example.com"}, 403, ""},
	} {
		i.claims = c.claims
		d, b := open(t, i.options(c.claim)), browser(t)
		status, body, h := ask(t, b, "GET", i.begin(t, b, d), "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
		if status != c.status || status == 303 && h.Get("Location") != "/events" {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
		if status, body, _ := ask(t, b, "GET", d.URL, ""); c.want != "" && body != c.want || c.want == "" && status != 401 {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestLoginsThatAreForged(t *testing.T) {
	i := newIssuer(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(b *http.Client, back string) (*http.Client, string){
		"another's state": func(b *http.Client, back string) (*http.Client, string) {
			return b, strings.Replace(back, "state=", "state=x", 1)
		},
		"another's browser": func(_ *http.Client, back string) (*http.Client, string) { return browser(t), back },
		"another code": func(b *http.Client, back string) (*http.Client, string) {
			return b, strings.Replace(back, "the-code", "a-code", 1)
		},
		"another nonce": func(b *http.Client, back string) (*http.Client, string) {
			i.claims["nonce"] = "another"
			return b, back
		},
		"another audience": func(b *http.Client, back string) (*http.Client, string) {
			i.claims["aud"] = "another"
			return b, back
		},
		"another issuer": func(b *http.Client, back string) (*http.Client, string) {
			i.claims["iss"] = "https://attacker.example"
			return b, back
		},
		"too old": func(b *http.Client, back string) (*http.Client, string) {
			i.claims["exp"] = time.Now().Add(-time.Hour).Unix()
			return b, back
		},
		"another key": func(b *http.Client, back string) (*http.Client, string) { i.signer = other; return b, back },
		"the provider's refusal": func(b *http.Client, back string) (*http.Client, string) {
			return b, strings.Replace(back, "code=the-code", "error=access_denied", 1)
		},
	} {
		i.claims, i.signer = map[string]any{"email": "mira@example.com", "email_verified": true}, i.key
		d, b := open(t, i.options("email")), browser(t)
		back := i.begin(t, b, d)
		b, back = forge(b, back)
		status, body, _ := ask(t, b, "GET", back, "")
		if status != 400 && status != 401 || !strings.Contains(body, "Log in again") {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if status, _, _ := ask(t, b, "GET", d.URL, ""); status != 401 {
			t.Errorf("%s is let in: %d", name, status)
		}
	}
}

// The cookie of a login is signed, ends, and by TLS can be set by no neighbour.
func TestTheCookieOfALogin(t *testing.T) {
	i := newIssuer(t)
	d := open(t, i.options("groups"))
	begin := func(headers ...string) *http.Cookie {
		_, _, h := ask(t, browser(t), "GET", d.URL+"/login/oidc", "", headers...)
		c, err := http.ParseSetCookie(h.Get("Set-Cookie"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plain, tls := begin(), begin("X-Forwarded-Proto", "https")
	if plain.Name != "absorb-bridge-login" || plain.Path != "/login" || plain.Secure || !plain.HttpOnly || plain.SameSite != http.SameSiteLaxMode || plain.MaxAge != 600 {
		t.Errorf("without TLS: %+v", plain)
	}
	if tls.Name != "__Host-absorb-bridge-login" || tls.Path != "/" || !tls.Secure || tls.Domain != "" {
		t.Errorf("by TLS: %+v", tls)
	}
	text, mark, _ := strings.Cut(plain.Value, ".")
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var flow struct{ S string }
	if err := json.Unmarshal(data, &flow); err != nil || flow.S == "" {
		t.Fatalf("%s: %v", data, err)
	}
	made := encode([]byte(strings.Replace(string(data), `"t":"/"`, `"t":"/x"`, 1)))
	for name, value := range map[string]string{
		"unsigned": text, "another text": made + "." + mark, "another signature": text + "." + encode([]byte("x")), "empty": "", "a dot": ".",
	} {
		status, body, _ := ask(t, browser(t), "GET", d.URL+"/login/callback?code=the-code&state="+flow.S, "", "Cookie", plain.Name+"="+value)
		if status != 400 || !strings.Contains(body, "did not start here") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// Logins at the provider are few for one address, and as many as usual for others.
func TestLoginsAreThrottled(t *testing.T) {
	i := newIssuer(t)
	s := i.options("groups")
	s.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	d := open(t, s)
	for _, path := range []string{"/login/oidc", "/login/callback?state=x"} {
		last := 0
		for range 40 {
			last, _, _ = ask(t, browser(t), "GET", d.URL+path, "", "X-Forwarded-For", "203.0.113.7")
		}
		other, _, _ := ask(t, browser(t), "GET", d.URL+path, "", "X-Forwarded-For", "203.0.113.8")
		if last != 429 || other == 429 {
			t.Errorf("%s: %d at last, and %d for another address", path, last, other)
		}
	}
}

// A bridge starts, and lets people in by its token, while the provider is down; when
// it is back it is asked again.
func TestTheProviderIsDown(t *testing.T) {
	i := newIssuer(t)
	o := i.options("email")
	down := true
	o.Token = token
	o.OIDC.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if down {
			return nil, http.ErrServerClosed
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	d, b := open(t, o), browser(t)
	if status, body, _ := ask(t, b, "GET", d.URL+"/login/oidc", ""); status != 502 || !strings.Contains(body, "does not answer") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := ask(t, b, "POST", d.URL+"/login", "token="+token); status != 303 {
		t.Errorf("%d", status)
	}
	down = false
	i.claims = map[string]any{"email": "ben@example.com", "email_verified": true}
	b = browser(t)
	if status, body, _ := ask(t, b, "GET", i.begin(t, b, d), ""); status != 303 {
		t.Errorf("%d %s", status, body)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
