// Package shoutrrr sends messages to what has no sink of its own here, such as
// ntfy, Gotify, Telegram, Matrix or Zulip, by the library of that name
// (github.com/nicholas-fedor/shoutrrr).
//
// It does its best and no more: the library tells a failure in words alone, never
// how long to wait, and cannot be interrupted, so a message whose attempt took too
// long may arrive twice.
package shoutrrr

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/matrix"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a shoutrrr sink's settings.
type Config struct {
	URL bridge.Secret `koanf:"url" need:"always" ask:"URL of the service, such as ntfy://ntfy.sh/topic (shoutrrr.nickfedor.com)"` // as the library's documentation describes it for each service
}

// maxHanging is how many attempts may go on after their time was up.
const maxHanging = 16

// Sink is one service.
type Sink struct {
	url     bridge.Secret
	service string        // the URL's scheme, such as "ntfy"
	hanging chan struct{} // one element for each attempt that goes on
}

var _ bridge.Sink = (*Sink)(nil)

// Type describes shoutrrr sinks.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 1, Burst: 5},
		Escape:      Escape,
		CheckNative: kit.NoNative,
		Config:      Config{},
		Example:     map[string]any{"url": "ntfy://ntfy.sh/example"},
	}
}

// New builds a shoutrrr sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	var c Config
	if err := setup.Decode(&c); err != nil {
		return nil, err
	}
	if c.URL.Empty() {
		return nil, kit.Setting("url", "required: a URL of shoutrrr, such as ntfy://ntfy.sh/topic (shoutrrr.nickfedor.com)")
	}
	u, err := url.Parse(c.URL.Reveal())
	if err != nil || u.Scheme == "" {
		return nil, kit.Setting("url", "want a URL of shoutrrr, such as ntfy://ntfy.sh/topic (shoutrrr.nickfedor.com)")
	}
	service, _, _ := strings.Cut(u.Scheme, "+")
	if err := accepts(service, u); err != nil {
		return nil, err
	}
	return &Sink{url: c.URL, service: service, hanging: make(chan struct{}, maxHanging)}, nil
}

// accepts asks the library whether it understands a URL.
func accepts(service string, u *url.URL) error {
	library := router.ServiceRouter{}
	known := library.ListServices()
	if !slices.Contains(known, service) {
		slices.Sort(known)
		return kit.Setting("url", "shoutrrr has no service %q; it has %s%s", service, strings.Join(known, ", "), bridge.DidYouMean(service, known))
	}
	var err error
	if service == "matrix" {
		err = (&matrix.Config{}).SetURL(u) // to locate it would be to log in
	} else {
		_, err = library.Locate(u.String())
	}
	if err != nil {
		return kit.Setting("url", "shoutrrr cannot use this URL for %s: %s", service, redact(err.Error(), u))
	}
	return nil
}

// Send makes one attempt. It returns when the context ends, though the library
// goes on.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	select {
	case s.hanging <- struct{}{}:
	default:
		return bridge.Receipt{}, &bridge.SendError{Detail: "earlier attempts have not ended yet"}
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-s.hanging }()
		done <- s.deliver(string(p.Body))
	}()
	select {
	case err := <-done:
		if err != nil {
			return bridge.Receipt{}, s.failure(err)
		}
		return bridge.Receipt{}, nil
	case <-ctx.Done():
		return bridge.Receipt{}, &bridge.SendError{Detail: "no answer from " + s.service + ": " + context.Cause(ctx).Error()}
	}
}

// deliver hands a payload to the library, to a service made anew: services keep
// what they were told, and are made for one goroutine. A panic there is an error.
func (s *Sink) deliver(text string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("shoutrrr panicked: %v", p)
		}
	}()
	params := types.Params{}
	if hasTitle(s.service) {
		var title string
		title, text, _ = strings.Cut(text, afterTitle)
		params.SetTitle(title)
		if text == "" {
			text = title // some refuse a message without one
		}
	}
	library := router.ServiceRouter{}
	service, err := library.Locate(s.url.Reveal())
	if err != nil {
		return err
	}
	return service.Send(text, &params)
}

// hasTitle tells whether a service shows a title apart from the text.
func hasTitle(service string) bool {
	return slices.Contains([]string{"bark", "gotify", "join", "lark", "ntfy", "opsgenie", "pushbullet", "pushover", "smtp"}, service)
}

// maxBytes is how long a message to a service may be, with its title: a little
// less than the service's own limit, or, where none is known, the least that is
// usual.
func maxBytes(service string) int {
	limits := map[string]int{"pushover": 1000, "zulip": 9900, "smtp": 60_000, "matrix": 30_000, "generic": 60_000, "logger": 60_000}
	return cmp.Or(limits[service], 3900)
}
