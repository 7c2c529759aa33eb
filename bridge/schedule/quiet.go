package schedule

import (
	"fmt"
	"strings"
	"time"
)

// Quiet is the set of weekly periods in which nothing is sent. It is immutable, so any
// number of goroutines may use it. A nil Quiet is never quiet.
type Quiet struct {
	clock    clock
	from, to time.Duration // since midnight; equal if there are no hours
	days     week          // completely quiet days
}

// NewQuiet parses hours such as "20:00-07:00", days such as "sat,sun" and the name of a
// time zone. Hours or days may be empty. The default zone is fallback; a nil fallback is
// UTC. The error has the type Faults.
func NewQuiet(hours, days, zone string, fallback *time.Location) (*Quiet, error) {
	q := &Quiet{}
	var faults Faults
	check := func(part string, err error) {
		if err != nil {
			faults = append(faults, Fault{part, err.Error()})
		}
	}
	check("hours", q.parseHours(hours))
	check("days", q.parseDays(days))
	location, err := parseZone(strings.TrimSpace(zone), fallback)
	check("zone", err)
	if len(faults) == 0 && q.from == q.to && q.days == (week{}) {
		check("", fmt.Errorf("never quiet: set hours, such as 20:00-07:00, or days, such as sat,sun, or both"))
	}
	if len(faults) > 0 {
		return nil, faults
	}
	q.clock = clock{location}
	return q, nil
}

func (q *Quiet) parseHours(text string) (err error) {
	words := split(text)
	if len(words) == 0 {
		return nil
	}
	from, to, isRange := strings.Cut(words[0], "-")
	if len(words) > 1 || !isRange {
		return fmt.Errorf("%q is not a range of hours; write one range, such as 20:00-07:00", text)
	}
	if q.from, err = parseTime(from); err != nil {
		return err
	}
	if to == "24:00" {
		q.to = day
	} else if q.to, err = parseTime(to); err != nil {
		return err
	}
	switch q.to - q.from {
	case 0, day:
		return fmt.Errorf("%q is always quiet; write a range that leaves time to send, such as 20:00-07:00", text)
	}
	return nil
}

func (q *Quiet) parseDays(text string) error {
	for _, word := range split(text) {
		if err := q.days.add(word); err != nil {
			return err
		}
	}
	if q.days == everyDay() {
		return fmt.Errorf("%q is always quiet; name only the quiet days, such as sat,sun", text)
	}
	return nil
}

// Until reports whether t is in a quiet period, and when the period ends.
func (q *Quiet) Until(t time.Time) (end time.Time, quiet bool) {
	if q == nil {
		return time.Time{}, false
	}
	now := q.clock.reached(t)
	for left := q.left(now); left > 0; left = q.left(now) {
		end, quiet = q.clock.first(now.Add(left)), true
		now = q.clock.reached(end) // another quiet period may follow immediately
	}
	return end, quiet
}

// left returns the minimum time that it stays quiet at the local time w, or 0.
func (q *Quiet) left(w time.Time) time.Duration {
	since := w.Sub(w.Truncate(day))
	from, to := q.from, q.to
	switch {
	case q.days[w.Weekday()]:
		return day - since
	case from < to && (since < from || since >= to):
		return 0
	case since < to:
		return to - since
	case from > to && since >= from:
		return day + to - since
	}
	return 0
}
