package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestByHand posts what an admin would try from a shell: signed by openssl, sent
// by curl, in hex and in base64, and with one byte changed on the way.
func TestByHand(t *testing.T) {
	for _, tool := range []string{"sh", "openssl", "curl", "base64"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	p := start(t, folder(t, "  screen: { type: console }", "screen"))
	digest := fmt.Sprintf("openssl dgst -sha256 -hmac '%s'", secret)
	for _, c := range []struct {
		name, sign, send string
		status           string
	}{
		{"hex", digest + " -hex | sed 's/.*= //'", "cat", "200"},
		{"base64", digest + " -binary | base64", "cat", "200"},
		{"hex, one byte changed", digest + " -hex | sed 's/.*= //'", "sed s/Certificate/Certificatf/", "401"},
		{"base64, one byte changed", digest + " -binary | base64", "sed s/Certificate/Certificatf/", "401"},
		{"another secret", "openssl dgst -sha256 -hmac other -hex | sed 's/.*= //'", "cat", "401"},
	} {
		script := fmt.Sprintf(`
body='{"eventName":"Certificate Awarded","userId":"10000000-0000-4000-a000-000000000001","correlationId":"%s"}'
signature=$(printf %%s "$body" | %s)
printf %%s "$body" | %s | curl --silent --show-error --max-time 60 --output /dev/null --write-out '%%{http_code}' \
	-H "absorb-signature: $signature" --data-binary @- '%s'`, c.name, c.sign, c.send, p.url)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		if err != nil || strings.TrimSpace(string(out)) != c.status {
			t.Errorf("%s: answered %q, want %s: %v %s", c.name, out, c.status, err, complaints.Bytes())
		}
	}
}
