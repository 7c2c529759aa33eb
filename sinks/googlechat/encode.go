package googlechat

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Google Chat's limits.
const (
	maxMessage   = 32_000 // bytes of the whole message
	maxWidgets   = 100    // of a card; Google drops the rest without a word
	maxThreadKey = 4000   // characters
)

// Our own bounds in bytes, so that every part of a message finds room.
const (
	maxTitle    = 600
	maxText     = 8000
	maxName     = 300
	maxValue    = 3000
	maxFooter   = 600
	maxFallback = 1000
	maxURL      = 1500
	maxLabel    = 200
	maxActions  = 6
	maxMentions = 1000 // of the line above the card
	perWidget   = 150  // what the JSON around a text takes, at most
	forFields   = 28_000
)

// Encode writes a message as one card. Cards tell nobody, so the people who are
// mentioned stand above it, too.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	mentioned := s.config.Mentions.Mentioned(m)
	for i, id := range mentioned {
		mentioned[i] = strings.TrimPrefix(id, "users/")
	}
	m = m.Clean()
	if m.Title == "" {
		m.Title = "Message"
	}
	e := &encoder{}
	out := message{
		Text:         kit.Line(mentioned, "<users/%s>", maxMentions),
		FallbackText: e.fit("", m.Title, maxFallback, fallback),
		CardsV2:      []cardWithID{{CardID: "message", Card: e.card(m)}},
	}
	if m.ThreadKey != "" {
		key, _ := kit.Shorten(m.ThreadKey, maxThreadKey/8, kit.Runes)
		out.Thread = &thread{ThreadKey: literal(key)}
	}
	body, err := kit.JSON(out, kit.Yield(m.Native["googlechat"], []string{"cardsV2"}, "cards"))
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the native part for Google Chat is no JSON: %v", err)
	}
	if len(body) > maxMessage {
		return bridge.Payload{}, bridge.Rejectedf("with its native part the message has %d bytes; Google Chat takes %d", len(body), maxMessage)
	}
	return bridge.Payload{MessageID: m.ID, ContentType: "application/json; charset=UTF-8", Body: body, Shortened: e.shortened}, nil
}

// encoder makes a card and counts its bytes.
type encoder struct {
	used      int
	shortened []string
}

// fit escapes and shortens a text, and counts it.
func (e *encoder) fit(what, plain string, limit int, escape func(string) string) string {
	text, cut := kit.ShortenEscaped(plain, limit, kit.JSONBytes, escape)
	e.used += kit.JSONBytes(text) + perWidget
	if cut && what != "" {
		e.shortened = append(e.shortened, what)
	}
	return text
}

func (e *encoder) card(m bridge.Message) card {
	c := card{Header: header{Title: e.fit("title", sign(m.Level)+m.Title, maxTitle, literal)}}
	if !m.Time.IsZero() {
		c.Header.Subtitle = m.Time.UTC().Format("2 Jan 2006, 15:04 MST")
	}
	text := e.text(m.Text)
	end := slices.Concat(e.image(m), e.buttons(m), e.footer(m.Footer))
	fields := e.fields(m.Fields, maxWidgets-len(text)-len(end)-1)
	for _, widgets := range [][]widget{text, fields, end} {
		if len(widgets) > 0 {
			c.Sections = append(c.Sections, section{Widgets: widgets})
		}
	}
	return c
}

// sign stands for the level's colour, which cards do not have.
func sign(l bridge.Level) string {
	switch l {
	case bridge.LevelSuccess:
		return "✅ "
	case bridge.LevelWarning:
		return "⚠️ "
	case bridge.LevelDanger:
		return "🛑 "
	default:
		return ""
	}
}

func (e *encoder) text(markdown string) []widget {
	text, cut := dialect().Write(kit.ParseMarkdown(markdown), maxText)
	if cut {
		e.shortened = append(e.shortened, "text")
	}
	if text == "" {
		return nil
	}
	e.used += kit.JSONBytes(text) + perWidget
	return []widget{{TextParagraph: &textParagraph{Text: text}}}
}

