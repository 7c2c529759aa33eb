package slack

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Slack's limits, in characters.
const (
	maxText       = 3000 // of a section
	maxField      = 2000
	maxFields     = 10 // of a section
	maxBlocks     = 50
	maxButton     = 75
	maxURL        = 3000
	maxActions    = 5     // Slack allows 25; more than a row is a menu, not a message
	maxBlocksText = 12000 // of all blocks: above some 13,000 Slack answers msg_blocks_too_long (slackapi/bolt-js#2509)
)

// Our own bounds on parts of a message, so that all of them find room.
const (
	maxTitle    = 300
	maxName     = 150
	maxFallback = 1000
	maxFooter   = 300
	endBlocks   = 4 // kept for the image, the actions, the footer and the note
	endText     = 1500
)

// Encode writes a message in Block Kit.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	m = m.Clean()
	if m.Title == "" {
		m.Title = "Message"
	}
	e := &encoder{}
	e.title(m)
	e.text(m.Text)
	e.fields(m.Fields)
	e.image(m)
	e.actions(m.Actions)
	e.footer(m)

	fallback, _ := kit.ShortenEscaped(m.Title, maxFallback, kit.Runes, escape)
	no := false // links of a message are not unfolded below it
	body, err := kit.JSON(slack.WebhookMessage{
		Text:        fallback,
		Blocks:      &slack.Blocks{BlockSet: e.blocks},
		UnfurlLinks: &no,
		UnfurlMedia: &no,
	}, m.Native["slack"])
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the native part for Slack is no JSON: %v", err)
	}
	return bridge.Payload{MessageID: m.ID, ContentType: "application/json", Body: body, Shortened: e.shortened}, nil
}

// encoder collects blocks and counts their text.
type encoder struct {
	blocks    []slack.Block
	used      int
	shortened []string
}

func (e *encoder) add(b slack.Block, text ...string) {
	e.blocks = append(e.blocks, b)
	for _, t := range text {
		e.used += kit.Runes(t)
	}
}

func (e *encoder) cut(what string, cut bool) {
	if cut {
		e.shortened = append(e.shortened, what)
	}
}

func (e *encoder) title(m bridge.Message) {
	short, cut := kit.Shorten(m.Title, maxTitle, kit.Runes)
	e.cut("title", cut)
	title := escape(short)
	text := "*" + title + "*"
	if m.URL != "" {
		linked := "*<" + escape(m.URL) + "|" + label(title) + ">*"
		tooLong := kit.Runes(linked) > maxText
		e.cut("link of the title", tooLong)
		if !tooLong {
			text = linked
		}
	}
	e.add(section(text), text)
}

func (e *encoder) text(markdown string) {
	text, cut := dialect().Write(kit.ParseMarkdown(markdown), maxText)
	e.cut("text", cut)
	if text != "" {
		e.add(section(text), text)
	}
}

// fields puts short fields side by side, ten to a section, and each long one
// into a section of its own. What finds no room is counted.
func (e *encoder) fields(all []bridge.Field) {
	var row []*slack.TextBlockObject
	flush := func() {
		if len(row) > 0 {
			e.blocks = append(e.blocks, slack.NewSectionBlock(nil, row, nil))
			row = nil
		}
	}
	for i, f := range all {
		text := e.field(f)
		if len(e.blocks)+1+endBlocks >= maxBlocks || e.used+kit.Runes(text)+endText > maxBlocksText {
			flush()
			note := fmt.Sprintf("_… and %d more fields_", len(all)-i)
			e.add(section(note), note)
			e.shortened = append(e.shortened, fmt.Sprintf("%d fields", len(all)-i))
			return
		}
		if !f.Short {
			flush()
			e.add(section(text), text)
			continue
		}
		row = append(row, mrkdwn(text))
		e.used += kit.Runes(text)
		if len(row) == maxFields {
			flush()
		}
	}
	flush()
}

func (e *encoder) field(f bridge.Field) string {
	name, cutName := kit.ShortenEscaped(f.Name, maxName, kit.Runes, escape)
	head := ""
	if name != "" {
		head = "*" + name + "*\n"
	}
	value, cutValue := kit.ShortenEscaped(f.Value, maxField-kit.Runes(head), kit.Runes, escape)
	e.cut("field "+f.Name, cutName || cutValue)
	return head + value
}

func (e *encoder) image(m bridge.Message) {
	if m.ImageURL == "" || len(m.ImageURL) > maxURL {
		return
	}
	alt, _ := kit.Shorten(m.Title, maxTitle, kit.Runes)
	e.add(slack.NewImageBlock(m.ImageURL, alt, "", nil))
}

func (e *encoder) actions(all []bridge.Action) {
	var buttons []slack.BlockElement
	for i, a := range all {
		if len(buttons) == maxActions || len(a.URL) > maxURL {
			e.cut("actions", true)
			continue
		}
		text, _ := kit.Shorten(a.Label, maxButton, kit.Runes)
		b := slack.NewButtonBlockElement(fmt.Sprint("open-", i), "", slack.NewTextBlockObject(slack.PlainTextType, text, false, false))
		buttons = append(buttons, b.WithURL(a.URL))
		e.used += kit.Runes(text)
	}
	if len(buttons) > 0 {
		e.add(slack.NewActionBlock("", buttons...))
	}
}

func (e *encoder) footer(m bridge.Message) {
	text, cut := kit.ShortenEscaped(m.Footer, maxFooter, kit.Runes, escape)
	e.cut("footer", cut)
	if !m.Time.IsZero() {
		// Slack shows the time in each reader's own zone.
		when := fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", m.Time.Unix(), m.Time.UTC().Format(time.RFC1123))
		text = strings.TrimPrefix(text+" · "+when, " · ")
	}
	if text != "" {
		e.add(slack.NewContextBlock("", mrkdwn(text)), text)
	}
}

func section(text string) slack.Block { return slack.NewSectionBlock(mrkdwn(text), nil, nil) }

// mrkdwn is a text in Slack's markup. Verbatim keeps Slack from making links and
// mentions of bare words in it.
func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}

// Escape makes data harmless in Slack's markup: mentions and links need a raw "<"
// (api.slack.com/reference/surfaces/formatting#escaping).
func Escape(s string) string {
	return escape(bridge.CleanText(s))
}

// label makes escaped text fit to stand behind the bar of a link.
func label(escaped string) string { return strings.ReplaceAll(escaped, "|", "｜") }

func dialect() kit.Dialect {
	return kit.Dialect{Measure: kit.Runes, Newline: "\n", Span: func(s kit.Span) (before, after string, text func(string) string) {
		if s.Code {
			return "`", "`", func(x string) string { return strings.ReplaceAll(escape(x), "`", "ˋ") }
		}
		if s.Italic {
			before, after = before+"_", "_"+after
		}
		if s.Bold {
			before, after = before+"*", "*"+after
		}
		if s.URL != "" && len(s.URL) <= maxURL/2 {
			before, after = before+"<"+escape(s.URL)+"|", ">"+after
			return before, after, func(x string) string { return label(escape(x)) }
		}
		return before, after, escape
	}}
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape escapes text that is clean already, and keeps its blanks.
func escape(s string) string { return escaper.Replace(s) }
