package kit

import "strings"

// Dialect writes a message's text in a platform's own markup.
type Dialect struct {
	Measure Measure
	Newline string // line break inside a text, such as "\n" or "<br>"

	Mentions Mentions // of the message

	// Span gives what stands before and after a span's text, and how the text is
	// escaped.
	Span func(Span) (before, after string, escape func(string) string)
}

// Write gives the blocks as one text of at most limit by the dialect's measure,
// and whether it had to cut. It cuts the plain text of a span, so that markup is
// always closed.
func (d Dialect) Write(blocks []Block, limit int) (text string, cut bool) {
	w := dialectWriter{Dialect: d, left: limit - d.Measure(Ellipsis)}
	for i, b := range blocks {
		if !w.raw(d.separator(blocks, i)) || !w.raw(d.bullet(b)) {
			return w.cut(), true
		}
		for _, s := range b.Spans {
			if !w.span(s) {
				return w.cut(), true
			}
		}
	}
	return w.b.String(), false
}

func (d Dialect) separator(blocks []Block, i int) string {
	switch {
	case i == 0:
		return ""
	case blocks[i].Item:
		return d.Newline
	default:
		return d.Newline + d.Newline
	}
}

func (d Dialect) bullet(b Block) string {
	if !b.Item {
		return ""
	}
	return strings.Repeat("\u2003", b.Depth) + b.Marker + " " // em spaces: chats fold ordinary ones
}

type dialectWriter struct {
	Dialect
	b    strings.Builder
	left int
}

// raw writes what must not be cut, if there is room.
func (w *dialectWriter) raw(s string) bool {
	n := w.Measure(s)
	if n > w.left {
		return false
	}
	w.left -= n
	w.b.WriteString(s)
	return true
}

// span writes a span, or the beginning of it that fits; then it is false.
func (w *dialectWriter) span(s Span) bool {
	before, after, escape := w.Span(s)
	room := w.left - w.Measure(before) - w.Measure(after)
	if room <= 0 {
		return false
	}
	if s.Code || s.URL != "" {
		escape = w.Mentions.Named(escape)
	} else {
		escape = w.Mentions.Live(escape)
	}
	text := func(x string) string { return strings.ReplaceAll(escape(x), "\n", w.Newline) }
	whole := text(s.Text)
	if w.Measure(whole) <= room {
		return w.raw(before + whole + after)
	}
	short, _ := ShortenEscaped(s.Text, room, w.Measure, text)
	w.raw(before + short + after)
	return false
}

// cut ends a text that was cut, with an ellipsis unless the last span has one.
func (w *dialectWriter) cut() string {
	if text := w.b.String(); strings.Contains(text[max(0, len(text)-40):], Ellipsis) {
		return text
	}
	return w.b.String() + Ellipsis
}
