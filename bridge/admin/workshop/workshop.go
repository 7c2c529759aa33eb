// Package workshop lets an admin write templates. It previews a text on every platform,
// sends the message for real, and saves the text as a file. It also tries conditions of
// routes.
//
//	Whoever may view may write a text, so its length, the time it takes and the number
//
// of previews at a time are limited.
package workshop

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

const (
	// MaxText limits a template's text, in bytes, as the loader does.
	MaxText = 64 << 10

	// maxAtOnce limits how many texts are rendered at the same time, and maxWait how
	// long one waits for its turn.
	maxAtOnce = 2
	maxWait   = 5 * time.Second

	// maxTogether limits the events of one message.
	maxTogether = 100
)

// Place is what the workshop needs from the configuration in use.
type Place struct {
	Dir       string   // folder of the admin's templates, or ""
	Home      string   // language of the files directly in Dir
	Languages []string // languages that messages can be written in
	Sinks     []Sink   // as configured
	Platforms []Sink   // one of each platform that can be drawn

	// Load returns the templates in use, in a language.
	Load func(locale string) (*render.Set, error)
	// Sample makes the sample of an event type with a set of templates.
	Sample func(ctx context.Context, templates *render.Set, event string) (bridge.Facts, error)
	// Parse reads the body of a source's webhook.
	Parse func(source string, body []byte) ([]bridge.Event, error)
}

// Sink is a sink that messages are written for.
type Sink struct {
	Name, Type string
	bridge.Sink
	Composer *dispatch.Composer
	Limiter  *dispatch.Limiter             // nil for a sink that is only previewed
	Gauges   func(body []byte) []kit.Gauge // may be nil
}

// Options configures a workshop.
type Options struct {
	Service *admin.Service
	Place   func() Place // of the configuration in use
}

// Workshop renders, sends and saves templates. It may be used by many goroutines.
type Workshop struct {
	Options
	turns  chan struct{} // one for each text that is rendered
	saving sync.Mutex    // one file is saved at a time
}

// New returns a workshop.
func New(o Options) *Workshop {
	return &Workshop{Options: o, turns: make(chan struct{}, maxAtOnce)}
}

// turn waits for a turn, and returns what ends it.
func (w *Workshop) turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	select {
	case w.turns <- struct{}{}:
		return func() { <-w.turns }, nil
	case <-ctx.Done():
		return nil, &admin.Error{Status: http.StatusServiceUnavailable, Message: "The workshop is busy with other texts. Try again in a moment."}
	}
}

func checkLength(text []byte) error {
	if len(text) > MaxText {
		return &admin.Error{Status: http.StatusRequestEntityTooLarge, Message: "The text is larger than " + strconv.Itoa(MaxText>>10) + " KiB."}
	}
	return nil
}

func badRequest(message string) error {
	return &admin.Error{Status: http.StatusBadRequest, Message: message}
}
