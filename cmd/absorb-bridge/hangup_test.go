//go:build !windows

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServeRemembersAHangUp sends SIGHUP while the bridge reads its configuration, from
// a pipe that somebody else fills: it reloads as soon as it can.
func TestServeRemembersAHangUp(t *testing.T) {
	dir := t.TempDir()
	path, later := filepath.Join(dir, "bridge.yaml"), filepath.Join(dir, "later.yaml")
	rewrite(t, later, anywhere)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	log := &watched{word: "reloaded the configuration", seen: stop}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--config", path}, io.Discard, log) }()

	pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // waits until it is read
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.Kill(os.Getpid(), syscall.SIGHUP), os.Rename(later, path)); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(pipe, anywhere)
	if err := errors.Join(err, pipe.Close()); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 || !strings.Contains(log.String(), "reloaded the configuration") {
		t.Errorf("ended with %d: %s", code, log)
	}
}
