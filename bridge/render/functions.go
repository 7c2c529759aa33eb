package render

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// function is one that templates may call.
type function struct {
	call any // as adapt reads it; one whose first parameter is a *scope is handed it
	cost cost
}

// functions are all that templates may call, by name. None reads the environment,
// files, the network or chance, or changes a value that others may be reading.
func functions(clock clock, links map[string]Links) map[string]function {
	all := map[string]function{
		// In place of text/template's own, which fail on what is missing.
		"eq": {equal, comparing}, "ne": {func(a, b any) bool { return !equal(a, b) }, comparing},
		"lt":  {ordered(func(o int) bool { return o < 0 }), comparing},
		"le":  {ordered(func(o int) bool { return o <= 0 }), comparing},
		"gt":  {ordered(func(o int) bool { return o > 0 }), comparing},
		"ge":  {ordered(func(o int) bool { return o >= 0 }), comparing},
		"len": {length, perElement(0)}, "index": {index, after(1, texts(1))},
		"print": {printAll, texts(4)}, "printf": {printFormat, formatted},

		"date": {clock.date, clock.costOfDate}, "day": {clock.day, clock.costOfDate}, "duration": {clock.duration, texts(4)},
		"json": {toJSON, entire(12)}, "toJson": {toJSON, entire(12)},
		"urlquery": {percentEscape, texts(8)}, "html": {escapeMarkup, texts(16)}, "line": {line, texts(16)},
	}
	for _, some := range []map[string]function{
		wordFunctions(clock.vocabulary, links), textFunctions(), patternFunctions(), numberFunctions(), choiceFunctions(),
		listFunctions(clock.vocabulary), mappingFunctions(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// wordFunctions put people, things, codes and numbers into words.
func wordFunctions(words *vocabulary, links map[string]Links) map[string]function {
	const formatting = 16 // what cleaning and escaping allocate for each byte
	all := map[string]function{
		"name": {nameOf, texts(4)}, "portal": {portal, texts(formatting)}, "linkTo": {linkTo(links), texts(formatting)}, "otherIDs": {otherIDs, texts(8)},
		"eventTitle": {bridge.EventTitle, texts(formatting)},
		"status":     {status, coded("status", formatting)}, "activeStatus": {activeStatus, coded("activeStatus", formatting)},
		"courseType": {courseType, coded("courseType", formatting)},
		"plain":      {plainText, texts(2 * formatting)}, "truncate": {truncate, texts(formatting)},
		"plural": {words.plural, both(texts(4), numberInWords)}, "percent": {words.percent, both(texts(4), numberInWords)},
		"number": {words.formatNumber, both(texts(4), numberInWords)}, "word": {words.word, texts(1)},
		"mention": {mention, texts(2 * formatting)}, "bold": {bold, texts(formatting)}, "italic": {italic, texts(formatting)},
		"code": {code, texts(formatting)}, "link": {link, texts(2 * formatting)},
	}
	for name, f := range all {
		all[name] = function{f.call, cutting(f.cost)}
	}
	return all
}

// numberInWords is the cost of a number in a language's way.
func numberInWords(b *budget.Budget, _ []any) error {
	return cmp.Or(b.Steps(4), b.Bytes(1, 8<<10))
}

// printAll writes values one after the other.
func printAll(args ...any) string {
	var b strings.Builder
	for _, arg := range args {
		writeText(&b, arg)
	}
	return b.String()
}

// widths finds the numbers of a verb.
var widths = regexp.MustCompile(`%[^\da-zA-Z%]*(\d{0,4})[^\da-zA-Z%]*(\d{0,4})`)

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
