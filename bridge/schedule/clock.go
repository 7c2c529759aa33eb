package schedule

import "time"

// day is a day of the calendar. Clock changes make a real day longer or shorter.
const day = 24 * time.Hour

// farthest is more than the offset of any zone from UTC.
const farthest = 16 * time.Hour

// clock is the local clock of a time zone. A local time is a time.Time in UTC, so all days
// have 24 hours.
//
// reached and first are inverse: first(w) is not after t exactly when w is not after
// reached(t). The rules for clock changes follow from this.
type clock struct{ zone *time.Location }

// shows returns the local time at t.
func (c clock) shows(t time.Time) time.Time {
	_, offset := t.In(c.zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// reached returns the latest local time that the clock has shown up to t. It does not
// change while the clock repeats an hour.
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

// first returns the first moment at which the clock shows w, or a later time if the clock
// skips w.
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
