// Package workshop is where an admin writes templates: it shows what the text of a
// template makes of an event on every platform while it is written, sends that for
// real, and saves it as a file. A route's condition can be tried there, too.
//
// What is written there is an admin's, but whoever may look may write it: its
// length, and the time and number of what is made of it at once, are bounded.
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
	// MaxText bounds a template's text, in bytes, as reading it from a file does.
	MaxText = 64 << 10

	// maxAtOnce bounds how many texts are worked on at the same time, and maxWait
	// how long one waits for its turn.
	maxAtOnce = 2
	maxWait   = 5 * time.Second

	// maxTogether bounds the events of one message.
	maxTogether = 100
)

// Place is what the configuration in use gives the workshop.
type Place struct {
	Dir       string   // the admin's templates, or ""
	Home      string   // language of the files that stand in Dir itself
	Languages []string // that messages can be written in
	Sinks     []Sink   // as configured
	Platforms []Sink   // one of each platform that can be drawn

	// Load gives the templates in use, in a language.
	Load func(locale string) (*render.Set, error)
	// Sample makes the sample of an event by a set of templates.
	Sample func(ctx context.Context, templates *render.Set, event string) (bridge.Facts, error)
	// Parse reads the body of a source's webhook.
	Parse func(source string, body []byte) ([]bridge.Event, error)
}

// Sink is a sink that messages are written for.
type Sink struct {
	Name, Type string
	bridge.Sink
	Composer *dispatch.Composer
	Pace     *dispatch.Pace                // nil for one that is only looked at
	Gauges   func(body []byte) []kit.Gauge // or nil
}

// Options is what a workshop is made of.
type Options struct {
	Service *admin.Service
	Place   func() Place // by the configuration in use at the moment
}

// Workshop is the workshop. It serves any number of goroutines.
type Workshop struct {
	Options
	turns  chan struct{} // one for each text that is worked on
	saving sync.Mutex    // one file is saved at a time
}

// New makes a workshop.
func New(o Options) *Workshop {
	return &Workshop{Options: o, turns: make(chan struct{}, maxAtOnce)}
}

// turn waits until there is one, and gives what ends it.
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
