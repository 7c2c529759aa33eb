package sinktest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// decorated is a message with all that a platform may dislike.
func decorated() bridge.Message {
	return bridge.Message{
		ID: "m", Title: "Mira Halvorsen earned a certificate", Text: "**Well** done, see [the page](https://example.com/link-page).\n\n- one\n- two",
		URL: "https://example.com/link-title", ImageURL: "https://example.com/picture.png", To: []string{"hr@example.com"},
		Fields:  []bridge.Field{{Name: "Score", Value: "92", Short: true}},
		Actions: []bridge.Action{{Label: "Open", URL: "https://example.com/link-action"}},
	}
}

// decoration has a platform refuse pictures, and then links, too. The simpler forms of a
// message get through, with the words that matter.
func (s Suite) decoration(t *testing.T) {
	accepts, rejects := s.forwarder(t, Accept), s.forwarder(t, Reject)
	for _, disliked := range []string{`picture\.png`, `picture\.png|link-`} {
		dislikes := regexp.MustCompile(disliked)
		sink := s.sink(t, Serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if dislikes.Match(body) {
				rejects.ServeHTTP(w, r)
				return
			}
			accepts.ServeHTTP(w, r)
		}))
		m := decorated()
		body, err := s.deliver(t, sink, m)
		for _, form := range kit.SimplerForms() {
			if err == nil {
				break
			}
			if kind := bridge.AsSendError(err).Kind; kind != bridge.MessageRejected {
				t.Fatalf("the platform refuses %s: %v, %v; want it rejected", disliked, kind, err)
			}
			m = form.Of(m)
			body, err = s.deliver(t, sink, m)
		}
		if err != nil {
			t.Errorf("no simpler form is without %s: %v", disliked, err)
		}
		for _, word := range []string{"Halvorsen", "the page", "one", "92"} {
			if !strings.Contains(body, word) {
				t.Errorf("without %s the message has lost %q: %s", disliked, word, body)
			}
		}
	}
}

// simpler checks that data acts in no simpler form of a hostile message either.
func (s Suite) simpler(t *testing.T) {
	sink := s.sink(t, anyBase)
	for _, c := range Hostile() {
		if !slices.Contains([]string{"markup", "line breaks", "invalid UTF-8", "mentions"}, c.Name) {
			continue
		}
		m := c.Message
		for _, form := range kit.SimplerForms() {
			m = form.Of(m)
			p, err := sink.Encode(m)
			if err != nil {
				t.Fatalf("%s, without %s: %v", c.Name, form.Without, err)
			}
			s.Check(t, m, p)
		}
	}
}

// deliver encodes a message, checks it, and sends it once.
func (s Suite) deliver(t *testing.T, sink bridge.Sink, m bridge.Message) (body string, err error) {
	t.Helper()
	p, err := sink.Encode(m)
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	s.Check(t, m, p)
	_, err = sink.Send(t.Context(), p)
	return string(p.Body), err
}

// forwarder passes requests on to a fake platform.
func (s Suite) forwarder(t *testing.T, b Behaviour) http.Handler {
	t.Helper()
	target, err := url.Parse(s.Start(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
}
