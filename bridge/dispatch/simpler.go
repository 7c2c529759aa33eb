package dispatch

import (
	"bytes"
	"context"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// sendSimpler tries each simpler form of a refused message until the platform accepts one, or
// fails for another reason. The receipt or the error says what was left out.
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
		p.log.Warn("the platform refused the message; retrying in a simpler form", "without", without, "err", last)
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

// simplerForms returns the forms to try. Messages for programs stay complete, except for a
// template's native part.
func (s *Sender) simplerForms() []kit.Simpler {
	forms := kit.SimplerForms()
	_, verbatim := s.Sink.(bridge.Verbatim)
	if _, one := s.Sink.(bridge.NoSimplerForm); one || verbatim {
		return forms[:1]
	}
	return forms
}

// list joins parts to a list such as "its picture, its links".
func list(parts []string) string { return strings.Join(parts, ", ") }
