package intake

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// hanging is a store that answers nothing.
type hanging struct{}

func (hanging) Accept(ctx context.Context, _ []bridge.Event) ([]store.Accepted, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// However long the store takes, the sender is answered.
func TestAStoreThatHangs(t *testing.T) {
	parser, err := absorb.NewParser(nil)
	if err != nil {
		t.Fatal(err)
	}
	source := Source{Name: "production", Path: "/absorb", Keys: []absorb.Key{keyOf(t, production)}, Parser: parser}
	synctest.Test(t, func(t *testing.T) { // where waiting for what never comes fails
		h := New([]Source{source}, hanging{}, func(int) { t.Error("an event was accepted") }, slog.New(slog.DiscardHandler))
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/absorb", strings.NewReader(webhook))
		req.Header.Set(absorb.SignatureHeader, absorb.Sign(keyOf(t, production), []byte(webhook)))
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, req)
		if answer.Code != 503 || answer.Header().Get("Retry-After") == "" {
			t.Errorf("answered %d, Retry-After %q", answer.Code, answer.Header().Get("Retry-After"))
		}
	})
}
