package render

import (
	"math"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	numbers "golang.org/x/text/number"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// wordsFile is the file of a folder that holds the words of its language.
const wordsFile = "words.yaml"

// vocabulary is what functions write in a language.
type vocabulary struct {
	tag                                  language.Tag
	months, monthsShort, days, daysShort []string // days from Monday
	dates                                map[string]string
	spans                                map[string]string
	words                                map[string]string
	and, more, other, oneOf              string
	incomplete, caughtUp                 string
	events                               []string // the noun, in the forms that plural wants
}

// read puts the words of a file in the place of those before.
func (v *vocabulary) read(r *yamlfile.Reader, top yamlfile.Entry) {
	text := func(into *string) func(yamlfile.Entry) {
		return func(e yamlfile.Entry) {
			if s, ok := r.Text(e); ok {
				*into = s.Text
			}
		}
	}
	names := func(into *[]string, n int) func(yamlfile.Entry) {
		return func(e yamlfile.Entry) {
			var all []string
			for _, child := range r.List(e) {
				if s, ok := r.Text(child); ok {
					all = append(all, s.Text)
				}
			}
			if len(all) != n {
				r.Problem(e.At, e.Path, "want %d names, have %d", n, len(all))
				return
			}
			*into = all
		}
	}
	r.Section(top, map[string]func(yamlfile.Entry){
		"months": names(&v.months, 12), "months_short": names(&v.monthsShort, 12), "days": names(&v.days, 7), "days_short": names(&v.daysShort, 7),
		"dates": func(e yamlfile.Entry) { v.dates = r.Texts(e, v.dates, "date", "time", "datetime", "weekday") },
		"spans": func(e yamlfile.Entry) { v.spans = r.Texts(e, v.spans, "day", "hour", "minute", "second") },
		"words": func(e yamlfile.Entry) { v.words = r.Texts(e, v.words) },
		"and":   text(&v.and), "other": text(&v.other), "incomplete": text(&v.incomplete), "caught_up": text(&v.caughtUp),
		"more":   func(e yamlfile.Entry) { v.more = r.Around(e, v.more, "a number") },
		"one_of": func(e yamlfile.Entry) { v.oneOf = r.Around(e, v.oneOf, "the names") },
		"events": func(e yamlfile.Entry) {
			forms := make([]string, 0, 3)
			for _, child := range r.List(e) {
				s, _ := r.Text(child)
				forms = append(forms, s.Text)
			}
			if len(forms) != 2 && len(forms) != 3 {
				r.Problem(e.At, e.Path, "want the noun for one and for several: two forms, or three in languages that have them")
				return
			}
			v.events = forms
		},
	})
}

// word is a word of status, activeStatus or courseType in the language.
func (v *vocabulary) word(s string) string {
	if translated, ok := v.words[s]; ok {
		return translated
	}
	return s
}

// number writes a number as the language does, with so many decimals at most.
func (v *vocabulary) number(f float64, decimals int) string {
	return message.NewPrinter(v.tag).Sprint(numbers.Decimal(f, numbers.MaxFractionDigits(decimals)))
}

// formatNumber is a number as the language writes it; what is none stays as it is.
func (v *vocabulary) formatNumber(n any) string {
	if f, ok := value.Numeric(n); ok {
		return v.number(f, 3)
	}
	return value.TextOf(n)
}

// percent is a number with its sign, to one decimal at most.
func (v *vocabulary) percent(n any) string {
	f, ok := value.Numeric(n)
	if !ok {
		return ""
	}
	return v.number(f, 1) + " %"
}

// plural is a number with the noun that fits it. Languages that have three forms
// are given them in the order one, few, many.
func (v *vocabulary) plural(n any, one, other string, more ...string) string {
	forms := append([]string{one, other}, more...)
	f, ok := value.Numeric(n)
	noun := forms[len(forms)-1]
	if ok && f == math.Trunc(f) && math.Abs(f) < 1<<31 {
		switch plural.Cardinal.MatchPlural(v.tag, int(math.Abs(f)), 0, 0, 0, 0) {
		case plural.One:
			noun = one
		case plural.Few:
			noun = other
		}
	}
	count := v.formatNumber(n)
	if count == "" {
		count = "0"
	}
	return count + " " + noun
}
