package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkDigestMemory measures the most memory that serve takes, with the settings of
// the Helm chart, while events are looked up and become digests of 2,000 each: courses
// have descriptions of 59 kB, and there is one for all events, or one for each. In the
// third form each webhook has 10 kB of fields that no template reads (Linux).
func BenchmarkDigestMemory(b *testing.B) {
	b.Setenv("GOMEMLIMIT", "128MiB")
	for _, events := range []int{1000, 10_000} {
		for _, form := range []string{"one-course", "many-courses", "large-webhooks"} {
			b.Run(fmt.Sprint(form, "/", events), func(b *testing.B) {
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(digestPeak(b, form, events), "MiB-peak")
			})
		}
	}
}

func digestPeak(b *testing.B, form string, events int) float64 {
	b.Helper()
	description := strings.Repeat("All that a new officer needs. ", 2000)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "uthenticate"):
			_, _ = io.WriteString(w, `"token"`)
		case strings.HasPrefix(r.URL.Path, "/services/"):
			_, _ = io.WriteString(w, "ok")
		default:
			fmt.Fprintf(w, `{"id":%q,"name":"Course %s","description":%q}`, filepath.Base(r.URL.Path), filepath.Base(r.URL.Path), description)
		}
	}))
	defer api.Close()
	dir := folder(b, "  s: { type: slack, webhook_url: "+api.URL+"/services/T0/B0/x }", "s")
	file := filepath.Join(dir, "bridge.yaml")
	if err := os.RemoveAll(filepath.Join(dir, "templates")); err != nil { // the built-in ones look everything up
		b.Fatal(err)
	}
	replaceIn(b, file, "templates: ./templates\n", "")
	replaceIn(b, file, "secrets: [ "+secret+" ]", fmt.Sprintf(`secrets: [ %s ], api: { url: %q, key: k, username: u, password: p, rate: "1000/s" }`, secret, api.URL))
	replaceIn(b, file, "to: [ s ] }", "to: [ s ], digest: { wait: 20s, max_wait: 10m, max_events: 2000 } }")
	p := start(b, dir)
	for i := range events {
		course, more := 0, ""
		if form != "one-course" {
			course = i
		}
		if form == "large-webhooks" {
			more = largeFields()
		}
		status, err := post(http.DefaultClient, p.url, fmt.Appendf(nil, `{"event":"CertificateAwarded","userId":"u%d","courseId":"c%d","certificateId":"z%d"%s}`, i%100, course, i, more))
		if err != nil || status != http.StatusOK {
			b.Fatal(status, err)
		}
	}
	for deadline := time.Now().Add(10 * time.Minute); command(b, dir, "events", "--state", "waiting", "--json")+command(b, dir, "deliveries", "--state", "pending", "--json") != ""; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			b.Fatal("the bridge does not come to rest")
		}
	}
	if dead := command(b, dir, "deliveries", "--state", "dead", "--json"); dead != "" {
		b.Fatalf("a digest is dead: %.300s", dead)
	}
	return peakMiB(b, p.cmd.Process.Pid)
}

func largeFields() string {
	var all strings.Builder
	for i := range 300 {
		fmt.Fprintf(&all, `,"field%d":"a value that nobody reads"`, i)
	}
	return all.String()
}
