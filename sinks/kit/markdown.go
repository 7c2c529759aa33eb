package kit

import (
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Block is a paragraph or a list item of a message's Text.
type Block struct {
	Item   bool   // a list item
	Depth  int    // of a list item, from 0
	Marker string // of a list item: "•" or its number, such as "2."
	Spans  []Span
}

// Span is a run of text in one style. Its text is plain: not yet escaped for any
// platform. Line breaks are "\n".
type Span struct {
	Text               string
	Bold, Italic, Code bool
	URL                string // http, https or mailto, or "" when it is no link
}

// ParseMarkdown reads the subset of CommonMark that a Message's Text may hold:
// paragraphs, lists, bold, italic, code and links. Everything else is plain
// text, raw HTML included. A line break is kept as one, as chats do.
func ParseMarkdown(s string) []Block {
	if s == "" {
		return nil
	}
	source := []byte(s)
	w := &walker{source: source}
	w.children(markdown().Parse(text.NewReader(source)))
	return w.blocks
}

// markdown is the parser of our subset. It keeps nothing of what it parses.
var markdown = sync.OnceValue(func() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewListParser(), 100),
			util.Prioritized(parser.NewListItemParser(), 200),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
	)
})

// walker turns goldmark's tree into blocks.
type walker struct {
	source []byte
	blocks []Block
	depth  int
	marker string // of the list item that was opened and has no block yet
}

func (w *walker) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.block(c)
	}
}

func (w *walker) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.List:
		w.depth++
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			w.marker = "•"
			if n.IsOrdered() {
				w.marker = strconv.Itoa(number) + "."
				number++
			}
			w.children(item)
		}
		w.depth--
	case *ast.Paragraph, *ast.TextBlock:
		b := Block{Spans: w.spans(n, Span{})}
		if w.depth > 0 {
			b.Item, b.Depth, b.Marker = true, w.depth-1, w.marker
			w.marker = ""
		}
		if len(b.Spans) > 0 {
			w.blocks = append(w.blocks, b)
		}
	default:
		w.children(n)
	}
}

// spans flattens the inline nodes below n, each in the style of those around it.
func (w *walker) spans(n ast.Node, style Span) []Span {
	var all []Span
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		s := style
		switch c := c.(type) {
		case *ast.Text:
			s.Text = unescape(string(c.Segment.Value(w.source)))
			if c.SoftLineBreak() || c.HardLineBreak() {
				s.Text += "\n"
			}
			all = appendSpan(all, s)
		case *ast.String:
			s.Text = string(c.Value)
			all = appendSpan(all, s)
		case *ast.CodeSpan:
			s.Code = true
			for t := c.FirstChild(); t != nil; t = t.NextSibling() {
				if seg, ok := t.(*ast.Text); ok {
					s.Text += string(seg.Segment.Value(w.source))
				}
			}
			all = appendSpan(all, s)
		case *ast.Emphasis:
			if c.Level > 1 {
				s.Bold = true
			} else {
				s.Italic = true
			}
			all = appendSpan(all, w.spans(c, s)...)
		case *ast.Link:
			s.URL = linkURL(unescape(string(c.Destination)))
			all = appendSpan(all, w.spans(c, s)...)
		default:
			all = appendSpan(all, w.spans(c, s)...)
		}
	}
	return all
}

// appendSpan adds spans, those of one style joined into one.
func appendSpan(all []Span, more ...Span) []Span {
	for _, s := range more {
		if s.Text == "" {
			continue
		}
		if n := len(all); n > 0 {
			last, same := &all[n-1], s
			same.Text = last.Text
			if *last == same {
				last.Text += s.Text
				continue
			}
		}
		all = append(all, s)
	}
	return all
}

// unescape resolves backslash escapes and HTML entities, as CommonMark does
// outside code. It does so in one pass: what was escaped is text and no entity.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && util.IsPunct(s[i+1]):
			i++
			b.WriteByte(s[i])
		case s[i] == '&':
			entity := entityAt(s[i:])
			b.WriteString(resolve(entity))
			i += len(entity) - 1
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// maxEntity is the length of the longest entity's name.
const maxEntity = 31

// entityAt is what may be an entity at the start of s, else the ampersand alone.
func entityAt(s string) string {
	end := 1
	for end < len(s) && end <= maxEntity && (s[end] == '#' || util.IsAlphaNumeric(s[end])) {
		end++
	}
	if end < len(s) && s[end] == ';' {
		return s[:end+1]
	}
	return "&"
}

// resolve gives what an entity stands for, without what Message.Clean would
// have removed: it saw the entity and not the character.
func resolve(entity string) string {
	plain := util.ResolveEntityNames(util.ResolveNumericReferences([]byte(entity)))
	// Spaces at either end would be trimmed, so hold them with letters.
	cleaned := bridge.CleanText("x" + string(plain) + "x")
	return cleaned[1 : len(cleaned)-1]
}

// linkURL is a link's target if it is one that a message may lead to, else "".
func linkURL(s string) string {
	if !strings.HasPrefix(strings.ToLower(s), "mailto:") {
		return bridge.Message{URL: s}.Clean().URL
	}
	u, err := url.Parse(s)
	if err != nil || strings.ContainsAny(s, "<>|\"()`\\ ") {
		return ""
	}
	return u.String()
}
