package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
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
	if !c.DryRun && (err == nil || report.Created > 0) {
		words := fmt.Sprintf("%s since %s until %s", c.Source, c.Since.UTC().Format(time.RFC3339), report.Until.UTC().Format(time.RFC3339))
		d.Noted(r.Context(), "catch-up", words, report.Created)
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
	removal, err := d.Store.Forget(r.Context(), f.Person, f.DryRun)
	if n := removal.Total(); !f.DryRun && (err == nil || n > 0) {
		words := "person " + fingerprint(f.User)
		if err != nil {
			words += ", not finished"
		}
		d.Noted(r.Context(), "forget", words, n)
	}
	return removal, err
}

// fingerprint proves to whoever knows a person's id, a random one, that it was this one,
// and tells nobody else who it was.
func fingerprint(user string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(user))))
	return "sha256:" + hex.EncodeToString(sum[:8])
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
