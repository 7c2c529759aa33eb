package budget

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// The limits of a regular expression. Repetitions such as (a{1000}){1000} compile a short
// text to a large program.
const (
	maxSource  = 1000 // bytes
	maxProgram = 2000 // instructions, and ranges of characters
)

// Pattern is a regular expression whose work counts against a budget.
type Pattern struct {
	expression *regexp.Regexp
	size       int
}

// NewPattern compiles a regular expression of the configuration. Compiling it costs no
// budget.
func NewPattern(source string) (*Pattern, error) {
	size, err := programSize(source)
	if err != nil {
		return nil, err
	}
	return compiled(source, size)
}

func compiled(source string, size int) (*Pattern, error) {
	expression, err := regexp.Compile(source)
	if err != nil {
		return nil, errors.New("the pattern is not a valid regular expression")
	}
	return &Pattern{expression, size}, nil
}

// Pattern compiles a regular expression, once per budget.
func (b *Budget) Pattern(source string) (*Pattern, error) {
	if p := b.patterns[source]; p != nil {
		return p, nil
	}
	const perCharacter, perInstruction, perPattern = 1 << 10, 512, 40 << 10
	if err := cmp.Or(b.Bytes(1, perPattern), b.Bytes(min(len(source), maxSource), perCharacter)); err != nil {
		return nil, err
	}
	size, err := programSize(source)
	if err == nil {
		err = cmp.Or(b.Bytes(size, perInstruction), b.Steps(4*size))
	}
	if err != nil {
		return nil, err
	}
	p, err := compiled(source, size)
	if err != nil {
		return nil, err
	}
	if b.patterns == nil {
		b.patterns = map[string]*Pattern{}
	}
	b.patterns[source] = p
	return p, nil
}

// programSize returns the size of a regular expression's program.
func programSize(source string) (int, error) {
	if len(source) > maxSource {
		return 0, fmt.Errorf("the pattern is longer than %d characters", maxSource)
	}
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		if e, ok := errors.AsType[*syntax.Error](err); ok {
			return 0, fmt.Errorf("the pattern is not a valid regular expression: %s", e.Code)
		}
		return 0, errors.New("the pattern is not a valid regular expression")
	}
	n := instructions(tree)
	if n > maxProgram {
		return 0, errors.New("the pattern repeats too much; use smaller numbers in its braces")
	}
	return n, nil
}

// instructions estimates the size of a tree's program. It stops above the limit.
func instructions(tree *syntax.Regexp) int {
	n := 1 + len(tree.Rune)
	for _, sub := range tree.Sub {
		if n += instructions(sub); n > maxProgram {
			return maxProgram + 1
		}
	}
	if tree.Op == syntax.OpRepeat {
		n = product(n, max(tree.Min+1, tree.Max))
	}
	return min(n, maxProgram+1)
}

// match takes the steps for matching a text from the budget.
func (p *Pattern) match(b *Budget, text string) error { return b.Read(len(text)+1, 4*p.size) }

// Match reports whether a text contains a match.
func (p *Pattern) Match(b *Budget, text string) (bool, error) {
	if err := p.match(b, text); err != nil {
		return false, err
	}
	return p.expression.MatchString(text), nil
}

// Find returns the first match in a text, or "".
func (p *Pattern) Find(b *Budget, text string) (string, error) {
	if err := p.match(b, text); err != nil {
		return "", err
	}
	return p.expression.FindString(text), nil
}

// Replace replaces each match by a text, in which $1 is the first group.
func (p *Pattern) Replace(b *Budget, text, by string) (string, error) {
	if err := cmp.Or(p.match(b, text), p.match(b, text), b.Bytes(len(text), 4)); err != nil {
		return "", err
	}
	// No group of a match is longer than the match.
	groups, length, failed := strings.Count(by, "$"), 0, error(nil)
	p.expression.ReplaceAllStringFunc(text, func(match string) string {
		if failed == nil {
			length = len(by) + product(groups, len(match))
			failed = cmp.Or(b.Bytes(length, 4), b.Read(length, 1))
		}
		return ""
	})
	if failed != nil {
		return "", failed
	}
	return p.expression.ReplaceAllString(text, by), nil
}
