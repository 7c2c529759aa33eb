package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestFullDisk lets the store's file grow to a limit and no further, as a full
// disk would: events are refused with 503, and accepted again as soon as there is
// room, without a restart; none of those answered 200 is lost.
func TestFullDisk(t *testing.T) {
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Skip("prlimit (util-linux) is not installed; it limits and frees the size of files")
	}
	slack := newEndpoint(t)
	p := start(t, folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", slack.URL), "chat"))
	limit := func(bytes string) {
		t.Helper()
		if out, err := exec.Command(prlimit, fmt.Sprintf("--pid=%d", p.cmd.Process.Pid), "--fsize="+bytes+":").CombinedOutput(); err != nil {
			t.Skipf("prlimit: %v: %s", err, out)
		}
	}
	limit("4000000")
	var answered []string
	send := func(n int) (status int, retryAfter string) {
		t.Helper()
		id := fmt.Sprintf("d-%d", n)
		data := fmt.Appendf(nil, `{"eventName":"User Created","correlationId":%q,"padding":%q}`, id, strings.Repeat("x", 50_000))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("absorb-signature", sign(data))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			answered = append(answered, id)
		}
		return res.StatusCode, res.Header.Get("Retry-After")
	}
	n, refused := 0, 0
	for ; n < 1000 && refused < 5; n++ {
		switch status, retryAfter := send(n); {
		case status == http.StatusServiceUnavailable && retryAfter != "":
			refused++
		case status != http.StatusOK:
			t.Fatalf("event %d: %d, Retry-After %q", n, status, retryAfter)
		}
	}
	if refused == 0 {
		t.Fatalf("%d events of 50 kB fit into a file of 4 MB", n)
	}
	limit("unlimited")
	recovered := false
	for deadline := time.Now().Add(time.Minute); !recovered && time.Now().Before(deadline); n++ {
		status, _ := send(n)
		recovered = status == http.StatusOK
	}
	if !recovered {
		t.Fatal("there is room again, but events are still refused")
	}
	missing := 0
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if missing, _ = slack.missing(answered); missing == 0 {
			break
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d accepted events never arrived", missing, len(answered))
	}
	t.Logf("%d events accepted, %d refused while the disk was full", len(answered), refused)
}
