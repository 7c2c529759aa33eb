package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// week is a set of days.
type week [7]bool // by time.Weekday

func everyDay() week { return week{true, true, true, true, true, true, true} }

// add parses a day or a range of days, and adds it.
func (w *week) add(word string) error {
	first, last, isRange := strings.Cut(word, "-")
	if !isRange {
		last = first
	}
	from, to := weekday(first), weekday(last)
	if from < 0 || to < 0 {
		return fmt.Errorf("%q is not a day; write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri%s", word, didYouMean(guessDays(word)))
	}
	for d := from; ; d = after(d) {
		w[d] = true
		if d == to {
			return nil
		}
	}
}

// String returns the days from Monday on. Three or more in a row become a range.
func (w week) String() string {
	var words []string
	for d := time.Monday; ; d = after(d) {
		if w[d] && !w[(d+6)%7] {
			words = append(words, w.run(d)...)
		}
		if d == time.Sunday {
			return strings.Join(words, ",")
		}
	}
}

// run returns the text of the consecutive days from first on.
func (w week) run(first time.Weekday) []string {
	names := []string{short(first)}
	for d := after(first); w[d] && d != first; d = after(d) {
		names = append(names, short(d))
	}
	if len(names) > 2 {
		return []string{names[0] + "-" + names[len(names)-1]}
	}
	return names
}

func after(d time.Weekday) time.Weekday { return (d + 1) % 7 }

func short(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }

// weekday parses the name of a day. The result is negative if there is no such day.
func weekday(name string) time.Weekday {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(name, d.String()) || strings.EqualFold(name, short(d)) {
			return d
		}
	}
	return -1
}

// guessDays returns the day or range of days that a mistyped word probably means, or "".
func guessDays(word string) string {
	switch strings.ToLower(word) {
	case "weekday", "weekdays", "workday", "workdays":
		return "mon-fri"
	case "weekend", "weekends":
		return "sat,sun"
	case "daily", "everyday", "always":
		return "mon-sun"
	}
	first, last, isRange := strings.Cut(word, "-")
	from, to := guessDay(first), guessDay(last)
	switch {
	case !isRange || from == to:
		return from
	case from == "" || to == "":
		return ""
	}
	return from + "-" + to
}

// guessDay compares the first two letters, which differ for all days, and then the letters
// in any order.
func guessDay(word string) string {
	word = strings.ToLower(word)
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.HasPrefix(word, short(d)[:2]) {
			return short(d)
		}
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if sorted(word) == sorted(short(d)) || sorted(word) == sorted(strings.ToLower(d.String())) {
			return short(d)
		}
	}
	return ""
}

func sorted(word string) string {
	letters := []rune(word)
	slices.Sort(letters)
	return string(letters)
}
