// Package plain makes what commands print and what is logged fit for a terminal: foreign
// text in it cannot move the cursor, change colours, or turn a line around.
package plain

import (
	"fmt"
	"io"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Hidden tells whether a character cannot be seen and does something: a control
// character, a mark of direction or another format control, or a separator of lines. Two
// joiners are none, without which some names and emoji are written wrong.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\u200c' && r != '\u200d'
}

// Writer writes hidden characters as \u202e, which in JSON is the same text. Line breaks
// and tabs stay, and so does what is not hidden.
type Writer struct {
	to io.Writer

	mu   sync.Mutex // guards rest
	rest []byte     // the beginning of a character, or a carriage return
}

// NewWriter makes a writer to another one.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Unwrap gives the writer to which it writes.
func (w *Writer) Unwrap() io.Writer { return w.to }

// Write writes a text. Of a character that is not whole yet it keeps the beginning for
// the next call.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := append(w.rest, text...)
	out := make([]byte, 0, len(all))
	for len(all) > 0 && (utf8.FullRune(all) && !(all[0] == '\r' && len(all) == 1)) {
		r, size := utf8.DecodeRune(all)
		switch {
		case r == '\r' && all[1] == '\n':
			out = append(out, all[:2]...)
			size = 2
		case r == '\n', r == '\t', !Hidden(r) && (r != utf8.RuneError || size > 1):
			out = append(out, all[:size]...)
		default:
			out = escape(out, r)
		}
		all = all[size:]
	}
	w.rest = append([]byte(nil), all...)
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Close writes what is left of a character that was never whole.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []byte
	for range w.rest {
		out = escape(out, utf8.RuneError)
	}
	if len(w.rest) == 1 && w.rest[0] == '\r' {
		out = escape(nil, '\r')
	}
	w.rest = nil
	_, err := w.to.Write(out)
	return err
}

// escape appends a character as JSON and Go write it.
func escape(out []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
		return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}
