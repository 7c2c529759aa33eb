package kit

import (
	"fmt"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Note is a message as a title and one text below it, for services that show
// nothing else.
type Note struct {
	Title     string
	Text      string
	URL       string          // of the message, if it is not too long
	Actions   []bridge.Action // those that the service shows as buttons, with plain labels
	Shortened []string
}

// Payload is that of the message that the note was written from: content, as JSON.
func (n Note) Payload(m bridge.Message, content any) (bridge.Payload, error) {
	body, err := compact(content)
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the message is no JSON: %v", err)
	}
	return bridge.Payload{
		MessageID: m.ID, ContentType: "application/json", Body: body, Thread: m.Thread, Replaces: m.Replaces, Shortened: n.Shortened,
	}, nil
}

// NoteForm is how a service wants its notes.
type NoteForm struct {
	Dialect  Dialect             // of the text; its measure counts the title, too
	Escape   func(string) string // for data in the text
	Title    func(string) string // for the title
	Name     func(string) string // writes the name of a field, which is escaped already
	MaxTitle int
	MaxText  int
	MaxURL   int  // of a link, in bytes
	Buttons  int  // how many actions the service shows itself; the others are links in the text
	Link     bool // whether the service has a place for the message's own URL; if not it is a link in the text
}

// Our own bounds, as shares of a text, so that every part of a message finds room.
const (
	noteFooters = 8  // a footer has an eighth of the text
	noteLinks   = 3  // all links have a third
	noteNames   = 10 // the name of a field has a tenth
	noteValues  = 3  // its value has a third
)

// Write makes a note of a message. Where the message has no title, it gets one.
func (f NoteForm) Write(m bridge.Message) Note {
	m = m.Clean()
	if m.Title == "" {
		m.Title = "Message"
	}
	w := noteWriter{NoteForm: f, left: f.MaxText}
	w.note.Title = w.fit("title", m.Title, f.MaxTitle, f.Title)
	end := w.links(m)
	if footer := w.fit("footer", noteFooter(m), f.MaxText/noteFooters, w.data); footer != "" {
		w.left -= w.size(footer) + w.size(w.paragraph())
		end = append(end, footer)
	}
	fields := make([]string, len(m.Fields))
	needed := 0
	for i, field := range m.Fields {
		fields[i] = w.field(field)
		needed += w.size(fields[i]) + w.size(f.Dialect.Newline)
	}
	w.left -= 3 * w.size(w.paragraph())
	text, cut := f.Dialect.Write(ParseMarkdown(m.Text), w.left-min(needed, w.left/2))
	w.cut("text", cut)
	w.left -= w.size(text)
	w.note.Text = joined(w.paragraph(), text, strings.Join(w.fields(fields), f.Dialect.Newline), strings.Join(end, f.Dialect.Newline))
	return w.note
}

// noteFooter is what stands last: the footer and the time.
func noteFooter(m bridge.Message) string {
	if m.Time.IsZero() {
		return m.Footer
	}
	return strings.TrimPrefix(m.Footer+" · "+m.Time.UTC().Format("2 Jan 2006, 15:04 MST"), " · ")
}

// joined joins the parts that are not empty.
func joined(separator string, parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, separator)
}

type noteWriter struct {
	NoteForm
	note Note
	left int
}

func (w *noteWriter) size(s string) int { return w.Dialect.Measure(s) }

func (w *noteWriter) paragraph() string { return w.Dialect.Newline + w.Dialect.Newline }

// data escapes a text that may have several lines.
func (w *noteWriter) data(s string) string {
	return strings.ReplaceAll(w.Escape(s), "\n", w.Dialect.Newline)
}

func (w *noteWriter) cut(what string, cut bool) {
	if cut {
		w.note.Shortened = append(w.note.Shortened, what)
	}
}

func (w *noteWriter) fit(what, text string, limit int, escape func(string) string) string {
	short, cut := ShortenEscaped(text, limit, w.Dialect.Measure, escape)
	w.cut(what, cut)
	return short
}

// links gives the actions that are no buttons, and the message's own link if it has
// no place elsewhere, each on a line.
func (w *noteWriter) links(m bridge.Message) []string {
	actions, room := m.Actions, w.MaxText/noteLinks
	if m.URL != "" && len(m.URL) <= w.MaxURL {
		if w.note.URL = m.URL; !w.Link {
			actions = append([]bridge.Action{{Label: "Open", URL: m.URL}}, actions...)
		}
	}
	var lines []string
	for _, a := range actions {
		if len(a.URL) > w.MaxURL {
			w.cut("actions", true)
			continue
		}
		if len(w.note.Actions) < w.Buttons {
			w.note.Actions = append(w.note.Actions, a)
			continue
		}
		label, _ := Shorten(a.Label, w.MaxText/noteNames, w.Dialect.Measure)
		line, cut := w.Dialect.Write([]Block{{Spans: []Span{{Text: label, URL: a.URL}}}}, room)
		if cut {
			w.cut("actions", true)
			break
		}
		room -= w.size(line) + w.size(w.Dialect.Newline)
		lines = append(lines, line)
	}
	if len(lines) > 0 {
		w.left -= w.MaxText/noteLinks - room
	}
	return lines
}

// field is the line of a field.
func (w *noteWriter) field(f bridge.Field) string {
	name, _ := ShortenEscaped(f.Name, w.MaxText/noteNames, w.Dialect.Measure, w.data)
	value, cut := ShortenEscaped(f.Value, w.MaxText/noteValues, w.Dialect.Measure, w.data)
	w.cut("field "+f.Name, cut)
	if name == "" {
		return value
	}
	return w.Name(name) + ": " + value
}

// fields gives the lines that have room, and a note of how many have none.
func (w *noteWriter) fields(lines []string) []string {
	for i, line := range lines {
		note := fmt.Sprintf("… and %d more fields", len(lines)-i)
		after := 0 // what a note after this line would need
		if i < len(lines)-1 {
			after = w.size(note) + 2*w.size(w.Dialect.Newline)
		}
		size := w.size(line) + w.size(w.Dialect.Newline)
		if size+after > w.left {
			w.cut(fmt.Sprintf("%d fields", len(lines)-i), true)
			return append(lines[:i:i], note)
		}
		w.left -= size
	}
	return lines
}
