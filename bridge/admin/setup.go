package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// SourceView is a configured source and its state.
type SourceView struct {
	Name    string `json:"name"`
	Path    string `json:"path"`
	Secrets int    `json:"secrets"` // how many secrets it has
	store.SourceState
	FirstContact time.Time         `json:"first_contact_until,omitzero"` // until when it is on test without a command
	Last         time.Time         `json:"last,omitzero"`                // when the last event arrived
	Refused      []intake.Refusals `json:"refused,omitempty"`            // requests refused at its path since this process started
	API          string            `json:"api,omitempty"`                // works or fails; "" if it has not been called, or there is none
	APIWords     string            `json:"api_words,omitempty"`          // why it fails
	APIAt        time.Time         `json:"api_at,omitzero"`              // when somebody last tried it

	Unanswered []bridge.UnansweredLookup `json:"unanswered,omitempty"` // lookups that the API never answers
}

const (
	apiStep  = "API works"
	apiWorks = "works"
	apiFails = "fails"

	notVerified = "not verified" // see intake.Refusals
)

// TestUntil returns when the source's test window closes, whether it is the first
// contact or somebody opened it. While the source has no secret, the window stays open.
func (s SourceView) TestUntil() time.Time {
	if s.FirstContact.After(s.WindowUntil) {
		return s.FirstContact
	}
	return s.WindowUntil
}

// OnTest reports whether the source's test window is open, for whatever reason.
func (s SourceView) OnTest(now time.Time) bool { return s.Secrets == 0 || now.Before(s.TestUntil()) }

// view combines a source with its stored state.
func (svc *Service) view(s intake.Source, states map[string]store.SourceState) SourceView {
	v := SourceView{Name: s.Name, Path: s.Path, Secrets: len(s.Keys), SourceState: states[s.Name]}
	if svc.FirstContact != nil {
		v.FirstContact = svc.FirstContact(s.Name)
	}
	return v
}

