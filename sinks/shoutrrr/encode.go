package shoutrrr

import (
	"fmt"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Our own bounds, in bytes, so that every part of a message finds room.
const (
	maxTitle   = 200
	maxName    = 100
	maxFooter  = 100
	maxActions = 3
	maxURL     = 300
)

// afterTitle is what the payload has between the title and the rest.
const afterTitle = "\n\n"

// Encode writes a message as plain text: not all services know markup, and those
// that do know different ones.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	m = m.Clean()
	if m.Title == "" {
		m.Title = "Message"
	}
	e := &encoder{left: maxBytes(s.service)}
	title := e.fit("title", m.Title, maxTitle)
	end := e.links(m)
	if footer := e.fit("footer", m.Footer, maxFooter); footer != "" {
		end = append(end, footer)
	}
	text, cut := dialect().Write(kit.ParseMarkdown(m.Text), e.left/2)
	e.cut("text", cut)
	e.left -= len(text) + len(afterTitle)*4
	var parts []string
	for _, part := range []string{title, text, strings.Join(e.fields(m.Fields), "\n"), strings.Join(end, "\n")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	body := strings.Join(parts, afterTitle)
	return bridge.Payload{MessageID: m.ID, ContentType: "text/plain; charset=utf-8", Body: []byte(body), Shortened: e.shortened}, nil
}

// encoder counts the text of a message.
type encoder struct {
	left      int
	shortened []string
}

func (e *encoder) cut(what string, cut bool) {
	if cut {
		e.shortened = append(e.shortened, what)
	}
}

func (e *encoder) fit(what, text string, limit int) string {
	short, cut := kit.ShortenEscaped(text, limit, kit.Bytes, escape)
	e.cut(what, cut)
	e.left -= len(short) + 1
	return short
}

// links are the page that the message is about and its actions, each on a line.
func (e *encoder) links(m bridge.Message) []string {
	var lines []string
	if m.URL != "" && len(m.URL) <= maxURL {
		lines = append(lines, kit.LinkTarget(m.URL))
	}
	for i, a := range m.Actions {
		if i >= maxActions || len(a.URL) > maxURL {
			e.cut("actions", true)
			continue
		}
		label, _ := kit.ShortenEscaped(a.Label, maxName, kit.Bytes, escape)
		lines = append(lines, label+": "+kit.LinkTarget(a.URL))
	}
	for i, line := range lines {
		if e.left -= len(line) + 1; e.left < maxURL { // of a service with small messages
			e.cut("actions", true)
			return lines[:i]
		}
	}
	return lines
}

func (e *encoder) fields(all []bridge.Field) []string {
	var lines []string
	for i, f := range all {
		name, _ := kit.ShortenEscaped(f.Name, maxName, kit.Bytes, escape)
		line := strings.TrimPrefix(name+": "+escape(f.Value), ": ")
		note := fmt.Sprintf("… and %d more fields", len(all)-i)
		if e.left -= len(line) + 1; e.left < len(note) {
			e.cut(fmt.Sprintf("%d fields", len(all)-i), true)
			return append(lines, note)
		}
		lines = append(lines, line)
	}
	return lines
}

// Escape makes data harmless in the markup of whatever service it may reach.
func Escape(s string) string { return escape(bridge.CleanText(s)) }

var escaper = strings.NewReplacer("@", "@"+kit.ZeroWidth, "<", "<"+kit.ZeroWidth, "]", "]"+kit.ZeroWidth)

// escape breaks mentions (@all, <!channel>, @**all**) and links with a label of
// their own ([label](url), <url|label>).
func escape(s string) string { return escaper.Replace(s) }

// dialect has no marks: a link's address follows its label.
func dialect() kit.Dialect {
	return kit.Dialect{Measure: kit.Bytes, Newline: "\n", Span: func(s kit.Span) (before, after string, text func(string) string) {
		address := strings.TrimPrefix(s.URL, "mailto:")
		if address != "" && address != s.Text && len(address) <= maxURL {
			after = " (" + escape(kit.LinkTarget(address)) + ")"
		}
		return "", after, escape
	}}
}
