package teams

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// The parts of an Adaptive Card 1.4 that are used
// (https://adaptivecards.io/schemas/1.4.0/adaptive-card.json).

type envelope struct {
	Type        string       `json:"type"`
	Summary     string       `json:"summary"` // for notifications
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string  `json:"contentType"`
	ContentURL  *string `json:"contentUrl"` // null
	Content     any     `json:"content"`
}

type card struct {
	Schema  string    `json:"$schema"`
	Type    string    `json:"type"`
	Version string    `json:"version"`
	MSTeams msTeams   `json:"msteams"`
	Body    []element `json:"body"`
	Actions []action  `json:"actions,omitempty"`
}

type msTeams struct {
	Width    string   `json:"width"`
	Entities []entity `json:"entities,omitempty"`
}

// entity makes its text, wherever a text block holds it, a mention.
type entity struct {
	Type      string    `json:"type"`
	Text      string    `json:"text"`
	Mentioned mentioned `json:"mentioned"`
}

type mentioned struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// element is a Container, a ColumnSet, a Column, a RichTextBlock, an Image, or the
// TextBlock of the mentions.
type element struct {
	Type    string    `json:"type"`
	Text    string    `json:"text,omitempty"`
	Wrap    bool      `json:"wrap,omitempty"`
	Style   string    `json:"style,omitempty"`
	Bleed   bool      `json:"bleed,omitempty"`
	Spacing string    `json:"spacing,omitempty"`
	Width   string    `json:"width,omitempty"`
	Items   []element `json:"items,omitempty"`
	Columns []element `json:"columns,omitempty"`
	Inlines []textRun `json:"inlines,omitempty"`
	URL     string    `json:"url,omitempty"`
	AltText string    `json:"altText,omitempty"`
}

// textRun is text that is shown as it is, without any markup in it.
type textRun struct {
	Type         string  `json:"type"`
	Text         string  `json:"text"`
	Size         string  `json:"size,omitempty"`
	Weight       string  `json:"weight,omitempty"`
	Subtle       bool    `json:"isSubtle,omitempty"`
	Italic       bool    `json:"italic,omitempty"`
	FontType     string  `json:"fontType,omitempty"`
	SelectAction *action `json:"selectAction,omitempty"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url"`
}

// at finds what would be a mention if the card listed it as one. It lists its own
// alone, but a card should not depend on that.
var at = regexp.MustCompile(`(?i)<(/?at\b)`)

func literal(s string) string { return at.ReplaceAllString(kit.Inert(s), "<"+kit.ZeroWidth+"$1") }

func run(text string) textRun { return textRun{Type: "TextRun", Text: literal(text)} }

func richText(runs ...textRun) element { return element{Type: "RichTextBlock", Inlines: runs} }

func openURL(title, url string) action {
	return action{Type: "Action.OpenUrl", Title: literal(title), URL: url}
}
