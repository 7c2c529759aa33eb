package intake

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/bounds"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	production = "s3cret-of-production"
	sandbox    = "s3cret-of-sandbox"
	webhook    = `{"eventName":"Certificate Awarded","userId":"u1","certificateId":"c1","correlationId":"k1"}`
)

// bench is a handler with two sources on one path and a real store.
type bench struct {
	*httptest.Server
	store    *store.Store
	log      *bytes.Buffer
	accepted atomic.Int64
	handler  *Handler
}

func start(t *testing.T, accepter Accepter, change ...func(*Source)) *bench {
	t.Helper()
	b := &bench{log: &bytes.Buffer{}}
	if accepter == nil {
		s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bridge.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		b.store, accepter = s, s
	}
	var sources []Source
	for name, secret := range map[string]string{"production": production, "sandbox": sandbox} {
		s := Source{Name: name, Path: "/absorb", Keys: []absorb.Key{keyOf(t, secret)}}
		var err error
		if s.Parser, err = absorb.NewParser(nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range change {
			c(&s)
		}
		sources = append(sources, s)
	}
	b.handler = New(sources, accepter, func(n int) { b.accepted.Add(int64(n)) }, slog.New(slog.NewTextHandler(b.log, nil)))
	b.Server = httptest.NewServer(b.handler)
	t.Cleanup(b.Close)
	return b
}

func keyOf(t *testing.T, secret string) absorb.Key {
	t.Helper()
	k, err := absorb.NewKey(bridge.Secret(secret), "text")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// heard is what the sender hears.
type heard struct {
	status int
	header http.Header
	ID     string
	Status string
	Error  string
	Events []struct{ ID, Status string }
}

func (b *bench) do(t *testing.T, req *http.Request) heard {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r := heard{status: res.StatusCode, header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(&r); err != nil {
		t.Errorf("the answer is no JSON: %v", err)
	}
	return r
}

func (b *bench) request(t *testing.T, method, path string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// post signs a body and posts it.
func (b *bench) post(t *testing.T, secret, body string, header ...string) heard {
	t.Helper()
	header = append(header, absorb.SignatureHeader, absorb.Sign(keyOf(t, secret), []byte(body)))
	return b.do(t, b.request(t, http.MethodPost, "/absorb", strings.NewReader(body), header...))
}

// TestSameBytesThatNameNothing: a second completion has the same bytes as the first one
// if the webhook names neither a course nor a time.
func TestSameBytesThatNameNothing(t *testing.T) {
	b := start(t, nil)
	const lean = `{"eventName":"Enrollment Completed by Learner","userId":"u1","correlationId":"k1"}`
	first, again := b.post(t, production, lean), b.post(t, production, lean)
	if first.Status != "accepted" || again.Status != "accepted" || again.ID == first.ID {
		t.Errorf("first %+v, again %+v", first, again)
	}
	stored, err := b.store.Unrouted(t.Context(), time.Now(), 10)
	if err != nil || len(stored) != 2 || stored[0].Repeats != "" || stored[1].Repeats != first.ID {
		t.Errorf("stored %+v, %v", stored, err)
	}
}

func TestAcceptedThenDuplicate(t *testing.T) {
	b := start(t, nil)
	first := b.post(t, production, webhook)
	if first.status != 200 || first.Status != "accepted" || first.ID == "" || first.header.Get("Content-Type") != "application/json" {
		t.Fatalf("first: %+v", first)
	}
	again := b.post(t, production, webhook)
	if again.status != 200 || again.Status != "duplicate" || again.ID != first.ID {
		t.Errorf("again: %+v", again)
	}
	if other := b.post(t, sandbox, webhook); other.Status != "accepted" || other.ID == first.ID {
		t.Errorf("the same from another source: %+v", other)
	}
	if n := b.accepted.Load(); n != 2 {
		t.Errorf("the router was told of %d events, want 2", n)
	}
	stored, err := b.store.Unrouted(t.Context(), time.Now(), 10)
	if err != nil || len(stored) != 2 || stored[0].Source != "production" || stored[1].Source != "sandbox" || string(stored[0].Raw) != webhook {
		t.Errorf("stored %+v, %v", stored, err)
	}
}

func TestSignatureForms(t *testing.T) {
	b := start(t, nil)
	sum, err := hex.DecodeString(absorb.Sign(keyOf(t, production), []byte(webhook)))
	if err != nil {
		t.Fatal(err)
	}
	for _, signature := range []string{hex.EncodeToString(sum), strings.ToUpper(hex.EncodeToString(sum)), base64.StdEncoding.EncodeToString(sum), "sha256=" + hex.EncodeToString(sum)} {
		r := b.do(t, b.request(t, http.MethodPost, "/absorb", strings.NewReader(webhook), absorb.SignatureHeader, signature))
		if r.status != 200 {
			t.Errorf("%s: %+v", signature, r)
		}
	}
}

func TestLists(t *testing.T) {
	b := start(t, nil)
	list := `[{"event":"UserCreated","userId":"1"},{"event":"UserCreated","userId":"2"}]`
	r := b.post(t, production, list)
	if r.status != 200 || r.Status != "accepted" || len(r.Events) != 2 || r.Events[0].ID == r.Events[1].ID || b.accepted.Load() != 2 {
		t.Errorf("%+v, told %d", r, b.accepted.Load())
	}
	if again := b.post(t, production, list); again.Status != "duplicate" || again.Events[1].Status != "duplicate" {
		t.Errorf("again: %+v", again)
	}
}

func TestRefusals(t *testing.T) {
	b := start(t, nil)
	signed := func(body string) []string {
		return []string{absorb.SignatureHeader, absorb.Sign(keyOf(t, production), []byte(body))}
	}
	large := `{"x":"` + strings.Repeat("x", int(UsualBounds().Body.Max)) + `"}`
	for name, c := range map[string]struct {
		req    *http.Request
		status int
		words  string
	}{
		"no such path":         {b.request(t, "POST", "/other", strings.NewReader(webhook), signed(webhook)...), 404, "no source"},
		"below the path":       {b.request(t, "POST", "/absorb/", strings.NewReader(webhook), signed(webhook)...), 404, "no source"},
		"GET":                  {b.request(t, "GET", "/absorb", nil), 405, "POST"},
		"no signature":         {b.request(t, "POST", "/absorb", strings.NewReader(webhook)), 401, "has no absorb-signature"},
		"another body":         {b.request(t, "POST", "/absorb", strings.NewReader(webhook+" "), signed(webhook)...), 401, "does not match"},
		"not JSON":             {b.request(t, "POST", "/absorb", strings.NewReader("hello"), signed("hello")...), 400, "not JSON"},
		"not an object":        {b.request(t, "POST", "/absorb", strings.NewReader(`"x"`), signed(`"x"`)...), 400, "JSON object"},
		"empty":                {b.request(t, "POST", "/absorb", strings.NewReader(""), signed("")...), 400, "not JSON"},
		"unsigned and no JSON": {b.request(t, "POST", "/absorb", strings.NewReader("hello")), 401, "has no absorb-signature"},
		"too large":            {b.request(t, "POST", "/absorb", strings.NewReader(large), signed(large)...), 413, "larger than"},
		"too large, chunked":   {b.request(t, "POST", "/absorb", io.MultiReader(strings.NewReader(large)), signed(large)...), 413, "larger than"},
		"compressed":           {b.request(t, "POST", "/absorb", strings.NewReader(webhook), append(signed(webhook), "Content-Encoding", "gzip")...), 415, "Content-Encoding"},
	} {
		r := b.do(t, c.req)
		if r.status != c.status || !strings.Contains(r.Error, c.words) {
			t.Errorf("%s: %d %q, want %d %q", name, r.status, r.Error, c.status, c.words)
		}
		if r.status == 405 && r.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow is %q", name, r.header.Get("Allow"))
		}
	}
	if b.accepted.Load() != 0 || b.handler.Refused() != 12 {
		t.Errorf("%d accepted, %d refused", b.accepted.Load(), b.handler.Refused())
	}
}

func TestBodyOfExactlyTheLimit(t *testing.T) {
	b := start(t, nil)
	most := int(UsualBounds().Body.Max)
	body := `{"event":"UserCreated","x":"` + strings.Repeat("x", most-30) + `"}`
	if len(body) != most {
		t.Fatalf("%d bytes", len(body))
	}
	if r := b.post(t, production, body); r.status != 200 {
		t.Errorf("%+v", r)
	}
}

func TestUserAgentPattern(t *testing.T) {
	b := start(t, nil, func(s *Source) { s.UserAgent = "Absorb*" })
	if r := b.post(t, production, webhook, "User-Agent", "curl/8"); r.status != 401 {
		t.Errorf("another User-Agent: %+v", r)
	}
	if !strings.Contains(b.log.String(), "User-Agent") {
		t.Errorf("the log does not say why: %s", b.log)
	}
	if r := b.post(t, production, webhook, "User-Agent", "Absorb-Webhooks/1.0"); r.status != 200 {
		t.Errorf("the right one: %+v", r)
	}
}

func TestPinnedForm(t *testing.T) {
	b := start(t, nil, func(s *Source) { s.Form = absorb.Base64 })
	if r := b.post(t, production, webhook); r.status != 401 || !strings.Contains(b.log.String(), "allows only base64") {
		t.Errorf("%+v\n%s", r, b.log)
	}
}

func TestSourceWithoutSecret(t *testing.T) {
	b := start(t, nil, func(s *Source) { s.Keys = nil })
	if r := b.post(t, production, webhook); r.status != 401 || !strings.Contains(b.log.String(), "has no secret yet") {
		t.Errorf("%+v\n%s", r, b.log)
	}
}

// TestOtherReadingOfTheSecret posts what is signed with the bytes that the secret is the
// base64 form of: the log names the setting, the sender learns nothing of it.
func TestOtherReadingOfTheSecret(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("sixteen bytes ok"))
	b := start(t, nil, func(s *Source) { s.Keys = []absorb.Key{keyOf(t, encoded)} })
	right, wrong := b.post(t, "sixteen bytes ok", webhook), b.post(t, "another", webhook)
	if right.status != 401 || right.Error != wrong.Error {
		t.Errorf("%+v is not answered like %+v", right, wrong)
	}
	if log := b.log.String(); !strings.Contains(log, "secret_encoding: base64") || strings.Contains(log, encoded) || b.accepted.Load() != 0 {
		t.Errorf("%d accepted\n%s", b.accepted.Load(), log)
	}
}

// failing is a store in trouble.
type failing struct{}

func (failing) Accept(context.Context, []bridge.Event) ([]store.Accepted, error) {
	return nil, errors.New("disk full")
}

func TestStoreInTrouble(t *testing.T) {
	b := start(t, failing{})
	r := b.post(t, production, webhook)
	if r.status != 503 || r.header.Get("Retry-After") == "" || strings.Contains(r.Error, "disk full") || !strings.Contains(b.log.String(), "disk full") {
		t.Errorf("%+v\n%s", r, b.log)
	}
	if b.accepted.Load() != 0 {
		t.Error("the router was told of an event that is not stored")
	}
}

// TestLogOfRefusals floods the handler with bad requests.
func TestLogOfRefusals(t *testing.T) {
	b := start(t, nil)
	wrong := absorb.Sign(keyOf(t, "guess"), []byte(webhook))
	for range 300 {
		b.do(t, b.request(t, "POST", "/absorb", strings.NewReader(webhook), absorb.SignatureHeader, wrong))
	}
	log := b.log.String()
	lines := strings.Count(log, "\n")
	if lines < 1 || lines > 200 || b.handler.Refused() != 300 {
		t.Errorf("%d lines for %d refusals", lines, b.handler.Refused())
	}
	for _, secret := range []string{production, sandbox, wrong} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
	for _, source := range []string{"production", "sandbox"} {
		if !strings.Contains(log, "source "+source+": the signature is 32 bytes in the form hex but does not match") {
			t.Errorf("the log does not say what is wrong for source %s: %s", source, log)
		}
	}
}

// TestSlowSendersAreCutOff runs the real server with short time-outs.
func TestSlowSendersAreCutOff(t *testing.T) {
	b := start(t, nil)
	b.handler.Bound(Bounds{Memory: 1 << 20, Body: bounds.Body{Max: 1 << 16, Time: 100 * time.Millisecond}})
	server := bounds.NewServer(b.handler, time.Second)
	if server.ReadHeaderTimeout == 0 || server.ReadTimeout == 0 || server.WriteTimeout == 0 || server.IdleTimeout == 0 || server.MaxHeaderBytes == 0 {
		t.Fatalf("the server waits for ever: %+v", server)
	}
	server.ReadHeaderTimeout, server.ReadTimeout = 50*time.Millisecond, 100*time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })

	for name, beginning := range map[string]string{
		"half a header": "POST /absorb HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"half a body":   fmt.Sprintf("POST /absorb HTTP/1.1\r\nHost: x\r\nabsorb-signature: x\r\nContent-Length: %d\r\n\r\n{", len(webhook)),
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, beginning); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute)) // a hang, not a measure
		in := bufio.NewReader(conn)
		answer, err := io.ReadAll(in)
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			t.Errorf("%s: the connection stays open; answered %q", name, answer)
		}
		if strings.Contains(string(answer), "200 OK") {
			t.Errorf("%s: accepted", name)
		}
		_ = conn.Close()
	}
}

// Refusals are counted by path and kind; paths that no source has are one.
func TestRefusalsByKind(t *testing.T) {
	b := start(t, nil)
	for range 3 {
		b.do(t, b.request(t, "POST", "/absorb", strings.NewReader(webhook), "Absorb-Signature", "00"))
	}
	b.do(t, b.request(t, "GET", "/absorb", nil))
	b.do(t, b.request(t, "POST", "/a", nil))
	b.do(t, b.request(t, "POST", "/b", nil))
	got := map[string]int{}
	for _, r := range b.handler.Refusals() {
		got[r.Path+" "+r.Kind] = r.N
		if r.Last.IsZero() || r.Reason == "" {
			t.Errorf("%+v", r)
		}
	}
	if fmt.Sprint(got) != "map[ no such path:2 /absorb not a POST:1 /absorb not verified:3]" {
		t.Errorf("%v", got)
	}
}
