// Package plain makes foreign text safe for terminals and logs. Such text can then not
// move the cursor, change colours or reverse a line.
package plain

import (
	"fmt"
	"io"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Hidden reports whether a character is invisible and has an effect: a control character,
// a direction mark or another format control, or a line separator. The two joiners do not
// count, because some names and emoji need them.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\u200c' && r != '\u200d'
}

// Writer escapes hidden characters in the form \u202e, which means the same in JSON. It
// keeps line breaks and tabs.
type Writer struct {
	to io.Writer

	mu   sync.Mutex // guards rest
	rest []byte     // the first bytes of a character, or a carriage return
}

// NewWriter returns a Writer that writes to another writer.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Unwrap returns the underlying writer.
func (w *Writer) Unwrap() io.Writer { return w.to }

// Write writes a text. It keeps the bytes of an incomplete character for the next call.
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

// Close writes the bytes of a last incomplete character.
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

// escape appends a character in the escaped form of JSON and Go.
func escape(out []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
		return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}
