// Package schedule knows when: the moments at which a digest goes out (At), and
// the periods in which a route is quiet (Quiet), by the wall clock of a time zone.
//
// What can be written, where letters may be small or capital, and words are set
// apart by commas, spaces or both:
//
//	time    08:00, 8:00              hour and minute, 0:00 to 23:59
//	day     mon, monday              mon tue wed thu fri sat sun, or in full
//	days    mon                      one day
//	        sat,sun                  several
//	        mon-fri                  from Monday to Friday, both included
//	        fri-mon                  over the end of the week: fri, sat, sun, mon
//	        mon-wed,fri              ranges and days together
//	hours   20:00-07:00              from, included, to, excluded; over midnight if the end is earlier
//	        20:00-24:00              to the end of the day; the same as 20:00-00:00
//	zone    Europe/Berlin, UTC       a name of the IANA time zone database, letter by letter
//
//	At      TIMES [DAYS] [ZONE]      in this order; every time counts on every one of the days
//	        08:00                    every day, in the given zone
//	        08:00 mon-fri
//	        08:00 mon Europe/Berlin
//	        08:00,16:30 Asia/Kolkata
//
//	Quiet   hours, no days           these hours of every day
//	        days, no hours           these days from midnight to midnight
//	        hours and days           these hours of every day, and the named days as a whole
//
// A quiet period is as long as it can be: with the hours 20:00-07:00 and the days
// sat,sun, the one that begins on Friday at 20:00 ends on Monday at 07:00.
//
// Where a clock is changed, in spring and autumn or for good:
//
//   - A time that the clock leaps over happens at the first moment after the leap:
//     02:30 at 03:00, in a night without the hour from 02:00 to 03:00. Two such
//     times are one moment. This holds for both ends of quiet hours.
//   - A time that the clock shows twice happens the first time only. An end of quiet
//     hours is such a time as well: it stays quiet, or not, while the clock goes
//     through the hour again, and 20:00-07:00 lasts an hour longer in that night.
//   - A date that was left out of the calendar, as 30 December 2011 was in Samoa, has
//     no times.
package schedule

import "strings"

// Fault is what is wrong with one part of what makes a Quiet.
type Fault struct {
	Part    string // "hours", "days" or "zone"; "" when no part is wrong by itself
	Message string // what to write instead
}

// Error gives the part and what is wrong with it.
func (f Fault) Error() string {
	if f.Part == "" {
		return f.Message
	}
	return f.Part + ": " + f.Message
}

// Faults are all that is wrong.
type Faults []Fault

// Error gives one fault after the other.
func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, one := range f {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "; ")
}
