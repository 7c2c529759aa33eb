package engine

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
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// function is one that templates may call.
type function struct {
	call any // as adapt reads it; one whose first parameter is a *Scope is handed it
	cost value.Cost
}

// functions are all that templates may call, by name. None reads the environment,
// files, the network or chance, or changes a value that others may be reading.
func functions(clock locale.Clock, links map[string]Links) map[string]function {
	all := map[string]function{
		// In place of text/template's own, which fail on what is missing.
		"eq": {value.Equal, value.Comparing}, "ne": {func(a, b any) bool { return !value.Equal(a, b) }, value.Comparing},
		"lt":  {value.Ordered(func(o int) bool { return o < 0 }), value.Comparing},
		"le":  {value.Ordered(func(o int) bool { return o <= 0 }), value.Comparing},
		"gt":  {value.Ordered(func(o int) bool { return o > 0 }), value.Comparing},
		"ge":  {value.Ordered(func(o int) bool { return o >= 0 }), value.Comparing},
		"len": {value.Length, value.PerElement(0)}, "index": {value.Index, value.After(1, value.Texts(1))},
		"print": {printAll, value.Texts(4)}, "printf": {printFormat, formatted},

		"date": {clock.Date, clock.CostOfDate}, "day": {clock.Day, clock.CostOfDate}, "duration": {clock.Duration, value.Texts(4)},
		"json": {toJSON, value.Entire(12)}, "toJson": {toJSON, value.Entire(12)},
		"urlquery": {PercentEscape, value.Texts(8)}, "html": {escapeMarkup, value.Texts(16)}, "line": {line, value.Texts(16)},
	}
	for _, some := range []map[string]function{
		wordFunctions(clock.Language, links), textFunctions(), patternFunctions(), numberFunctions(), choiceFunctions(),
		listFunctions(clock.Language), mappingFunctions(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// wordFunctions put people, things, codes and numbers into words.
func wordFunctions(words *locale.Language, links map[string]Links) map[string]function {
	const formatting = 16 // what cleaning and escaping allocate for each byte
	all := map[string]function{
		"portal": {portal, value.Texts(formatting)}, "linkTo": {linkTo(links), value.Texts(formatting)}, "otherIDs": {otherIDs, value.Texts(8)},
		"eventTitle": {bridge.EventTitle, value.Texts(formatting)},
		"truncate":   {truncate, value.Texts(formatting)},
		"plural":     {words.Plural, value.Sum(value.Texts(4), numberInWords)}, "percent": {words.Percent, value.Sum(value.Texts(4), numberInWords)},
		"number": {words.Number, value.Sum(value.Texts(4), numberInWords)}, "word": {words.Word, value.Texts(1)},
		"mention": {mention, value.Texts(2 * formatting)}, "bold": {Bold, value.Texts(formatting)}, "italic": {italic, value.Texts(formatting)},
		"code": {code, value.Texts(formatting)}, "link": {link, value.Texts(2 * formatting)},
	}
	for name, f := range all {
		all[name] = function{f.call, value.Cutting(f.cost)}
	}
	for name, f := range value.Words() {
		all[name] = function{f.Call, f.Cost}
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
		value.WriteText(&b, arg)
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
		switch v := value.Plain(arg).(type) {
		case int64, float64, bool:
			args[i] = v
		default:
			args[i] = value.TextOf(v)
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
				args[next] = value.TextOf(n)
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

// formatted is the cost of writing by a format: what it says, the widths of its
// verbs, and the arguments, each in the longest way to write it.
func formatted(b *budget.Budget, args []any) error {
	if len(args) == 0 {
		return nil
	}
	format := value.TextOf(args[0])
	if err := cmp.Or(b.Read(len(format), 8), b.Bytes(len(format), 8)); err != nil {
		return err
	}
	const aVerb = 64 // with what is said of one that does not fit
	for _, v := range widths.FindAllStringSubmatch(format, -1) {
		width, _ := strconv.Atoi(v[1])
		digits, _ := strconv.Atoi(v[2])
		if err := b.Bytes(aVerb+width+digits, 2); err != nil {
			return err
		}
	}
	return value.Texts(12)(b, args[1:])
}
