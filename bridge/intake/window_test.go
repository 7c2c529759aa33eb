package intake

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// onTest is a bench whose handler has test windows.
func onTest(t *testing.T, change ...func(*Source)) (*bench, *Windows) {
	t.Helper()
	b := start(t, nil, change...)
	w, err := NewWindows(t.Context(), b.store)
	if err != nil {
		t.Fatal(err)
	}
	b.handler.WithWindows(w)
	return b, w
}

func (b *bench) captures(t *testing.T) []store.Capture {
	t.Helper()
	all, err := b.store.Captures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A source is on test until its first event was verified; another one is not
// touched by that.
func TestFirstContact(t *testing.T) {
	b, _ := onTest(t, func(s *Source) { s.Path = "/" + s.Name })
	test := func(path string, want int) {
		t.Helper()
		if r := b.postTo(t, path, "wrong", webhook); r.status != want || want == 200 && r.Status != "test" {
			t.Errorf("%s: %+v, want %d", path, r, want)
		}
	}
	test("/production", 200)
	if r := b.postTo(t, "/production", production, webhook); r.status != 200 || r.Status != "accepted" {
		t.Fatalf("%+v", r)
	}
	test("/production", 401)
	test("/sandbox", 200)
	if n := b.accepted.Load(); n != 1 {
		t.Errorf("%d events were accepted", n)
	}
	all := b.captures(t)
	if len(all) != 2 || all[0].Source != "sandbox" || string(all[0].Body) != webhook {
		t.Errorf("captured %+v", all)
	}
	// A restart does not begin anew.
	w, err := NewWindows(t.Context(), b.store)
	if err != nil {
		t.Fatal(err)
	}
	b.handler.WithWindows(w)
	test("/production", 401)
	test("/sandbox", 200)
}

func TestWindowsOpenAndClose(t *testing.T) {
	b, w := onTest(t)
	for _, secret := range []string{production, sandbox} {
		if r := b.post(t, secret, webhook); r.status != 200 {
			t.Fatalf("%+v", r)
		}
	}
	status := func() int { t.Helper(); return b.post(t, "wrong", webhook).status }
	if got := status(); got != 401 {
		t.Errorf("closed: %d", got)
	}
	if err := w.Open(t.Context(), "production", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != 200 {
		t.Errorf("open: %d", got)
	}
	if err := w.Open(t.Context(), "production", time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != 401 {
		t.Errorf("closed again: %d", got)
	}
}

// A window closes by itself.
func TestWindowsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := NewWindows(t.Context(), fakeStore{})
		if err != nil {
			t.Fatal(err)
		}
		sources := []Source{{Name: "production", Keys: make([]absorb.Key, 1)}}
		open := func() bool { _, ok := w.onTest(sources, time.Now()); return ok }
		if !open() {
			t.Error("closed at the start")
		}
		time.Sleep(firstContact)
		if open() {
			t.Error("open after half an hour")
		}
		if err := w.Open(t.Context(), "production", time.Now().Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Minute)
		if !open() {
			t.Error("closed before its time")
		}
		time.Sleep(time.Minute)
		if open() {
			t.Error("open after its time")
		}
		sources[0].Keys = nil // without a secret nothing could ever be verified
		if !open() {
			t.Error("a source without a secret is not on test")
		}
	})
}

func TestCapturesAreFewAndKeepNoCredentials(t *testing.T) {
	b, w := onTest(t)
	for i := range 30 {
		clear(w.pace) // as if time had passed
		b.post(t, "wrong", fmt.Sprintf(`{"n":%d,"long":%q}`, i, strings.Repeat("x", MaxCaptured)), "Authorization", "Bearer hidden-value", "X-Proxy-Token", "hidden-value", "X-Functions-Key", "hidden-value", "Referer", "https://hidden-value")
	}
	all := b.captures(t)
	if len(all) != 20 || !strings.HasPrefix(string(all[0].Body), `{"n":29,`) || len(all[0].Body) != MaxCaptured {
		t.Fatalf("%d are kept, the newest %.20s", len(all), all[0].Body)
	}
	if text := fmt.Sprint(all[0].Headers); strings.Contains(text, "hidden-value") || !strings.Contains(text, "X-Proxy-Token:[(redacted) 12 characters]") {
		t.Error(text)
	}
}

