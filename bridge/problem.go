package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one error in a file that people write, with its position.
type Problem struct {
	File    string // path as a person would open it, such as "templates/user-created.yaml"
	Line    int    // from 1; 0 if the problem concerns the whole file
	Column  int    // from 1, in characters
	Message string // the key and what is wrong with it, such as "message.title: …"
	Excerpt string // the source line without secrets, or ""
}

// Error returns the position and the message, and below them the source line with a caret
// under the column.
func (p Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	head := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if strings.TrimSpace(p.Excerpt) == "" {
		return head
	}
	return head + "\n    " + p.Excerpt + "\n    " + caretPad(p.Excerpt, p.Column) + "^"
}

// caretPad returns blanks as wide as the text before a column. It keeps tabs, so that the
// caret is where a terminal shows the column.
func caretPad(line string, column int) string {
	var pad strings.Builder
	for i, r := range []rune(line) {
		if i >= column-1 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		pad.WriteRune(r)
	}
	return pad.String()
}

// Problems are all errors in the files.
type Problems []Problem

// Error returns the errors of all problems, one after the other.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns p as an error, sorted by file and line, or nil without problems.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return p
}

// DidYouMean returns `; did you mean "x"?` with the option most similar to a mistyped word,
// or the only option that begins with it. Without such an option it returns "".
func DidYouMean(word string, options []string) string {
	if len(word) > 64 {
		return "" // too long for a typing error
	}
	best, distance := "", max(1, len(word)/3)
	for _, option := range slices.Sorted(slices.Values(options)) {
		if d := editDistance(strings.ToLower(word), strings.ToLower(option)); d <= distance && (best == "" || d < distance) {
			best, distance = option, d
		}
	}
	if best == "" {
		best = completion(word, options)
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// completion returns the only option that begins with a word of three letters or more, or "".
func completion(word string, options []string) string {
	var all []string
	for _, option := range options {
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(option), strings.ToLower(word)) {
			all = append(all, option)
		}
	}
	if len(all) != 1 {
		return ""
	}
	return all[0]
}

// editDistance returns how many letters must be inserted, deleted, replaced or swapped with
// a neighbour to turn one word into the other.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
