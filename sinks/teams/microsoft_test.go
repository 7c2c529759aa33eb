package teams

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// microsoft reads messages with Microsoft's own adaptivecards and gives what it
// objects to. Without node or the package it skips the test.
func microsoft(t *testing.T, messages [][]byte) []string {
	t.Helper()
	folder := filepath.Join("testdata", "adaptivecards")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed; it runs Microsoft's adaptivecards")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		t.Skip("run npm ci in sinks/teams/" + filepath.ToSlash(folder) + " to read the cards with Microsoft's adaptivecards")
	}
	cmd := exec.CommandContext(t.Context(), node, "check.mjs")
	cmd.Dir = folder
	cmd.Stdin = bytes.NewReader(bytes.Join(messages, []byte("\n")))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.Bytes())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; last != fmt.Sprintf("read %d messages", len(messages)) {
		t.Fatalf("of %d messages: %s", len(messages), last)
	}
	return lines[:len(lines)-1]
}

func TestMicrosoftReadsEveryCard(t *testing.T) {
	sink := build(t, "https://prod.example.com"+hook)
	var names []string
	var messages [][]byte
	for _, c := range sinktest.All() {
		p, err := sink.Encode(c.Message)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		names, messages = append(names, c.Name), append(messages, p.Body)
	}
	for _, objection := range microsoft(t, messages) {
		t.Errorf("%s (the messages are %q)", objection, names)
	}
	wrong := `{"attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.4","body":[{"type":"TextBlok"}]}}]}`
	if objections := microsoft(t, [][]byte{[]byte(wrong)}); len(objections) == 0 {
		t.Error("a wrong card is not objected to")
	}
}
