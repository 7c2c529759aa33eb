package value

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/timestamp"
)

// TimeOf reads a time as package timestamp does. It is not ok when there is none, and
// for the year 1, by which .NET says so.
func TimeOf(v any) (t time.Time, ok bool) {
	value, ok := timestamp.Parse(TextOf(v))
	if !ok || value.Year() <= 1 {
		return time.Time{}, false
	}
	return value.Time, true
}

var timeSpan = regexp.MustCompile(`^(?:(\d{1,6})\.)?(\d{1,6}):(\d{1,2}):(\d{1,2})(?:\.\d+)?$`)

// SpanOf reads a span of time as .NET writes it,
// "[days.]hours:minutes:seconds[.fraction]", or as a number of ticks of 100 ns.
func SpanOf(v any) (d time.Duration, ok bool) {
	if m := timeSpan.FindStringSubmatch(strings.TrimSpace(TextOf(v))); m != nil {
		for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
			n, _ := strconv.Atoi("0" + m[i+1])
			d += time.Duration(n) * unit
		}
		return d, true
	}
	ticks, ok := Numeric(v)
	if !ok || ticks >= math.MaxInt64/100 {
		return 0, false
	}
	return time.Duration(ticks) * 100, true
}
