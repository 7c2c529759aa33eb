package locale

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/timestamp"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// Clock shows times in a language, a zone and a layout.
type Clock struct {
	*Language
	zone   *time.Location
	layout string
}

// NewClock is a clock with a layout, by name or as Go writes it; "" for the language's own.
func NewClock(words *Language, zone *time.Location, layout string) Clock {
	return Clock{Language: words, zone: zone, layout: words.namedLayout(cmp.Or(layout, "datetime"))}
}

// Date shows a point in time. The options are a layout, by name or as Go writes
// them, and a zone by its IANA name. What cannot be read as a time is shown as
// it is.
//
// No zone moves a day: a value without a time of day, or a midnight in a layout
// without one, as Absorb writes the day on which somebody was hired.
func (c Clock) Date(v any, options ...string) (string, error) {
	layout, zone := c.layout, c.zone
	if len(options) > 0 && options[0] != "" {
		layout = c.namedLayout(options[0])
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
	return inWords(v, func(t timestamp.Value) string {
		switch {
		case t.Day && hasTimeOfDay(layout):
			return c.format(t.Time, c.namedLayout("date"))
		case t.IsMidnight() && !hasTimeOfDay(layout):
			return c.format(t.Time, layout)
		}
		return c.format(t.In(zone), layout)
	}), nil
}

// Show is a point in time in the clock's own layout and zone.
func (c Clock) Show(t time.Time) string { return c.format(t.In(c.zone), c.layout) }

// Day shows the date that a value has as it was written, in no zone. The option is a
// layout.
func (c Clock) Day(v any, options ...string) (string, error) {
	if len(options) > 1 {
		return "", fmt.Errorf("wants at most a layout after the date")
	}
	layout := c.namedLayout(cmp.Or(strings.Join(options, ""), "date"))
	return inWords(v, func(t timestamp.Value) string { return c.format(t.Time, layout) }), nil
}

// inWords puts a time into words. What is none stays as it is, and the year 1, by which
// .NET says that there is none, is nothing.
func inWords(v any, words func(timestamp.Value) string) string {
	s := strings.TrimSpace(value.TextOf(v))
	t, ok := timestamp.Parse(s)
	switch {
	case !ok:
		return s
	case t.Year() <= 1:
		return ""
	}
	return words(t)
}

// hasTimeOfDay tells whether a layout shows more than a date.
func hasTimeOfDay(layout string) bool {
	morning := time.Date(2026, 1, 2, 1, 1, 1, 1, time.UTC)
	evening := time.Date(2026, 1, 2, 22, 22, 22, 222_222_222, time.UTC)
	return morning.Format(layout) != evening.Format(layout)
}

// CostOfDate is the cost of date and day: the layout may hold the longest name many times,
// and a zone is read from the system.
func (c Clock) CostOfDate(b *budget.Budget, args []any) error {
	if err := value.Texts(4)(b, args); err != nil || len(args) < 2 {
		return err
	}
	longest := 8
	for _, names := range [][]string{c.months, c.monthsShort, c.days, c.daysShort} {
		for _, name := range names {
			longest = max(longest, len(name))
		}
	}
	layout := len(value.TextOf(args[1]))
	const aZone = 16 << 10
	return cmp.Or(b.Read(layout, 64), b.Bytes(layout, 24+longest), b.Steps(32*max(0, len(args)-2)), b.Bytes(len(args)-2, aZone))
}

// namedLayout is the layout of a name, or the one that is written out.
func (v *Language) namedLayout(name string) string {
	if name == "iso" {
		return time.RFC3339
	}
	if layout, ok := v.dates[name]; ok {
		return layout
	}
	return name
}

// namesInLayout are what package time would write in English.
var namesInLayout = regexp.MustCompile(`January|Jan|Monday|Mon`)

// format writes a time with the language's names of months and days.
func (v *Language) format(t time.Time, layout string) string {
	var b strings.Builder
	for {
		at := namesInLayout.FindStringIndex(layout)
		if at == nil {
			return b.String() + t.Format(layout)
		}
		b.WriteString(t.Format(layout[:at[0]]))
		month, day := int(t.Month())-1, (int(t.Weekday())+6)%7
		name, rest := layout[at[0]:at[1]], layout[at[1]:]
		if len(name) == 3 && rest != "" && 'a' <= rest[0] && rest[0] <= 'z' {
			b.WriteString(name) // the beginning of some word, which package time leaves alone too
			layout = rest
			continue
		}
		switch name {
		case "January":
			b.WriteString(v.months[month])
		case "Jan":
			b.WriteString(v.monthsShort[month])
		case "Monday":
			b.WriteString(v.days[day])
		case "Mon":
			b.WriteString(v.daysShort[day])
		}
		layout = rest
	}
}

// Duration puts a span of time into words. No time at all is nothing.
func (v *Language) Duration(span any) string {
	if d, ok := value.SpanOf(span); ok {
		return v.span(d)
	}
	return strings.TrimSpace(value.TextOf(span))
}

// span names the two largest units that matter.
func (v *Language) span(d time.Duration) string {
	if d >= time.Minute {
		d = d.Truncate(time.Minute)
	}
	var words []string
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		n := d / unit.length
		d -= n * unit.length
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, v.spans[unit.name]))
		} else if len(words) > 0 {
			break // 2 d 5 min says more than is meant
		}
	}
	return strings.Join(words[:min(2, len(words))], " ")
}
