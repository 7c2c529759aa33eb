// Package wall emulates the places that the bridge sends to: Slack, Discord,
// Google Chat, Teams, Mattermost and Rocket.Chat webhooks, what bots use of the APIs
// of Slack and Discord, a mail server, an endpoint of one's own, and the servers that
// notify phones. It refuses what they would refuse, answers in their words, fails as
// they do on request, and shows the messages on a web page, drawn as on each platform.
//
// The demo and the end-to-end tests send to it. What the platforms check is
// taken from their documents and from answers that others have quoted; where a
// check is a guess, its comment says so.
package wall

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/email"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// DefaultKeep is how many messages of each platform are kept.
const DefaultKeep = 200

// Options says how a Wall behaves. The zero value is the demo's.
type Options struct {
	// Keep is how many messages are kept per platform, the newest; 0 means
	// DefaultKeep. A negative Keep only counts: a message is not looked into, and
	// whatever comes to a well-formed address is accepted. Benchmarks want that.
	Keep int

	// RateLimits makes the platforms refuse what comes too fast, in their words.
	RateLimits bool

	// Now is the clock, for the times shown and the rate limits; nil is time.Now.
	Now func() time.Time
}

// Wall is the emulated platforms and what they got. Its methods may be called
// from several goroutines.
type Wall struct {
	now       func() time.Time
	limits    bool
	countOnly bool
	platforms []*platform.Platform // those that speak HTTP
	history   *history
	faults    *faultQueue
	mail      *email.Server
	done      chan struct{} // closed by Close: lets go of requests that hang
	close     func()
}

// New makes a Wall. It listens to nothing until Handler is served and ServeSMTP
// is called.
func New(o Options) *Wall {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keep == 0 {
		o.Keep = DefaultKeep
	}
	w := &Wall{
		now:       o.Now,
		limits:    o.RateLimits,
		countOnly: o.Keep < 0,
		history:   newHistory(o.Keep),
		done:      make(chan struct{}),
	}
	w.close = sync.OnceFunc(func() { close(w.done) })
	for _, e := range emulators() {
		if e.start != nil {
			w.platforms = append(w.platforms, e.start(o.Now)...)
		}
	}
	w.faults = newFaultQueue(w.modes())
	w.mail = email.New(email.Options{
		Now:       o.Now,
		CountOnly: w.countOnly,
		NextFault: func(fits func(Fault) bool) (Fault, bool) { return w.faults.next(Email, fits) },
		Record:    w.history.put,
	})
	return w
}

// Handler serves the page, its JSON interface and every HTTP platform.
func (w *Wall) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range w.platforms {
		for _, pattern := range p.Patterns {
			mux.Handle(pattern, w.endpoint(p))
		}
	}
	w.routePages(mux)
	return mux
}

// Close lets go of requests that hang or stream, and ends the mail server with
// its connections. The listener of Handler is its owner's to close.
func (w *Wall) Close() error {
	w.close()
	return w.mail.Close()
}

// ServeSMTP takes mail on the listener until Close, and then returns nil. It
// offers STARTTLS and PLAIN and LOGIN authentication as MailUser.
func (w *Wall) ServeSMTP(l net.Listener) error { return w.mail.Serve(l) }

// CertificateAuthority is the certificate, in PEM, that vouches for the mail
// server's. Each Wall makes its own.
func (w *Wall) CertificateAuthority() []byte { return w.mail.CertificateAuthority() }

// Messages lists what is kept, oldest first, refused messages included.
func (w *Wall) Messages() []Message { return w.history.messages("", 0) }

// Count is how many messages the platform accepted since the start or the last
// Clear, exactly, whether they are kept or not.
func (w *Wall) Count(platform string) int { return w.Counts(platform).Accepted }

// Counts is what became of everything that was sent to the platform since the
// start or the last Clear.
func (w *Wall) Counts(platform string) Counts { return w.history.counters(platform).counts() }

// Clear forgets all messages and sets the counters to zero.
func (w *Wall) Clear() { w.history.clear() }