func (e *encoder) image(m bridge.Message) []widget {
	if m.ImageURL == "" || len(m.ImageURL) > maxURL {
		return nil
	}
	e.used += kit.JSONBytes(m.ImageURL)
	return []widget{{Image: &image{ImageURL: m.ImageURL, AltText: e.fit("", m.Title, maxTitle, literal)}}}
}

// buttons are the actions, behind one that opens the message's own link: a
// card's title cannot be a link.
func (e *encoder) buttons(m bridge.Message) []widget {
	var list buttonList
	for _, a := range kit.OpenFirst(m) {
		if len(list.Buttons) == maxActions || kit.JSONBytes(a.URL) > maxURL {
			e.shortened = append(e.shortened, "actions")
			continue
		}
		e.used += kit.JSONBytes(a.URL)
		list.Buttons = append(list.Buttons, button{
			Text:    e.fit("", a.Label, maxLabel, literal),
			OnClick: onClick{OpenLink: openLink{URL: a.URL}},
		})
	}
	if len(list.Buttons) == 0 {
		return nil
	}
	return []widget{{ButtonList: &list}}
}

func (e *encoder) footer(footer string) []widget {
	if footer == "" {
		return nil
	}
	return []widget{{TextParagraph: &textParagraph{Text: `<font color="#5f6368">` + e.fit("footer", footer, maxFooter, escape) + "</font>"}}}
}

// fields puts short fields side by side, in pairs. What finds no room is
// counted.
func (e *encoder) fields(all []bridge.Field, room int) []widget {
	var widgets []widget
	var pair *columns // with one column still empty
	for i, f := range all {
		name := e.fit("", f.Name, maxName, literal)
		value := e.fit("field "+f.Name, f.Value, maxValue, escape)
		// A pair is three widgets, and one is kept for the note.
		if room -= 2; room < 1 || e.used > forFields {
			left := len(all) - i
			e.shortened = append(e.shortened, fmt.Sprintf("%d fields", left))
			note := fmt.Sprintf("<i>… and %d more fields</i>", left)
			return append(widgets, widget{TextParagraph: &textParagraph{Text: note}})
		}
		w := widget{DecoratedText: &decoratedText{TopLabel: name, Text: value, WrapText: true}}
		switch {
		case f.Short && pair != nil:
			pair.ColumnItems = append(pair.ColumnItems, column{Widgets: []widget{w}})
			pair = nil
		case f.Short && i+1 < len(all) && all[i+1].Short:
			pair = &columns{ColumnItems: []column{{Widgets: []widget{w}}}}
			widgets = append(widgets, widget{Columns: pair})
		default:
			widgets = append(widgets, w)
		}
	}
	return widgets
}

// Escape makes data harmless in a card's HTML, and in the text of a message,
// which has mentions and links between angle brackets.
func Escape(s string) string { return escape(bridge.CleanText(s)) }

// literal is for texts of which Google does not say whether they are HTML: they
// are right in both readings.
func literal(s string) string { return angles.Replace(kit.Inert(s)) }

// escape is for HTML.
func escape(s string) string { return html.EscapeString(kit.Inert(s)) }

var angles = strings.NewReplacer("<", "‹", ">", "›")

// fallback is for texts whose markup has no escape: a mention or a link needs its
// angle bracket right before it.
func fallback(s string) string { return strings.ReplaceAll(kit.LookAlike(s), "<", "<"+kit.ZeroWidth) }

func dialect() kit.Dialect {
	return kit.Dialect{Measure: kit.JSONBytes, Newline: "<br>", Span: func(s kit.Span) (before, after string, text func(string) string) {
		if s.Code {
			return `<font color="#c5221f">`, "</font>", escape
		}
		if s.Italic {
			before, after = before+"<i>", "</i>"+after
		}
		if s.Bold {
			before, after = before+"<b>", "</b>"+after
		}
		if s.URL != "" && len(s.URL) <= maxURL {
			before, after = before+`<a href="`+html.EscapeString(s.URL)+`">`, "</a>"+after
		}
		return before, after, escape
	}}
}
