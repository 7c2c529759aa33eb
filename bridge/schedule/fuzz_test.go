package schedule

import (
	"testing"
	"time"
)

// FuzzNewAt: any text is refused with a reason, or gives moments that lie ahead and
// a text that means the same.
func FuzzNewAt(f *testing.F) {
	for _, text := range []string{
		"08:00", "8:00,16:30 mon-fri Europe/Berlin", "02:30 fri–mon Australia/Lord_Howe", "8 pm", "mo", "08:00 new york", "08:00 mon-fri ../UTC", "0:00 \x00",
	} {
		f.Add(text, int64(1743296340))
	}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		a, err := NewAt(text, nil)
		if err != nil {
			if a != nil || err.Error() == "" {
				t.Errorf("%q: %v, %v", text, a, err)
			}
			return
		}
		again, err := NewAt(a.String(), nil)
		if err != nil || again.String() != a.String() {
			t.Errorf("%q is %q, which is %v, %v", text, a, again, err)
		}
		now := time.Unix(seconds%(1<<36), 0)
		next := a.Next(now)
		if !next.After(now) || next.Sub(now) > 15*day {
			t.Errorf("%q: after %v comes %v", text, now, next)
		}
	})
}

// FuzzNewQuiet: any texts are refused with a reason, or give periods that end.
func FuzzNewQuiet(f *testing.F) {
	f.Add("20:00-07:00", "sat,sun", "Europe/Berlin", int64(1743296340))
	f.Add("20:00 – 24:00", "fri-mon", "", int64(0))
	f.Add("8pm-7", "weekend", "Berlin", int64(0))
	f.Add("", "", "", int64(0))
	f.Fuzz(func(t *testing.T, hours, days, zone string, seconds int64) {
		q, err := NewQuiet(hours, days, zone, nil)
		if err != nil {
			if q != nil || err.Error() == "" {
				t.Errorf("%q %q %q: %v, %v", hours, days, zone, q, err)
			}
			return
		}
		now := time.Unix(seconds%(1<<36), 0)
		end, quiet := q.Until(now)
		if quiet != !end.IsZero() || quiet && (!end.After(now) || end.Sub(now) > 9*day) {
			t.Errorf("%q %q %q: at %v until %v", hours, days, zone, now, end)
		}
		if _, still := q.Until(end); quiet && still {
			t.Errorf("%q %q %q: quiet at its end %v", hours, days, zone, end)
		}
	})
}
