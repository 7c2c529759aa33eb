package dispatch

import (
	"bytes"
	"context"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// sendSimpler makes an attempt with each simpler form of a refused message, until the
// platform takes one or fails otherwise. The receipt or the failure says what was left
// out.
func (s *Sender) sendSimpler(ctx, late context.Context, p *preparedMessage, refusal *bridge.SendError) (bridge.Receipt, error) {
	var without []string
	last := refusal
	for _, form := range s.simplerForms() {
		m := form.Of(p.message)
		payload, err := s.encode(p.log, &m)
		if err != nil {
			return bridge.Receipt{}, refusal
		}
		same := bytes.Equal(payload.Body, p.payload.Body)
		p.message, p.payload = m, payload
		if same {
			continue
		}
		without = append(without, form.Without)
		p.log.Warn("the platform refuses the message; it is tried in a simpler form", "without", without, "err", last)
		if !s.waitForLimit(ctx) || !s.lease.Valid() {
			return bridge.Receipt{}, errLeaseLost
		}
		receipt, err := s.sendOnce(late, p)
		if err == nil {
			receipt.Detail = bridge.Cut(strings.TrimSuffix("sent without "+list(without)+": "+refusal.Detail+"; "+receipt.Detail, "; "), kit.MaxDetail)
			return receipt, nil
		}
		if last = bridge.AsSendError(err); last.Kind != bridge.MessageRejected {
			return bridge.Receipt{}, err
		}
	}
	if len(without) > 0 {
		note := " (also without " + list(without) + ")"
		refusal.Detail = bridge.Cut(refusal.Detail, kit.MaxDetail-len(note)) + note
	}
	return bridge.Receipt{}, refusal
}

// simplerForms are those that the sink's platform may take. What programs read stays
// whole, but for what a template has put into its place.
func (s *Sender) simplerForms() []kit.Simpler {
	forms := kit.SimplerForms()
	_, verbatim := s.Sink.(bridge.Verbatim)
	if _, one := s.Sink.(bridge.NoSimplerForm); one || verbatim {
		return forms[:1]
	}
	return forms
}

// list is a list in words: "its picture, its links".
func list(parts []string) string { return strings.Join(parts, ", ") }
