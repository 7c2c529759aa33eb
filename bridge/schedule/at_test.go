package schedule

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func load(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// moment reads a time with its offset, such as "2025-03-30 03:00 +02:00".
func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestNext(t *testing.T) {
	for _, c := range []struct{ name, at, after, want string }{
		{"later today", "08:00 Europe/Berlin", "2025-06-02 07:59 +02:00", "2025-06-02 08:00 +02:00"},
		{"not now", "08:00 Europe/Berlin", "2025-06-02 08:00 +02:00", "2025-06-03 08:00 +02:00"},
		{"several times", "16:30, 08:00 Asia/Kolkata", "2025-06-02 08:00 +05:30", "2025-06-02 16:30 +05:30"},
		{"over a weekend", "08:00 mon-fri UTC", "2025-06-06 09:00 Z", "2025-06-09 08:00 Z"},
		{"in a week", "08:00 mon UTC", "2025-06-02 08:00 Z", "2025-06-09 08:00 Z"},
		{"another zone's date", "08:00 tue Pacific/Auckland", "2025-06-02 12:00 Z", "2025-06-03 08:00 +12:00"},
		{"leapt over", "02:30 Europe/Berlin", "2025-03-30 01:59 +01:00", "2025-03-30 03:00 +02:00"},
		{"leapt over, the day after", "02:30 Europe/Berlin", "2025-03-30 03:00 +02:00", "2025-03-31 02:30 +02:00"},
		{"two leapt over are one", "02:15,02:45,03:15 Europe/Berlin", "2025-03-30 03:00 +02:00", "2025-03-30 03:15 +02:00"},
		{"twice, the first", "02:30 Europe/Berlin", "2025-10-26 01:00 +02:00", "2025-10-26 02:30 +02:00"},
		{"twice, not the second", "02:30 Europe/Berlin", "2025-10-26 02:30 +02:00", "2025-10-27 02:30 +01:00"},
		{"after the second", "03:00 Europe/Berlin", "2025-10-26 02:30 +02:00", "2025-10-26 03:00 +01:00"},
		{"half an hour leapt over", "02:15 Australia/Lord_Howe", "2025-10-05 01:59 +10:30", "2025-10-05 02:30 +11:00"},
		{"half an hour twice", "01:45 Australia/Lord_Howe", "2025-04-06 01:45 +11:00", "2025-04-07 01:45 +10:30"},
		{"midnight leapt over", "00:00 sun America/Sao_Paulo", "2018-11-03 23:59 -03:00", "2018-11-04 01:00 -02:00"},
		{"midnight after an hour twice", "00:00 America/Sao_Paulo", "2018-02-17 23:59 -02:00", "2018-02-18 00:00 -03:00"},
		{"a date left out", "08:00 Pacific/Apia", "2011-12-29 08:00 -10:00", "2011-12-31 08:00 +14:00"},
		{"a Friday left out", "08:00 fri Pacific/Apia", "2011-12-29 08:00 -10:00", "2012-01-06 08:00 +14:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := NewAt(c.at, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := a.Next(moment(t, c.after)), moment(t, c.want); !got.Equal(want) {
				t.Errorf("Next = %v, want %v", got, want)
			}
		})
	}
}

// TestAYearOfSleep wakes up at 02:30 on every day of a year in New York.
func TestAYearOfSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := load(t, "America/New_York")
		a, err := NewAt("02:30", zone)
		if err != nil {
			t.Fatal(err)
		}
		date := time.Now().In(zone) // the last evening of 1999
		for range 366 {
			time.Sleep(time.Until(a.Next(time.Now())))
			date = date.AddDate(0, 0, 1)
			want := date.Format(time.DateOnly) + " 02:30:00"
			if strings.HasPrefix(want, "2000-04-02") {
				want = "2000-04-02 03:00:00"
			}
			if got := time.Now().In(zone).Format(time.DateTime); got != want {
				t.Fatalf("woke up at %s, want %s", got, want)
			}
		}
	})
}

