package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a file that people write, at its place.
type Problem struct {
	File    string // as the person would open it, such as "templates/user-created.yaml"
	Line    int    // from 1; 0 when the problem is the file's as a whole
	Column  int    // from 1, in characters
	Message string // the key and what is wrong with it, such as "message.title: …"
	Excerpt string // the source line without secrets, or ""
}

// Error gives the place and the message, and below it the source line with a
// caret under the column.
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

// caretPad is blank space as wide as what stands before a column. Tabs stay
// tabs, so that the caret stands where a terminal shows the column.
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

// Problems are all mistakes that were found.
type Problems []Problem

// Error gives one problem after the other, each as its own Error says.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is p as an error, in the order of files and lines, or nil when there is no
// problem.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return p
}

// DidYouMean is `; did you mean "x"?` for the option nearest to a mistyped word,
// or the only one that begins with it, or "" when none is near.
func DidYouMean(word string, options []string) string {
	if len(word) > 64 {
		return "" // no slip of the finger
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

// completion is the only option that begins with a word of some letters, or "".
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

// editDistance is the number of letters to insert, delete, replace or swap with
// their neighbours to turn one word into the other.
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
