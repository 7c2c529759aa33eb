package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// CatchUp asks for what a source's webhooks did not tell of.
type CatchUp struct {
	Source string    `json:"source"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"` // zero for now
	DryRun bool      `json:"dry_run,omitempty"`
}

// Forget asks for a person to be removed.
type Forget struct {
	store.Person
	DryRun bool `json:"dry_run,omitempty"`
}

func (d *Desk) catchUp(r *http.Request) (any, error) {
	var c CatchUp
	if err := decode(r, &c); err != nil {
		return nil, err
	}
	if c.Since.IsZero() || !c.Until.IsZero() && !c.Since.Before(c.Until) {
		return nil, &Error{http.StatusBadRequest, "since: want a time before until"}
	}
	report, err := d.Options.CatchUp(r.Context(), c)
	if report.Created > 0 {
		d.Changed()
	}
	return report, err
}

func (d *Desk) forget(r *http.Request) (any, error) {
	var f Forget
	if err := decode(r, &f); err != nil {
		return nil, err
	}
	if strings.TrimSpace(f.User) == "" {
		return nil, &Error{http.StatusBadRequest, "user: want the person's id in the portal"}
	}
	return d.Store.Forget(r.Context(), f.Person, f.DryRun)
}

// decode reads the body of a request strictly.
func decode(r *http.Request, into any) error {
	in := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
	in.DisallowUnknownFields()
	if err := in.Decode(into); err != nil {
		return &Error{http.StatusBadRequest, "the body is not what is asked for: " + err.Error()}
	}
	return nil
}

// CatchUp has the bridge ask Absorb for what its webhooks did not tell of.
func (c *Client) CatchUp(ctx context.Context, ask CatchUp) (r catchup.Report, err error) {
	return r, c.post(ctx, "catch-up", ask, &r)
}

// Forget has the bridge remove a person.
func (c *Client) Forget(ctx context.Context, ask Forget) (r store.Removal, err error) {
	return r, c.post(ctx, "forget", ask, &r)
}
