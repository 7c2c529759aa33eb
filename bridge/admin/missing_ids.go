package admin

import (
	"context"
	"fmt"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	namedStep = "Ids found"

	maxCompared = 10 // how many events are compared with their templates
)

// named compares the ids in a source's last requests, captured or accepted, with the
// ids that the templates of their events look up.
func (svc *Service) named(ctx context.Context, source string) (Step, error) {
	l := newLacking()
	ids, err := svc.lastRequests(ctx, source)
	if err != nil {
		return l.step(), err
	}
	for _, id := range ids {
		i, err := svc.Inspect(ctx, id)
		if err != nil {
			return l.step(), err
		}
		l.add(i)
	}
	return l.step(), nil
}

func (svc *Service) lastRequests(ctx context.Context, source string) (ids []string, err error) {
	captures, err := svc.Captures(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range captures {
		if c.Source == source && len(ids) < maxCompared {
			ids = append(ids, c.ID)
		}
	}
	events, err := svc.Store.Events(ctx, store.Filter{Source: source, Limit: maxCompared})
	for _, e := range events {
		if !e.CaughtUp {
			ids = append(ids, e.ID)
		}
	}
	return ids, err
}

// lacking collects the ids that templates need and webhooks lack.
type lacking struct {
	compared bool
	missing  []string        // sentences for the admin
	fixable  bool            // a line in the source's fields may help
	inferred map[string]bool // keys
	fields   map[string]bool // lines for the source's fields that may find those keys
	seen     map[string]bool // events and keys that have a sentence
}

func newLacking() *lacking {
	return &lacking{inferred: map[string]bool{}, fields: map[string]bool{}, seen: map[string]bool{}}
}

// step returns the step of the checklist. It stays open as long as a line in the
// source's fields may help.
func (l *lacking) step() Step {
	step := Step{Name: namedStep, Say: "When a request arrives, the bridge checks whether it contains the ids that the event's template looks up."}
	switch {
	case len(l.missing) > 0:
		step.Done, step.Say = !l.fixable, strings.Join(l.missing, " ")
	case len(l.inferred) > 0:
		step.Done, step.Say = true, fmt.Sprintf("the webhooks do not contain %s; the bridge infers them from Absorb's lists", strings.Join(sorted(l.inferred), ", "))
		if len(l.fields) > 0 {
			step.Say += "; if the webhooks contain them under other keys, add to the source's fields: " + strings.Join(sorted(l.fields), ", ")
		}
	case l.compared:
		step.Done, step.Say = true, "the webhooks contain every id that the templates of their events look up"
	}
	return step
}

func (l *lacking) add(i Inspection) {
	for _, n := range i.Needs {
		l.compared = true
		switch n.From {
		case absorb.FromLists:
			l.inferred[n.Key] = true
			if n.Field != "" {
				l.fields[n.Field] = true
			}
		case absorb.FromNowhere:
			l.fixable = l.fixable || n.Field != ""
			if at := i.Event + " " + n.Key; !l.seen[at] {
				l.seen[at] = true
				l.missing = append(l.missing, lack(i.Event, n))
			}
		}
	}
}

// lack says which id an event lacks, and what to do.
func lack(event string, n absorb.Need) string {
	say := fmt.Sprintf("%s has no %s, so the bridge cannot look up its %s", event, n.Key, strings.Join(n.Parts, " and "))
	if n.Field == "" {
		return say + ". Nothing in its body looks like that id, so that part of the message stays empty."
	}
	return say + ". Its body has a value that may be that id; if it is, add to the source's fields: " + n.Field + "."
}
