package workshop

import (
	"context"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// sendTimeout limits how long somebody waits for a platform's answer and for the rate
// limit.
const sendTimeout = 20 * time.Second

// Sent is the result of sending a message.
type Sent struct {
	Sink    string
	To      []string // the unconfirmed addressees of a mail; nothing was sent then
	Receipt bridge.Receipt
	Problem string // why the platform did not accept it
}

// Addressees returns To as one text.
func (s Sent) Addressees() string { return strings.Join(s.To, " ") }

// Send sends the message to a configured sink, for real. The addressees of a mail may
// depend on the event, so it is sent only if exactly these were confirmed.
func (w *Workshop) Send(ctx context.Context, s *Subject, text []byte, name, confirmed string) (Sent, error) {
	sink, ok := s.sink(name)
	if !ok {
		return Sent{}, badRequest("There is no sink " + name + " in the configuration.")
	}
	payload, err := w.payload(ctx, s, text, sink)
	if err != nil {
		return Sent{}, err
	}
	sent := Sent{Sink: name, To: payload.To}
	if sent.Addressees() != confirmed && len(sent.To) > 0 {
		return sent, nil
	}
	sent.To = nil
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if ready, err := sink.Limiter.Wait(ctx, w.Service.Store); err != nil {
		return Sent{}, err
	} else if !ready {
		sent.Problem = "the sink is paused or busy with other messages; try again later"
		return sent, nil
	}
	w.Service.Noted(ctx, "send from the workshop", s.About+" to "+name, 1)
	sent.Receipt, err = sink.Send(ctx, payload)
	sink.Limiter.Sent()
	if err != nil {
		refused := bridge.AsSendError(err)
		sent.Problem = refused.Error()
		if refused.Kind == bridge.Limited {
			return sent, sink.Limiter.Pause(ctx, w.Service.Store, refused.RetryAfter)
		}
	}
	return sent, nil
}

func (s *Subject) sink(name string) (Sink, bool) {
	for _, sink := range s.Place.Sinks {
		if sink.Name == name {
			return sink, true
		}
	}
	return Sink{}, false
}

// payload returns what is sent to a sink.
func (w *Workshop) payload(ctx context.Context, s *Subject, text []byte, sink Sink) (p bridge.Payload, err error) {
	if err := checkLength(text); err != nil {
		return p, err
	}
	done, err := w.turn(ctx)
	if err != nil {
		return p, err
	}
	defer done()
	templates, deliveries, prepared, err := s.prepare(ctx, text)
	if err != nil {
		return p, err
	}
	if len(prepared.Problems) > 0 {
		return p, bridge.Problems(prepared.Problems).Err()
	}
	p, err = s.encode(ctx, templates, deliveries, sink)
	if problem, ok := render.ProblemOf(err); ok {
		return p, bridge.Problems{problem}
	}
	if err != nil {
		return p, badRequest("Cannot write the message for " + sink.Name + ": " + strings.TrimSpace(err.Error()))
	}
	return p, nil
}
