package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
)

// The peer is Prometheus' Alertmanager: it, too, takes events by HTTP and posts
// messages to chat webhooks. This is the newest version that the go command builds
// as it is: later ones need their web interface built first.
const peerModule = "github.com/prometheus/alertmanager/cmd/alertmanager@v0.31.1"

// contender takes events over HTTP and posts a message for each to a local endpoint.
type contender struct {
	name  string
	start func() (pid int, kill func()) // the same folder each time
	post  func(client *http.Client, connection int) error

	accept, through, resident []float64
	survived                  int // of lifeEvents
}

// lifeEvents is how many events are answered and not yet delivered when the process
// is killed.
const lifeEvents = 1000

// BenchmarkPeer has the bridge and Alertmanager take the same load by turns: each
// event becomes one message to a Slack webhook that is local and answers at once.
// Then each is killed when it has answered events whose endpoint was not there, and
// started again.
func BenchmarkPeer(b *testing.B) {
	const connections, events = 64, roundMessages / 2
	var away atomic.Bool
	slack, got := local(b, func(w http.ResponseWriter) {
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok")
	})
	all := []*contender{theBridge(b, slack), theAlertmanager(b, slack)}
	for range rounds {
		for _, c := range all {
			pid, kill := c.start()
			got.Store(0)
			began := time.Now()
			rate, _ := drive(b, connections, events, c.post)
			c.accept = append(c.accept, rate)
			eventually(b, c.name+" has posted everything", func() bool { return got.Load() >= events/connections*connections })
			c.through = append(c.through, float64(got.Load())/time.Since(began).Seconds())
			c.resident = append(c.resident, residentMiB(b, pid))
			kill()
		}
	}
	for _, c := range all {
		_, kill := c.start()
		calm(got) // what the last kill left in doubt is posted again
		away.Store(true)
		drive(b, 10, lifeEvents, c.post) // the endpoint is away
		kill()
		got.Store(0)
		away.Store(false)
		_, kill = c.start()
		for until := time.Now().Add(20 * time.Second); got.Load() < lifeEvents && time.Now().Before(until); {
			time.Sleep(50 * time.Millisecond)
		}
		c.survived = int(got.Load())
		kill()
	}
	b.ReportMetric(0, "ns/op")
	for _, c := range all {
		b.ReportMetric(median(c.accept), c.name+"-accept/s")
		b.ReportMetric(median(c.through), c.name+"-messages/s")
		b.ReportMetric(median(c.resident), c.name+"-MiB")
		b.ReportMetric(float64(c.survived), c.name+"-survived")
	}
}

// calm waits until nothing has come for two seconds.
func calm(got *atomic.Int64) {
	for before := int64(-1); got.Load() != before; time.Sleep(2 * time.Second) {
		before = got.Load()
	}
}

func theBridge(b *testing.B, endpoint string) *contender {
	dir := folder(b, fmt.Sprintf("  slack: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", endpoint), "slack")
	var url string
	return &contender{
		name: "bridge",
		start: func() (int, func()) {
			p := start(b, dir)
			url = p.url
			return p.cmd.Process.Pid, p.kill
		},
		post: func(client *http.Client, _ int) error { return postOne(b.Context(), client, url) },
	}
}

func theAlertmanager(b *testing.B, endpoint string) *contender {
	dir := b.TempDir()
	build := exec.Command("go", "install", peerModule)
	build.Dir = dir // it is no module of this project's
	build.Env = append(os.Environ(), "GOBIN="+dir)
	if out, err := build.CombinedOutput(); err != nil {
		b.Skipf("%s cannot be built here: %v\n%s", peerModule, err, out)
	}
	write(b, filepath.Join(dir, "alertmanager.yml"), fmt.Sprintf(`
route: { receiver: chat, group_by: [ "..." ], group_wait: 0s, group_interval: 1s, repeat_interval: 24h }
receivers:
  - name: chat
    slack_configs: [ { api_url: "%s/services/T0/B0/x", send_resolved: false, title: "{{ .CommonLabels.learner }} completed a course" } ]
`, endpoint))
	address := loopback.Address(b)
	return &contender{
		name: "alertmanager",
		start: func() (int, func()) {
			cmd := exec.Command(filepath.Join(dir, "alertmanager"), "--config.file", filepath.Join(dir, "alertmanager.yml"),
				"--storage.path", filepath.Join(dir, "data"), "--web.listen-address", address, "--cluster.listen-address=", "--log.level=error")
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			kill := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
			b.Cleanup(kill)
			eventually(b, "Alertmanager is ready", func() bool {
				return answered(http.Get("http://"+address+"/-/ready")) == nil
			})
			return cmd.Process.Pid, kill
		},
		post: func(client *http.Client, _ int) error {
			alert := fmt.Appendf(nil, `[{"labels":{"alertname":"EnrollmentCompletedByLearner","learner":"10000000-0000-4000-a000-000000000001","correlation":"%d"}}]`, counter.Add(1))
			return answered(client.Post("http://"+address+"/api/v2/alerts", "application/json", bytes.NewReader(alert)))
		},
	}
}
