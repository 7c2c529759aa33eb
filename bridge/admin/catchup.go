package admin

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
)

// CatchUp is a request to create the events whose webhooks did not arrive.
type CatchUp struct {
	Source string    `json:"source"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"` // zero for now
	DryRun bool      `json:"dry_run,omitempty"`
}

func (svc *Service) catchUp(r *http.Request) (any, error) {
	var c CatchUp
	if err := decode(r, &c); err != nil {
		return nil, err
	}
	if c.Since.IsZero() || !c.Until.IsZero() && !c.Since.Before(c.Until) {
		return nil, &Error{http.StatusBadRequest, "since: write a time before until"}
	}
	report, err := svc.Options.CatchUp(r.Context(), c)
	if report.Created > 0 {
		svc.Changed()
	}
	if !c.DryRun && (err == nil || report.Created > 0) {
		words := fmt.Sprintf("%s since %s until %s", c.Source, c.Since.UTC().Format(time.RFC3339), report.Until.UTC().Format(time.RFC3339))
		svc.Noted(r.Context(), "catch-up", words, report.Created)
	}
	return report, err
}

// CatchUp makes the bridge create the events whose webhooks did not arrive.
func (c *Client) CatchUp(ctx context.Context, ask CatchUp) (r catchup.Report, err error) {
	return r, c.post(ctx, "catch-up", ask, &r)
}
