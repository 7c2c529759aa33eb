package admin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

// What takes longer than the server lets others take is still answered.
func TestALongOperationIsAnswered(t *testing.T) {
	const impatience = 50 * time.Millisecond
	server := httptest.NewUnstartedServer(admin.New(admin.Options{Reload: func() error {
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
