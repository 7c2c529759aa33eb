package gateway

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/plain"
	"github.com/absorb-bridge/absorb-bridge/internal/locked"
)

// TestServerLog: what net/http itself logs of a request is a line of the log like others,
// whatever the panic of a handler says.
func TestServerLog(t *testing.T) {
	var log locked.Buffer
	g := &Gateway{
		log:     slog.New(slog.NewJSONHandler(plain.NewWriter(&log), nil)),
		started: &config.Config{Intake: config.Intake{BodyTime: time.Minute, Connections: 10, PerAddress: 10}},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	group, ctx := errgroup.WithContext(t.Context())
	g.serve(ctx, group, "webhooks", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("odd \x1b[31m\u202e\x9b text\nlevel=ERROR forged")
	}), l)
	if resp, err := http.Get("http://" + l.Addr().String()); err == nil {
		t.Errorf("%s", resp.Status)
		_ = resp.Body.Close()
	}
	_ = l.Close() // which ends the server
	_ = group.Wait()
	text := log.String()
	if strings.Count(text, "\n") != 1 || strings.ContainsFunc(strings.TrimSuffix(text, "\n"), plain.Hidden) {
		t.Errorf("%q", text)
	}
	var row struct{ Level, Msg string }
	if err := json.Unmarshal([]byte(text), &row); err != nil || row.Level != "WARN" || !strings.HasPrefix(row.Msg, "http: panic serving 127.0.0.1:") {
		t.Errorf("%v: %s", err, text)
	}
}
