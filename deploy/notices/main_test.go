package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestEveryLinkedModule needs no network, because the modules of the tests are downloaded.
func TestEveryLinkedModule(t *testing.T) {
	var b bytes.Buffer
	if err := write(&b, "github.com/absorb-bridge/absorb-bridge/cmd/absorb-bridge", runtime.GOOS+"/"+runtime.GOARCH); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Go and its standard library: LICENSE", "github.com/slack-go/slack v", "modernc.org/sqlite v", "github.com/prometheus/client_golang v", ": NOTICE\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(b.String(), "absorb-bridge v") {
		t.Error("our own licence is among the others")
	}
}

func TestAModuleWithoutALicence(t *testing.T) {
	dir := t.TempDir()
	for name, wrong := range map[string]bool{"README": true, "AUTHORS": true, "license_header.go": true, "LICENSE-MIT": false} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("words\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := notice(&bytes.Buffer{}, "example.com/m v1.0.0", dir)
		if wrong != (err != nil) {
			t.Errorf("with %s: %v", name, err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}
