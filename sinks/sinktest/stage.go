package sinktest

import (
	"net/http/httptest"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// Stage runs the emulated platforms until the test ends, and gives the URL to which
// their settings lead.
func Stage(t *testing.T) (w *wall.Wall, base string) {
	t.Helper()
	w = wall.New(wall.Options{})
	server := httptest.NewServer(w.Handler())
	t.Cleanup(func() { server.Close(); _ = w.Close() })
	return w, server.URL
}

// Send encodes a message and sends it, once. The error is that of either.
func Send(t testing.TB, sink bridge.Sink, m bridge.Message) (bridge.Receipt, error) {
	t.Helper()
	p, err := sink.Encode(m)
	if err != nil {
		return bridge.Receipt{}, err
	}
	return sink.Send(t.Context(), p)
}

// NoNotes fails if a platform noted anything about a message, unless the note is allowed.
func NoNotes(t *testing.T, w *wall.Wall, allowed func(note string) bool) {
	t.Helper()
	for _, m := range w.Messages() {
		for _, note := range m.Verdict.Notes {
			if allowed == nil || !allowed(note) {
				t.Errorf("the platform notes: %s", note)
			}
		}
	}
}
