package render

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestDate(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Skip("this machine knows no time zones")
	}
	c := clock{vocabulary: english(t), zone: oslo, layout: "2 Jan 2006, 15:04"}
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
		if got, err := c.date(tt.value, tt.options...); err != nil || got != tt.want {
			t.Errorf("date %v %v = %q, %v; want %q", tt.value, tt.options, got, err, tt.want)
		}
	}
	for digits := range 8 { // of the fraction
		for _, zone := range []string{"", "Z", "+00:00"} {
			value := "2026-08-24T04:00:00" + strings.TrimSuffix(".9876543"[:digits+1], ".") + zone
			if got, err := c.date(value, "15:04:05"); err != nil || got != "06:00:00" {
				t.Errorf("date %s = %q, %v", value, got, err)
			}
		}
	}
	if _, err := c.date(nil, "", "UTC", "x"); err == nil {
		t.Error("a third option is accepted")
	}
	for value, want := range map[any]string{"2026-08-24T23:30:00Z": "24 Aug 2026", "2026-08-24T23:30:00-11:00": "24 Aug 2026", "0001-01-01": "", "soon": "soon", nil: ""} {
		if got, err := c.day(value); err != nil || got != want {
			t.Errorf("day %v = %q, %v; want %q", value, got, err, want)
		}
	}
	if got, err := c.day("2026-08-24T23:30:00Z", "02.01."); err != nil || got != "24.08." {
		t.Errorf("day with a layout: %q, %v", got, err)
	}
	if _, err := c.day(nil, "", "x"); err == nil {
		t.Error("day takes a second option")
	}
}

func TestDuration(t *testing.T) {
	for value, want := range map[any]string{
		"00:47:30": "47 min", "1.02:03:04": "1 d 2 h", "2.00:10:00": "2 d", "01:00:59": "1 h", "01:12:30.1230000": "1 h 12 min",
		"00:00:45": "45 s", "1.13:02:39.9878697": "1 d 13 h", "00:00:39.9878697": "39 s", "00:00:00": "", "26:00:00": "1 d 2 h", json.Number("28500000000"): "47 min", 28500000000.0: "47 min",
		"28500000000": "47 min", "": "", "a while": "a while", json.Number("-5"): "",
	} {
		if got := english(t).duration(value); got != want {
			t.Errorf("duration %v = %q, want %q", value, got, want)
		}
	}
	if got := english(t).duration(nil); got != "" {
		t.Errorf("duration of nothing = %q", got)
	}
}

func TestWords(t *testing.T) {
	en := english(t)
	for _, tt := range []struct{ got, want string }{
		{truncate(5, "Zoë's kit"), "Zoë'…"}, {truncate(0, "all"), "all"}, {truncate(3, "abc"), "abc"},
		{en.plural(1.0, "day", "days"), "1 day"}, {en.plural(nil, "day", "days"), "0 days"}, {en.plural(1.5, "day", "days"), "1.5 days"},
		{en.percent("66.66"), "66.7 %"}, {en.percent(nil), ""}, {en.percent("high"), ""},
		{en.sentence([]any{"a"}), "a"}, {en.sentence(nil), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("have %q, want %q", tt.got, tt.want)
		}
	}
}

func TestPortal(t *testing.T) {
	s := newScope(t.Context(), map[string]any{"portal": "https://learning.example.com/"})
	for _, tt := range []struct {
		path string
		args []any
		want string
	}{
		{"/a/%s/b/%s", []any{"x/y", 7.0}, "https://learning.example.com/a/x%2Fy/b/7"},
		{"/a/%s", []any{""}, ""},
		{"/a/%s", []any{nil}, ""},
		{"/a/%s", []any{".."}, ""},
		{"/a", nil, "https://learning.example.com/a"},
		{"/%s/%s", []any{"%s", "x"}, "https://learning.example.com/%25s/x"},
	} {
		if got, err := portal(s, tt.path, tt.args...); err != nil || got != tt.want {
			t.Errorf("portal %q %v = %q, %v; want %q", tt.path, tt.args, got, err, tt.want)
		}
	}
	if got, _ := portal(newScope(t.Context(), nil), "/a"); got != "" {
		t.Errorf("without an address: %q", got)
	}
	for _, path := range []string{"/a/%s", "a"} {
		if _, err := portal(s, path); err == nil {
			t.Errorf("%q is accepted", path)
		}
	}
}

func english(t testing.TB) *vocabulary {
	t.Helper()
	return load(t, Options{}).words
}
