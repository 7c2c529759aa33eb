package zulip

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Limits, in characters. Zulip cuts what is longer.
const (
	maxContent = 10_000
	maxTopic   = 60
	maxTitle   = 300
	maxURL     = 1000
)

// message is what a bot posts.
type message struct {
	Type    string `json:"type"`
	To      string `json:"to"`
	Topic   string `json:"topic"`
	Content string `json:"content"`
}

// newline begins each line with a space of no width, so that no line is a heading, a
// quote or an item of a list.
const newline = "\n" + kit.ZeroWidth

// escape makes data inert. Zulip knows no backslash, so what would act is broken by a
// space of no width or written by a character that looks alike.
func escape(s string) string { return literal.Replace(kit.LookAlike(s)) }

var literal = strings.NewReplacer(
	"#", "#"+kit.ZeroWidth, "$", "$"+kit.ZeroWidth, "<", "<"+kit.ZeroWidth, "[", "["+kit.ZeroWidth, "]", "]"+kit.ZeroWidth,
	"|", "｜", "\\", "＼",
)

// Encode writes a message in Zulip's Markdown.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	dialect := kit.CommonMark(kit.Runes)
	dialect.Newline = newline
	span := dialect.Span
	dialect.Span = func(s kit.Span) (before, after string, text func(string) string) {
		before, after, _ = span(s)
		return before, after, escape
	}
	form := kit.NoteForm{
		Dialect: dialect, Escape: escape, Title: escape, Name: func(name string) string { return "**" + name + "**" },
		MaxTitle: maxTitle, MaxText: maxContent - maxTitle - maxURL - 20, MaxURL: maxURL, Link: true,
	}
	note := form.Write(m)
	title := note.Title
	if note.URL != "" {
		title = "[" + title + "](" + kit.LinkTarget(note.URL) + ")"
	}
	content := "**" + title + "**"
	if note.Text != "" {
		content += "\n" + newline + note.Text
	}
	return note.Payload(m, message{"stream", s.config.Channel, s.topic(m), content})
}

// topic is that of the conversation, which the title of its first message names, as far
// as there is room. What belongs to none goes to the topic of the settings.
func (s *Sink) topic(m bridge.Message) string {
	m = m.Clean()
	switch {
	case m.Thread != "":
		return m.Thread
	case m.ThreadKey == "" || m.Title == "":
		return s.config.Topic
	}
	topic, _ := kit.Shorten(m.Title, maxTopic, kit.Runes)
	return topic
}
