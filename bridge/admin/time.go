package admin

import (
	"fmt"
	"strings"
	"time"
)

// ParseTime reads a time as people write it: an age such as 90m or 3d, a day, or a
// time with its zone. Nothing is the zero time.
func ParseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if age, err := time.ParseDuration(days + "h"); err == nil && age >= 0 {
			return now.Add(-24 * age), nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write an age such as 2h or 3d, a day such as 2026-11-23, or a time such as 2026-11-23T14:00:00Z", text)
}
