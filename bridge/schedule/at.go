package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// At is a set of times that repeat every day or every week. It is immutable, so any number
// of goroutines may use it.
type At struct {
	clock clock
	times []time.Duration // since midnight, sorted, each once
	days  week
}

// NewAt parses times of day, days and a time zone, such as
// "08:00,16:30 mon-fri Europe/Berlin". The default is every day, in the zone fallback; a
// nil fallback is UTC.
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
		return nil, errors.New("begin with a time of day, such as 08:00 or 08:00 mon-fri Europe/Berlin")
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

// zoneAtEnd parses the text after the times and days. If it is not a zone, the error says
// what it probably is.
func zoneAtEnd(text string, fallback *time.Location) (*time.Location, error) {
	zone, err := parseZone(text, fallback)
	first, rest, _ := strings.Cut(text, " ")
	switch {
	case err == nil:
		return zone, nil
	case isDigit(text[0]):
		return nil, fmt.Errorf("put all times first, before %q, such as 08:00,16:30 mon-fri Europe/Berlin; all times apply on all days", text)
	case loadZone(first) != nil:
		return nil, fmt.Errorf("put the time zone last, after %q, such as 08:00 mon-fri Europe/Berlin", rest)
	case guessZone(text) == "" && guessDays(first) != "":
		return nil, new(week).add(first)
	case guessZone(text) == "" && !strings.Contains(text, "/"):
		return nil, fmt.Errorf("%q is neither days, such as mon-fri, nor a time zone, such as Europe/Berlin", text)
	}
	return nil, err
}

// Next returns the first time after t.
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

// String returns the shortest text, with the zone. NewAt can parse it if the zone has a
// name in the time zone database.
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
