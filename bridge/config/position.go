package config

import (
	"unicode"

	"github.com/goccy/go-yaml/token"
)

// within is the place in the file of a character of the text at a path, however
// YAML wrote the text: with quotes, escapes, folded lines or indentation. When
// the file does not hold the text as it is, because some of it came from the
// environment, the place is where the value starts.
func (d *document) within(path, text string, offset int) *token.Position {
	at := d.places[path]
	if at == nil {
		return at
	}
	start := 0
	for line := 1; line < at.Line && start < len(d.source); start++ {
		if d.source[start] == '\n' {
			line++
		}
	}
	i, ok := align(d.source, start+at.Column-1, []rune(text), offset)
	if !ok {
		return at
	}
	place := &token.Position{Line: 1, Column: 1}
	for _, r := range d.source[:i] {
		place.Column++
		if r == '\n' {
			place.Line, place.Column = place.Line+1, 1
		}
	}
	return place
}

// align goes through a YAML scalar that starts in the source, and through its
// text beside it, up to an offset in the text.
func align(source []rune, i int, text []rune, offset int) (int, bool) {
	if i >= len(source) {
		return 0, false
	}
	quote := source[i]
	switch quote {
	case '"', '\'':
		i++
	case '|', '>':
		for i < len(source) && source[i] != '\n' {
			i++
		}
	}
	for n := 0; ; {
		switch {
		case i >= len(source):
			return len(source), n >= len(text) // the end of the file is the end of the text
		case n >= min(offset, len(text)) && (n == len(text) || source[i] == text[n] || !unicode.IsSpace(source[i])):
			return i, true
		case quote == '"' && source[i] == '\\':
			length, character := escape(source[i:])
			i += length
			if character {
				n++
			}
		case quote == '\'' && source[i] == '\'':
			i, n = i+2, n+1
		case source[i] == text[n], unicode.IsSpace(source[i]) && unicode.IsSpace(text[n]):
			i, n = i+1, n+1
		case unicode.IsSpace(source[i]): // indentation, or a line's end
			i++
		default:
			return 0, false
		}
	}
}

// escape is the length of an escape in double quotes, and whether it stands for
// a character: the end of a line does not.
func escape(source []rune) (length int, character bool) {
	if len(source) < 2 {
		return 1, true
	}
	switch source[1] {
	case 'x':
		return 4, true
	case 'u':
		return 6, true
	case 'U':
		return 10, true
	case '\n':
		return 2, false
	}
	return 2, true
}
