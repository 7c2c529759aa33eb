package mattermost

import (
	"regexp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Limits, in characters. A post holds 16,383; older servers keep at most 8,000 of
// attachments, with their names and quotes.
const (
	maxText  = 4000
	maxTotal = 6000
)

// Encode writes a message as one attachment.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	return s.Attach(m, kit.AttachmentForm{
		Type: "mattermost", Dialect: dialect(), Escape: escape, Plain: plain, Name: plain, Footer: true, MaxText: maxText, MaxTotal: maxTotal,
	})
}

// Escape makes data harmless in Mattermost's markdown.
func Escape(s string) string { return escape(bridge.CleanText(s)) }

// inert breaks what Mattermost makes of texts in any place, code and titles
// included: Slack's <url|label>, which it turns into a link.
func inert(r rune) string {
	switch r {
	case '<':
		return string(r) + kit.ZeroWidth
	case '|':
		return "｜"
	}
	return string(r)
}

// plain is for texts that some versions show as they are, and others as markdown.
func plain(s string) string { return brackets(kit.LookAlike(s)) }

// brackets is for texts without formatting, which may hold links.
func brackets(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(inert(r))
		if r == ']' || r == '#' {
			b.WriteString(kit.ZeroWidth)
		}
	}
	return b.String()
}

// escape puts a backslash before everything that formats or links, a channel's
// ~name and a #hashtag included.
func escape(s string) string {
	var b strings.Builder
	for _, r := range entities(kit.LineStarts(kit.Inert(s))) {
		if strings.ContainsRune("\\`*_{}[]()#+-!>~", r) {
			b.WriteByte('\\')
		}
		b.WriteString(inert(r))
	}
	return b.String()
}

// entity is what begins HTML's &lt; and the like, which Mattermost resolves.
var entity = regexp.MustCompile(`&(#?[0-9A-Za-z])`)

func entities(s string) string { return entity.ReplaceAllString(s, "&"+kit.ZeroWidth+"$1") }

func dialect() kit.Dialect {
	return kit.Dialect{Measure: kit.Runes, Newline: "\n", Span: func(s kit.Span) (before, after string, text func(string) string) {
		if s.Code {
			return "`", "`", func(x string) string { return strings.ReplaceAll(brackets(kit.Inert(x)), "`", "ˋ") }
		}
		if s.Italic {
			before, after = before+"*", "*"+after
		}
		if s.Bold {
			before, after = before+"**", "**"+after
		}
		if s.URL != "" {
			before, after = before+"[", "]("+kit.LinkTarget(s.URL)+")"+after
		}
		return before, after, escape
	}}
}
