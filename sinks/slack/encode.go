package slack

import (
	"fmt"
	"maps"
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
	maxHead     = 1800 // of the title with its markup, without a link
	maxPerson   = 80   // of a name beside an address
	maxName     = 150
	maxFallback = 1000
	maxFooter   = 300
	endBlocks   = 4 // kept for the image, the actions, the footer and the note
	endText     = 1500
)

// encode writes a message in Block Kit. The marks in it are of people whom mention
// can write.
func encode(m bridge.Message, mention func(bridge.Person) string, more map[string]any) (bridge.Payload, error) {
	m = m.CleanMarked()
	if m.Title == "" {
		m.Title = "Message"
	}
	e := &encoder{mentions: kit.Mentions{People: m.Mentions, Write: mention}}
	e.live = e.mentions.Live(escape)
	e.title(m)
	e.text(m.Text)
	e.fields(m.Fields)
	e.image(m)
	e.actions(m.Actions)
	e.footer(m)

	fallback, _ := kit.ShortenEscaped(m.Title, maxFallback, kit.Runes, e.mentions.Named(escape))
	keys := map[string]any{}
	maps.Copy(keys, more)
	maps.Copy(keys, yield(m.Native["slack"], fallback))
	no := false // links of a message are not unfolded below it
	body, err := kit.JSON(slack.WebhookMessage{
		Text:        fallback,
		Blocks:      &slack.Blocks{BlockSet: e.blocks},
		UnfurlLinks: &no,
		UnfurlMedia: &no,
	}, keys)
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the native part for Slack is no JSON: %v", err)
	}
	return bridge.Payload{
		MessageID: m.ID, ContentType: "application/json", Body: body,
		Thread: m.Thread, Replaces: m.Replaces, Shortened: e.shortened,
	}, nil
}

// encoder collects blocks and counts their text.
type encoder struct {
	blocks    []slack.Block
	used      int
	shortened []string
	mentions  kit.Mentions
	live      func(string) string // escape that writes mentions
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
	text := e.live(short)
	if kit.Runes(text) > maxHead {
		short, cut = kit.Shorten(e.name(m.Title), maxTitle, kit.Runes)
		text = e.live(short)
	}
	e.cut("title", cut)
	text = "*" + text + "*"
	if m.URL != "" {
		linked := "*" + e.link(short, m.URL) + "*"
		tooLong := kit.Runes(linked) > maxText
		e.cut("link of the title", tooLong)
		if !tooLong {
			text = linked
		}
	}
	e.add(section(text), text)
}

// name writes names in place of mentions.
func (e *encoder) name(s string) string {
	return e.mentions.Named(func(x string) string { return x })(s)
}

// link makes the longest piece of a title a link: a mention cannot be a part of one.
func (e *encoder) link(title, url string) string {
	longest := ""
	bridge.SplitMentions(title, e.mentions.People, func(s string) {
		if s = strings.TrimSpace(s); len(s) > len(longest) {
			longest = s
		}
	}, func(bridge.Person) {})
	if longest == "" {
		return e.live(title)
	}
	before, after, _ := strings.Cut(title, longest)
	return e.live(before) + "<" + escaper.Replace(url) + "|" + label(escape(longest)) + ">" + e.live(after)
}

func (e *encoder) text(markdown string) {
	text, cut := dialect(e.mentions).Write(kit.ParseMarkdown(markdown), maxText)
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
	name, cutName := kit.ShortenEscaped(f.Name, maxName, kit.Runes, e.mentions.Named(escape))
	head := ""
	if name != "" {
		head = "*" + name + "*\n"
	}
	value, cutValue := kit.ShortenEscaped(f.Value, maxField-kit.Runes(head), kit.Runes, e.live)
	e.cut("field "+f.Name, cutName || cutValue)
	return head + value
}

func (e *encoder) image(m bridge.Message) {
	if m.ImageURL == "" || len(m.ImageURL) > maxURL {
		return
	}
	alt, _ := kit.Shorten(literal(e.name(m.Title)), maxTitle, kit.Runes)
	e.add(slack.NewImageBlock(m.ImageURL, alt, "", nil))
}

func (e *encoder) actions(all []bridge.Action) {
	var buttons []slack.BlockElement
	for i, a := range all {
		if len(buttons) == maxActions || len(a.URL) > maxURL {
			e.cut("actions", true)
			continue
		}
		text, _ := kit.Shorten(literal(a.Label), maxButton, kit.Runes)
		b := slack.NewButtonBlockElement(fmt.Sprint("open-", i), "", slack.NewTextBlockObject(slack.PlainTextType, text, false, false))
		buttons = append(buttons, b.WithURL(a.URL))
		e.used += kit.Runes(text)
	}
	if len(buttons) > 0 {
		e.add(slack.NewActionBlock("", buttons...))
	}
}

func (e *encoder) footer(m bridge.Message) {
	text, cut := kit.ShortenEscaped(m.Footer, maxFooter, kit.Runes, e.live)
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

// Escape makes data literal in Slack's markup: mentions and links need a raw "<"
// (api.slack.com/reference/surfaces/formatting#escaping). What formats has no escape.
func Escape(s string) string {
	return escape(bridge.CleanText(s))
}

// literal is for texts that Slack shows as they are: none looks like a mention.
func literal(s string) string { return strings.ReplaceAll(s, "<@", "<\u200B@") }

// label makes escaped text fit to stand behind the bar of a link.
func label(escaped string) string { return strings.ReplaceAll(escaped, "|", "｜") }

func dialect(mentions kit.Mentions) kit.Dialect {
	return kit.Dialect{Measure: kit.Runes, Newline: "\n", Mentions: mentions, Span: func(s kit.Span) (before, after string, text func(string) string) {
		if s.Code {
			return "`", "`", func(x string) string { return strings.ReplaceAll(escaper.Replace(x), "`", "ˋ") }
		}
		if s.Italic {
			before, after = before+"_", "_"+after
		}
		if s.Bold {
			before, after = before+"*", "*"+after
		}
		if s.URL != "" && len(s.URL) <= maxURL/2 {
			before, after = before+"<"+escaper.Replace(s.URL)+"|", ">"+after
			return before, after, func(x string) string { return label(escape(x)) }
		}
		return before, after, escape
	}}
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes text literal that is clean already, and keeps its blanks.
func escape(s string) string { return escaper.Replace(kit.LookAlike(s)) }
