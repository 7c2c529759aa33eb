package yamlfile

import (
	"strings"
	"unicode/utf8"
)

// Locate finds the place in the file of a place in one of its texts: a line from
// 1 and a column from 0, in bytes, or -1 when only the line is known. Quoting
// and folding change a text, so when its line is not found as it is, the place
// is where the text starts.
func (r *Reader) Locate(s Scalar, line, column int) (fileLine, fileColumn int) {
	lines := strings.Split(s.Text, "\n")
	if line < 1 || line > len(lines) || strings.TrimSpace(lines[line-1]) == "" {
		return s.At.Line, s.At.Column
	}
	text := lines[line-1]
	first := s.At.Line + line - 1
	if s.block {
		first++
	}
	if first < 1 || first > len(r.Lines) {
		return s.At.Line, s.At.Column
	}
	source := r.Lines[first-1]
	start := 0
	if first == s.At.Line {
		start = byteOffset(source, s.At.Column-1)
	}
	i := strings.Index(source[start:], text)
	if i < 0 {
		return s.At.Line, s.At.Column
	}
	if column < 0 || column > len(text) {
		column = max(0, strings.Index(text, "{{"))
	}
	return first, 1 + utf8.RuneCountInString(source[:start+i+column])
}

// byteOffset is where the nth character of a line starts.
func byteOffset(line string, n int) int {
	for i := range line {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(line)
}
