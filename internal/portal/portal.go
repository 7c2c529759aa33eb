// Package portal emulates an Absorb portal: its Integration API, its OAuth login and
// its signed webhooks, with fictional people and courses. The demo, previews and tests
// use it instead of a real portal.
//
// It is as strict as the real one is documented to be: each user has one token, offsets
// count pages, many values are null, dates have no zone, and errors have two shapes.
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

// Options configure a portal. All fields are optional.
type Options struct {
	Quirks

	Key                    string           // the API's private key
	Username               string           // of the integration's user
	Password               string           // of the integration's user
	ClientID, ClientSecret string           // of the OAuth client; without them, any client is accepted
	Now                    func() time.Time // the portal's clock; time.Now by default
	Lag                    time.Duration    // how long the API lags behind the webhooks
	Seed                   uint64           // for all random choices
	Bare                   bool             // lists are bare, without an envelope
	Plain                  bool             // dates in filters must be in plain quotes, as in some portals' older material
	Limit                  bool             // enforces the rate limit: 200 requests a second, and 100 more at once
}

// Portal is an emulated portal. It is safe for concurrent use.
type Portal struct {
	Options

	mu             sync.Mutex // guards what follows
	random         *rand.Rand
	learnerOrder   []int // numbers of people from 0: the order in which nextLearner chooses them
	learnersChosen int
	database       *database
	pending        []change // changes that the API shows later, because it lags
	token          token
	refresh        string             // the valid OAuth refresh token
	codes          map[string]consent // OAuth authorization codes that were not exchanged yet
	quota          quota
	faults         []*Fault
	requests       map[string]int // requests by path
	sequence       int            // the number of the last webhook, token or code
}

type token struct {
	text     string
	expires  time.Time
	reliable time.Time // from when on no request with the token is refused
	used     int       // requests before that
}

// change is a change of the data that the API does not show yet.
type change struct {
	at    time.Time
	apply func(*database)
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
		Options:  o,
		random:   rand.New(rand.NewPCG(o.Seed, 24)),
		refresh:  "emulated-refresh-token-0",
		requests: map[string]int{},
		codes:    map[string]consent{},
	}
	p.database = newDatabase(p.random)
	p.learnerOrder = p.random.Perm(len(people()))
	return p
}

// Settings returns the api block for a source that uses this portal at a base URL.
func (p *Portal) Settings(base string) map[string]any {
	api := map[string]any{"url": base, "key": p.Key, "username": p.Username, "password": p.Password}
	if p.Scheme == "none" {
		api["scheme"] = p.Scheme
	}
	return api
}

// RoundTripper answers requests in the process, without a network.
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

// Requests counts the requests for a path, or for all paths if it is "".
func (p *Portal) Requests(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if path != "" {
		return p.requests[path]
	}
	total := 0
	for _, n := range p.requests {
		total += n
	}
	return total
}

// ExpireToken revokes the current token.
func (p *Portal) ExpireToken() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = token{}
}

// Delete removes a resource of a collection such as "courses". The API then answers 404
// for its id.
func (p *Portal) Delete(collection, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.database.remove(collection, id)
}

// applyDue applies the pending changes whose lag is over.
func (p *Portal) applyDue(now time.Time) {
	var still []change
	for _, c := range p.pending {
		if now.Before(c.at) {
			still = append(still, c)
			continue
		}
		c.apply(p.database)
	}
	p.pending = still
}

// maxPaths limits how many paths are counted.
const maxPaths = 10_000

func (p *Portal) count(path string) {
	if len(p.requests) < maxPaths || p.requests[path] > 0 {
		p.requests[path]++
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

// id builds an id from two digits for its kind, and a number.
func id(kind string, n int) string { return fmt.Sprintf("%s000000-0000-4000-a000-%012x", kind, n) }

// zeroID is what .NET writes for no id.
const zeroID = "00000000-0000-0000-0000-000000000000"
