package timestamp_test

import (
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/timestamp"
)

func TestParse(t *testing.T) {
	const none = "none"
	for text, want := range map[string]string{
		// ISO 8601, extended, basic, and with .NET's seven digits.
		"2026-11-23":                         "2026-11-23 day",
		" 2026-11-23 ":                       "2026-11-23 day",
		"20261123":                           "2026-11-23 day",
		"2026-11-23T09:30":                   "2026-11-23T09:30:00Z",
		"2026-11-23T09:30:15":                "2026-11-23T09:30:15Z",
		"2026-11-23 09:30:15.1234567":        "2026-11-23T09:30:15.1234567Z",
		"2026-11-23T09:30:15,5Z":             "2026-11-23T09:30:15.5Z",
		"2026-11-23T09:30:15.123456789012Z":  "2026-11-23T09:30:15.123456789Z",
		"2026-11-23t09:30:15z":               "2026-11-23T09:30:15Z",
		"2026-11-23T09:30:15+01:00":          "2026-11-23T08:30:15Z",
		"2026-11-23T09:30:15+0000":           "2026-11-23T09:30:15Z",
		"2026-11-23T09:30:15-05":             "2026-11-23T14:30:15Z",
		"2026-11-23 09:30:15.0000000 +00:00": "2026-11-23T09:30:15Z",
		"2026-11-23 09:30:15 UTC":            "2026-11-23T09:30:15Z",
		"20261123T093015Z":                   "2026-11-23T09:30:15Z",
		"20261123T093015+0530":               "2026-11-23T04:00:15Z",
		"0001-01-01T00:00:00":                "0001-01-01T00:00:00Z",
		"2024-02-29":                         "2024-02-29 day",
		"2026-02-29":                         none,
		"2026-13-01":                         none,
		"2026-11-23T24:00:00":                none,
		"2026-11-23T09:60":                   none,
		"2026-11-23T09:30:15+25:00":          none,
		"2026-1123":                          none,
		"2026-11-23T":                        none,
		// As in the United States.
		"11/23/2026":             "2026-11-23 day",
		"1/2/2026":               "2026-01-02 day",
		"11/23/2026 3:04:05 PM":  "2026-11-23T15:04:05Z",
		"11/23/2026 12:04:05 AM": "2026-11-23T00:04:05Z",
		"11/23/2026, 12:04pm":    "2026-11-23T12:04:00Z",
		"11/23/2026 15:04":       "2026-11-23T15:04:00Z",
		"11/23/2026 13:04 PM":    none,
		"23/11/2026":             none,
		"2/30/2026":              none,
		// Since 1970.
		"1795858215":                 "2026-11-28T09:30:15Z",
		"1795858215.75":              "2026-11-28T09:30:15Z",
		"1795858215123":              "2026-11-28T09:30:15.123Z",
		"/Date(1795858215123)/":      "2026-11-28T09:30:15.123Z",
		"/Date(1795858215123+0100)/": "2026-11-28T09:30:15.123Z",
		"99999999":                   none,
		"80":                         none,
		"-1795858215":                none,
		"638681280000000000":         none,
		"":                           none,
		"soon":                       none,
	} {
		got := none
		if v, ok := timestamp.Parse(text); ok && v.Day {
			got = v.Format(time.DateOnly) + " day"
		} else if ok {
			got = v.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestIsMidnight(t *testing.T) {
	for text, want := range map[string]bool{
		"2026-11-23": true, "2026-11-23T00:00:00": true, "2026-11-23T00:00:00-05:00": true, "11/23/2026 12:00:00 AM": true,
		"2026-11-23T00:00:00.0000001Z": false, "2026-11-23T05:00:00Z": false,
	} {
		if v, ok := timestamp.Parse(text); !ok || v.IsMidnight() != want {
			t.Errorf("%q: %v", text, v)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2026-11-23T09:30:15.1234567Z")
	f.Add("11/23/2026 3:04:05 PM")
	f.Add("/Date(1795858215123+0100)/")
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := timestamp.Parse(text)
		if !ok {
			return
		}
		again, ok := timestamp.Parse(v.Format(time.RFC3339Nano))
		if !ok || !again.Equal(v.Time) {
			t.Errorf("%q is %v, and that is %v", text, v, again)
		}
	})
}
