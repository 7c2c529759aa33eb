// Package slacklike is what Mattermost and Rocket.Chat took over from Slack's
// webhooks, as far as the emulators of all three check it alike. Each keeps its
// own limits and errors.
package slacklike

import (
	"encoding/json"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Read reads a message and says what is wrong with it: "parse", "text"
// when it has none, "text.length", or "".
func Read(body []byte, maxText int) (n platform.Node, fault string) {
	if json.Unmarshal(body, &n.Value) != nil || !n.IsObject() {
		return n, "parse"
	}
	attachments := n.Get("attachments")
	if n.Get("text").Present() && !n.Get("text").IsString() || attachments.Present() && !attachments.IsList() {
		return n, "parse"
	}
	longest := platform.Runes(n.Get("text").Text())
	for _, a := range attachments.Items() {
		if !a.IsObject() || a.Get("fields").Present() && !a.Get("fields").IsList() {
			return n, "parse"
		}
		longest = max(longest, platform.Runes(a.Get("text").Text()))
	}
	switch {
	case n.Get("text").Text() == "" && len(attachments.Items()) == 0:
		return n, "text"
	case longest > maxText:
		return n, "text.length"
	}
	return n, ""
}

// Notes says who would be notified.
func Notes(n platform.Node, groups ...string) []string {
	var notes []string
	for _, group := range groups {
		if Mentions(n, "@"+group) {
			notes = append(notes, "mentions @"+group)
		}
	}
	return notes
}

// Mentions tells whether a text that Slack formats holds the words. Plain text
// objects are literal, and so is what stands for an image (alt_text).
func Mentions(n platform.Node, words string) bool {
	if n.Get("type").Text() == "plain_text" {
		return false
	}
	for _, part := range n.Items() {
		if Mentions(part, words) {
			return true
		}
	}
	for _, key := range n.Keys() {
		if key != "alt_text" && Mentions(n.Get(key), words) {
			return true
		}
	}
	return strings.Contains(n.Text(), words)
}
