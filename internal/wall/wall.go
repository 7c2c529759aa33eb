// Package wall emulates the places that the bridge sends to: Slack, Discord,
// Google Chat, Teams, Mattermost and Rocket.Chat webhooks, what bots use of the APIs
// of Slack and Discord, a mail server, an endpoint of one's own, and the servers that
// notify phones. It refuses what
// they would refuse, answers in their words, fails as they do when asked to, and
// shows what it got on a web page, drawn as each platform would draw it.
//
// The demo and the end-to-end tests send to it. What the platforms check is
// taken from their documents and from answers that others have quoted; where a
// check is a guess, its comment says so.
package wall

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// The platforms, by the type of the sink that sends to them.
const (
	Slack      = "slack"
	Discord    = "discord"
	GoogleChat = "googlechat"
	Teams      = "teams"
	Email      = "email"
	Mattermost = "mattermost"
	RocketChat = "rocketchat"
	Webhook    = "webhook"
	Ntfy       = "ntfy"
	Gotify     = "gotify"
	Telegram   = "telegram"
	Pushover   = "pushover"
	Zulip      = "zulip"
	Matrix     = "matrix"
)

// Platforms lists the platforms that the demo sends to, in the order of the page's
// columns.
func Platforms() []string {
	return []string{Slack, Discord, GoogleChat, Teams, Email, Mattermost, RocketChat, Webhook}
}

// Others lists the platforms that are emulated, too, and that the demo does not send
// to. They have a column once something was sent to them.
func Others() []string { return []string{Ntfy, Gotify, Telegram, Pushover, Zulip, Matrix} }

func everyPlatform() []string { return append(Platforms(), Others()...) }

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
	platforms []*platform // those that speak HTTP
	board     *board
	faults    *faultQueue
	mail      *smtp.Server
	ca        []byte        // PEM
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
		board:     newBoard(o.Keep),
		done:      make(chan struct{}),
	}
	w.close = sync.OnceFunc(func() { close(w.done) })
	d := newDiscord(o.Now)
	w.platforms = []*platform{
		slackPlatform(), slackAPIPlatform(o.Now), discordPlatform(d), discordBotPlatform(d), googleChatPlatform(o.Now), teamsPlatform(),
		mattermostPlatform(), rocketPlatform(), webhookPlatform(o.Now), ntfyPlatform(o.Now), gotifyPlatform(),
		telegramPlatform(o.Now), pushoverPlatform(), zulipPlatform(o.Now), matrixPlatform(),
	}
	w.faults = newFaultQueue(w.modes())
	w.mail, w.ca = w.newMailServer()
	return w
}

// Handler serves the page, its JSON interface and every HTTP platform.
func (w *Wall) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range w.platforms {
		for _, pattern := range p.patterns {
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
	if err := w.mail.Close(); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the mail server: %w", err)
	}
	return nil
}

// Messages lists what is kept, oldest first, refused messages included.
func (w *Wall) Messages() []Message { return w.board.messages("", 0) }

// Count is how many messages the platform accepted since the start or the last
// Clear, exactly, whether they are kept or not.
func (w *Wall) Count(platform string) int { return w.Counts(platform).Accepted }

// Counts is what became of everything that was sent to the platform since the
// start or the last Clear.
func (w *Wall) Counts(platform string) Counts { return w.board.tally(platform).counts() }

// Clear forgets all messages and sets the counters to zero.
func (w *Wall) Clear() { w.board.clear() }
