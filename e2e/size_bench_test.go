package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// BenchmarkStoredBytes measures how much disk an event takes, and each of its
// deliveries: samples of all kinds come by webhook, are looked up at an emulated
// portal, and are delivered to one sink, and in another run to five. The memory is that
// of the process after the latter (Linux).
func BenchmarkStoredBytes(b *testing.B) {
	const events, more = 4800, 4
	lms := portal.New(portal.Options{})
	api := httptest.NewServer(lms.Handler())
	defer api.Close()
	settings, err := json.Marshal(lms.Settings(api.URL))
	if err != nil {
		b.Fatal(err)
	}
	one, _ := storeSize(b, settings, events, 1)
	many, resident := storeSize(b, settings, events, 1+more)
	delivery := (many - one) / more / events
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(delivery, "B/delivery")
	b.ReportMetric(one/events-delivery, "B/event")
	b.ReportMetric(resident, "MiB-resident")
}

// storeSize is the size of a store in which so many events were delivered to so many
// sinks, after a stop, and the memory of the process before it.
func storeSize(b *testing.B, api []byte, events, sinks int) (size, resident float64) {
	b.Helper()
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer slack.Close()
	var lines, names []string
	for i := range sinks {
		names = append(names, fmt.Sprint("s", i))
		lines = append(lines, fmt.Sprintf("  s%d: { type: slack, webhook_url: %s/services/T0/B%d/x, limit: none }", i, slack.URL, i))
	}
	dir := folder(b, strings.Join(lines, "\n"), names...)
	if err := os.RemoveAll(filepath.Join(dir, "templates")); err != nil { // the built-in ones look everything up
		b.Fatal(err)
	}
	file := filepath.Join(dir, "bridge.yaml")
	replaceIn(b, file, "templates: ./templates\n", "")
	replaceIn(b, file, "secrets: [ "+secret+" ]", fmt.Sprintf("secrets: [ %s ], api: %s", secret, api))
	p := start(b, dir)
	emit := exec.CommandContext(b.Context(), binary, "emit", "--url", p.url, "--secret", secret, "--event", "all", "--count", fmt.Sprint(events))
	if out, err := emit.CombinedOutput(); err != nil {
		b.Fatalf("emit: %v: %s", err, out)
	}
	settle(b, dir)
	resident = residentMiB(b, p.cmd.Process.Pid)
	p.stop(b)
	info, err := os.Stat(filepath.Join(dir, "data", "bridge.db"))
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()), resident
}
