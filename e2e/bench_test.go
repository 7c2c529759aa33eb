package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	rounds        = 5     // medians are of these
	roundRequests = 20000 // requests in a round of the intake
	roundMessages = 10000 // events in a round of deliveries
)

// BenchmarkIntake compares serve, as built, with a process that only verifies
// the signature, and with one that also appends each body to a file and syncs it for all
// who wait: the same requests from the same generator, by turns. The bridge
// has one route, which takes every event, and its sink was told to wait an hour,
// so that nothing is delivered meanwhile.
func BenchmarkIntake(b *testing.B) {
	for _, connections := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusTooManyRequests)
			}))
			defer busy.Close()
			compare(b, busy, connections)
		})
	}
}

// BenchmarkIntakeBesideDelivery is BenchmarkIntake while every event is delivered
// too, to an endpoint that takes whatever comes.
func BenchmarkIntakeBesideDelivery(b *testing.B) {
	open := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "ok")
	}))
	defer open.Close()
	compare(b, open, 64)
}

func compare(b *testing.B, endpoint *httptest.Server, connections int) {
	bare, file := startBare(b, "").url, startBare(b, filepath.Join(b.TempDir(), "events"))
	dir := folder(b, fmt.Sprintf("  slack: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", endpoint.URL), "slack")
	replaceIn(b, filepath.Join(dir, "bridge.yaml"), "sinks:", "intake: { per_address: 300 }\nsinks:")
	bridge := start(b, dir)
	requests := roundRequests
	if connections == 1 {
		requests /= 10
	}
	var bareRates, fileRates, rates, slowest, fileSlowest []float64
	var used, usedByFile usage
	for range rounds {
		rate, _ := load(b, bare, connections, requests)
		bareRates = append(bareRates, rate)
		began := usageOf(file.cmd.Process.Pid)
		rate, p99 := load(b, file.url, connections, requests)
		fileRates, fileSlowest = append(fileRates, rate), append(fileSlowest, p99)
		usedByFile.add(began, usageOf(file.cmd.Process.Pid))
		began = usageOf(bridge.cmd.Process.Pid)
		rate, p99 = load(b, bridge.url, connections, requests)
		rates, slowest = append(rates, rate), append(slowest, p99)
		used.add(began, atRest(bridge.cmd.Process.Pid))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(bareRates), "bare/s")
	b.ReportMetric(median(fileRates), "file/s")
	b.ReportMetric(median(rates), "durable/s")
	b.ReportMetric(100*median(rates)/median(bareRates), "%of-bare")
	b.ReportMetric(100*median(rates)/median(fileRates), "%of-file")
	b.ReportMetric(median(fileSlowest), "file-p99-ms")
	b.ReportMetric(median(slowest), "p99-ms")
	events := float64(rounds * requests / connections * connections)
	used.report(b, "", events)
	usedByFile.report(b, "file-", events)
}

// counter makes every request of every round another event.
var counter atomic.Int64

// load posts signed events over so many connections, each waiting for its
// answer, and gives the rate a second and the 99th percentile in milliseconds.
func load(b *testing.B, url string, connections, requests int) (rate, p99 float64) {
	b.Helper()
	return spread(b, []string{url}, connections, requests)
}

// spread is load whose connections are spread over several processes.
func spread(b *testing.B, urls []string, connections, requests int) (rate, p99 float64) {
	b.Helper()
	return drive(b, connections, requests, func(client *http.Client, connection int) error {
		return postOne(b.Context(), client, urls[connection%len(urls)])
	})
}

// drive has so many connections post, each one request after the other.
func drive(b *testing.B, connections, requests int, post func(client *http.Client, connection int) error) (rate, p99 float64) {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var mu sync.Mutex // guards took
	var took []float64
	var wg sync.WaitGroup
	began := time.Now()
	for c := range connections {
		wg.Go(func() {
			mine := make([]float64, 0, requests/connections)
			for range requests / connections {
				sent := time.Now()
				if err := post(client, c); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, float64(time.Since(sent).Microseconds())/1000)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	wg.Wait()
	elapsed := time.Since(began).Seconds()
	if len(took) == 0 {
		b.Fatal("no request was answered")
	}
	slices.Sort(took)
	return float64(len(took)) / elapsed, took[len(took)*99/100]
}

// postOne posts an event.
func postOne(ctx context.Context, client *http.Client, url string) error {
	data := body("Enrollment Completed by Learner", fmt.Sprintf("0192f0c4-7a10-7c3e-9b1e-%012d", counter.Add(1)))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("absorb-signature", sign(data))
	return answered(client.Do(req))
}

// answered reads an answer, which must be 200.
func answered(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", res.Status)
	}
	return err
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
