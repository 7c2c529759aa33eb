package engine

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// printer turns a value into what a template writes, so that data does no more
// in its place than be read.
type printer func(s *Scope, v any) (string, error)

// charged makes a printer that takes its cost off the budget first: reading the value,
// and so many bytes for each of its bytes. What is behind the most that is shown is
// not even escaped.
func (p printer) charged(times int) printer {
	return func(s *Scope, v any) (string, error) {
		if long, is := v.(string); is && len(long) > value.MaxText {
			v = bridge.Cut(long, value.MaxText+1)
		}
		if err := s.budget.Steps(1); err != nil {
			return "", err
		}
		if _, err := value.ReadText(s.budget, v, times); err != nil {
			return "", err
		}
		return p(s, v)
	}
}

// escaping is what a way of printing allocates for each byte of a value at most.
func escaping(printing string) int {
	if strings.HasPrefix(printing, NativePrinting("")) {
		return 32 // by the rules of a platform
	}
	return 8
}

// printPlain is for places that are plain text, which sinks escape.
func printPlain(_ *Scope, v any) (string, error) { return plainOf(v), nil }

// printMarkdown is for a message's text.
func printMarkdown(_ *Scope, v any) (string, error) { return markdownOf(v), nil }

// printPath is for the paths of lookups. A value that is missing, or that would
// lead out of its place in the path, leaves nothing to ask.
func printPath(s *Scope, v any) (string, error) {
	if err := s.budget.Read(s.out.buf.Len(), 1); err != nil {
		return "", err
	}
	value := value.TextOf(v)
	if quoted(s.out.buf.Bytes()) {
		value = strings.ReplaceAll(value, "'", "''") // as OData writes it in a literal
	}
	if strings.Trim(value, "0-") == "" || value == "." || value == ".." {
		// Nothing, or the GUID of nothing: absent by Absorb's custom.
		s.missing = s.missing || value != "0"
	}
	return PercentEscape(value), nil
}

// quoted reports whether what follows a path's beginning is inside a literal of its
// filter, such as guid'….
func quoted(path []byte) bool {
	_, query, _ := bytes.Cut(path, []byte("?"))
	return bytes.Count(query, []byte("'"))%2 == 1
}

// printURL is for links: a value that starts a link is a link itself, one
// behind it is a part of it.
func printURL(s *Scope, v any) (string, error) {
	if len(bytes.TrimSpace(s.out.buf.Bytes())) == 0 {
		return value.TextOf(v), nil
	}
	return PercentEscape(value.TextOf(v)), nil
}

// printNative is for a platform's own format: escaped as its sink says.
func printNative(escape func(string) string) printer {
	return func(_ *Scope, v any) (string, error) { return escape(value.TextOf(v)), nil }
}

// PercentEscape keeps only RFC 3986's unreserved characters, so that a value
// ends neither its segment of a path nor its parameter of a query.
func PercentEscape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(3 * len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// punctuation is what CommonMark lets a backslash escape (section 2.4).
const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// escapeMarkdown makes text literal in CommonMark: it formats nothing, links
// nothing, and no line of it becomes a block because of how it starts.
func escapeMarkdown(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD")
	var b strings.Builder
	fresh := true // nothing but blanks yet on this line
	for _, r := range s {
		switch {
		case strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r):
			b.WriteByte('\n')
			fresh = true
			continue
		case fresh && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)), unicode.IsControl(r) && r != '\t':
			continue
		case r < 0x80 && strings.ContainsRune(punctuation, r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		fresh = false
	}
	return b.String()
}
