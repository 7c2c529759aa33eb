package schedule

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	const loud = ""
	for _, c := range []struct{ name, hours, days, zone, at, want string }{
		{"before", "20:00-07:00", "", "Europe/Berlin", "2025-06-02 19:59 +02:00", loud},
		{"from", "20:00-07:00", "", "Europe/Berlin", "2025-06-02 20:00 +02:00", "2025-06-03 07:00 +02:00"},
		{"after midnight", "20:00-07:00", "", "Europe/Berlin", "2025-06-03 06:59 +02:00", "2025-06-03 07:00 +02:00"},
		{"to", "20:00-07:00", "", "Europe/Berlin", "2025-06-03 07:00 +02:00", loud},
		{"within a day", "12:00-13:30", "", "UTC", "2025-06-03 13:29 Z", "2025-06-03 13:30 Z"},
		{"to the end of the day", "20:00-24:00", "", "UTC", "2025-06-03 20:00 Z", "2025-06-04 00:00 Z"},
		{"to midnight", "20:00-00:00", "", "UTC", "2025-06-03 20:00 Z", "2025-06-04 00:00 Z"},
		{"from midnight", "00:00-07:00", "", "UTC", "2025-06-03 00:00 Z", "2025-06-03 07:00 Z"},
		{"a day", "", "sun", "Asia/Kolkata", "2025-06-01 00:00 +05:30", "2025-06-02 00:00 +05:30"},
		{"the day before", "", "sun", "Asia/Kolkata", "2025-05-31 23:59 +05:30", loud},
		{"a weekend", "20:00-07:00", "sat, sun", "Europe/Berlin", "2025-06-06 20:00 +02:00", "2025-06-09 07:00 +02:00"},
		{"days over the end of the week", "", "fri-mon", "UTC", "2025-06-06 00:00 Z", "2025-06-10 00:00 Z"},
		{"a night an hour shorter", "20:00-07:00", "", "Europe/Berlin", "2025-03-29 20:00 +01:00", "2025-03-30 07:00 +02:00"},
		{"a night an hour longer", "20:00-07:00", "", "Europe/Berlin", "2025-10-25 20:00 +02:00", "2025-10-26 07:00 +01:00"},
		{"an end that is leapt over", "20:00-02:30", "", "America/New_York", "2024-03-10 01:59 -05:00", "2024-03-10 03:00 -04:00"},
		{"a start that is leapt over", "02:30-07:00", "", "America/New_York", "2024-03-10 03:00 -04:00", "2024-03-10 07:00 -04:00"},
		{"hours that are leapt over", "02:15-02:45", "", "America/New_York", "2024-03-10 03:00 -04:00", loud},
		{"an end that comes twice", "20:00-01:30", "", "America/New_York", "2024-11-03 01:29 -04:00", "2024-11-03 01:30 -04:00"},
		{"the hour again after the end", "20:00-01:30", "", "America/New_York", "2024-11-03 01:15 -05:00", loud},
		{"a start that comes twice", "01:30-07:00", "", "America/New_York", "2024-11-03 01:15 -05:00", "2024-11-03 07:00 -05:00"},
		{"half an hour twice", "20:00-02:00", "", "Australia/Lord_Howe", "2025-04-06 01:59 +11:00", "2025-04-06 02:00 +10:30"},
		{"a day without midnight", "", "sun", "America/Sao_Paulo", "2018-11-04 01:00 -02:00", "2018-11-05 00:00 -02:00"},
		{"until a day without midnight", "", "sat", "America/Sao_Paulo", "2018-11-03 12:00 -03:00", "2018-11-04 01:00 -02:00"},
		{"until midnight after an hour twice", "", "sat", "America/Sao_Paulo", "2018-02-17 23:30 -02:00", "2018-02-18 00:00 -03:00"},
		{"a date left out", "20:00-07:00", "", "Pacific/Apia", "2011-12-29 20:00 -10:00", "2011-12-31 07:00 +14:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := NewQuiet(c.hours, c.days, c.zone, nil)
			if err != nil {
				t.Fatal(err)
			}
			var want time.Time
			if c.want != loud {
				want = moment(t, c.want)
			}
			if end, quiet := q.Until(moment(t, c.at)); !end.Equal(want) || quiet == want.IsZero() {
				t.Errorf("Until = %v, %v, want %v", end, quiet, want)
			}
		})
	}
}

func TestNoQuiet(t *testing.T) {
	if end, quiet := (*Quiet)(nil).Until(time.Now()); quiet || !end.IsZero() {
		t.Errorf("nothing is quiet until %v", end)
	}
}

func TestQuietInTheZoneGiven(t *testing.T) {
	q, err := NewQuiet("20:00-07:00", "", "", load(t, "Asia/Kolkata"))
	if err != nil {
		t.Fatal(err)
	}
	end, quiet := q.Until(moment(t, "2025-06-02 14:30 Z"))
	if !quiet || end.Format(time.DateTime) != "2025-06-03 07:00:00" {
		t.Errorf("Until = %v, %v", end, quiet)
	}
}

func TestQuietFaults(t *testing.T) {
	for _, c := range []struct{ hours, days, zone, want string }{
		{"", "", "", "never quiet: set hours, such as 20:00-07:00, or days, such as sat,sun, or both"},
		{"08:00-08:00", "", "", `hours: "08:00-08:00" is always quiet; write a range that leaves time to send`},
		{"00:00-24:00", "", "", `hours: "00:00-24:00" is always quiet`},
		{"", "mon-sun", "", `days: "mon-sun" is always quiet; name only the quiet days`},
		{"20:00-07:00", "mon-fri,sat,sun", "", "days: "},
		{"20:00", "", "", `hours: "20:00" is not a range of hours; write one range, such as 20:00-07:00`},
		{"12:00-13:00,20:00-07:00", "", "", "write one range"},
		{"20:00-25:00", "", "", `hours: "25:00" is not a time of day`},
		{"24:00-07:00", "", "", `did you mean "00:00"?`},
		{"8pm - 7 am", "", "", `hours: "8pm" is not a time of day; write hours and minutes, such as 08:00 or 16:30; did you mean "20:00"?`},
		{"20:00-7", "", "", `did you mean "07:00"?`},
		{"", "sat,su", "", `did you mean "sun"?`},
		{"", "weekend", "", `did you mean "sat,sun"?`},
		{"", "mon--fri", "", `"mon--fri" is not a day`},
		{"", "sun", "Berlin", `zone: no time zone "Berlin"; write a name such as Europe/Berlin or UTC; did you mean "Europe/Berlin"?`},
		{"", "sun", "Local", "zone: "},
	} {
		q, err := NewQuiet(c.hours, c.days, c.zone, nil)
		if err == nil || q != nil {
			t.Errorf("%+v is taken", c)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestQuietNamesAllFaults(t *testing.T) {
	_, err := NewQuiet("8-7", "saturn", "Mars/Olympus", nil)
	faults, _ := errors.AsType[Faults](err)
	var parts []string
	for _, f := range faults {
		parts = append(parts, f.Part)
	}
	if !reflect.DeepEqual(parts, []string{"hours", "days", "zone"}) {
		t.Errorf("faults in %v: %v", parts, err)
	}
}
