package engine

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// place is where in XML or HTML a value stands.
type place int

const (
	inText place = iota
	inTag        // between < and >, outside quotes
	inQuotes
	inComment
	inCDATA
	inCode // a script's or a style's text, or an attribute that holds one
)

// markup follows XML and HTML as they are written.
type markup struct {
	seen   int // bytes
	at     place
	quote  byte   // that ends the attribute's value
	tag    string // the tag's name, in lower case
	tagAt  int    // where the tag begins
	attr   string // the attribute's name, in lower case
	opened int    // where the attribute's value begins
}

// follow reads what was written since, and tells where the text ends.
func (m *markup) follow(text []byte) place {
	for m.seen < len(text) {
		switch rest := text[m.seen:]; m.at {
		case inText:
			m.seen += m.text(rest)
		case inTag:
			m.seen++
			m.inTag(text, rest[0])
		case inQuotes:
			m.skip(rest, string(m.quote), inTag)
		case inComment:
			m.skip(rest, "-->", inText)
		case inCDATA:
			m.skip(rest, "]]>", inText)
		case inCode:
			m.skip(rest, "</"+m.tag, inTag)
		}
	}
	if m.at == inQuotes && (m.attr == "style" || strings.HasPrefix(m.attr, "on")) {
		return inCode
	}
	return m.at
}

// skip goes to behind an end, or to the end of what there is. The end is ASCII in
// lower case.
func (m *markup) skip(rest []byte, end string, then place) {
	if m.at == inCode { // the name of a tag is the same in any case
		rest = asciiLower(rest)
	}
	i := bytes.Index(rest, []byte(end))
	if i < 0 {
		m.seen += len(rest)
		return
	}
	m.seen += i + len(end)
	if m.at == inCode {
		m.tag = "" // the tag that ends it
	}
	m.at = then
}

// asciiLower keeps the length, as bytes.ToLower would not.
func asciiLower(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, b)
}

var (
	tagName  = regexp.MustCompile(`^</?([A-Za-z][^\s/>]*)`)
	attrName = regexp.MustCompile(`([^\s"'<>/=]+)\s*=\s*$`)
)

// text reads up to what opens, and gives how much that was.
func (m *markup) text(rest []byte) int {
	i := bytes.IndexByte(rest, '<')
	if i < 0 {
		return len(rest)
	}
	for opening, at := range map[string]place{"<!--": inComment, "<![CDATA[": inCDATA} {
		if bytes.HasPrefix(rest[i:], []byte(opening)) {
			m.at = at
			return i + len(opening)
		}
	}
	m.at, m.tag, m.tagAt = inTag, "", m.seen+i
	if name := tagName.FindSubmatch(rest[i:]); name != nil && rest[i+1] != '/' {
		m.tag = strings.ToLower(string(name[1]))
	}
	return i + 1
}

// inTag reads one byte of a tag.
func (m *markup) inTag(text []byte, c byte) {
	switch c {
	case '"', '\'':
		m.at, m.quote, m.opened, m.attr = inQuotes, c, m.seen, ""
		if name := attrName.FindSubmatch(text[m.tagAt : m.seen-1]); name != nil {
			m.attr = strings.ToLower(string(name[1]))
		}
	case '>':
		m.at = inText
		if m.tag == "script" || m.tag == "style" {
			m.at = inCode
		}
	}
}

var errCode = errors.New("a value of an event cannot stand in a script or a style; put it into an attribute such as data-name, and read it from there")

// printMarkup is for bodies in XML and HTML.
func printMarkup(s *Scope, v any) (string, error) {
	written, m := s.out.buf.Bytes(), &s.markup
	value := legible(value.TextOf(v))
	switch m.follow(written) {
	case inQuotes:
		if m.opened == len(written) {
			value = safeAddress(m.attr, value)
		}
		return escapeMarkup(value), nil
	case inTag:
		if bytes.HasSuffix(bytes.TrimSpace(written), []byte("=")) {
			return "", errors.New("a value of an event wants quotes around it when it is an attribute's")
		}
		return strings.Map(letters, value), nil
	case inComment:
		return strings.ReplaceAll(escapeMarkup(value), "-", "\u2010"), nil
	case inCDATA:
		if strings.HasPrefix(value, ">") && bytes.HasSuffix(written, []byte("]]")) {
			value = "]]><![CDATA[" + value
			return value[:12] + splitCDATA(value[12:]), nil
		}
		return splitCDATA(value), nil
	case inCode:
		return "", errCode
	}
	return escapeMarkup(value), nil
}

// splitCDATA ends the section behind each bracket and begins the next: no bracket
// then stands where it could end one.
func splitCDATA(s string) string { return strings.ReplaceAll(s, "]", "]]]><![CDATA[") }

func letters(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
		return r
	}
	return -1
}

// legible is a text without what XML cannot hold in any form.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= ' ' && r < 0x7f, r > 0x9f && r < 0xfffe, r > 0xffff:
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

var markupEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\r", "&#13;")

func escapeMarkup(s string) string { return markupEscaper.Replace(s) }

// addresses are the attributes whose values a browser follows.
func addresses() []string {
	return []string{"href", "src", "action", "formaction", "xlink:href", "data", "poster", "background", "cite", "ping", "srcset"}
}

var scheme = regexp.MustCompile(`^[^/?#:]*:`)

// safeAddress is the value of an attribute, or # if it is an address that would do
// more than lead somewhere, such as javascript:.
func safeAddress(attr, value string) string {
	if !slices.Contains(addresses(), attr) {
		return value
	}
	switch strings.ToLower(scheme.FindString(value)) {
	case "", "http:", "https:", "mailto:", "tel:":
		return value
	}
	return "#"
}
