package e2e

import (
	"os"
	"testing"
	"time"
)

// pause skips the test: Windows has no signal that stops a process.
func pause(t testing.TB, _ *os.Process, _ time.Duration) {
	t.Skip("a process cannot be paused here")
}
