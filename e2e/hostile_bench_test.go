package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// attack is what one stranger does with a connection until the context ends.
type attack struct {
	name      string
	strangers int
	begin     string        // what is sent at once
	drip      string        // what is sent again and again after it; "" for nothing
	every     time.Duration // how often
}

func attacks() []attack {
	head := func(more string) string { return "POST /absorb HTTP/1.1\r\nHost: bridge\r\n" + more }
	length := func(n int) string {
		return head(fmt.Sprintf("absorb-signature: %064d\r\nContent-Length: %d\r\n\r\n", 0, n))
	}
	var headers strings.Builder
	for i := range 700 {
		fmt.Fprintf(&headers, "x-%d: a header\r\n", i)
	}
	return []attack{
		{name: "1 MiB but a byte", strangers: 400, begin: length(1<<20) + strings.Repeat("a", 1<<20-1)},
		{name: "250 KiB but a byte", strangers: 1500, begin: length(250<<10) + strings.Repeat("a", 250<<10-1)},
		{name: "200 KiB in chunks", strangers: 1500, begin: head("Transfer-Encoding: chunked\r\n\r\n") + strings.Repeat("8000\r\n"+strings.Repeat("a", 0x8000)+"\r\n", 6)},
		{name: "2 KiB but a byte", strangers: 1500, begin: length(2<<10) + strings.Repeat("a", 2<<10-1)},
		{name: "dripping bodies", strangers: 300, begin: length(250 << 10), drip: strings.Repeat("a", 2000), every: 300 * time.Millisecond},
		{name: "dripping headers", strangers: 1500, begin: head(headers.String()), drip: "x: y\r\n", every: time.Second},
		{name: "idle connections", strangers: 1500, begin: "GET / HTTP/1.1\r\nHost: bridge\r\n\r\n"},
		{name: "wrong signatures", strangers: 16, begin: length(300) + strings.Repeat("a", 300), drip: length(300) + strings.Repeat("a", 300), every: 10 * time.Millisecond},
	}
}

// BenchmarkHostile has 16 honest connections post events, alone and then beside
// strangers from many addresses who are slow, large, or sign wrongly: the p99 of the
// honest ones with them and without, and the most memory that the bridge took.
func BenchmarkHostile(b *testing.B) {
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer busy.Close()
	for _, a := range attacks() {
		b.Run(strings.ReplaceAll(a.name, " ", "_"), func(b *testing.B) {
			b.Setenv("GOMEMLIMIT", "128MiB")
			p := start(b, folder(b, fmt.Sprintf("  slack: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", busy.URL), "slack"))
			_, alone := load(b, p.url, 16, 4000)
			usual := peakMiB(b, p.cmd.Process.Pid)
			ctx, stop := context.WithCancel(b.Context())
			wait := a.run(ctx, strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/absorb"))
			_, beside := load(b, p.url, 16, 4000)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(alone, "p99-ms-alone")
			b.ReportMetric(beside, "p99-ms-beside")
			b.ReportMetric(beside/alone, "ratio")
			b.ReportMetric(usual, "MiB-alone")
			b.ReportMetric(peakMiB(b, p.cmd.Process.Pid), "MiB-beside")
			stop()
			wait()
		})
	}
}

// run begins the attack, and returns when every stranger has begun or was refused.
func (a attack) run(ctx context.Context, address string) (wait func()) {
	var begun, all sync.WaitGroup
	for i := range a.strangers {
		begun.Add(1)
		all.Go(func() {
			from := &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+i/200), byte(1+i%200))}
			c, err := (&net.Dialer{LocalAddr: from}).DialContext(ctx, "tcp", address)
			if err != nil {
				begun.Done()
				return
			}
			defer c.Close()
			_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second)) // who is not read any more has begun, too
			_, err = c.Write([]byte(a.begin))
			begun.Done()
			for err == nil && a.drip != "" && ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case <-time.After(a.every):
					_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second))
					_, err = c.Write([]byte(a.drip))
				}
			}
			<-ctx.Done()
		})
	}
	begun.Wait()
	return all.Wait
}
