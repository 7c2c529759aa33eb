package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkStart starts serve on an empty store again and again: from the start
// of the process to the first event answered 200, and the resident memory two
// seconds later, in MiB (Linux).
func BenchmarkStart(b *testing.B) {
	const starts = 9
	var took, resident []float64
	for i := range starts {
		p, ms := startTimed(b, folder(b, "  slack: { type: slack, webhook_url: http://127.0.0.1:1/services/T0/B0/x }", "slack"), i)
		took = append(took, ms)
		time.Sleep(2 * time.Second)
		resident = append(resident, residentMiB(b, p.cmd.Process.Pid))
		p.kill()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(took), "ms-to-first-200")
	b.ReportMetric(median(resident), "MiB-resident")
}

// startTimed starts serve and gives the milliseconds until it had answered an
// event 200.
func startTimed(b *testing.B, dir string, n int) (p *process, ms float64) {
	b.Helper()
	began := time.Now()
	p = start(b, dir)
	status, err := post(http.DefaultClient, p.url, body("User Created", fmt.Sprint("start-", n)))
	if err != nil || status != http.StatusOK {
		b.Fatalf("the first event: %d, %v", status, err)
	}
	return p, float64(time.Since(began).Microseconds()) / 1000
}

func residentMiB(b *testing.B, pid int) float64 {
	b.Helper()
	return memoryMiB(b, pid, "VmRSS:")
}

// peakMiB is the most memory that was resident.
func peakMiB(b *testing.B, pid int) float64 {
	b.Helper()
	return memoryMiB(b, pid, "VmHWM:")
}

// memoryMiB is a figure that the kernel has of a process's memory, in MiB (Linux).
func memoryMiB(b *testing.B, pid int, figure string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("no /proc to read the memory from")
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == figure {
			kib, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatalf("the kernel does not have %s", figure)
	return 0
}
