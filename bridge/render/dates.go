package render

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// clock shows times in the configured zone and layout.
type clock struct {
	zone   *time.Location
	layout string
}

// date shows a point in time. The options are a layout, by name or as Go writes
// them, and a zone by its IANA name. What cannot be read as a time is shown as
// it is.
func (c clock) date(v any, options ...string) (string, error) {
	layout, zone := c.layout, c.zone
	if len(options) > 0 && options[0] != "" {
		layout = namedLayout(options[0])
	}
	if len(options) > 1 && options[1] != "" {
		z, err := time.LoadLocation(options[1])
		if err != nil {
			return "", fmt.Errorf("knows no time zone %q", options[1])
		}
		zone = z
	}
	if len(options) > 2 {
		return "", fmt.Errorf("wants at most a layout and a zone after the time")
	}
	s := strings.TrimSpace(text(v))
	t, ok := parseTime(s)
	switch {
	case !ok:
		return s, nil
	case t.Year() <= 1:
		return "", nil // .NET's way of saying that there is none
	}
	return t.In(zone).Format(layout), nil
}

func namedLayout(name string) string {
	switch name {
	case "date":
		return "2 Jan 2006"
	case "time":
		return "15:04"
	case "datetime":
		return defaultLayout
	case "weekday":
		return "Monday, 2 January"
	case "iso":
		return time.RFC3339
	}
	return name
}

// parseTime reads the forms in which Absorb writes times: ISO 8601 with or
// without a zone, with any number of fraction digits, or a date alone. Without a
// zone it is UTC.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

var timeSpan = regexp.MustCompile(`^(?:(\d{1,6})\.)?(\d{1,6}):(\d{1,2}):(\d{1,2})(?:\.\d+)?$`)

// duration puts a span of time into words. No time at all is nothing.
func duration(v any) string {
	if d, ok := SpanOf(v); ok {
		return spanWords(d)
	}
	return strings.TrimSpace(text(v))
}

// SpanOf reads a span of time as .NET writes it,
// "[days.]hours:minutes:seconds[.fraction]", or as a number of ticks of 100 ns.
func SpanOf(v any) (d time.Duration, ok bool) {
	if m := timeSpan.FindStringSubmatch(strings.TrimSpace(text(v))); m != nil {
		for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
			n, _ := strconv.Atoi("0" + m[i+1])
			d += time.Duration(n) * unit
		}
		return d, true
	}
	ticks, ok := numeric(v, true)
	if !ok || ticks >= math.MaxInt64/100 {
		return 0, false
	}
	return time.Duration(ticks) * 100, true
}

// spanWords names the two largest units that matter.
func spanWords(d time.Duration) string {
	switch {
	case d < time.Second:
		return ""
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	}
	d = d.Truncate(time.Minute)
	days, hours, minutes := d/(24*time.Hour), d/time.Hour%24, d/time.Minute%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case days > 0:
		return fmt.Sprintf("%d d", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d min", minutes)
}
