// Package e2e runs the built binary as its users do.
package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/locked"
	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// binary is the built absorb-bridge; TestMain sets it once.
var binary string

func TestMain(m *testing.M) {
	if file := os.Getenv(bareVariable); file != "" {
		serveBare(file)
	}
	// Tests that run in parallel wait for most of their time; -parallel sets another number.
	_ = flag.Set("test.parallel", "4")
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "absorb-bridge-e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "absorb-bridge")
		args := []string{"build", "-o", binary}
		if raceEnabled {
			args = append(args, "-race")
		}
		build := exec.Command("go", append(args, "../cmd/absorb-bridge")...)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build the binary:", err)
			return 1
		}
		return pgtest.Main(m)
	}())
}

const secret = "end-to-end-secret-0123456789"

// process is a running absorb-bridge.
type process struct {
	cmd   *exec.Cmd
	dir   string // of its configuration
	url   string // where webhooks go
	admin string // where it tells of itself
	log   *locked.Buffer

	ended chan struct{} // closed when the process is gone
}

// folder makes a directory with a configuration that listens on a free port and
// sends everything to the sinks given (YAML of the sinks block).
func folder(t testing.TB, sinks string, to ...string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bridge.yaml"), fmt.Sprintf(`
listen: %s
admin: { listen: %s }
store: ./data/bridge.db
sources:
  production: { path: /absorb, secrets: [ %s ] }
sinks:
%s
routes:
  - { name: everything, events: [ "*" ], to: [ %s ] }
templates: ./templates
log: { format: json }
`, loopback.Address(t), loopback.Address(t), secret, sinks, strings.Join(to, ", ")))
	write(t, filepath.Join(dir, "templates", "user-created.yaml"), `
event: UserCreated
bulk: false
message:
  title: 'marker {{ .event.correlationId }}'
sample: { userId: 10000000-0000-4000-a000-000000000001 }
`)
	return dir
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs serve in a folder and waits until it accepts connections. The
// process is killed when the test ends, if it still runs.
func start(t testing.TB, dir string) *process {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(dir, "bridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(config), "listen: ")
	address, rest, _ := strings.Cut(rest, "\n")
	_, rest, _ = strings.Cut(rest, "listen: ")
	admin, _, _ := strings.Cut(rest, " ")

	p := &process{dir: dir, url: "http://" + address + "/absorb", admin: "http://" + admin, log: &locked.Buffer{}}
	p.cmd = exec.Command(binary, "serve", "--config", filepath.Join(dir, "bridge.yaml"))
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.ended = make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of the process:\n%s", p.log.Tail(4000))
		}
	})
	for deadline := time.Now().Add(time.Minute); ; {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return p
		}
		select {
		case <-p.ended:
			t.Fatalf("absorb-bridge ended at its start:\n%s", p.log.Tail(4000))
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("absorb-bridge does not listen on %s:\n%s", address, p.log.Tail(4000))
		}
	}
}

// kill ends the process at once, as a power cut would, and waits until its port
// and its lock are free.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
}

// stop tells the process to stop, as systemd does, waits until it has, and gives
// its exit code and how long it took.
func (p *process) stop(t testing.TB) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatal("the process does not stop")
	}
	return p.cmd.ProcessState.ExitCode(), time.Since(began)
}

// command runs absorb-bridge with the configuration in a folder, and gives what it
// printed.
func command(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, append(args, "--config", filepath.Join(dir, "bridge.yaml"))...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("absorb-bridge %s: %v: %s", strings.Join(args, " "), err, complaints.Bytes())
	}
	return string(out)
}

// delivery is what the command deliveries tells of one.
type delivery struct {
	ID, Sink, State, Error string
}

// deliveries lists them.
func deliveries(t testing.TB, dir string) []delivery {
	t.Helper()
	var all []delivery
	for line := range strings.Lines(command(t, dir, "deliveries", "--json", "--limit", "1000")) {
		var d delivery
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func body(event, correlation string) []byte {
	return fmt.Appendf(nil, `{"eventName":%q,"userId":"10000000-0000-4000-a000-000000000001","correlationId":%q}`, event, correlation)
}

func sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// post sends a signed webhook and gives the status, or an error when no answer
// came.
func post(client *http.Client, url string, body []byte) (int, error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("absorb-signature", sign(body))
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
