package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// At is a number of moments that come again every day or every week. It never
// changes and serves any number of goroutines.
type At struct {
	clock clock
	times []time.Duration // since midnight, sorted, each once
	days  week
}

// NewAt reads times of day, days and a time zone, such as
// "08:00,16:30 mon-fri Europe/Berlin". Without days it is every day; without a zone
// that of fallback, where nil is UTC.
func NewAt(text string, fallback *time.Location) (*At, error) {
	words := split(text)
	a := &At{days: everyDay()}
	for len(words) > 0 && isDigit(words[0][0]) {
		moment, err := parseTime(words[0])
		if err != nil {
			return nil, err
		}
		a.times, words = append(a.times, moment), words[1:]
	}
	if len(a.times) == 0 {
		return nil, errors.New("begin with a time of day, like 08:00 or 08:00 mon-fri Europe/Berlin")
	}
	slices.Sort(a.times)
	a.times = slices.Compact(a.times)

	var named week
	for len(words) > 0 && named.add(words[0]) == nil {
		a.days, words = named, words[1:]
	}
	zone, err := zoneAtEnd(strings.Join(words, " "), fallback)
	if err != nil {
		return nil, err
	}
	a.clock = clock{zone}
	return a, nil
}

// zoneAtEnd reads what follows the times and days. What is no zone may have been
// meant to be something else.
func zoneAtEnd(text string, fallback *time.Location) (*time.Location, error) {
	zone, err := parseZone(text, fallback)
	first, rest, _ := strings.Cut(text, " ")
	switch {
	case err == nil:
		return zone, nil
	case isDigit(text[0]):
		return nil, fmt.Errorf("put all times first, before %q, like 08:00,16:30 mon-fri Europe/Berlin; every time counts on every one of the days", text)
	case loadZone(first) != nil:
		return nil, fmt.Errorf("put the time zone last, after %q, like 08:00 mon-fri Europe/Berlin", rest)
	case guessZone(text) == "" && guessDays(first) != "":
		return nil, new(week).add(first)
	case guessZone(text) == "" && !strings.Contains(text, "/"):
		return nil, fmt.Errorf("%q is neither days, like mon-fri, nor a time zone, like Europe/Berlin", text)
	}
	return nil, err
}

// Next is the first of the moments after t.
func (a *At) Next(t time.Time) time.Time {
	now := a.clock.reached(t)
	for date := now.Truncate(day); ; date = date.Add(day) {
		if !a.days[date.Weekday()] || !a.clock.has(date) {
			continue
		}
		for _, moment := range a.times {
			if w := date.Add(moment); w.After(now) {
				return a.clock.first(w)
			}
		}
	}
}

// String is the text in its shortest form, with the zone. NewAt reads it, if the
// zone has a name of its own.
func (a *At) String() string {
	times := make([]string, len(a.times))
	for i, moment := range a.times {
		times[i] = formatTime(moment)
	}
	parts := []string{strings.Join(times, ",")}
	if a.days != everyDay() {
		parts = append(parts, a.days.String())
	}
	return strings.Join(append(parts, a.clock.zone.String()), " ")
}