// SourceViews lists the sources.
func (svc *Service) SourceViews(ctx context.Context) ([]SourceView, error) {
	states, err := svc.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	all := []SourceView{}
	for _, s := range svc.Sources() {
		v := svc.view(s, states)
		if err := svc.look(ctx, &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// look adds what the store and this process know about a source.
func (svc *Service) look(ctx context.Context, v *SourceView) error {
	last, err := svc.Store.LastEvents(ctx, v.Name)
	if err != nil {
		return err
	}
	v.Last = last[v.Name]
	if svc.Refusals != nil {
		for _, r := range svc.Refusals() {
			if r.Path == v.Path {
				v.Refused = append(v.Refused, r)
			}
		}
	}
	if v.Unanswered, err = svc.Store.NeverAnswered(ctx, v.Name); err != nil {
		return err
	}
	return svc.lookAtAPI(ctx, v)
}

// tried is the stored result of the last time somebody tried an API.
type tried struct {
	At    time.Time `json:"at"`
	Words string    `json:"words,omitempty"` // why it fails
}

// recent is how many events are examined to see whether an API works.
const recent = 20

// lookAtAPI finds out whether a source's API works, from its last events and the last
// time somebody tried it.
func (svc *Service) lookAtAPI(ctx context.Context, v *SourceView) error {
	text, err := svc.Store.State(ctx, "api "+v.Name)
	if err != nil {
		return err
	}
	var t tried
	if text != "" && json.Unmarshal([]byte(text), &t) == nil {
		v.API, v.APIWords, v.APIAt = apiWorks, t.Words, t.At
		if t.Words != "" {
			v.API = apiFails
		}
	}
	if v.Last.Before(t.At) {
		return nil // somebody tried it after the last event
	}
	traces, err := svc.Store.Traces(ctx, v.Name, recent)
	if err != nil {
		return err
	}
	for _, trace := range traces {
		for _, part := range sorted(trace.Failed) {
			v.API, v.APIWords = apiFails, trace.Failed[part]
			return nil
		}
		if slices.ContainsFunc(trace.Calls, func(c bridge.LookupCall) bool { return c.Status == http.StatusOK && !c.Cached }) {
			v.API, v.APIWords = apiWorks, ""
			return nil
		}
	}
	return nil
}

// Setup is the checklist of a source, from nothing to the first message.
type Setup struct {
	SourceView
	Steps []Step `json:"steps"`
	Lean  bool   `json:"lean,omitempty"` // it has no Integration API, so messages contain ids instead of names
}

// Step is one step of the checklist.
type Step struct {
	Name string `json:"name"`
	Done bool   `json:"done"`
	Say  string `json:"say"` // the finding, or what to do
}

// Setup returns a source's checklist.
func (svc *Service) Setup(ctx context.Context, name string) (Setup, error) {
	s, err := svc.source(name)
	if err != nil {
		return Setup{}, err
	}
	states, err := svc.Store.Sources(ctx)
	if err != nil {
		return Setup{}, err
	}
	setup := Setup{SourceView: svc.view(s, states)}
	if err := svc.look(ctx, &setup.SourceView); err != nil {
		return setup, err
	}
	captures, err := svc.Captures(ctx)
	if err != nil {
		return setup, err
	}
	captured := slices.ContainsFunc(captures, func(c Captured) bool { return c.Source == name })
	delivered, err := svc.Store.Delivered(ctx, name)
	setup.Steps = setup.steps(captured, delivered)
	if err != nil {
		return setup, err
	}
	named, err := svc.named(ctx, name)
	setup.Steps = slices.Insert(setup.Steps, len(setup.Steps)-1, named)
	if svc.HasAPI != nil && !svc.HasAPI(name) {
		setup.Lean = true
		setup.Steps = slices.DeleteFunc(setup.Steps, func(s Step) bool { return s.Name == apiStep || s.Name == namedStep })
	}
	return setup, err
}

func (s Setup) steps(captured, delivered bool) []Step {
	verified := !s.Verified.IsZero()
	reached := verified || captured || slices.ContainsFunc(s.Refused, func(r intake.Refusals) bool { return r.Kind == notVerified })
	all := []Step{
		{Name: "Reachable", Done: reached, Say: "In the portal, save a webhook with the bridge's public address and the path " + s.Path + ". Open the test window here, then press Test Webhook in the portal."},
		{Name: "Secret set", Done: s.Secrets > 0, Say: "Open the saved webhook in the portal, copy its Secret Key, and put it into the source's secrets."},
		{Name: "Verified", Done: verified, Say: "Make something happen in the portal, for example complete a course. The secret must match the signature of its event."},
		{Name: apiStep, Done: s.API == apiWorks, Say: "Try it below. The API key and the login must be right, and the user needs the permission to view. If the source uses OAuth, first run: absorb-bridge login " + s.Name},
		{Name: "First delivery", Done: delivered, Say: "An event must match a route, and the sink must accept the message."},
	}
	done := []string{"a request from the portal arrived", "the source has a secret", "the signature of an event matched", "the Integration API answered", "a message about an event of this source was delivered"}
	for i := range all {
		if all[i].Done {
			all[i].Say = done[i]
		}
	}
	if s.API == apiFails {
		all[3].Say = s.APIWords
	}
	return all
}

// Try calls a source's Integration API, and stores the result.
func (svc *Service) Try(ctx context.Context, name string) (SourceView, error) {
	s, err := svc.source(name)
	if err != nil {
		return SourceView{}, err
	}
	if svc.TryAPI == nil {
		return SourceView{}, &Error{http.StatusConflict, "the bridge is not running; start it, then try again"}
	}
	t := tried{At: time.Now().UTC()}
	switch err := svc.TryAPI(ctx, name); {
	case errors.Is(err, ErrNoAPI):
		return SourceView{}, &Error{http.StatusConflict, err.Error()}
	case err != nil:
		t.Words = bridge.CleanLine(err.Error())
	}
	text, err := json.Marshal(t)
	if err != nil {
		return SourceView{}, err
	}
	if err := svc.Store.Keep(ctx, "api "+name, string(text)); err != nil {
		return SourceView{}, err
	}
	svc.Noted(ctx, "try-api", name, 1)
	v := SourceView{Name: s.Name, Path: s.Path, Secrets: len(s.Keys)}
	return v, svc.look(ctx, &v)
}

// ErrNoAPI means that a source has no Integration API to try.
var ErrNoAPI = errors.New("the source has no Integration API; add an api block to it")
