package draw

import "strings"

// Line is a line of text, or several of one kind.
type Line struct {
	Kind   string // "text", "item", "quote", "code", "small", "h1" to "h3"
	Depth  int    // of an item, from 0
	Marker string // of an item
	Runs   []Run
}

// layout is what a platform makes of the beginnings of lines.
type layout struct {
	dialect
	quotes   bool // > text
	headings bool // # text, and -# text
	lists    bool // - text, 1. text
}

// lines splits a text into lines and those into runs. Consecutive lines of plain
// text stay together.
func (l layout) lines(s string) []Line {
	var all []Line
	for _, block := range splitFences(s) {
		if block.code {
			all = append(all, Line{Kind: "code", Runs: []Run{{Text: l.decode(block.text)}}})
			continue
		}
		var plain []string
		flush := func() {
			if len(plain) > 0 {
				all = append(all, Line{Kind: "text", Runs: l.parse(strings.Join(plain, "\n"))})
			}
			plain = nil
		}
		for line := range strings.SplitSeq(block.text, "\n") {
			special, ok := l.line(line)
			if !ok {
				plain = append(plain, line)
				continue
			}
			flush()
			all = append(all, special)
		}
		flush()
	}
	return all
}

func (l layout) decode(s string) string {
	if l.literal == nil {
		return s
	}
	return l.literal(s)
}

// line reads a line that is more than plain text.
func (l layout) line(s string) (Line, bool) {
	if l.headings {
		for prefix, kind := range map[string]string{"# ": "h1", "## ": "h2", "### ": "h3", "-# ": "small"} {
			if rest, ok := strings.CutPrefix(s, prefix); ok {
				return Line{Kind: kind, Runs: l.parse(rest)}, true
			}
		}
	}
	if l.quotes {
		for _, prefix := range []string{"> ", "&gt; ", "&gt;"} {
			if rest, ok := strings.CutPrefix(s, prefix); ok && (l.literal != nil || prefix == "> ") {
				return Line{Kind: "quote", Runs: l.parse(rest)}, true
			}
		}
	}
	if l.lists {
		return l.item(s)
	}
	return Line{}, false
}

// item reads a list item: "- text", "* text" or "1. text".
func (l layout) item(s string) (Line, bool) {
	trimmed := strings.TrimLeft(s, " ")
	marker, text, found := strings.Cut(trimmed, " ")
	number, dotted := strings.CutSuffix(marker, ".")
	switch {
	case !found:
		return Line{}, false
	case marker == "-", marker == "*", marker == "•":
		marker = "•"
	case !dotted || number == "" || len(number) > 3 || strings.Trim(number, "0123456789") != "":
		return Line{}, false
	}
	return Line{Kind: "item", Depth: min((len(s)-len(trimmed))/2, 3), Marker: marker, Runs: l.parse(strings.TrimLeft(text, " "))}, true
}

// fenced is a stretch of text inside or outside of ``` fences.
type fenced struct {
	text string
	code bool
}

func splitFences(s string) []fenced {
	var all []fenced
	for {
		before, rest, found := strings.Cut(s, "```")
		code, after, closed := strings.Cut(rest, "```")
		if !found || !closed {
			return append(all, fenced{text: s})
		}
		if strings.Trim(before, "\n") != "" {
			all = append(all, fenced{text: strings.TrimSuffix(before, "\n")})
		}
		all = append(all, fenced{text: strings.Trim(code, "\n"), code: true})
		if s = strings.TrimPrefix(after, "\n"); s == "" {
			return all
		}
	}
}
