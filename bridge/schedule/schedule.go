// Package schedule computes the times at which digests are sent (At) and the periods in
// which a route is quiet (Quiet), by the local time of a time zone. It starts no timers.
//
// The syntax is as follows. Case does not matter. Words are separated by commas, spaces
// or both.
//
//	time    08:00, 8:00              hour and minute, 0:00 to 23:59
//	day     mon, monday              mon tue wed thu fri sat sun, or in full
//	days    mon                      one day
//	        sat,sun                  several
//	        mon-fri                  Monday to Friday, inclusive
//	        fri-mon                  across the weekend: fri, sat, sun, mon
//	        mon-wed,fri              ranges and days together
//	hours   20:00-07:00              start inclusive, end exclusive; across midnight if the end is earlier
//	        20:00-24:00              to the end of the day; the same as 20:00-00:00
//	zone    Europe/Berlin, UTC       a name of the IANA time zone database, in its exact spelling
//
//	At      TIMES [DAYS] [ZONE]      in this order; all times apply on all days
//	        08:00                    every day, in the given zone
//	        08:00 mon-fri
//	        08:00 mon Europe/Berlin
//	        08:00,16:30 Asia/Kolkata
//
//	Quiet   hours, no days           these hours of every day
//	        days, no hours           these days from midnight to midnight
//	        hours and days           these hours of every day, and the named days completely
//
// Adjacent quiet periods count as one: with the hours 20:00-07:00 and the days sat,sun,
// the period that begins on Friday at 20:00 ends on Monday at 07:00.
//
// When a clock changes, in spring, in autumn or permanently:
//
//   - A time that the clock skips happens at the first moment after the gap: in a night
//     without the hour from 02:00 to 03:00, 02:30 happens at 03:00. Two skipped times are
//     one moment. This applies to both ends of quiet hours.
//   - A time that the clock shows twice happens only the first time. This applies to both
//     ends of quiet hours too: during the repeated hour the state does not change, and
//     20:00-07:00 lasts an hour longer in that night.
//   - A date that the calendar skipped, such as 30 December 2011 in Samoa, has no times.
package schedule

import "strings"

// Fault is an error in one part of the text of a Quiet.
type Fault struct {
	Part    string // "hours", "days" or "zone"; "" if the parts are only wrong together
	Message string // what is wrong, and what to write instead
}

// Error returns the part and the message.
func (f Fault) Error() string {
	if f.Part == "" {
		return f.Message
	}
	return f.Part + ": " + f.Message
}

// Faults are all errors in the text of a Quiet.
type Faults []Fault

// Error returns all errors, separated by semicolons.
func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, one := range f {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "; ")
}
