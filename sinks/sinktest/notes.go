package sinktest

import (
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// linked is what readers make a link of, except what leads to the messages' own hosts.
var (
	linked    = regexp.MustCompile(`(?i)(?:https?|file|javascript|data)://[^\s)\]\\` + kit.ZeroWidth + `]+`)
	ownTarget = regexp.MustCompile(`^https://(?:learning\.)?example\.com(?:/|$)`)
)

// Unlinked fails if data became a link in a text without markup.
func Unlinked(t *testing.T, text string) {
	t.Helper()
	for _, link := range linked.FindAllString(text, -1) {
		if !ownTarget.MatchString(link) {
			t.Errorf("data became the link %q", link)
		}
	}
	if !utf8.ValidString(text) {
		t.Errorf("invalid UTF-8: %.300q", text)
	}
}
