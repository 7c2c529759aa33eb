package workshop

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// AnyEvent stands for the events that have no template of their own.
const AnyEvent = "*"

// unheard is an event type without a template.
const unheard = "SomethingNewHappened"

// The kinds of message.
const (
	Single = "single" // of one event
	Digest = "digest"
	Story  = "story"
)

// Choice is what somebody wants to work on.
type Choice struct {
	Event  string   // the sample of an event, or AnyEvent
	IDs    []string // or stored events; the template is that of the first
	Locale string   // "" for the default
	Kind   string   // "" for Single
	Copies int      // how many copies of a sample or of a single stored event
}

// Subject is what somebody works on: the template of an event type, and events to
// preview it with.
type Subject struct {
	Choice
	Type   string // the event's canonical name
	About  string // what the template is for: Type, or AnyEvent
	File   File
	Events []string // event types that have a template
	Place  Place

	templates *render.Set
	stored    []stored
}

// stored is an event in the store.
type stored struct {
	id, event, source string
	facts             bridge.Facts
	lookedUp          bool
}

// Subject finds the subject of a choice.
func (w *Workshop) Subject(ctx context.Context, c Choice) (*Subject, error) {
	s := &Subject{Choice: c, Place: w.Place()}
	s.Locale = cmp.Or(c.Locale, s.Place.Home)
	if !slices.Contains(s.Place.Languages, s.Locale) {
		return nil, badRequest("The bridge has no messages in the language " + strconv.Quote(s.Locale) + ".")
	}
	switch s.Kind = cmp.Or(c.Kind, Single); s.Kind {
	case Single, Digest, Story:
	default:
		return nil, badRequest("There is no kind of message " + strconv.Quote(c.Kind) + ".")
	}
	s.Copies = min(max(c.Copies, 1), maxTogether)
	if len(c.IDs) > maxTogether {
		return nil, badRequest("Choose at most " + strconv.Itoa(maxTogether) + " events.")
	}
	var err error
	if s.templates, err = s.Place.Load(s.Locale); err != nil {
		return nil, err
	}
	s.Events = s.templates.Events()
	for _, id := range c.IDs {
		e, err := w.stored(ctx, s.Place, id)
		if err != nil {
			return nil, err
		}
		s.stored = append(s.stored, e)
	}
	if err := s.choose(); err != nil {
		return nil, err
	}
	s.File, err = s.file()
	return s, err
}

// choose finds the template. Names of event types never come from the request: they
// come from templates or stored events.
func (s *Subject) choose() error {
	wanted := cmp.Or(s.Event, s.Events[0])
	if len(s.stored) > 0 {
		wanted = s.stored[0].event
		s.Event = ""
	}
	s.Type = absorb.Canonical(wanted)
	if t := s.templates.Template(s.Type); wanted != AnyEvent && t.Event() != AnyEvent {
		s.About = t.Event()
	} else if len(s.stored) > 0 && s.templates.FileName(s.Type) != "" {
		s.About = s.Type
	} else if wanted == AnyEvent || len(s.stored) > 0 {
		s.About = AnyEvent
	} else {
		return badRequest("There is no event type " + strconv.Quote(wanted) + bridge.DidYouMean(wanted, s.Events) + ".")
	}
	if len(s.stored) > 0 {
		return nil
	}
	s.Event = s.About
	if s.Type = s.About; s.About == AnyEvent {
		s.Type = unheard
	}
	return nil
}

// stored returns an event of the store with its facts.
func (w *Workshop) stored(ctx context.Context, p Place, id string) (stored, error) {
	e, err := w.Service.Store.Event(ctx, id)
	if err != nil {
		return stored{}, err
	}
	s := stored{id: e.ID, event: e.Event, source: e.Source, facts: e.Facts, lookedUp: e.Facts != nil}
	if s.lookedUp {
		return s, nil
	}
	known := bridge.Event{ID: e.ID, Type: e.Event, Source: e.Source, UserID: e.User, AdminID: e.Admin, CorrelationID: e.Correlation, ReceivedAt: e.Received}
	parsed, err := p.Parse(e.Source, e.Body)
	if i := slices.IndexFunc(parsed, func(one bridge.Event) bool { return one.Type == e.Event }); err == nil && i >= 0 {
		known.Entities, known.Body, known.OccurredAt, known.ClientID = parsed[i].Entities, parsed[i].Body, parsed[i].OccurredAt, parsed[i].ClientID
	}
	s.facts = bridge.NewFacts(known)
	return s, nil
}

// deliveries returns the events to preview, with the facts that the templates need.
func (s *Subject) deliveries(ctx context.Context, templates *render.Set) ([]bridge.Delivery, error) {
	all := s.stored
	if len(all) == 0 {
		facts, err := s.Place.Sample(ctx, templates, s.Type)
		if err != nil {
			return nil, err
		}
		all = []stored{{id: uuid.NewSHA1(uuid.NameSpaceURL, []byte("absorb-bridge sample "+s.Type)).String(), event: s.Type, source: "sample", facts: facts}}
	}
	if s.Kind == Single {
		all = all[:1]
	}
	if len(all) == 1 && s.Kind != Single {
		all = slices.Repeat(all, s.Copies)
	}
	deliveries := make([]bridge.Delivery, len(all))
	for i, e := range all {
		deliveries[i] = bridge.Delivery{ID: e.id, EventID: e.id, EventType: e.event, Source: e.source, Facts: e.facts, Routed: time.Unix(int64(i), 0)}
	}
	return deliveries, nil
}

// Notices returns hints about the chosen events.
func (s *Subject) Notices() []string {
	var all []string
	for _, e := range s.stored {
		if !e.lookedUp {
			all = append(all, "No route takes the event "+e.id+", so the bridge did not look it up. Its facts are those of its webhook.")
		}
	}
	return all
}
