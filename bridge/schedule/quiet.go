package schedule

import (
	"fmt"
	"strings"
	"time"
)

// Quiet is the periods of a week in which nothing is to be sent. It never changes
// and serves any number of goroutines. A nil Quiet is never quiet.
type Quiet struct {
	clock    clock
	from, to time.Duration // since midnight; the same without hours
	days     week          // as a whole
}

// NewQuiet reads hours such as "20:00-07:00", days such as "sat,sun" and the name
// of a time zone. Either of hours and days may be empty; without a zone it is that
// of fallback, where nil is UTC. An error is of type Faults.
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
		check("", fmt.Errorf("never quiet: give hours, like 20:00-07:00, or days, like sat,sun, or both"))
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
		return fmt.Errorf("%q is no range of hours; write one range, like 20:00-07:00", text)
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
		return fmt.Errorf("%q is always quiet; write a range that leaves some time to send, like 20:00-07:00", text)
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
		return fmt.Errorf("%q is always quiet; leave out the days on which to send, as sat,sun does", text)
	}
	return nil
}

// Until says whether t lies in a quiet period, and when that ends.
func (q *Quiet) Until(t time.Time) (end time.Time, quiet bool) {
	if q == nil {
		return time.Time{}, false
	}
	now := q.clock.reached(t)
	for left := q.left(now); left > 0; left = q.left(now) {
		end, quiet = q.clock.first(now.Add(left)), true
		now = q.clock.reached(end) // what comes next may be quiet for another reason
	}
	return end, quiet
}

// left is how long it stays quiet at least when the clock shows w: 0 when it is not.
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
