package workshop

import (
	"context"
	"errors"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// maxTried is how many events a condition is tried on, and maxTrial for how long.
const (
	maxTried = 100
	maxTrial = 5 * time.Second
)

// Trial is what a route with a condition would have made of the last events.
type Trial struct {
	When   string
	Faults []ConditionFault // what is wrong with it; nothing was tried then
	Takes  int              // how many it would have taken, the undecided ones among them
	Unsure int              // how many could not be decided
	Unseen int              // how many were never looked up, so that it was not asked
	Tried  []Tried
}

// ConditionFault is what is wrong with a condition, at a column from 1.
type ConditionFault struct {
	Column  int
	Message string
}

// Mark is blank space as wide as what stands before the fault.
func (f ConditionFault) Mark() string { return strings.Repeat(" ", f.Column-1) + "^" }

// Tried is an event that a condition was tried on.
type Tried struct {
	Event store.EventRow
	bridge.Verdict
	Unseen bool
	Read   []Read
}

// Read is a value that the condition reads.
type Read struct {
	Path, Value string
	Missing     bool
}

// Try tries a condition on the last events, or on those of them whose names fit a
// pattern.
func (w *Workshop) Try(ctx context.Context, when, events string) (Trial, error) {
	t := Trial{When: when}
	if _, err := path.Match(events, ""); err != nil {
		return t, badRequest("events: want a name, or a pattern such as Course*")
	}
	done, err := w.turn(ctx)
	if err != nil {
		return t, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, maxTrial)
	defer cancel()
	p := w.Place()
	templates, err := p.Load(p.Home)
	if err != nil {
		return t, err
	}
	c, faults := condition.NewSchema(templates.Lookups()).Condition(when)
	for _, f := range faults {
		t.Faults = append(t.Faults, ConditionFault{f.Offset + 1, f.Message})
	}
	if len(faults) > 0 {
		return t, nil
	}
	rows, err := w.Service.Store.Events(ctx, store.Filter{Limit: maxTried})
	if err != nil {
		return t, err
	}
	route := dispatch.Route{Name: "trial", Events: []string{events}, When: c}
	for _, row := range rows {
		if ctx.Err() != nil {
			return t, badRequest("The condition takes too long for so many events. Make it simpler, or name the events that it is for.")
		}
		if err := w.try(ctx, &t, route, row); err != nil {
			return t, err
		}
	}
	return t, nil
}

// try has a route judge one event.
func (w *Workshop) try(ctx context.Context, t *Trial, route dispatch.Route, row store.EventRow) error {
	e := bridge.Event{ID: row.ID, Type: row.Event, Source: row.Source}
	if !route.Matches(e) {
		return nil
	}
	detail, err := w.Service.Store.Event(ctx, row.ID)
	if errors.Is(err, store.ErrNotFound) { // its time to be kept has ended just now
		return nil
	}
	if err != nil {
		return err
	}
	one := Tried{Event: row, Verdict: dispatch.Explain([]dispatch.Route{route}, e, detail.Facts)[0], Unseen: detail.Facts == nil}
	switch {
	case one.Unseen:
		t.Unseen++
	case one.Problem != "":
		t.Unsure++
	}
	if one.Takes {
		t.Takes++
	}
	if !one.Unseen {
		one.Read = reads(t.When, detail.Facts)
	}
	t.Tried = append(t.Tried, one)
	return nil
}

// names finds what a condition reads: words with dots between them, outside of
// quotes.
var (
	quoted = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`")
	names  = regexp.MustCompile(`[A-Za-z_]\w*(?:\s*\??\.\s*[A-Za-z_]\w*)*`)
)

// maxRead bounds the values that are shown for one event.
const maxRead = 8

// reads gives what a condition reads of an event, to show why it is not true.
func reads(when string, facts bridge.Facts) (all []Read) {
	seen := map[string]bool{}
	for _, name := range names.FindAllString(quoted.ReplaceAllString(when, "0"), -1) {
		name = strings.Join(strings.Fields(strings.ReplaceAll(name, "?.", ".")), "")
		steps := strings.Split(name, ".")
		_, part := facts[steps[0]]
		if seen[name] || !part && len(steps) == 1 || len(all) == maxRead {
			continue // a function, or a word such as and
		}
		seen[name] = true
		v, ok := follow(facts, steps)
		all = append(all, Read{Path: name, Value: short(v), Missing: !ok || v == nil})
	}
	return all
}

func follow(facts bridge.Facts, steps []string) (v any, ok bool) {
	v, ok = map[string]any(facts), true
	for _, step := range steps {
		m, isMap := v.(map[string]any)
		if !isMap {
			return nil, false
		}
		if v, ok = m[step]; !ok {
			return nil, false
		}
	}
	if list, isList := v.([]any); isList {
		return strconv.Itoa(len(list)) + " in a list", true
	}
	return v, ok
}
