package draw

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Run is a piece of text in one style.
type Run struct {
	Text                                    string
	Bold, Italic, Under, Strike, Code, Ping bool
	Hidden                                  bool   // a spoiler
	URL                                     string // where it links to, or ""
	Color                                   string // one of the style sheet's names, or ""
}

// Class is the run's style as the style sheet names it.
func (r Run) Class() string {
	var names []string
	for name, on := range map[string]bool{
		"b": r.Bold, "i": r.Italic, "u": r.Under, "s": r.Strike, "code": r.Code, "ping": r.Ping, "spoiler": r.Hidden, r.Color: r.Color != "",
	} {
		if on {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// mark is a token that turns a style on and off.
type mark struct {
	token string
	set   func(*Run)
}

func bold(r *Run)   { r.Bold = true }
func italic(r *Run) { r.Italic = true }
func under(r *Run)  { r.Under = true }
func strike(r *Run) { r.Strike = true }
func hidden(r *Run) { r.Hidden = true }

// dialect is a platform's inline markup.
type dialect struct {
	marks     []mark // longer tokens before those they begin with
	backslash bool   // \ makes the next punctuation plain
	labelled  bool   // [label](url)
	bounded   bool   // marks work only around whole words
	angle     func(inner string) (Run, bool)
	literal   func(string) string // decodes plain text; nil leaves it
}

// maxDepth bounds nested styles.
const maxDepth = 8

// parse splits a text into runs.
func (d dialect) parse(s string) []Run {
	p := &inlineParser{dialect: d}
	p.text(s, Run{}, 0)
	return p.runs
}

type inlineParser struct {
	dialect
	runs  []Run
	plain strings.Builder // text of the current style, not yet a run
}

func (p *inlineParser) flush(style Run) {
	if p.plain.Len() == 0 {
		return
	}
	style.Text = p.plain.String()
	if p.literal != nil {
		style.Text = p.literal(style.Text)
	}
	p.plain.Reset()
	p.runs = append(p.runs, style)
}

func (p *inlineParser) text(s string, style Run, depth int) {
	unclosed := map[string]bool{} // marks that do not end in the rest of s: keeps long texts linear
	for i := 0; i < len(s); {
		if n := p.special(s, i, style, depth, unclosed); n > 0 {
			i += n
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		p.plain.WriteString(s[i : i+size])
		i += size
	}
	p.flush(style)
}

// special handles markup at s[i:] and gives its length, or 0 if there is none.
func (p *inlineParser) special(s string, i int, style Run, depth int, unclosed map[string]bool) int {
	rest := s[i:]
	switch {
	case p.backslash && rest[0] == '\\' && len(rest) > 1 && isPunct(rest[1]):
		p.plain.WriteByte(rest[1])
		return 2
	case rest[0] == '`':
		return p.code(rest, style)
	case rest[0] == '<' && p.angle != nil:
		return p.bracketed(rest, style)
	case rest[0] == '[' && p.labelled && depth < maxDepth && !unclosed["["]:
		middle := p.closing(rest, 1, "](")
		unclosed["["] = middle < 0
		return p.link(rest, middle, style, depth)
	}
	if depth >= maxDepth {
		return 0
	}
	for _, m := range p.marks {
		if !strings.HasPrefix(rest, m.token) || unclosed[m.token] || !p.opens(s, i, m.token) {
			continue
		}
		end := p.closing(s, i+len(m.token), m.token)
		if end < 0 {
			unclosed[m.token] = true
			continue
		}
		p.flush(style)
		inner := style
		m.set(&inner)
		p.text(s[i+len(m.token):end], inner, depth+1)
		return end + len(m.token) - i
	}
	return 0
}

func (p *inlineParser) code(rest string, style Run) int {
	ticks := len(rest) - len(strings.TrimLeft(rest, "`"))
	fence := rest[:ticks]
	end := strings.Index(rest[ticks:], fence)
	if end <= 0 {
		p.plain.WriteString(fence)
		return ticks
	}
	p.flush(style)
	style.Code = true
	p.plain.WriteString(strings.Trim(rest[ticks:ticks+end], "\n"))
	p.flush(style)
	return ticks + end + ticks
}

func (p *inlineParser) bracketed(rest string, style Run) int {
	end := strings.IndexByte(rest, '>')
	if end < 0 || strings.IndexByte(rest[:end], '\n') >= 0 {
		return 0
	}
	r, ok := p.angle(rest[1:end])
	if !ok {
		return 0
	}
	p.flush(style)
	r.Bold, r.Italic, r.Strike = style.Bold, style.Italic, style.Strike
	p.runs = append(p.runs, r)
	return end + 1
}

// link reads a label and its target; between them, at middle, stands "](".
func (p *inlineParser) link(rest string, middle int, style Run, depth int) int {
	if middle < 0 || style.URL != "" {
		return 0
	}
	end := strings.IndexByte(rest[middle:], ')')
	if end < 0 {
		return 0
	}
	target := strings.Trim(rest[middle+2:middle+end], "<>")
	if safeURL(target) == "" {
		return 0
	}
	p.flush(style)
	style.URL = target
	p.text(rest[1:middle], style, depth+1)
	return middle + end + 1
}

// opens tells whether a mark at s[i:] can begin something.
func (p *inlineParser) opens(s string, i int, token string) bool {
	next, _ := utf8.DecodeRuneInString(s[i+len(token):])
	previous, _ := utf8.DecodeLastRuneInString(s[:i])
	if next == utf8.RuneError || unicode.IsSpace(next) {
		return false
	}
	return !(p.bounded || strings.HasPrefix(token, "_")) || !isWord(previous)
}

// closing finds where what began before s[from:] ends, or -1.
func (p *inlineParser) closing(s string, from int, token string) int {
	for i := from; i < len(s); {
		switch {
		case p.backslash && s[i] == '\\':
			i += 2
		case len(token) == 1 && i+1 < len(s) && s[i] == token[0] && s[i+1] == token[0] && !p.bounded:
			i += 2 // the doubled mark is another one
		case len(token) == 2 && token[0] == token[1] && strings.HasPrefix(s[i:], token+token[:1]):
			i++ // of three, the last two are this mark
		case strings.HasPrefix(s[i:], token) && i > from && p.closes(s, i, token):
			return i
		default:
			i++
		}
	}
	return -1
}

func (p *inlineParser) closes(s string, i int, token string) bool {
	if token == "](" {
		return true
	}
	previous, _ := utf8.DecodeLastRuneInString(s[:i])
	next, _ := utf8.DecodeRuneInString(s[i+len(token):])
	if unicode.IsSpace(previous) {
		return false
	}
	return !(p.bounded || strings.HasPrefix(token, "_")) || !isWord(next)
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func isPunct(b byte) bool { return b > ' ' && b < 0x7f && !isWord(rune(b)) }
