package kit

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const secretURL = "https://hooks.example.com/services/T0123ABCD/B0456EFGH/aVerySecretToken?key=queryKey12345&v=1"

func TestRedact(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		secrets        []bridge.Secret
	}{
		{"whole", "Post " + secretURL + ": EOF", "Post (redacted): EOF", []bridge.Secret{secretURL}},
		{"path and query", "no route for /services/T0123ABCD/B0456EFGH/aVerySecretToken?key=queryKey12345&v=1", "no route for (redacted)", []bridge.Secret{secretURL}},
		{"path", "no /services/T0123ABCD/B0456EFGH/aVerySecretToken here", "no (redacted) here", []bridge.Secret{secretURL}},
		{"a piece of the path", "token aVerySecretToken is bad", "token (redacted) is bad", []bridge.Secret{secretURL}},
		{"a value of the query", "queryKey12345?", "(redacted)?", []bridge.Secret{secretURL}},
		{"short pieces stay", "services v1 api", "services v1 api", []bridge.Secret{secretURL}},
		{"no path at all", "a short sentence", "a short sentence", []bridge.Secret{"https://example.com?token=abcdefghijkl"}},
		{"a path of one slash", "a/b/c", "a/b/c", []bridge.Secret{"https://example.com/?token=abcdefghijkl"}},
		{"escaped otherwise", "bad abc%2Fdef%2Fghi=", "bad (redacted)=", []bridge.Secret{"https://example.com/x?sig=abc%2Fdef%2Fghi"}},
		{"password of the URL", "pass hunter2hunter2 bad", "pass (redacted) bad", []bridge.Secret{"https://u:hunter2hunter2@example.com/"}},
		{"no URL", "key s3cr3t.", "key (redacted).", []bridge.Secret{"s3cr3t"}},
		{"one within the other", "a long-secret-text and secret", "a (redacted) and (redacted)", []bridge.Secret{"secret", "long-secret-text"}},
		{"none", "text", "text", []bridge.Secret{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Redact(c.in, c.secrets...); got != c.want {
				t.Errorf("Redact = %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnswerDetail(t *testing.T) {
	a := Answer{Body: []byte("bad\x1b[31m \xff" + strings.Repeat("語", 2000))}
	if got := a.Detail(); len(got) > MaxDetail || len(got) < MaxDetail-3 || !strings.HasPrefix(got, "bad[31m \uFFFD語") {
		t.Errorf("Detail has %d bytes: %.40q", len(got), got)
	}
	// A secret across the bound must not show its first half.
	a.Body = []byte(strings.Repeat("x", MaxDetail-8) + "top-secret-token")
	if got := a.Detail("top-secret-token"); strings.Contains(got, "top-") {
		t.Errorf("Detail ends in %q", got[len(got)-20:])
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                               0,
		"7":                              7 * time.Second,
		" 7 ":                            7 * time.Second,
		"1.5":                            1500 * time.Millisecond,
		"0":                              0,
		"-3":                             0,
		"NaN":                            0,
		"soon":                           0,
		"99999999999999999999":           time.Hour,
		"Mon, 23 Nov 2026 12:00:30 GMT":  30 * time.Second,
		"Mon, 23 Nov 2026 11:00:00 GMT":  0,
		"Tue, 24 Nov 2026 12:00:00 GMT":  time.Hour,
		"Monday, 23-Nov-26 12:01:00 GMT": time.Minute,
	} {
		h := http.Header{"Retry-After": {value}}
		if got := RetryAfter(h, now); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", value, got, want)
		}
	}
	if got := RetryAfter(http.Header{}, now); got != 0 {
		t.Errorf("without the header: %v", got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "7", "1.5", "-1", "1e300", "Inf", "0x1p4", "Mon, 23 Nov 2026 12:00:30 GMT", "Thu, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		if d := RetryAfter(http.Header{"Retry-After": {value}}, now); d < 0 || d > maxRetryAfter {
			t.Errorf("RetryAfter(%q) = %v", value, d)
		}
	})
}

func TestFailure(t *testing.T) {
	for _, c := range []struct {
		status int
		header http.Header
		kind   bridge.Kind
		wait   time.Duration
	}{
		{429, nil, bridge.Limited, 0},
		{429, http.Header{"Retry-After": {"2.5"}}, bridge.Limited, 2500 * time.Millisecond},
		{503, http.Header{"Retry-After": {"30"}}, bridge.Limited, 30 * time.Second},
		{503, nil, bridge.Temporary, 0},
		{500, nil, bridge.Temporary, 0},
		{502, nil, bridge.Temporary, 0},
		{504, nil, bridge.Temporary, 0},
		{408, nil, bridge.Temporary, 0},
		{425, nil, bridge.Temporary, 0},
		{400, nil, bridge.MessageRejected, 0},
		{413, nil, bridge.MessageRejected, 0},
		{422, nil, bridge.MessageRejected, 0},
		{401, nil, bridge.DestinationBroken, 0},
		{403, nil, bridge.DestinationBroken, 0},
		{404, nil, bridge.DestinationBroken, 0},
		{410, nil, bridge.DestinationBroken, 0},
		{301, nil, bridge.DestinationBroken, 0},
		{200, nil, bridge.Temporary, 0},
	} {
		e := Failure(Answer{Status: c.status, Header: c.header, Body: []byte("words of " + secretURL)}, secretURL)
		if e.Kind != c.kind || e.RetryAfter != c.wait || e.Status != c.status || !strings.HasSuffix(e.Detail, "words of (redacted)") {
			t.Errorf("%d: %+v, want %v and %v", c.status, e, c.kind, c.wait)
		}
	}
	if e := Failure(Answer{Status: 404}); e.Detail != "Not Found" {
		t.Errorf("without words the detail is %q", e.Detail)
	}
	if e := Failure(Answer{Status: 302}); !strings.Contains(e.Detail, "redirects are not followed") {
		t.Errorf("a redirect's detail is %q", e.Detail)
	}
}

func TestPost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("User-Agent")+" "+r.Header.Get("X-Mine")+" "+string(body))
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, strings.Repeat("x", 2*maxAnswer))
	}))
	defer server.Close()
	a, err := Post(t.Context(), NewClient(nil, time.Minute), Request{
		URL: bridge.Secret(server.URL), Type: "application/json", Body: []byte("{}"), Header: http.Header{"X-Mine": {"yes"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "POST application/json absorb-bridge yes {}"; a.Header.Get("X-Seen") != want || a.Status != 202 {
		t.Errorf("the platform saw %q and answered %d, want %q", a.Header.Get("X-Seen"), a.Status, want)
	}
	if len(a.Body) != maxAnswer {
		t.Errorf("%d bytes of the answer were kept, want %d", len(a.Body), maxAnswer)
	}
}

func TestPostFollowsNoRedirect(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("the redirect was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	}))
	defer server.Close()
	a, err := Post(t.Context(), NewClient(nil, time.Minute), Request{URL: bridge.Secret(server.URL + "/")})
	if err != nil || a.Status != http.StatusMovedPermanently {
		t.Errorf("Post = %d, %v", a.Status, err)
	}
}

// An answer of which a part is missing does not tell what became of the message.
func TestPostTakesNoBrokenAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "no_serv")
	}))
	defer server.Close()
	for status, kind := range map[int]bridge.Kind{200: bridge.Temporary, 400: bridge.Temporary, 404: bridge.Temporary, 429: bridge.Limited} {
		_, err := Post(t.Context(), NewClient(nil, time.Minute), Request{URL: bridge.Secret(fmt.Sprint(server.URL, "/", status))})
		if e := bridge.AsSendError(err); err == nil || e.Kind != kind || e.Status != status || !strings.Contains(e.Detail, "broke off") {
			t.Errorf("%d: Post = %v (%v), want %v", status, err, e.Kind, kind)
		}
	}
}

func TestPostWithoutAnswer(t *testing.T) {
	refused := httptest.NewServer(nil)
	refused.Close()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		base string
		kind bridge.Kind
	}{
		{"refused", t.Context(), refused.URL, bridge.Temporary},
		{"context ended", ended, "http://" + silent.Addr().String(), bridge.Temporary},
		{"no URL", t.Context(), "http://[::1", bridge.DestinationBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Post(c.ctx, NewClient(nil, time.Minute), Request{URL: bridge.Secret(c.base + "/hooks/aVerySecretToken")})
			if e := bridge.AsSendError(err); e.Kind != c.kind || e.Detail == "" || strings.Contains(e.Error(), "aVerySecretToken") {
				t.Errorf("Post = %v (%v), want %v without the secret", err, e.Kind, c.kind)
			}
		})
	}
}
