package config

import (
	"unicode"

	"github.com/goccy/go-yaml/token"
)

// within returns the position in the file of a character of the text at a path. The text
// may be written with quotes, escapes, folded lines or indentation. If a part of the text
// comes from the environment, within returns the start of the value.
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

// align walks through a YAML scalar in the source and its text in parallel, up to an
// offset in the text. It returns the index in the source.
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

// escape returns the length of an escape sequence in double quotes, and whether it stands
// for a character: an escaped line end does not.
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
