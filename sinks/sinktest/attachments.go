package sinktest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// HookSuite is the suite of a sink that is a kit.Hook, up to what its platform
// answers. Its attachments hold at most total characters.
func HookSuite(sinkType, notice string, build func(kit.Setup) (bridge.Sink, error), total int, answers map[Behaviour]http.HandlerFunc, own Own) Suite {
	return Suite{
		Type:   sinkType,
		Notice: notice,
		New:    build,
		Settings: func(base string) map[string]any {
			return map[string]any{
				"webhook_url": base + "/hooks/s3cr3t1d0fth3h00k/s3cr3tt0k3n0fth3h00k",
				"channel":     "academy", "username": "Absorb", "icon_url": "https://example.com/icon.png",
			}
		},
		Secrets: []string{"s3cr3t1d0fth3h00k", "s3cr3tt0k3n0fth3h00k"},
		Start:   HTTP(answers),
		Own:     own,
		Check: func(t *testing.T, m bridge.Message, p bridge.Payload) {
			t.Helper()
			checkAttachment(t, total, m, p)
		},
	}
}

// Hook builds a sink that is a kit.Hook for a webhook's URL.
func Hook(t *testing.T, build func(kit.Setup) (bridge.Sink, error), url string) bridge.Sink {
	t.Helper()
	return Build(t, build, map[string]any{"webhook_url": url})
}

// HookSettings checks that URLs which are none are told.
func HookSettings(t *testing.T, build func(kit.Setup) (bridge.Sink, error)) {
	t.Helper()
	for _, url := range []string{"", "chat.example.com/hooks/x", "ftp://example.com/x", "https://"} {
		_, err := build(kit.Setup{Settings: map[string]any{"webhook_url": url}})
		if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != "webhook_url" {
			t.Errorf("webhook_url %q: %v", url, err)
		}
	}
}

func checkAttachment(t *testing.T, total int, m bridge.Message, p bridge.Payload) {
	t.Helper()
	var payload struct {
		Channel, Username string
		IconURL           string `json:"icon_url"`
		Text              string
		Attachments       []kit.Attachment
	}
	if err := json.Unmarshal(p.Body, &payload); err != nil || len(payload.Attachments) != 1 {
		t.Fatalf("payload: %v, %d attachments", err, len(payload.Attachments))
	}
	if payload.Channel != "academy" || payload.Username != "Absorb" || payload.IconURL != "https://example.com/icon.png" {
		t.Errorf("the settings are lost: %.200s", p.Body)
	}
	a := payload.Attachments[0]
	if (a.Title == "") == (payload.Text == "") || a.Fallback == "" || !strings.HasPrefix(a.Color, "#") {
		t.Errorf("title %q, fallback %q, colour %q", a.Title, a.Fallback, a.Color)
	}
	texts := []string{payload.Text, a.Title, a.Text, a.Footer}
	for _, f := range a.Fields {
		texts = append(texts, f.Title, f.Value)
		if f.Value == "" {
			t.Errorf("the field %q is empty", f.Title)
		}
	}
	length := 0
	for _, text := range texts {
		length += utf8.RuneCountInString(text)
		inert(t, text)
	}
	if length > total {
		t.Errorf("the texts have %d characters, more than %d", length, total)
	}
	if len(p.Shortened) == 0 && len(a.Fields) != len(m.Clean().Fields) {
		t.Errorf("%d fields of %d are left, and nothing says so", len(a.Fields), len(m.Clean().Fields))
	}
}

// What a chat makes more of than text. A label holds no bracket that closes it.
var (
	ownLink = regexp.MustCompile(`\[(?:[^\[\]\\]|\\.|\]` + kit.ZeroWidth + `|\[)*\]\((?:https?://[^()\s@<>|]*|mailto:[^()\s]*)\)`)
	alive   = regexp.MustCompile(`@[^` + kit.ZeroWidth + `]|<[^` + kit.ZeroWidth + `]|[^\\]\]\(|\|`)
)

// inert fails if anything but the message's own links mentions or links.
func inert(t *testing.T, text string) {
	t.Helper()
	for _, link := range ownLink.FindAllString(text, -1) {
		if strings.Contains(link, "](https://evil") {
			t.Errorf("data became a link: %q", link)
		}
	}
	if found := alive.FindString(ownLink.ReplaceAllString(text, "")); found != "" {
		t.Errorf("%q is live in %.300q", found, text)
	}
	if !utf8.ValidString(text) {
		t.Errorf("invalid UTF-8: %.300q", text)
	}
}