func TestAtText(t *testing.T) {
	oslo := load(t, "Europe/Oslo")
	for text, want := range map[string]string{
		"8:00":                                    "08:00 Europe/Oslo",
		" 16:30, 08:00,8:00 MON – Fri":            "08:00,16:30 mon-fri Europe/Oslo",
		"08:00 16:30 monday, Wednesday UTC":       "08:00,16:30 mon,wed UTC",
		"00:00 mon-sun America/Argentina/Ushuaia": "00:00 America/Argentina/Ushuaia",
		"23:59 fri-mon Etc/GMT-2":                 "23:59 fri-mon Etc/GMT-2",
		"08:00 sun,sat America/Port-au-Prince":    "08:00 sat,sun America/Port-au-Prince",
		"08:00 thu-wed":                           "08:00 Europe/Oslo",
		"08:00 mon-wed,fri,tue-tue":               "08:00 mon-wed,fri Europe/Oslo",
		"08:00 sun mon":                           "08:00 sun,mon Europe/Oslo",
		"08:00 EST":                               "08:00 EST",
	} {
		a, err := NewAt(text, oslo)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if a.String() != want {
			t.Errorf("%q is %q, want %q", text, a, want)
		}
	}
	if a, err := NewAt("08:00", nil); err != nil || a.String() != "08:00 UTC" {
		t.Errorf("without a fallback: %v, %v", a, err)
	}
}

func TestAtFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "begin with a time of day, such as 08:00 or 08:00 mon-fri Europe/Berlin",
		"mon-fri":                            "begin with a time of day",
		"mon 08:00":                          "begin with a time of day",
		"25:00":                              `"25:00" is not a time of day; write hours and minutes, such as 08:00 or 16:30`,
		"08:60":                              `"08:60" is not a time of day`,
		"24:00":                              `did you mean "00:00"?`,
		"8":                                  `did you mean "08:00"?`,
		"8.30 mon":                           `did you mean "08:30"?`,
		"0830":                               `did you mean "08:30"?`,
		"8h":                                 `did you mean "08:00"?`,
		"8 pm mon-fri":                       `did you mean "20:00"?`,
		"12am":                               `did you mean "00:00"?`,
		"12:15 PM":                           `did you mean "12:15"?`,
		"08:00:00":                           `did you mean "08:00"?`,
		"08:00-09:00":                        `"08:00-09:00" is not a time of day`,
		"08:00 mo":                           `"mo" is not a day; write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri; did you mean "mon"?`,
		"08:00 mon thurs":                    `did you mean "thu"?`,
		"08:00 wde Europe/Berlin":            `did you mean "wed"?`,
		"08:00 mo-fir":                       `did you mean "mon-fri"?`,
		"08:00 weekdays":                     `did you mean "mon-fri"?`,
		"08:00 daily":                        `did you mean "mon-sun"?`,
		"08:00 xyz":                          `"xyz" is neither days, such as mon-fri, nor a time zone, such as Europe/Berlin`,
		"08:00 mon 16:30 tue":                `put all times first, before "16:30 tue"`,
		"08:00 Europe/Berlin mon-fri":        `put the time zone last, after "mon-fri"`,
		"08:00 mon Europe/Berlin Asia/Tokyo": `put the time zone last, after "Asia/Tokyo"`,
		"08:00 mon Europe/Berln":             `no time zone "Europe/Berln"; write a name such as Europe/Berlin or UTC`,
		"08:00 mon europe/berlin":            `did you mean "Europe/Berlin"?`,
		"08:00 mon Moscow":                   `did you mean "Europe/Moscow"?`,
		"08:00 new york":                     `did you mean "America/New_York"?`,
		"08:00 America/New York":             `did you mean "America/New_York"?`,
		"08:00 utc":                          `did you mean "UTC"?`,
		"08:00 Local":                        `"Local" is neither`,
		"08:00 mon /etc/localtime":           `no time zone "/etc/localtime"`,
	} {
		a, err := NewAt(text, nil)
		if err == nil || a != nil {
			t.Errorf("%q is taken, as %v", text, a)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}
