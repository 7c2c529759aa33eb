package demo_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/demo"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// stage collects what the demo says, and ends it when it has said a word.
type stage struct {
	mu    sync.Mutex
	said  bytes.Buffer
	until string
	end   func()
}

func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Contains(p, []byte(s.until)) {
		s.end()
	}
	return s.said.Write(p)
}

// The demo shows every event on every platform, ends when it is told to, and
// leaves neither a file nor an open port.
func TestRun(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := &stage{until: "All 24 events are on the wall, for each of the 8 platforms", end: cancel}
	var log bytes.Buffer
	err := demo.Run(ctx, demo.Options{Webhooks: portal.ArticleProfile(), Every: time.Hour, Out: s, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Error(err)
	}
	said := s.said.String()
	if !strings.Contains(said, s.until) {
		t.Errorf("the demo never came to its end; it said\n%s", said)
	}
	if log.Len() > 0 {
		t.Errorf("the bridge warned:\n%s", log.String())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	addresses := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(said, -1)
	if len(addresses) < 4 {
		t.Errorf("it names only %v", addresses)
	}
	for _, address := range addresses {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			t.Errorf("%s is still open", address)
		}
	}
}

func TestATakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for name, ports := range map[string]demo.Ports{"wall": {Wall: port}, "portal": {Portal: port}, "mail": {Mail: port}, "bridge": {Bridge: port}, "admin": {Admin: port}} {
		err := demo.Run(t.Context(), demo.Options{Webhooks: portal.ArticleProfile(), Ports: ports, Every: time.Hour, Out: &stage{until: "\x00"}, Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("%s: %v", name, err)
		}
		if around := name != "bridge" && name != "admin"; around && !strings.Contains(err.Error(), "--"+name+"-port") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
