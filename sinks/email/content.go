package email

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Bounds of what a mail says. Mail has none of its own worth the name; these
// keep it readable, and its text and HTML together, encoded, below maxMail.
const (
	maxTitle      = 200      // characters
	maxText       = 16 << 10 // bytes, link targets included
	maxFields     = 50
	maxFieldName  = 100      // characters
	maxFieldValue = 1000     // characters
	maxFieldBytes = 48 << 10 // bytes, of all fields together
	maxFooter     = 500      // characters
	maxActions    = 10
	maxLabel      = 80   // characters
	maxURL        = 2000 // bytes; Outlook cuts links at 2083
	maxPreview    = 140  // characters
)

// content is what both parts of a mail are made from.
type content struct {
	Subject  string
	Title    string
	URL      string
	Color    string // #rrggbb
	Blocks   []block
	Fields   []bridge.Field
	ImageURL string
	Actions  []bridge.Action
	Footer   string
	Preview  string // what mail programs show beside the subject
}

// block is a paragraph or a list item as the card shows it.
type block struct{ kit.Block }

// Indent is how far a list item stands from the left, in pixels.
func (b block) Indent() int { return 12 + 20*min(b.Depth, 5) }

// layOut fits a clean message into the bounds and tells what it cut.
func layOut(m bridge.Message) (content, []string) {
	c := content{Color: fmt.Sprintf("#%06x", kit.Color(m.Level))}
	f := fitter{}
	c.Title = f.shorten("title", m.Title, maxTitle)
	if c.Title == "" {
		c.Title = "Message from Absorb"
	}
	c.Subject = c.Title
	c.Blocks = f.blocks(kit.ParseMarkdown(m.Text))
	c.Fields = f.fields(m.Fields)
	c.Actions = f.actions(m.Actions)
	c.URL = f.link("link of the title", m.URL)
	c.ImageURL = f.link("image", m.ImageURL)
	c.Preview = c.preview()
	c.Footer = joinFooter(f.shorten("footer", m.Footer, maxFooter), m.Time)
	return c, f.notes
}

// preview is the beginning of the text, or of the fields. The title is in the subject.
func (c content) preview() string {
	var parts []string
	for _, b := range c.Blocks {
		parts = append(parts, b.plain())
	}
	for _, f := range c.Fields {
		parts = append(parts, strings.TrimPrefix(f.Name+": ", ": ")+f.Value)
	}
	short, _ := kit.Shorten(bridge.CleanLine(strings.Join(parts, " · ")), maxPreview, kit.Runes)
	return short
}

// joinFooter adds the time, in UTC since a mail does not know its reader's zone.
func joinFooter(footer string, t time.Time) string {
	if t.IsZero() {
		return footer
	}
	stamp := t.UTC().Format("2 January 2006, 15:04 UTC")
	if footer == "" {
		return stamp
	}
	return footer + " · " + stamp
}

// fitter fits things into bounds and notes what it cut, each thing once.
type fitter struct {
	notes []string
}

func (f *fitter) note(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(f.notes, what) {
		f.notes = append(f.notes, what)
	}
}

func (f *fitter) shorten(what, s string, limit int) string {
	short, cut := kit.Shorten(s, limit, kit.Runes)
	if cut {
		f.note("%s", what)
	}
	return short
}

// link drops a link that mail programs would break.
func (f *fitter) link(what, url string) string {
	if len(url) > maxURL {
		f.note("%s", what)
		return ""
	}
	return url
}

// blocks cuts the text where its bound is reached.
func (f *fitter) blocks(all []kit.Block) []block {
	var fit []block
	left := maxText
	for _, b := range all {
		short, cut := shortenSpans(b.Spans, &left)
		b.Spans = short
		if len(short) > 0 {
			fit = append(fit, block{b})
		}
		if cut {
			f.note("text")
			break
		}
	}
	return fit
}

// shortenSpans cuts the spans where no bytes are left, and takes those that it
// kept from left. A link that is too long becomes plain text.
func shortenSpans(spans []kit.Span, left *int) (fit []kit.Span, cut bool) {
	for _, s := range spans {
		if len(s.URL) > maxURL {
			s.URL = ""
		}
		s.Text, cut = kit.Shorten(s.Text, *left-len(s.URL), kit.Bytes)
		if s.Text == "" {
			return append(fit, kit.Span{Text: kit.Ellipsis}), true
		}
		*left -= len(s.Text) + len(s.URL)
		fit = append(fit, s)
		if cut {
			return fit, true
		}
	}
	return fit, false
}

func (f *fitter) fields(all []bridge.Field) []bridge.Field {
	var fit []bridge.Field
	left, short := maxFieldBytes, 0
	for _, field := range all {
		var cutName, cutValue bool
		field.Name, cutName = kit.Shorten(field.Name, maxFieldName, kit.Runes)
		field.Value, cutValue = kit.Shorten(field.Value, maxFieldValue, kit.Runes)
		left -= len(field.Name) + len(field.Value)
		if left < 0 || len(fit) == maxFields {
			break
		}
		if cutName || cutValue {
			short++
		}
		fit = append(fit, field)
	}
	if short > 0 {
		f.note("the text of %d fields", short)
	}
	if more := len(all) - len(fit); more > 0 {
		f.note("%d fields", more)
		fit = append(fit, bridge.Field{Name: kit.Ellipsis, Value: fmt.Sprintf("and %d more", more)})
	}
	return fit
}

func (f *fitter) actions(all []bridge.Action) []bridge.Action {
	var fit []bridge.Action
	for _, a := range all {
		if a.URL = f.link("a button's link", a.URL); a.URL == "" {
			continue
		}
		if len(fit) == maxActions {
			f.note("buttons")
			break
		}
		a.Label = f.shorten("a button's label", a.Label, maxLabel)
		fit = append(fit, a)
	}
	return fit
}

// plain is the text part: everything that the card shows, for reading without
// HTML.
func (c content) plain() string {
	var b strings.Builder
	b.WriteString(c.Title + "\n")
	if c.URL != "" {
		b.WriteString(c.URL + "\n")
	}
	wasItem := false
	for _, block := range c.Blocks {
		if !block.Item || !wasItem {
			b.WriteString("\n")
		}
		wasItem = block.Item
		b.WriteString(block.plain() + "\n")
	}
	section(&b, len(c.Fields), func(i int) string {
		return strings.TrimPrefix(c.Fields[i].Name+": ", ": ") + strings.ReplaceAll(c.Fields[i].Value, "\n", "\n  ")
	})
	section(&b, len(c.Actions), func(i int) string { return c.Actions[i].Label + ": " + c.Actions[i].URL })
	if c.ImageURL != "" {
		b.WriteString("\nPicture: " + c.ImageURL + "\n")
	}
	if c.Footer != "" {
		b.WriteString("\n" + c.Footer + "\n")
	}
	return b.String()
}

// section writes n lines with an empty one above them.
func section(b *strings.Builder, n int, line func(int) string) {
	for i := range n {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(line(i) + "\n")
	}
}

func (b block) plain() string {
	var line strings.Builder
	if b.Item {
		line.WriteString(strings.Repeat("  ", min(b.Depth, 5)))
		if b.Marker != "" {
			line.WriteString(b.Marker + " ")
		}
	}
	for _, s := range b.Spans {
		line.WriteString(s.Text)
		if target := strings.TrimPrefix(s.URL, "mailto:"); target != "" && target != s.Text {
			line.WriteString(" (" + target + ")")
		}
	}
	return line.String()
}
