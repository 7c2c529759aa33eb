package e2e

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bareVariable makes the test binary a process that the bridge is compared with: "none"
// for one that only verifies, or the name of the file that one appends to.
const bareVariable = "BRIDGE_BENCH_BARE"

// serveBare serves the handler and prints its address.
func serveBare(appendTo string) {
	handler := http.HandlerFunc(verifyOnly)
	if appendTo != "none" {
		file, err := os.Create(appendTo)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		handler = (&appender{file: file, waiting: make(chan line, 1024)}).handler()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	fmt.Fprintln(os.Stderr, http.Serve(l, handler))
	os.Exit(1)
}

func startBare(b *testing.B, appendTo string) *process {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	if appendTo == "" {
		appendTo = "none"
	}
	cmd.Env = append(os.Environ(), bareVariable+"="+appendTo)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &process{cmd: cmd, url: "http://" + strings.TrimSpace(address) + "/absorb"}
}

func verified(w http.ResponseWriter, r *http.Request) (data []byte, ok bool) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(data)
	got, err := hex.DecodeString(r.Header.Get("absorb-signature"))
	if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		http.Error(w, "no", http.StatusUnauthorized)
		return nil, false
	}
	return data, true
}

func verifyOnly(w http.ResponseWriter, r *http.Request) {
	if _, ok := verified(w, r); ok {
		_, _ = io.WriteString(w, `{"status":"accepted"}`)
	}
}

// appender appends what it verified to a file, and answers when it is synced: once for
// all that wait.
type appender struct {
	file    *os.File
	waiting chan line
}

type line struct {
	data []byte
	done chan error
}

func (a *appender) handler() http.HandlerFunc {
	go a.run()
	return func(w http.ResponseWriter, r *http.Request) {
		data, ok := verified(w, r)
		if !ok {
			return
		}
		l := line{append(data, '\n'), make(chan error, 1)}
		a.waiting <- l
		if err := <-l.done; err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"status":"accepted"}`)
	}
}

func (a *appender) run() {
	for first := range a.waiting {
		group := []line{first}
		data := first.data
		for more := true; more; {
			select {
			case l := <-a.waiting:
				group, data = append(group, l), append(data, l.data...)
			default:
				more = false
			}
		}
		_, err := a.file.Write(data)
		if err == nil {
			err = a.file.Sync()
		}
		for _, l := range group {
			l.done <- err
		}
	}
}

// usage is what a process took of the machine, as Linux counts it; nothing elsewhere.
type usage struct {
	bytes, calls float64 // that it wrote, into files and connections
	user         float64 // seconds
}

func usageOf(pid int) (u usage) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	data, _ := os.ReadFile(filepath.Join(dir, "io"))
	for text := range strings.Lines(string(data)) {
		_, _ = fmt.Sscanf(text, "wchar: %g", &u.bytes)
		_, _ = fmt.Sscanf(text, "syscw: %g", &u.calls)
	}
	data, _ = os.ReadFile(filepath.Join(dir, "stat"))
	_, rest, _ := strings.Cut(string(data), ") ")
	if fields := strings.Fields(rest); len(fields) > 11 {
		u.user, _ = strconv.ParseFloat(fields[11], 64)
		u.user /= 100 // ticks
	}
	return u
}

// atRest waits until a process writes nothing any more, and gives what it took until then.
func atRest(pid int) usage {
	for before, same := usageOf(pid), 0; ; {
		time.Sleep(100 * time.Millisecond)
		now := usageOf(pid)
		if same++; now.calls > before.calls {
			same = 0
		}
		if before = now; same == 6 {
			return now
		}
	}
}

func (u *usage) add(from, to usage) {
	u.bytes, u.calls, u.user = u.bytes+to.bytes-from.bytes, u.calls+to.calls-from.calls, u.user+to.user-from.user
}

func (u usage) report(b *testing.B, of string, events float64) {
	b.ReportMetric(u.bytes/events, of+"B/event")
	b.ReportMetric(u.calls/events, of+"writes/event")
	b.ReportMetric(1e6*u.user/events, of+"user-µs/event")
}
