package e2e

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// digestForm is what the events of a measured digest are like.
type digestForm struct {
	name     string
	courses  int    // how many there are; 0 for one for each event
	title    int    // characters of a course's name
	fields   string // more of each webhook
	sinks    int    // each with digests of its own
	burst    bool   // no digests are configured
	restarts int    // kills, while the events come and while they become digests
	postgres bool
}

func digestForms() []digestForm {
	large := largeFields()
	return []digestForm{
		{name: "one-course", courses: 1, title: 10, sinks: 1},
		{name: "many-courses", title: 10, sinks: 1},
		{name: "large-webhooks", title: 10, fields: large, sinks: 1},
		{name: "long-names", title: 200, sinks: 1},
		{name: "burst", title: 200, sinks: 1, burst: true},
		{name: "five-sinks", title: 200, sinks: 5},
		{name: "restarts", title: 200, fields: large, sinks: 1, restarts: 4},
		{name: "postgres", title: 200, fields: large, sinks: 1, postgres: true},
	}
}

// BenchmarkDigestMemory measures the most memory that serve takes, with the settings of
// the Helm chart, while events are looked up and become digests of 2,000 each. Courses
// have descriptions of 59 kB, and large webhooks 10 kB of fields that no template reads
// (Linux).
func BenchmarkDigestMemory(b *testing.B) {
	b.Setenv("GOMEMLIMIT", "128MiB")
	for _, form := range digestForms() {
		b.Run(form.name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(form.peak(b, 10_000), "MiB-peak")
		})
	}
}

// peak is the most memory that one of the processes took.
func (f digestForm) peak(b *testing.B, events int) (peak float64) {
	b.Helper()
	description := strings.Repeat("All that a new officer needs. ", 2000)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch id := filepath.Base(r.URL.Path); {
		case strings.Contains(r.URL.Path, "uthenticate"):
			_, _ = io.WriteString(w, `"token"`)
		case strings.HasPrefix(r.URL.Path, "/services/"):
			_, _ = io.WriteString(w, "ok")
		default:
			fmt.Fprintf(w, `{"id":%q,"name":"%s %s","description":%q}`, id, id, strings.Repeat("x", max(0, f.title-len(id)-1)), description)
		}
	}))
	defer api.Close()
	dir := f.folder(b, api.URL)
	p := start(b, dir)
	again := func() {
		peak = max(peak, peakMiB(b, p.cmd.Process.Pid))
		p.kill()
		p = start(b, dir)
	}
	kills := f.restarts
	for i := range events {
		status, err := post(http.DefaultClient, p.url, fmt.Appendf(nil, `{"event":"CertificateAwarded","userId":"u%d","courseId":"c%d","certificateId":"z%d"%s}`, i%100, i%cmp.Or(f.courses, events), i, f.fields))
		if err != nil || status != http.StatusOK {
			b.Fatal(status, err)
		}
		if kills > f.restarts/2 && (i+1)%(events/f.restarts) == 0 {
			kills--
			again()
		}
	}
	for deadline := time.Now().Add(10 * time.Minute); command(b, dir, "events", "--state", "waiting", "--json")+command(b, dir, "deliveries", "--state", "pending", "--json") != ""; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			b.Fatal("the bridge does not come to rest")
		}
		if kills > 0 {
			kills--
			again()
		}
	}
	if dead := command(b, dir, "deliveries", "--state", "dead", "--json"); dead != "" {
		b.Fatalf("a digest is dead: %.300s", dead)
	}
	return max(peak, peakMiB(b, p.cmd.Process.Pid))
}

// folder is that of a bridge which looks everything up and gathers it.
func (f digestForm) folder(b *testing.B, api string) string {
	b.Helper()
	var sinks, names []string
	for i := range f.sinks {
		names = append(names, fmt.Sprint("s", i))
		sinks = append(sinks, fmt.Sprintf("  s%d: { type: slack, webhook_url: %s/services/T0/B%d/x }", i, api, i))
	}
	dir := folder(b, strings.Join(sinks, "\n"), names...)
	file := filepath.Join(dir, "bridge.yaml")
	if err := os.RemoveAll(filepath.Join(dir, "templates")); err != nil { // the built-in ones look everything up
		b.Fatal(err)
	}
	replaceIn(b, file, "templates: ./templates\n", "")
	replaceIn(b, file, "secrets: [ "+secret+" ]", fmt.Sprintf(`secrets: [ %s ], api: { url: %q, key: k, username: u, password: p, rate: "1000/s" }`, secret, api))
	if !f.burst {
		replaceIn(b, file, strings.Join(names, ", ")+" ] }", strings.Join(names, ", ")+" ], digest: { wait: 20s, max_wait: 10m, max_events: 2000 } }")
	}
	if f.postgres {
		replaceIn(b, file, "store: ./data/bridge.db", "store: "+pgtest.Shared(b).Database(b))
	}
	return dir
}

func largeFields() string {
	var all strings.Builder
	for i := range 300 {
		fmt.Fprintf(&all, `,"field%d":"a value that nobody reads"`, i)
	}
	return all.String()
}
