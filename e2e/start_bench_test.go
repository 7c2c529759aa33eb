package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
		dir := folder(b, "  slack: { type: slack, webhook_url: http://127.0.0.1:1/services/T0/B0/x }", "slack")
		path := filepath.Join(dir, "bridge.yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "listen: ")
		address, _, _ := strings.Cut(rest, "\n")
		cmd := exec.Command(binary, "serve", "--config", path)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		for {
			status, err := post(http.DefaultClient, "http://"+address+"/absorb", body("User Created", fmt.Sprint("start-", i)))
			if err == nil && status == http.StatusOK {
				break
			}
			if time.Since(began) > time.Minute {
				b.Fatalf("no answer from %s: %d, %v", address, status, err)
			}
			time.Sleep(time.Millisecond)
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
		time.Sleep(2 * time.Second)
		resident = append(resident, residentMiB(b, cmd.Process.Pid))
		_ = cmd.Process.Kill()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(took), "ms-to-first-200")
	b.ReportMetric(median(resident), "MiB-resident")
}

func residentMiB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("no /proc to read the memory from")
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatal("the kernel does not tell VmRSS")
	return 0
}