// A flood pushes out neither what another address sent, nor what was sent to another
// source, nor what another program sent from the same address.
func TestAFloodPushesOutItsOwnCaptures(t *testing.T) {
	b, w := onTest(t, func(s *Source) { s.Path = "/" + s.Name })
	b.handler.proxies.Store(&peer.Proxies{netip.MustParsePrefix("127.0.0.0/8")})
	send := func(path, from, agent string) {
		r := b.do(t, b.request(t, "POST", path, strings.NewReader(webhook), absorb.SignatureHeader, "made up", "X-Forwarded-For", from, "User-Agent", agent))
		if r.status != 200 || r.Status != "test" {
			t.Fatalf("%+v", r)
		}
	}
	flood := func(from string) {
		for i := range 40 {
			clear(w.pace)
			send("/production", fmt.Sprintf(from, i), "flood")
		}
	}
	flood("2001:db8::%x")
	send("/production", "198.51.100.7", "Absorb")
	send("/production", "2001:db8::1", "Absorb")
	send("/sandbox", "198.51.100.7", "Absorb")
	flood("2001:db8::%x")
	flood("203.0.113.%d")
	kept := map[string]int{}
	for _, c := range b.captures(t) {
		kept[c.Source+" "+c.Headers.Get("User-Agent")]++
	}
	if kept["production Absorb"] != 2 || kept["sandbox Absorb"] != 1 || kept["production flood"] != 18 {
		t.Errorf("%v", kept)
	}
}

// Whoever floods uses up no turn of others.
func TestCapturesHaveATurnForEveryNetwork(t *testing.T) {
	_, w := onTest(t)
	flood, admin := peer.Group(netip.MustParseAddr("2001:db8::1")), peer.Group(netip.MustParseAddr("198.51.100.7"))
	taken := 0
	for range 10_000 {
		if w.mayCapture("production", flood) {
			taken++
		}
	}
	if taken > 100 || !w.mayCapture("production", admin) || !w.mayCapture("sandbox", flood) {
		t.Errorf("%d of a flood were kept", taken)
	}
	for i := range 3 * maxSenders {
		w.mayCapture("production", peer.Group(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)})))
	}
	if n := len(w.pace["production"].each); n > maxSenders {
		t.Errorf("%d networks are known", n)
	}
}

func TestAStoreInTroubleIsNoTest(t *testing.T) {
	b := start(t, nil)
	w, err := NewWindows(t.Context(), fakeStore{fails: errors.New("disk full")})
	if err != nil {
		t.Fatal(err)
	}
	b.handler.WithWindows(w)
	if r := b.post(t, "wrong", webhook); r.status != 503 {
		t.Errorf("%d", r.status)
	}
}

// fakeStore keeps nothing.
type fakeStore struct{ fails error }

func (d fakeStore) Sources(context.Context) (map[string]store.SourceState, error) {
	return map[string]store.SourceState{}, nil
}
func (d fakeStore) Verified(context.Context, string, time.Time) error   { return d.fails }
func (d fakeStore) OpenWindow(context.Context, string, time.Time) error { return d.fails }
func (d fakeStore) Capture(context.Context, store.Capture) error        { return d.fails }

// postTo is post to another path.
func (b *bench) postTo(t *testing.T, path, secret, body string) heard {
	t.Helper()
	return b.do(t, b.request(t, "POST", path, strings.NewReader(body), absorb.SignatureHeader, absorb.Sign(keyOf(t, secret), []byte(body))))
}
