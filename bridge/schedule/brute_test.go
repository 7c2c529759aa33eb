package schedule

import (
	"strings"
	"testing"
	"time"
)

// diary is a year as somebody sees it who looks at the clock on the wall each
// minute and writes down what it shows. The tests work out from that alone what
// has to happen when.
type diary struct {
	start time.Time
	late  []time.Time        // by minute: the latest time that was ever on the clock
	dates map[time.Time]bool // that were on the clock
}

func keepDiary(zone *time.Location, year int) diary {
	d := diary{start: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), dates: map[time.Time]bool{}}
	end := d.start.AddDate(1, 0, 10) // what begins in the year ends in the days after it
	for t := d.start.Add(-48 * time.Hour); t.Before(end); t = t.Add(time.Minute) {
		local := t.In(zone)
		y, month, date := local.Date()
		shown := time.Date(y, month, date, local.Hour(), local.Minute(), 0, 0, time.UTC)
		if n := len(d.late); n > 0 && shown.Before(d.late[n-1]) {
			shown = d.late[n-1]
		}
		d.late = append(d.late, shown)
		d.dates[shown.Truncate(24*time.Hour)] = true
	}
	return d
}

// minutes are the diary's minutes of the year and after it.
func (d diary) minutes() []time.Time { return d.late[48*60:] }

// The places where what a clock does is worth a look, each in a year in which it
// does it.
func places() map[string]int {
	return map[string]int{
		"UTC":                  2025,
		"Asia/Kolkata":         2025,
		"Europe/Berlin":        2025,
		"America/New_York":     2024,
		"Australia/Lord_Howe":  2025, // half an hour
		"America/Sao_Paulo":    2018, // at midnight: the date changes too
		"Pacific/Apia":         2011, // a day is left out
		"Africa/Casablanca":    2024, // a change for Ramadan
		"America/Scoresbysund": 2024, // the zone and the season change at once
		"America/St_Johns":     2010, // a minute after midnight
	}
}

func everyPlace(t *testing.T, check func(t *testing.T, name string, d diary)) {
	for name, year := range places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			check(t, name, keepDiary(zone, year))
		})
	}
}

// TestUntilMinuteByMinute compares a year's quiet periods with what the rule says of
// each of its minutes.
func TestUntilMinuteByMinute(t *testing.T) {
	between := func(from, to int) func(int) bool {
		if from < to {
			return func(minute int) bool { return from <= minute && minute < to }
		}
		return func(minute int) bool { return minute >= from || minute < to }
	}
	never := func(int) bool { return false }
	rules := []struct {
		hours, days string
		inHours     func(minute int) bool
		onDays      string
	}{
		{"20:00-07:00", "", between(1200, 420), ""},
		{"20:00-07:00", "sat,sun", between(1200, 420), "Saturday Sunday"},
		{"", "fri-mon", never, "Friday Saturday Sunday Monday"},
		{"02:15-02:45", "", between(135, 165), ""},
		{"00:30-24:00", "", between(30, 1440), ""},
		{"02:45-02:15", "sun", between(165, 135), "Sunday"},
		{"12:00-01:30", "", between(720, 90), ""},
	}
	everyPlace(t, func(t *testing.T, name string, d diary) {
		for _, rule := range rules {
			q, err := NewQuiet(rule.hours, rule.days, name, nil)
			if err != nil {
				t.Fatal(err)
			}
			quiet := func(w time.Time) bool {
				return rule.inHours(w.Hour()*60+w.Minute()) || strings.Contains(rule.onDays, w.Weekday().String())
			}
			compareUntil(t, q, d, quiet)
		}
	})
}

func compareUntil(t *testing.T, q *Quiet, d diary, quiet func(time.Time) bool) {
	t.Helper()
	minutes := d.minutes()
	end := len(minutes) // of the period that minute i lies in, if any
	for i := len(minutes) - 1; i >= 0; i-- {
		want := quiet(minutes[i])
		if !want {
			end = i
		}
		at := d.start.Add(time.Duration(i) * time.Minute)
		if i%15 != 0 || end == len(minutes) {
			continue
		}
		got, is := q.Until(at)
		switch {
		case is != want:
			t.Fatalf("%+v: at %v quiet is %v", q, at.In(q.clock.zone), is)
		case is && !got.Equal(d.start.Add(time.Duration(end)*time.Minute)):
			t.Fatalf("%+v: at %v until %v, not for %d minutes", q, at.In(q.clock.zone), got, end-i)
		case !is && !got.IsZero():
			t.Fatalf("%+v: an end at %v without being quiet", q, got)
		}
	}
}

// TestNextMinuteByMinute compares a year's moments with what the rule says of each
// of its minutes.
func TestNextMinuteByMinute(t *testing.T) {
	for _, rule := range []struct {
		text   string
		times  string
		onDays string
	}{
		{"08:00", "08:00", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"},
		{"08:00,16:30 mon-fri", "08:00 16:30", "Monday Tuesday Wednesday Thursday Friday"},
		{"02:30,02:15,01:45 sun", "01:45 02:15 02:30", "Sunday"},
		{"00:00,00:30,23:45 fri-sun", "00:00 00:30 23:45", "Friday Saturday Sunday"},
	} {
		t.Run(rule.text, func(t *testing.T) {
			everyPlace(t, func(t *testing.T, name string, d diary) {
				a, err := NewAt(rule.text+" "+name, nil)
				if err != nil {
					t.Fatal(err)
				}
				compareNext(t, a, d, func(w time.Time) bool {
					return strings.Contains(rule.times, w.Format("15:04")) && strings.Contains(rule.onDays, w.Weekday().String()) && d.dates[w.Truncate(24*time.Hour)]
				})
			})
		})
	}
}

func compareNext(t *testing.T, a *At, d diary, due func(time.Time) bool) {
	t.Helper()
	minutes := d.minutes()
	next := 0 // the first minute after i in which something was due; 0 before one is known
	for i := len(minutes) - 2; i >= 0; i-- {
		at := d.start.Add(time.Duration(i) * time.Minute)
		for w := minutes[i].Add(time.Minute); !w.After(minutes[i+1]); w = w.Add(time.Minute) {
			if due(w) {
				next = i + 1
			}
		}
		if i%15 != 0 && next != i+1 || next == 0 {
			continue
		}
		want := d.start.Add(time.Duration(next) * time.Minute)
		for _, t0 := range []time.Time{at, at.Add(time.Minute - 1)} {
			if got := a.Next(t0); !got.Equal(want) {
				t.Fatalf("%v: after %v comes %v, want %v", a, t0.In(a.clock.zone), got, want.In(a.clock.zone))
			}
		}
	}
}

// TestFirstIsTheInverseOfReached, to the nanosecond, at every change of a clock.
func TestFirstIsTheInverseOfReached(t *testing.T) {
	everyPlace(t, func(t *testing.T, name string, d diary) {
		a, err := NewAt("00:00 "+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := a.clock
		for i := range 4 * 24 * 365 {
			for _, by := range []time.Duration{-1, 0, 1} {
				at := d.start.Add(time.Duration(i)*15*time.Minute + by)
				now := c.reached(at)
				if c.first(now).After(at) || !c.first(now.Add(1)).After(at) {
					t.Fatalf("at %v the clock has reached %v, which is first at %v, and a nanosecond more at %v", at, now, c.first(now), c.first(now.Add(1)))
				}
			}
		}
	})
}
