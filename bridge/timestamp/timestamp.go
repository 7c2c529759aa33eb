// Package timestamp parses the date and time formats that portals and other .NET services
// write. It does not know a portal's time zone: a value without a zone is read as UTC.
package timestamp

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Value is a date, with or without a time of day.
type Value struct {
	time.Time      // in the written zone, or UTC
	Day       bool // the text is a date without a time; Time is its midnight
}

// IsMidnight reports whether the value can be a day: it has no time, or its time is
// 00:00:00, as in Absorb's hiring dates.
func (v Value) IsMidnight() bool {
	hour, minute, second := v.Clock()
	return v.Day || hour == 0 && minute == 0 && second == 0 && v.Nanosecond() == 0
}

// Parse reads
//
//   - ISO 8601: 2026-11-23, 2026-11-23T09:30, 2026-11-23 09:30:15.1234567Z,
//     20261123T093015+0100, with any number of digits in the fraction
//   - dates of the United States: 11/23/2026, 11/23/2026 3:04:05 PM
//   - seconds or milliseconds since 1970, from the year 1973 on: 1795858215, 1795858215123
//   - the JSON of old .NET services: /Date(1795858215123+0100)/
//
// A time without a zone is UTC.
func Parse(text string) (Value, bool) {
	const longest = 80
	if text = strings.TrimSpace(text); len(text) > longest {
		return Value{}, false
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil { // by far the most common
		return Value{Time: t}, true
	}
	for _, form := range []struct {
		pattern *regexp.Regexp
		read    func(part []string) (Value, bool)
	}{{iso, readISO}, {american, readAmerican}, {unix, readUnix}, {dotNet, readUnix}} {
		if part := form.pattern.FindStringSubmatch(text); part != nil {
			return form.read(part)
		}
	}
	return Value{}, false
}

var (
	iso      = regexp.MustCompile(`(?i)^(\d{4})(-?)(\d\d)(-?)(\d\d)(?:[T ] ?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,30}))?)? ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$`)
	american = regexp.MustCompile(`(?i)^(\d\d?)/(\d\d?)/(\d{4})(?:,? (\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,30}))?)?(?: ?([AP])M)?)?$`)
	unix     = regexp.MustCompile(`^(\d{9,14})(?:\.\d+)?$`)
	dotNet   = regexp.MustCompile(`^/Date\((\d{9,14})(?:[+-]\d{4})?\)/$`)
)

func readISO(part []string) (Value, bool) {
	if part[2] != part[4] {
		return Value{}, false
	}
	zone, ok := readZone(strings.ToUpper(part[10]))
	if !ok {
		return Value{}, false
	}
	return build(part[1], part[3], part[5], part[6], part[7], part[8], part[9], zone)
}

func readAmerican(part []string) (Value, bool) {
	hour := part[4]
	if half := strings.ToUpper(part[8]); half != "" {
		n, _ := strconv.Atoi(hour)
		if n < 1 || n > 12 {
			return Value{}, false
		}
		if n %= 12; half == "P" {
			n += 12
		}
		hour = strconv.Itoa(n)
	}
	return build(part[3], part[1], part[2], hour, part[5], part[6], part[7], time.UTC)
}

// build returns the value of its parts. ok is false if there is no such date or time.
func build(year, month, day, hour, minute, second, fraction string, zone *time.Location) (Value, bool) {
	var n [6]int
	for i, part := range []string{year, month, day, hour, minute, second} {
		n[i], _ = strconv.Atoi(part) // the patterns allow only digits or an empty text
	}
	nanos, _ := strconv.Atoi((fraction + "000000000")[:9])
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, zone)
	exists := t.Month() == time.Month(n[1]) && t.Day() == n[2] && n[3] < 24 && n[4] < 60 && n[5] < 60
	return Value{t, hour == ""}, exists
}

func readZone(text string) (*time.Location, bool) {
	switch text {
	case "", "Z", "UTC", "GMT":
		return time.UTC, true
	}
	digits := strings.ReplaceAll(text[1:], ":", "")
	hours, _ := strconv.Atoi(digits[:2])
	minutes, _ := strconv.Atoi(digits[2:])
	offset := hours*3600 + minutes*60
	if text[0] == '-' {
		offset = -offset
	}
	return time.FixedZone("", offset), hours < 24 && minutes < 60
}

const (
	firstSecond = 100_000_000     // in 1973: smaller numbers are not times
	millisFrom  = 100_000_000_000 // in seconds this would be the year 5138
)

func readUnix(part []string) (Value, bool) {
	n, err := strconv.ParseInt(part[1], 10, 64)
	if err != nil || n < firstSecond {
		return Value{}, false
	}
	if n < millisFrom {
		return Value{Time: time.Unix(n, 0).UTC()}, true
	}
	return Value{Time: time.UnixMilli(n).UTC()}, true
}
