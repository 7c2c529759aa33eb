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

// maxTried is how many events a condition is tried on, and maxTrial limits the time.
const (
	maxTried = 100
	maxTrial = 5 * time.Second
)

// Trial is what a route with a condition would have done with the last events.
type Trial struct {
	When   string
	Faults []ConditionFault // errors in the condition; then nothing was tried
	Takes  int              // how many match, including those that cannot be evaluated
	Unsure int              // how many cannot be evaluated
	Unseen int              // how many were never looked up, so the condition was not evaluated
	Tried  []Tried
}

// ConditionFault is an error in a condition, with its column, counted from 1.
type ConditionFault struct {
	Column  int
	Message string
}

// Mark returns a caret below the error's column.
func (f ConditionFault) Mark() string { return strings.Repeat(" ", f.Column-1) + "^" }

// Tried is an event with the condition's result.
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

// Try evaluates a condition on the last events, or on those whose type matches a
// pattern.
func (w *Workshop) Try(ctx context.Context, when, events string) (Trial, error) {
	t := Trial{When: when}
	if _, err := path.Match(events, ""); err != nil {
		return t, badRequest("events: write an event type, or a pattern such as Course*")
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
			return t, badRequest("The condition takes too long for so many events. Simplify it, or name the event types to try it on.")
		}
		if err := w.try(ctx, &t, route, row); err != nil {
			return t, err
		}
	}
	return t, nil
}

// try applies a route to one event.
func (w *Workshop) try(ctx context.Context, t *Trial, route dispatch.Route, row store.EventRow) error {
	e := bridge.Event{ID: row.ID, Type: row.Event, Source: row.Source}
	if !route.Matches(e) {
		return nil
	}
	detail, err := w.Service.Store.Event(ctx, row.ID)
	if errors.Is(err, store.ErrNotFound) { // deleted just now, by keep
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

// names matches what a condition reads: words joined by dots, outside of quotes.
var (
	quoted = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`")
	names  = regexp.MustCompile(`[A-Za-z_]\w*(?:\s*\??\.\s*[A-Za-z_]\w*)*`)
)

// maxRead is how many values are shown for one event.
const maxRead = 8

// reads returns the values that a condition reads, to show why it is false.
func reads(when string, facts bridge.Facts) (all []Read) {
	seen := map[string]bool{}
	for _, name := range names.FindAllString(quoted.ReplaceAllString(when, "0"), -1) {
		name = strings.Join(strings.Fields(strings.ReplaceAll(name, "?.", ".")), "")
		steps := strings.Split(name, ".")
		_, part := facts[steps[0]]
		if seen[name] || !part && len(steps) == 1 || len(all) == maxRead {
			continue // a function, or an operator such as and
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
