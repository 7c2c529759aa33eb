package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// TestBackup copies a store while it is written, and opens the copies.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store ? % dir", "bridge.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	written, ended := make(chan int), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			if _, err := s.Accept(context.WithoutCancel(ctx), []bridge.Event{event(n)}); err != nil {
				t.Error(err)
			}
			select {
			case <-ctx.Done():
				return
			case written <- n + 1:
			default:
			}
		}
	}()
	for _, name := range []string{"one'.db", "two.db"} {
		before := <-written
		to := filepath.Join(dir, name)
		size, err := Backup(t.Context(), path, to)
		info, statErr := os.Stat(to)
		if err != nil || statErr != nil || info.Size() != size || info.Mode().Perm() != 0o600 {
			t.Fatal(size, info, err, statErr)
		}
		after := <-written
		if n := eventsIn(t, to); n < before || n > after {
			t.Errorf("%d events in the copy, %d were there before and %d after", n, before, after)
		}
		if _, err := Backup(t.Context(), path, to); err == nil || !strings.Contains(err.Error(), "name a new file") {
			t.Error(err)
		}
	}
	cancel()
	<-ended
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), path, filepath.Join(dir, "closed.db")); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(files) != 2 { // the lock's file is empty
		t.Errorf("the store is %q after a backup", files)
	}
}

// eventsIn counts the events in a copy, and opens it as a bridge does.
func eventsIn(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || data[18] != 1 {
		t.Fatalf("the copy is not whole by itself: %v", err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Rows(t.Context())
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return all["events"]
}

func TestBackupThatFails(t *testing.T) {
	dir, path := t.TempDir(), made(t)
	broken := filepath.Join(t.TempDir(), "broken.db")
	if err := os.WriteFile(broken, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		ctx            context.Context
		from, to, says string
	}{
		{t.Context(), filepath.Join(dir, "none.db"), "a.db", "there is no store"},
		{t.Context(), broken, "b.db", "not a database"},
		{t.Context(), path, "no/such/folder.db", "no such file"},
		{stopped, path, "c.db", "canceled"},
	} {
		if _, err := Backup(c.ctx, c.from, filepath.Join(dir, c.to)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.says, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
