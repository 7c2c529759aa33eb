// Package locale writes numbers, dates, spans of time, plurals and lists as a language
// does, with the words that the files of the language give. It knows no templates.
package locale

import (
	"math"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	numbers "golang.org/x/text/number"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// File is the file of a folder that holds the words of its language.
const File = "words.yaml"

// Language is what functions write in a language.
type Language struct {
	Other      string   // the noun for a group without a name
	Incomplete string   // says that Absorb could not be asked
	CaughtUp   string   // says that no webhook arrived
	Events     []string // the noun for events, in the forms that Plural wants

	tag                                  language.Tag
	months, monthsShort, days, daysShort []string // days from Monday
	dates                                map[string]string
	spans                                map[string]string
	words                                map[string]string
	and, more, oneOf                     string
}

// New is a language without words. The locale is one such as de or de-CH.
func New(locale string) *Language { return &Language{tag: language.Make(locale)} }

// Read puts the words of a file in the place of those before.
func (v *Language) Read(r *yamlfile.Reader, top yamlfile.Entry) {
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
		"and":   text(&v.and), "other": text(&v.Other), "incomplete": text(&v.Incomplete), "caught_up": text(&v.CaughtUp),
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
			v.Events = forms
		},
	})
}

// Word is a word of status, activeStatus or courseType in the language.
func (v *Language) Word(s string) string {
	if translated, ok := v.words[s]; ok {
		return translated
	}
	return s
}

// decimal writes a number as the language does, with so many decimals at most.
func (v *Language) decimal(f float64, decimals int) string {
	return message.NewPrinter(v.tag).Sprint(numbers.Decimal(f, numbers.MaxFractionDigits(decimals)))
}

// Number is a number as the language writes it; what is none stays as it is.
func (v *Language) Number(n any) string {
	if f, ok := value.Numeric(n); ok {
		return v.decimal(f, 3)
	}
	return value.TextOf(n)
}

// Percent is a number with its sign, to one decimal at most.
func (v *Language) Percent(n any) string {
	f, ok := value.Numeric(n)
	if !ok {
		return ""
	}
	return v.decimal(f, 1) + " %"
}

// Plural is a number with the noun that fits it. Languages that have three forms
// are given them in the order one, few, many.
func (v *Language) Plural(n any, one, other string, more ...string) string {
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
	count := v.Number(n)
	if count == "" {
		count = "0"
	}
	return count + " " + noun
}

// Rest says how many more there are.
func (v *Language) Rest(n int) string {
	return strings.ReplaceAll(v.more, "%s", v.Number(n))
}

// Sentence puts a list into words: "a, b and c".
func (v *Language) Sentence(list any) string {
	var words []string
	for _, item := range value.Items(list) {
		if w := value.TextOf(item); w != "" {
			words = append(words, w)
		}
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + v.and + " " + words[len(words)-1]
}

// OneOfThem says that one of several things is meant, and which they are; nothing when
// one of them has no name, or there are none.
func (v *Language) OneOfThem(list any) string {
	all := value.Items(list)
	names := make([]string, len(all))
	for i, item := range all {
		if names[i] = value.NameIn(item); names[i] == "" {
			return ""
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.ReplaceAll(v.oneOf, "%s", strings.Join(names, ", "))
}
