package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// told hands on what is written to it, write by write.
type told chan string

func (t told) Write(p []byte) (int, error) {
	t <- string(p)
	return len(p), nil
}

// TestDemoWithoutABridge saves what the demo prints, and has another bridge's commands
// use it: the portal's API and the mail server let them in, and a message arrives.
func TestDemoWithoutABridge(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	printed, ended := make(told, 1), make(chan int, 1)
	var errs bytes.Buffer
	go func() { ended <- run(ctx, []string{"demo", "--no-bridge"}, printed, &errs) }()
	var text string
	select {
	case text = <-printed:
	case code := <-ended:
		t.Fatalf("it ended by itself with %d: %s", code, errs.String())
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "bridge.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BRIDGE_LISTEN", "127.0.0.1:0")
	t.Setenv("BRIDGE_ADMIN__LISTEN", "127.0.0.1:0")
	t.Setenv("BRIDGE_STORE", filepath.Join(dir, "bridge.db"))
	do(t, "check --config "+path).want(t, 0, "1 source, 8 sinks, 1 route")
	do(t, "doctor --config "+path).want(t, 0, "accepts the login", "lets the user in")
	do(t, "send --sink slack --config "+path).want(t, 0, "accepted")
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("it ended with %d: %s", code, errs.String())
	}
}
