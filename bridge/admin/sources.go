package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// MaxWindow is how long a test window may stay open: while it is open, a wrong secret
// looks like a test.
const MaxWindow = 24 * time.Hour

// Captured is a captured request in a list.
type Captured struct {
	ID       string    `json:"id"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	Bytes    int       `json:"bytes"`
	From     string    `json:"from,omitempty"` // address or network of the sender
	Agent    string    `json:"user_agent,omitempty"`
}

// Inspection describes a captured or accepted request without its values, so that
// people can paste it into a bug report.
type Inspection struct {
	ID       string      `json:"id"`
	Source   string      `json:"source"`
	Received time.Time   `json:"received"`
	Accepted bool        `json:"accepted"`          // the signature matched; false: captured in a test window
	Headers  http.Header `json:"headers"`           // of an accepted request only the User-Agent is kept
	Refused  string      `json:"refused,omitempty"` // why the current secrets do not verify a captured request, and what would help
	absorb.Description
}

// Window is how long to open a source's test window; 0s closes it.
type Window struct {
	For string `json:"for"`
}

func (svc *Service) openWindow(r *http.Request) (any, error) {
	s, err := svc.source(r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	var w Window
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRequest)).Decode(&w); err != nil {
		return nil, &Error{http.StatusBadRequest, "the body is not valid: " + err.Error()}
	}
	length, err := time.ParseDuration(w.For)
	if err != nil || length < 0 || length > MaxWindow {
		return nil, &Error{http.StatusBadRequest, "for: write a duration up to " + MaxWindow.String() + ", such as 10m"}
	}
	return svc.Open(r.Context(), s.Name, length)
}

// Open opens a source's test window for a duration; 0 closes it.
func (svc *Service) Open(ctx context.Context, name string, length time.Duration) (SourceView, error) {
	s, err := svc.source(name)
	if err != nil {
		return SourceView{}, err
	}
	until := time.Now().Add(length)
	if err := svc.OpenWindow(ctx, s.Name, until); err != nil {
		return SourceView{}, err
	}
	svc.Noted(ctx, "test-window", s.Name+" for "+length.String(), 1)
	states, err := svc.Store.Sources(ctx)
	return svc.view(s, states), err
}

func (o Options) source(name string) (intake.Source, error) {
	var names []string
	for _, s := range o.Sources() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return intake.Source{}, &Error{http.StatusNotFound, "there is no source " + strconv.Quote(name) + " in the configuration; use one of: " + strings.Join(names, ", ")}
}

func (svc *Service) captures(r *http.Request) (any, error) { return svc.Captures(r.Context()) }

// Captures lists the requests captured in test windows, newest first.
func (svc *Service) Captures(ctx context.Context) ([]Captured, error) {
	captures, err := svc.Store.Captures(ctx)
	all := []Captured{}
	for _, c := range captures {
		all = append(all, Captured{ID: c.ID, Source: c.Source, Received: c.Received, Bytes: len(c.Body), From: c.From, Agent: c.Headers.Get("User-Agent")})
	}
	return all, err
}

// Inspect describes a captured request or an event.
func (svc *Service) Inspect(ctx context.Context, id string) (i Inspection, err error) {
	captures, err := svc.Store.Captures(ctx)
	if err != nil {
		return i, err
	}
	for _, c := range captures {
		if c.ID == id {
			i = Inspection{ID: c.ID, Source: c.Source, Received: c.Received, Headers: c.Headers.Clone()}
			signature := i.Headers.Values(absorb.SignatureHeader)
			i.Description = svc.describe(c.Source, signature, c.Body)
			i.Refused = svc.whyRefused(c)
			hideSignature(i.Headers)
			return i, nil
		}
	}
	e, err := svc.Store.Event(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return i, &Error{http.StatusNotFound, "no captured request or event has the id " + id}
	}
	if err != nil {
		return i, err
	}
	i = Inspection{ID: e.ID, Source: e.Source, Received: e.Received, Accepted: true, Headers: http.Header{"User-Agent": {e.UserAgent}}}
	i.Description = svc.describe(e.Source, nil, e.Body)
	i.Signature = e.Signature
	return i, nil
}

// whyRefused verifies a captured request again, with the current secrets. It returns ""
// if the signature matches, and if the request was not kept whole.
func (svc *Service) whyRefused(c store.Capture) string {
	s, err := svc.source(c.Source)
	if err != nil || len(s.Keys) == 0 || len(s.Redact) > 0 || len(c.Body) >= intake.MaxCaptured {
		return ""
	}
	if _, err := absorb.Verify(c.Headers.Values(absorb.SignatureHeader), c.Body, s.Keys, s.Form); err != nil {
		return err.Error()
	}
	return ""
}

// hideSignature replaces a signature by its length; the description names its form.
func hideSignature(h http.Header) {
	values := h.Values(absorb.SignatureHeader)
	for i, value := range values {
		values[i] = fmt.Sprintf("(%d characters)", len(value))
	}
}

// describe describes a source's request, compared with what its templates look up.
func (svc *Service) describe(source string, signature []string, body []byte) absorb.Description {
	return svc.parser(source).Describe(signature, body, func(event string) []bridge.Lookup {
		if svc.Lookups == nil {
			return nil
		}
		return svc.Lookups(source, event)
	})
}

// parser returns a source's parser, or the standard one if the source was removed.
func (o Options) parser(source string) *absorb.Parser {
	if s, err := o.source(source); err == nil {
		return s.Parser
	}
	p, _ := absorb.NewParser(nil) // without settings there is no error
	return p
}

// OpenWindow opens a source's test window for a duration; 0 closes it.
func (c *Client) OpenWindow(ctx context.Context, source string, d time.Duration) (s SourceView, err error) {
	return s, c.post(ctx, "sources/"+url.PathEscape(source)+"/test-window", Window{d.String()}, &s)
}

// Captures lists the requests captured in test windows, newest first.
func (c *Client) Captures(ctx context.Context) (all []Captured, err error) {
	return all, c.get(ctx, "captures", nil, &all)
}

// Inspect describes a captured request or an event.
func (c *Client) Inspect(ctx context.Context, id string) (i Inspection, err error) {
	return i, c.get(ctx, "inspect/"+url.PathEscape(id), nil, &i)
}
