package locale

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
	"github.com/absorb-bridge/absorb-bridge/templates"
)

func TestDate(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Skip("this machine knows no time zones")
	}
	c := Clock{Language: builtIn(t, "en"), zone: oslo, layout: "2 Jan 2006, 15:04"}
	for _, tt := range []struct {
		value   any
		options []string
		want    string
	}{
		{"2026-08-24T04:00:00", nil, "24 Aug 2026, 06:00"}, // without a zone it is UTC
		{"2026-08-24T04:00:00.1", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00:00.1234567", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00:00.1234567Z", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00:00+02:00", nil, "24 Aug 2026, 04:00"},
		{"2026-08-24 04:00:00", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24 04:00:00.1234567", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24", []string{"date"}, "24 Aug 2026"},
		{"2026-08-24", []string{"date", "America/New_York"}, "24 Aug 2026"}, // no zone moves a day
		{"8/24/2026", []string{"weekday", "Pacific/Kiritimati"}, "Monday, 24 August"},
		{"2026-08-24", []string{"datetime", "America/New_York"}, "24 Aug 2026"},
		{"2026-08-24", nil, "24 Aug 2026"},
		{"2026-08-24T00:00:00", []string{"date", "America/New_York"}, "24 Aug 2026"},
		{"2026-08-24T00:00:00Z", []string{"date", "America/New_York"}, "24 Aug 2026"},
		{"2026-08-24T00:00:00Z", []string{"datetime", "America/New_York"}, "23 Aug 2026, 20:00"}, // it may be a time
		{json.Number("1787530800"), []string{"15:04", "UTC"}, "00:20"},
		{"2026-08-24T23:30:00Z", []string{"date"}, "25 Aug 2026"},
		{"2026-08-24T23:30:00Z", []string{"time", "UTC"}, "23:30"},
		{"2026-08-24T23:30:00Z", []string{"iso"}, "2026-08-25T01:30:00+02:00"},
		{"2026-08-24T23:30:00Z", []string{"weekday", "America/New_York"}, "Monday, 24 August"},
		{"0001-01-01T00:00:00", nil, ""},
		{"next week", nil, "next week"},
		{nil, nil, ""},
	} {
		if got, err := c.Date(tt.value, tt.options...); err != nil || got != tt.want {
			t.Errorf("date %v %v = %q, %v; want %q", tt.value, tt.options, got, err, tt.want)
		}
	}
	for digits := range 8 { // of the fraction
		for _, zone := range []string{"", "Z", "+00:00"} {
			value := "2026-08-24T04:00:00" + strings.TrimSuffix(".9876543"[:digits+1], ".") + zone
			if got, err := c.Date(value, "15:04:05"); err != nil || got != "06:00:00" {
				t.Errorf("date %s = %q, %v", value, got, err)
			}
		}
	}
	if _, err := c.Date(nil, "", "UTC", "x"); err == nil {
		t.Error("a third option is accepted")
	}
	for value, want := range map[any]string{"2026-08-24T23:30:00Z": "24 Aug 2026", "2026-08-24T23:30:00-11:00": "24 Aug 2026", "0001-01-01": "", "soon": "soon", nil: ""} {
		if got, err := c.Day(value); err != nil || got != want {
			t.Errorf("day %v = %q, %v; want %q", value, got, err, want)
		}
	}
	if got, err := c.Day("2026-08-24T23:30:00Z", "02.01."); err != nil || got != "24.08." {
		t.Errorf("day with a layout: %q, %v", got, err)
	}
	if _, err := c.Day(nil, "", "x"); err == nil {
		t.Error("day takes a second option")
	}
}

func TestDuration(t *testing.T) {
	for value, want := range map[any]string{
		"00:47:30": "47 min", "1.02:03:04": "1 d 2 h", "2.00:10:00": "2 d", "01:00:59": "1 h", "01:12:30.1230000": "1 h 12 min",
		"00:00:45": "45 s", "1.13:02:39.9878697": "1 d 13 h", "00:00:39.9878697": "39 s", "00:00:00": "", "26:00:00": "1 d 2 h", json.Number("28500000000"): "47 min", 28500000000.0: "47 min",
		"28500000000": "47 min", "": "", "a while": "a while", json.Number("-5"): "",
	} {
		if got := builtIn(t, "en").Duration(value); got != want {
			t.Errorf("duration %v = %q, want %q", value, got, want)
		}
	}
	if got := builtIn(t, "en").Duration(nil); got != "" {
		t.Errorf("duration of nothing = %q", got)
	}
}

func TestNumbersAndLists(t *testing.T) {
	en := builtIn(t, "en")
	for _, tt := range []struct{ got, want string }{
		{en.Plural(1.0, "day", "days"), "1 day"}, {en.Plural(nil, "day", "days"), "0 days"}, {en.Plural(1.5, "day", "days"), "1.5 days"},
		{en.Percent("66.66"), "66.7 %"}, {en.Percent(nil), ""}, {en.Percent("high"), ""},
		{en.Sentence([]any{"a"}), "a"}, {en.Sentence(nil), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("have %q, want %q", tt.got, tt.want)
		}
	}
}

// builtIn is a language as the built-in files have it.
func builtIn(t testing.TB, tag string) *Language {
	t.Helper()
	v := New(tag)
	for _, name := range []string{File, tag + "/" + File} {
		source, err := templates.Files.ReadFile(name)
		if err != nil {
			continue // English has no folder
		}
		r, top, _ := yamlfile.NewReader(name, source)
		v.Read(r, top)
		if err := r.Problems.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func TestNamesInDates(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 5, 0, 0, time.UTC) // a Sunday
	v := builtIn(t, "de")
	for layout, want := range map[string]string{
		"Monday, 2. January 2006": "Sonntag, 1. März 2026", "Mon 02.01.2006": "So. 01.03.2026", "Jan2006": "März2026", "15:04 Uhr": "09:05 Uhr",
		"Monat 1": "Monat 3", "January": "März", "": "", "2006-01-02T15:04:05Z07:00": "2026-03-01T09:05:00Z",
	} {
		if got := v.format(at, layout); got != want {
			t.Errorf("%s: %q, want %q", layout, got, want)
		}
	}
	en := builtIn(t, "en")
	for day := range 400 {
		when := at.AddDate(0, 0, day)
		for _, layout := range []string{"Monday January 2 Mon Jan", time.RFC1123Z, time.ANSIC} {
			if got, want := en.format(when, layout), when.Format(layout); got != want {
				t.Fatalf("%s: %q, want %q", layout, got, want)
			}
		}
	}
}
