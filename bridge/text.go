package bridge

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean returns the message with every string fit to be shown: valid UTF-8,
// without control characters and without the marks that reorder the text around
// them (a name must not be able to turn a whole line around). Titles, names,
// labels and the footer are one line. Links that are not http or https are
// dropped, and so are fields and actions with nothing to show. People who are
// mentioned go by their names.
func (m Message) Clean() Message {
	return m.SpellMentions(nobody).CleanMarked()
}

// CleanMarked is Clean for sinks that mention people: the marks of m.Mentions stay.
func (m Message) CleanMarked() Message {
	text := func(s string) string { return cleanText(s, len(m.Mentions)) }
	line := func(s string) string { return oneLine(text(s)) }
	m.Title, m.Footer = line(m.Title), line(m.Footer)
	m.Text = text(m.Text)
	m.URL, m.ImageURL = cleanURL(m.URL), cleanURL(m.ImageURL)
	m.ThreadKey = CleanLine(m.ThreadKey)

	var fields []Field
	for _, f := range m.Fields {
		f.Name, f.Value = line(f.Name), text(f.Value)
		if f.Value != "" {
			fields = append(fields, f)
		}
	}
	m.Fields = fields

	var actions []Action
	for _, a := range m.Actions {
		a.Label, a.URL = CleanLine(a.Label), cleanURL(a.URL)
		if a.URL == "" {
			continue
		}
		if a.Label == "" {
			a.Label = a.URL
		}
		actions = append(actions, a)
	}
	m.Actions = actions
	return m
}

// CleanText makes foreign text safe to show: invalid UTF-8 becomes U+FFFD,
// control characters other than line breaks and the marks that embed, override
// or isolate a writing direction are removed, line ends become "\n". Plain
// direction marks and joiners stay: names and emoji need them. Marks of mentions
// go: nothing but a template's own call may leave one.
func CleanText(s string) string { return cleanText(s, 0) }

// cleanText is CleanText that leaves the marks of the first known people.
func cleanText(s string, known int) string {
	if isPlain(s) {
		return strings.TrimSpace(s)
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\r', r == '\u2028', r == '\u2029', r == '\v', r == '\f', r == '\u0085':
			return '\n'
		case r == '\t':
			return ' '
		case unicode.IsControl(r), reordersText(r), isMentionMark(r, known):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// isPlain tells whether a text has nothing but the printable characters of ASCII, as
// most have.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// CleanLine is CleanText on a single line.
func CleanLine(s string) string {
	return oneLine(CleanText(s))
}

// Cut shortens a text to at most limit bytes and to whole characters, without an
// ellipsis.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	limit = max(limit, 0)
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func oneLine(s string) string {
	if isPlain(s) && !strings.Contains(s, "  ") {
		return strings.TrimSpace(s)
	}
	return strings.Join(strings.Fields(s), " ")
}

func reordersText(r rune) bool {
	return '\u202A' <= r && r <= '\u202E' || '\u2066' <= r && r <= '\u2069' || r == '\uFEFF'
}

// cleanURL gives back an absolute http or https URL, percent-encoded where it
// must be, and "" for everything else.
func cleanURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	if strings.ContainsFunc(u.Host, notInHost) {
		return ""
	}
	u.RawQuery = escapeForeign(u.RawQuery)
	whole := beyondURL.Replace(u.String())
	start := len(u.Scheme) + len("://")
	end := strings.IndexAny(whole[start:], "/?#")
	if end < 0 {
		return whole
	}
	host, rest := whole[:start+end], whole[start+end:] // a host may be an address in brackets
	return host + brackets.Replace(rest)
}

// What url.URL leaves in queries and fragments, and what ends the link inside chat markup.
var (
	beyondURL = strings.NewReplacer(
		"<", "%3C", ">", "%3E", `"`, "%22", "|", "%7C", "(", "%28", ")", "%29", " ", "%20", "`", "%60", `\`, "%5C", "\n", "", "\r", "",
	)
	brackets = strings.NewReplacer("[", "%5B", "]", "%5D")
)

// notInHost tells whether a character has no business in a host or its port.
// url.Parse lets quotes, brackets and direction marks stand there.
func notInHost(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune("-._:[]", r)
}

// escapeForeign percent-encodes every byte that is not ASCII: url.URL leaves a
// query as it was, direction marks and invalid UTF-8 included.
func escapeForeign(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if query[i] < utf8.RuneSelf {
			b.WriteByte(query[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", query[i])
		}
	}
	return b.String()
}
