//go:build !windows

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestIdleAndSlowConnections holds thousands of connections that say nothing, and
// some that say their request a byte at a time: events are accepted beside them,
// and the slow ones are cut off.
func TestIdleAndSlowConnections(t *testing.T) {
	idle, slow := 10_000, 200
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if room := int(min(files.Cur, 100_000)) - 500; idle+slow > room {
		idle = room - slow
		t.Logf("this process may have %d files open: only %d idle connections", files.Cur, idle)
	}
	p := start(t, folder(t, "  screen: { type: console }", "screen"))
	address := strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/absorb")
	dial := func() net.Conn {
		t.Helper()
		c, err := net.DialTimeout("tcp", address, 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	for range idle {
		dial()
	}
	cut := make(chan error, slow)
	for range slow {
		c := dial()
		go func() {
			for _, b := range []byte("POST /absorb HTTP/1.1\r\nHost: x\r\nX-Padding: " + strings.Repeat("x", 1000)) {
				if _, err := c.Write([]byte{b}); err != nil {
					cut <- nil
					return
				}
				time.Sleep(500 * time.Millisecond)
			}
			cut <- fmt.Errorf("a connection that sent a byte every half second was never cut off")
		}()
	}
	client := &http.Client{Timeout: time.Minute}
	for i := range 50 {
		if status, err := post(client, p.url, body("User Created", fmt.Sprint("beside-", i))); err != nil || status != http.StatusOK {
			t.Fatalf("beside %d idle and %d slow connections: %d, %v", idle, slow, status, err)
		}
	}
	for range slow {
		if err := <-cut; err != nil {
			t.Fatal(err)
		}
	}
}

// TestBodiesThatAreTooMuch posts what nobody's portal sends.
func TestBodiesThatAreTooMuch(t *testing.T) {
	p := start(t, folder(t, "  screen: { type: console }", "screen"))
	if status, err := post(http.DefaultClient, p.url, body("User Created", "first")); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err) // from now on the source is not on test
	}
	padded := func(size int) []byte {
		const shell = `{"eventName":"User Created","padding":""}`
		return []byte(strings.Replace(shell, `""`, `"`+strings.Repeat("x", size-len(shell))+`"`, 1))
	}
	for name, c := range map[string]struct {
		body []byte
		want int
	}{
		"256 KiB":            {padded(256 << 10), 200},
		"256 KiB and a byte": {padded(256<<10 + 1), 413},
		"100,000 deep":       {[]byte(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), 413},
		"not JSON":           {[]byte("eventName=User+Created"), 400},
		"nothing":            {nil, 400},
		"a key there twice":  {[]byte(`{"eventName":"Group Deleted","eventName":"User Created"}`), 200},
		"a number as an id":  {[]byte(`{"eventName":"User Created","userId":18446744073709551616}`), 200},
	} {
		status, err := post(http.DefaultClient, p.url, c.body)
		if err != nil || status != c.want {
			t.Errorf("%s: %d, %v; want %d", name, status, err, c.want)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url, strings.NewReader("\x1f\x8b\x08 and so on"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Encoding", "gzip")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a compressed body: %d", res.StatusCode)
	}
}
