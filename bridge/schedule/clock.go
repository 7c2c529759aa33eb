package schedule

import "time"

// day is a day of the calendar, which a clock that is changed makes longer or
// shorter.
const day = 24 * time.Hour

// farthest is more than any clock was ever away from UTC.
const farthest = 16 * time.Hour

// clock is the clock on the wall of a time zone. What it shows is a time.Time too,
// in UTC: on those, all days have 24 hours.
//
// reached and first are each other's inverse: first(w) is not after t exactly when
// w is not after reached(t). All that is said of changed clocks follows from this.
type clock struct{ zone *time.Location }

// shows is what the clock shows at t.
func (c clock) shows(t time.Time) time.Time {
	_, offset := t.In(c.zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// reached is the latest time that the clock has shown up to t. It stands still
// while the clock goes through an hour again.
func (c clock) reached(t time.Time) time.Time {
	t = t.In(c.zone).Round(0)
	latest := c.shows(t)
	change, _ := t.ZoneBounds()
	for !change.IsZero() && t.Sub(change) < 2*farthest {
		before := change.Add(-1)
		if shown := c.shows(before); shown.After(latest) {
			latest = shown
		}
		change, _ = before.ZoneBounds()
	}
	return latest
}

// first is the first moment at which the clock shows w or, when it leaps over w,
// something later.
func (c clock) first(w time.Time) time.Time {
	for t := w.Add(-farthest).In(c.zone); ; {
		from, change := t.ZoneBounds()
		moment := t.Add(w.Sub(c.shows(t)))
		if moment.Before(from) {
			moment = from
		}
		if change.IsZero() || moment.Before(change) {
			return moment
		}
		t = change
	}
}

// has says whether there is a date in the zone, given by its midnight.
func (c clock) has(date time.Time) bool {
	return c.shows(c.first(date)).Before(date.Add(day))
}
