//go:build !windows

package e2e

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// pause stops a process for a while.
func pause(t testing.TB, p *os.Process, d time.Duration) {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
	time.Sleep(d)
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Error(err)
	}
}
