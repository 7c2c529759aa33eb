package admin_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// The API answers an operation that takes longer than the server's time limits.
func TestALongOperationIsAnswered(t *testing.T) {
	const impatience = 50 * time.Millisecond
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewUnstartedServer(admin.New(admin.Options{Store: s, Reload: func() error {
		time.Sleep(4 * impatience)
		return nil
	}}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = impatience, impatience
	server.Start()
	defer server.Close()
	client := &admin.Client{Base: server.URL, HTTP: http.DefaultClient}
	if err := client.Reload(t.Context()); err != nil {
		t.Error(err)
	}
}
