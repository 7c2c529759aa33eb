package render

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/sprig/v3"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// functions are all that templates may call, by name, as they are before adapt.
// A function whose first parameter is a *scope is handed it by the tree.
func functions(clock clock, links map[string]Links) map[string]any {
	words := clock.vocabulary
	all := map[string]any{
		// In place of text/template's own, which fail on what is missing.
		"eq": equal, "ne": func(a, b any) bool { return !equal(a, b) },
		"lt":  ordered(func(o int) bool { return o < 0 }),
		"le":  ordered(func(o int) bool { return o <= 0 }),
		"gt":  ordered(func(o int) bool { return o > 0 }),
		"ge":  ordered(func(o int) bool { return o >= 0 }),
		"len": length, "index": index, "print": printAll, "printf": printFormat,

		"name": nameOf, "portal": portal, "linkTo": linkTo(links), "otherIDs": otherIDs, "eventTitle": bridge.EventTitle,
		"date": clock.date, "day": clock.day, "duration": clock.duration,
		"status": status, "activeStatus": activeStatus, "courseType": courseType,
		"plain": plainText, "truncate": truncate, "plural": words.plural, "percent": words.percent, "number": words.formatNumber, "word": words.word,
		"mention": mention, "bold": bold, "italic": italic, "code": code, "link": link,
		"find": find, "items": items, "limit": limit, "column": column, "sentence": words.sentence, "keys": keys,
		"tally": words.tally, "more": words.moreThan, "oneOf": words.oneOfThem,

		"json": toJSON, "toJson": toJSON, "urlquery": percentEscape, "html": escapeMarkup, "line": line,

		// Like sprig's, but bounded before they work.
		"repeat": repeat, "replace": replace, "until": until,
	}
	maps.Copy(all, borrowed())
	return all
}

// borrowed are sprig's functions that work on their arguments alone: none reads
// the environment, files, the network, the clock or chance, makes keys, or
// changes a mapping, which other templates may be reading.
func borrowed() map[string]any {
	theirs := sprig.GenericFuncMap()
	ours := map[string]any{}
	for _, name := range []string{
		"abbrev", "trunc", "trim", "upper", "lower", "title", "untitle", "substr", "trimAll", "trimSuffix", "trimPrefix",
		"nospace", "initials", "snakecase", "camelcase", "kebabcase", "contains", "hasPrefix", "hasSuffix",
		"quote", "squote", "cat", "toString", "splitList", "join", "sortAlpha",
		"add", "add1", "sub", "div", "mod", "mul", "addf", "subf", "divf", "mulf",
		"max", "min", "maxf", "minf", "ceil", "floor", "round", "int", "int64", "float64", "atoi",
		"default", "empty", "coalesce", "all", "any", "compact", "ternary",
		"list", "first", "last", "rest", "initial", "reverse", "uniq", "without", "has", "append", "prepend", "concat", "slice",
		"dict", "get", "hasKey", "pick", "omit",
		"b64enc", "sha256sum",
	} {
		ours[name] = theirs[name]
	}
	// sprig's plain names of these hide errors.
	for _, name := range []string{"RegexMatch", "RegexFind", "RegexReplaceAll"} {
		ours["r"+name[1:]] = theirs["must"+name]
	}
	return ours
}

// printAll writes values one after the other.
func printAll(args ...any) string {
	var b strings.Builder
	for _, arg := range args {
		writeText(&b, arg)
	}
	return b.String()
}

var wildVerb = regexp.MustCompile(`%[^a-zA-Z%]*([*\[]|\d{4})`)

// printFormat is fmt.Sprintf without the verbs that could write without bounds.
func printFormat(format string, args ...any) (string, error) {
	if wildVerb.MatchString(format) {
		return "", errors.New("the format has a width that is too large, a * or a [")
	}
	for i, arg := range args {
		switch v := plain(arg).(type) {
		case int64, float64, bool:
			args[i] = v
		default:
			args[i] = text(v)
		}
	}
	return fmt.Sprintf(wholeNumbers(format, args), args...), nil
}

var verb = regexp.MustCompile(`%[-+# 0]*[\d.]*[a-zA-Z%]`)

// wholeNumbers fits numbers to their verbs: data does not know whether 3 is a
// whole number or a decimal that happens to be one.
func wholeNumbers(format string, args []any) string {
	next := 0
	return verb.ReplaceAllStringFunc(format, func(v string) string {
		if v == "%%" || next >= len(args) {
			return v
		}
		switch n := args[next].(type) {
		case float64:
			if strings.HasSuffix(v, "d") {
				args[next] = int64(n)
			} else if strings.HasSuffix(v, "s") || v == "%v" {
				args[next] = text(n)
			}
		case int64:
			if strings.ContainsAny(v[len(v)-1:], "feg") {
				args[next] = float64(n)
			} else if strings.HasSuffix(v, "s") {
				args[next] = strconv.FormatInt(n, 10)
			}
		}
		next++
		return v
	})
}

func repeat(n int, s string) (string, error) {
	if n < 0 || n > 0 && len(s) > maxOutput/n {
		return "", errHeavy
	}
	return strings.Repeat(s, n), nil
}

func replace(old, by, s string) (string, error) {
	if strings.Count(s, old)*len(by) > maxWeight {
		return "", errHeavy
	}
	return strings.ReplaceAll(s, old, by), nil
}

func until(n int) ([]any, error) {
	if n > maxSteps {
		return nil, errSteps
	}
	all := []any{}
	for i := range n {
		all = append(all, int64(i))
	}
	return all, nil
}

// keys are a mapping's keys, sorted.
func keys(m map[string]any) []any { return listOf(slices.Sorted(maps.Keys(m))) }
