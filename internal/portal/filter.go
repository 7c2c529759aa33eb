package portal

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The subset of OData that Absorb's lists understand in _filter: comparisons, text
// functions, and, or, not, and parentheses.

// filterToken matches the next word, literal or punctuation of a filter.
var filterToken = regexp.MustCompile(`^\s*((?:guid|datetime)?'(?:[^']|'')*'|[A-Za-z_]\w*|-?\d[\w.:+-]*|[(),])`)

// predicate reports whether a list includes a resource.
type predicate func(object) bool

// term is a part of a comparison: a field, with or without a change of case, or a
// literal.
type term func(object) any

// filter is the parser of a filter.
type filter struct {
	tokens []string
	plain  bool // rejects datetime'…'
}

// parseFilter parses a filter. An empty one includes everything.
func parseFilter(s string, plain bool) (predicate, error) {
	if strings.TrimSpace(s) == "" {
		return func(object) bool { return true }, nil
	}
	f := &filter{plain: plain}
	for rest := strings.TrimSpace(s); rest != ""; rest = strings.TrimSpace(rest) {
		found := filterToken.FindStringSubmatch(rest)
		if found == nil {
			return nil, badFilter(rest)
		}
		f.tokens = append(f.tokens, found[1])
		rest = rest[len(found[0]):]
	}
	keep, err := f.parseOr()
	if err == nil && len(f.tokens) > 0 {
		err = badFilter(strings.Join(f.tokens, " "))
	}
	return keep, err
}

func badFilter(part string) error { return requestError(fmt.Sprintf("Invalid filter: %.80s", part)) }

// take consumes the next token if it is the given one, in any case.
func (f *filter) take(token string) bool {
	if len(f.tokens) == 0 || !strings.EqualFold(f.tokens[0], token) {
		return false
	}
	f.tokens = f.tokens[1:]
	return true
}

// next consumes the next token; "" if there is none.
func (f *filter) next() string {
	if len(f.tokens) == 0 {
		return ""
	}
	token := f.tokens[0]
	f.tokens = f.tokens[1:]
	return token
}

func (f *filter) parseOr() (predicate, error) {
	a, err := f.parseAnd()
	for err == nil && f.take("or") {
		var b predicate
		left := a
		b, err = f.parseAnd()
		a = func(o object) bool { return left(o) || b(o) }
	}
	return a, err
}

func (f *filter) parseAnd() (predicate, error) {
	a, err := f.parseNot()
	for err == nil && f.take("and") {
		var b predicate
		left := a
		b, err = f.parseNot()
		a = func(o object) bool { return left(o) && b(o) }
	}
	return a, err
}

func (f *filter) parseNot() (predicate, error) {
	switch {
	case f.take("not"):
		a, err := f.parseNot()
		return func(o object) bool { return !a(o) }, err
	case f.take("("):
		a, err := f.parseOr()
		if err == nil && !f.take(")") {
			err = badFilter("a parenthesis is open")
		}
		return a, err
	}
	for name, match := range map[string]func(s, part string) bool{
		"startswith": strings.HasPrefix, "endswith": strings.HasSuffix,
		"substringof": func(part, s string) bool { return strings.Contains(s, part) },
	} {
		if f.take(name) {
			return f.function(match)
		}
	}
	return f.comparison()
}

// function parses the two arguments of a function on texts.
func (f *filter) function(match func(a, b string) bool) (predicate, error) {
	open := f.take("(")
	a, err := f.term()
	if err != nil {
		return nil, err
	}
	comma := f.take(",")
	b, err := f.term()
	if err != nil {
		return nil, err
	}
	if !open || !comma || !f.take(")") {
		return nil, badFilter("a function has two arguments in parentheses")
	}
	return func(o object) bool {
		return match(strings.ToLower(text(a(o))), strings.ToLower(text(b(o))))
	}, nil
}

func (f *filter) comparison() (predicate, error) {
	a, err := f.term()
	if err != nil {
		return nil, err
	}
	operator := strings.ToLower(f.next())
	holds, known := operators()[operator]
	if !known {
		return nil, badFilter(operator)
	}
	b, err := f.term()
	if err != nil {
		return nil, err
	}
	return func(o object) bool {
		left, right := a(o), b(o)
		if left == nil || right == nil { // null is neither before nor after anything
			return operator == "eq" && left == right || operator == "ne" && left != right
		}
		return holds(compare(left, right))
	}, nil
}

func operators() map[string]func(c int) bool {
	return map[string]func(c int) bool{
		"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 },
		"gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
		"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 },
	}
}

// term parses a field, a literal, or either in tolower() or toupper().
func (f *filter) term() (term, error) {
	token := f.next()
	prefix, literal, quoted := strings.Cut(token, "'")
	switch {
	case token == "" || strings.ContainsAny(token, "(),") && !quoted:
		return nil, badFilter(token)
	case prefix == "datetime" && f.plain:
		return nil, badFilter("datetime")
	case quoted:
		value := strings.ReplaceAll(strings.TrimSuffix(literal, "'"), "''", "'")
		return func(object) any { return value }, nil
	case strings.ContainsAny(token[:1], "-0123456789"):
		return func(object) any { return token }, nil
	}
	switch strings.ToLower(token) {
	case "null":
		return func(object) any { return nil }, nil
	case "true", "false":
		return func(object) any { return strings.ToLower(token) }, nil
	case "tolower", "toupper": // comparisons ignore case
		if !f.take("(") {
			return nil, badFilter(token)
		}
		inner, err := f.term()
		if err == nil && !f.take(")") {
			err = badFilter(token)
		}
		return inner, err
	}
	return func(o object) any { return o[token] }, nil
}

// compare compares two values as dates or numbers if both are, otherwise as texts.
func compare(a, b any) int {
	left, right := text(a), text(b)
	if a, err := when(left); err == nil {
		if b, err := when(right); err == nil {
			return a.Compare(b)
		}
	}
	if a, err := strconv.ParseFloat(left, 64); err == nil {
		if b, err := strconv.ParseFloat(right, 64); err == nil {
			switch {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		}
	}
	return strings.Compare(strings.ToLower(left), strings.ToLower(right))
}

func when(s string) (time.Time, error) {
	return time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(s, "Z"))
}
