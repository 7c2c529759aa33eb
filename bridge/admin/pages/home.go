package pages

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

// overview is the first page: problems first.
func (s *site) overview(r *http.Request) (view, error) {
	o, err := s.Service.Overview(r.Context())
	if err != nil {
		return view{}, err
	}
	owned := slices.ContainsFunc(o.Sinks, func(s admin.SinkView) bool { return s.Owner != "" })
	return view{"overview.html", "Overview", map[string]any{"Overview": o, "Chart": newChart(o.History), "Owned": owned}}, nil
}

// chart shows the messages of the last day as bars.
type chart struct {
	Bars                   []bar
	Marks                  []mark
	Most                   int
	Accepted, Sent, Failed int
}

// bar is one slice of the day. Lengths are in units of the drawing.
type bar struct {
	X                int
	SentY, SentH     int
	FailedY, FailedH int
	Slice            admin.Slice
	Say              string
}

// mark is a time below the bars.
type mark struct {
	X  int
	At time.Time
}

// Sizes of the drawing; its template uses the same.
const (
	chartHeight = 120
	barStep     = 20
	marksEach   = 12 // slices between marks: six hours
)

func newChart(history []admin.Slice) chart {
	c := chart{Most: 1}
	for _, s := range history {
		c.Accepted += s.Accepted
		c.Sent += s.Sent
		c.Failed += s.Failed
		c.Most = max(c.Most, s.Sent+s.Failed)
	}
	height := func(n int) int {
		if n == 0 {
			return 0
		}
		return max(2, n*chartHeight/c.Most) // a bar that is not zero stays visible
	}
	for i, s := range history {
		b := bar{X: i * barStep, SentH: height(s.Sent), FailedH: height(s.Failed), Slice: s}
		b.SentY = chartHeight - b.SentH
		b.FailedY = b.SentY - b.FailedH
		b.Say = fmt.Sprintf("%s: %s accepted, %s sent, %s failed", s.From.Format("15:04 UTC"),
			plural(s.Accepted, "event", "events"), plural(s.Sent, "message", "messages"), plural(s.Failed, "attempt", "attempts"))
		c.Bars = append(c.Bars, b)
		if i%marksEach == 0 {
			c.Marks = append(c.Marks, mark{b.X, s.From})
		}
	}
	return c
}
