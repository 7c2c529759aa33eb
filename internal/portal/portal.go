// Package portal is an emulated Absorb portal: its Integration API and its
// signed webhooks, with people and courses that are made up. The demo, previews
// and tests use it in place of a real one.
//
// It is strict and odd where the real one is said to be: one token for each
// user, pages counted in pages, nulls, dates without a zone, two shapes of error.
package portal

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Options says what a portal is like. Every field may be left out.
type Options struct {
	Manners

	Key                    string           // the API's private key
	Username               string           // of the integration's user
	Password               string           // of the integration's user
	ClientID, ClientSecret string           // of the OAuth client; without them any client will do
	Now                    func() time.Time // the portal's clock
	Lag                    time.Duration    // how long the API lags behind the webhooks
	Seed                   uint64           // of everything random
	Bare                   bool             // lists are bare, without an envelope
	Plain                  bool             // dates in filters must be in plain quotes, as in some portals' older material
	Limit                  bool             // enforces the rate limit: 200 requests a second, and 100 more at once
}

// Portal is an emulated portal. It may be used by many goroutines.
type Portal struct {
	Options

	mu       sync.Mutex // guards what follows
	random   *rand.Rand
	turns    []int // numbers of people from 0, in the order in which something happens to them
	turn     int   // how many turns there were
	world    *world
	later    []change // what the API will show when its lag is over
	token    token
	refresh  string             // the valid OAuth refresh token
	codes    map[string]consent // OAuth authorization codes that were not traded yet
	quota    quota
	faults   []*Fault
	asked    map[string]int // requests by path
	sequence int            // of webhooks and tokens
}

type token struct {
	text    string
	expires time.Time
	spread  time.Time // when all of the portal knows it
	used    int       // requests before that
}

// change is something that happened and is not visible yet.
type change struct {
	at    time.Time
	apply func(*world)
}

// New makes a portal.
func New(o Options) *Portal {
	o.Key = cmp.Or(o.Key, "emulated-private-key")
	o.Username = cmp.Or(o.Username, "absorb-bridge@example.com")
	o.Password = cmp.Or(o.Password, "emulated-password")
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Portal{
		Options: o,
		random:  rand.New(rand.NewPCG(o.Seed, 24)),
		refresh: "emulated-refresh-token-0",
		asked:   map[string]int{},
		codes:   map[string]consent{},
	}
	p.world = newWorld(p.random)
	p.turns = p.random.Perm(len(people()))
	return p
}

// Settings is the api block of a source whose API is this portal at base.
func (p *Portal) Settings(base string) map[string]any {
	api := map[string]any{"url": base, "key": p.Key, "username": p.Username, "password": p.Password}
	if p.Scheme == "none" {
		api["scheme"] = p.Scheme
	}
	return api
}

// RoundTripper answers requests within the process, without any network.
func (p *Portal) RoundTripper() http.RoundTripper { return inProcess{p.Handler()} }

type inProcess struct{ http.Handler }

// RoundTrip hands a request to the handler.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	t.ServeHTTP(w, r)
	return w.Result(), nil
}

// Requests is how often a path was asked for; of all paths together for "".
func (p *Portal) Requests(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if path != "" {
		return p.asked[path]
	}
	total := 0
	for _, n := range p.asked {
		total += n
	}
	return total
}

// ExpireToken ends the token in use before its time.
func (p *Portal) ExpireToken() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = token{}
}

// Delete removes a thing, such as "courses" and its id: it answers 404 from now
// on.
func (p *Portal) Delete(collection, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world.remove(collection, id)
}

// settle makes visible what has happened long enough ago.
func (p *Portal) settle(now time.Time) {
	var still []change
	for _, c := range p.later {
		if now.Before(c.at) {
			still = append(still, c)
			continue
		}
		c.apply(p.world)
	}
	p.later = still
}

// maxPaths bounds how many paths are counted.
const maxPaths = 10_000

func (p *Portal) count(path string) {
	if len(p.asked) < maxPaths || p.asked[path] > 0 {
		p.asked[path]++
	}
}

// quota is Absorb's rate limit: a bucket of 300 that fills with 200 a second.
type quota struct {
	left float64
	at   time.Time
}

func (q *quota) take(now time.Time) bool {
	const perSecond, burst = 200, 100
	if q.at.IsZero() {
		q.left = perSecond + burst
	} else {
		q.left = min(perSecond+burst, q.left+perSecond*now.Sub(q.at).Seconds())
	}
	q.at = now
	if q.left < 1 {
		return false
	}
	q.left--
	return true
}

// id is a made-up id: its kind by the first two digits, and a number.
func id(kind string, n int) string { return fmt.Sprintf("%s000000-0000-4000-a000-%012x", kind, n) }

// zeroID is what .NET writes for no id.
const zeroID = "00000000-0000-0000-0000-000000000000"
