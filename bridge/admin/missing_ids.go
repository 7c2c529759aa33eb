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

	maxCompared = 10 // events that are compared with their templates
)

// named compares a source's last requests with what the templates of their events look
// up: those that were captured, and those that were accepted.
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

// lacking is what webhooks lack of what the templates ask for.
type lacking struct {
	compared bool
	missing  []string        // sentences
	mendable bool            // a line for the source's fields may help
	inferred map[string]bool // keys
	fields   map[string]bool // lines that may find those keys in the webhooks
	seen     map[string]bool // events and keys that a sentence is about
}

func newLacking() *lacking {
	return &lacking{inferred: map[string]bool{}, fields: map[string]bool{}, seen: map[string]bool{}}
}

// step is that of the checklist. It is open while a line for the source's fields may
// help.
func (l *lacking) step() Step {
	step := Step{Name: namedStep, Say: "When a request has arrived, its ids are compared with those that the event's template asks for."}
	switch {
	case len(l.missing) > 0:
		step.Done, step.Say = !l.mendable, strings.Join(l.missing, " ")
	case len(l.inferred) > 0:
		step.Done, step.Say = true, fmt.Sprintf("the webhooks leave out %s; the bridge infers them from Absorb's lists", strings.Join(sorted(l.inferred), ", "))
		if len(l.fields) > 0 {
			step.Say += "; if these are what they seem, add to the source's fields: " + strings.Join(sorted(l.fields), ", ")
		}
	case l.compared:
		step.Done, step.Say = true, "the webhooks have every id that the templates of their events ask for"
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
			l.mendable = l.mendable || n.Field != ""
			if at := i.Event + " " + n.Key; !l.seen[at] {
				l.seen[at] = true
				l.missing = append(l.missing, lack(i.Event, n))
			}
		}
	}
}

// lack says what an event lacks, and what to do.
func lack(event string, n absorb.Need) string {
	say := fmt.Sprintf("%s has no %s, which its %s is looked up by", event, n.Key, strings.Join(n.Parts, " and "))
	if n.Field == "" {
		return say + "; nothing in its body looks like it, so that part of the message stays empty."
	}
	return say + "; if it is what it seems, add to the source's fields: " + n.Field + "."
}
