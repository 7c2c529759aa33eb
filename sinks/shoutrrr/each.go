package shoutrrr

import (
	"context"
	"slices"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// each sends a message to several places, which one URL names. The places differ in
// nothing but where they are, so that one payload serves all.
type each struct {
	sinks []bridge.Sink

	mu    sync.Mutex     // guards what follows
	done  map[string]int // by message: how many places have it already, in their order
	order []string       // the keys of done, oldest first
}

// maxUnderWay is how many messages may wait for their other places. Of earlier ones it
// is forgotten who has them, so that those get them twice.
const maxUnderWay = 1000

func newEach(sinks []bridge.Sink) *each { return &each{sinks: sinks, done: map[string]int{}} }

// Encode writes the payload for all places.
func (e *each) Encode(m bridge.Message) (bridge.Payload, error) { return e.sinks[0].Encode(m) }

// Send sends to one place after the other. The next attempt goes on with the place that
// failed.
func (e *each) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	e.mu.Lock()
	first := e.done[p.MessageID]
	e.mu.Unlock()
	var receipt bridge.Receipt
	for i, sink := range e.sinks[first:] {
		var err error
		if receipt, err = sink.Send(ctx, p); err != nil {
			e.note(p.MessageID, first+i)
			return bridge.Receipt{}, err
		}
	}
	e.note(p.MessageID, 0)
	return bridge.Receipt{Status: receipt.Status, Detail: receipt.Detail}, nil
}

// note notes how many places have a message, or with 0 forgets it.
func (e *each) note(id string, places int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.order = slices.DeleteFunc(e.order, func(other string) bool { return other == id })
	delete(e.done, id)
	if places == 0 {
		return
	}
	e.done[id], e.order = places, append(e.order, id)
	if len(e.order) > maxUnderWay {
		delete(e.done, e.order[0])
		e.order = e.order[1:]
	}
}
