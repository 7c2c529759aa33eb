package value

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText is what one would read of a piece of HTML: entities resolved, a line
// for each paragraph, a bullet for each item of a list, no scripts or styles.
func plainText(source string) string {
	var b strings.Builder
	lineBreaks := strings.NewReplacer("\n", " ", "\r", " ") // mere blanks in HTML
	hidden := 0                                             // depth of elements that show nothing
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return tidy(b.String())
		case html.TextToken:
			if hidden == 0 {
				b.WriteString(lineBreaks.Replace(string(z.Text())))
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch a := atom.Lookup(name); a {
			case atom.Script, atom.Style, atom.Template, atom.Iframe, atom.Object:
				hidden = max(0, hidden+depth(kind))
			case atom.Li:
				if kind == html.StartTagToken {
					b.WriteString("\n• ")
				}
			case atom.Br, atom.P, atom.Div, atom.Ul, atom.Ol, atom.Tr, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4,
				atom.H5, atom.H6, atom.Blockquote, atom.Pre, atom.Section, atom.Article, atom.Hr:
				b.WriteByte('\n')
			case atom.Td, atom.Th:
				b.WriteByte(' ')
			}
		}
	}
}

func depth(kind html.TokenType) int {
	switch kind {
	case html.StartTagToken:
		return 1
	case html.EndTagToken:
		return -1
	}
	return 0
}

// tidy collapses blanks within lines and drops empty ones.
func tidy(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" && line != "•" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
