package absorb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
)

// Limits of the client. Absorb allows 200 requests a second and a burst of 100.
const (
	defaultRate   = 100
	defaultBurst  = 50
	defaultBudget = 30 * time.Second
	firstBackoff  = 250 * time.Millisecond
	lastBackoff   = 8 * time.Second
)

// ClientOptions configures a client. Only BaseURL, Key and HTTP are required.
type ClientOptions struct {
	BaseURL  string // such as https://rest.myabsorb.com
	Key      bridge.Secret
	Username string
	Password bridge.Secret
	OAuth    *OAuth  // instead of Username and Password; may be nil
	Scheme   string  // of the Authorization header: "Bearer" (default), or "none" for the bare token
	Rate     float64 // requests per second
	Burst    int
	Budget   time.Duration // how long one Get may take, including retries
	HTTP     *http.Client  // must not follow redirects
	Tokens   TokenStore    // nil keeps the token in memory
	TokenKey string        // identifies the token in Tokens
	Metrics  *metrics.Source
}

// Client calls an Integration API. It may be used by many goroutines.
type Client struct {
	ClientOptions
	limiter *rate.Limiter
	tokens  tokens
	rights  rights
	circuit circuit
	long    chan struct{} // one entry for each answer in memory that is longer than usual …
	large   chan struct{} // … and for each large one

	settling chan struct{} // full while a 401 is being settled

	plainDates atomic.Bool // filters have dates in plain quotes
}

// APIError is a failed request: an error answer, or none.
type APIError struct {
	Status     int           // HTTP status; 0 without an answer
	Message    string        // Absorb's message or the network's, without secrets
	Temporary  bool          // the same request may succeed later
	RetryAfter time.Duration // from the answer, or 0

	answer bool // about the thing itself, so the same request gets the same answer
}

// Error returns the status and the message.
func (e *APIError) Error() string {
	if e.Status == 0 {
		return "the Integration API: " + e.Message
	}
	return fmt.Sprintf("the Integration API answered %d: %s", e.Status, e.Message)
}

// NewClient returns a client.
func NewClient(o ClientOptions) (*Client, error) {
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the API's address must be an http or https URL")
	}
	if o.HTTP == nil {
		return nil, errors.New("the API's client needs an HTTP client")
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	o.Scheme = cmp.Or(o.Scheme, "Bearer")
	o.Rate, o.Burst = cmp.Or(o.Rate, defaultRate), cmp.Or(o.Burst, defaultBurst)
	o.Budget = cmp.Or(o.Budget, defaultBudget)
	c := &Client{
		ClientOptions: o, limiter: rate.NewLimiter(rate.Limit(o.Rate), o.Burst),
		long: make(chan struct{}, maxLong), large: make(chan struct{}, maxLarge), settling: make(chan struct{}, 1),
	}
	c.tokens = tokens{store: o.Tokens, key: o.TokenKey, authenticate: c.authenticate, life: tokenLife, turn: make(chan struct{}, 1)}
	if o.OAuth != nil {
		c.tokens.authenticate = (&refresher{client: c}).refresh
	}
	if c.canLogin() {
		c.tokens.tried = o.Metrics.LoggedIn
	}
	return c, nil
}

// Probe calls the API to check that the bridge can use it.
func (c *Client) Probe(ctx context.Context) error {
	_, err := c.Get(ctx, whoAmI)
	return err
}

// Get requests a path such as "/users/…" and returns the decoded JSON. Numbers are
// json.Number, and long lists of ids are cut (see trim). It repeats requests that may
// succeed later (429, 5xx, a refused token, no answer) until the budget is used up. The
// error is an *APIError or the context's.
func (c *Client) Get(ctx context.Context, path string) (answer any, err error) {
	err = c.get(ctx, path, func(body []byte) (err error) { answer, err = decodeAnswer(body); return err })
	return answer, err
}

// get passes the body of the answer to use.
func (c *Client) get(ctx context.Context, path string, use func(body []byte) error) error {
	if fault := pathFault(path); fault != "" {
		return &APIError{Status: http.StatusBadRequest, Message: fault, answer: true} // Absorb would refuse it, too
	}
	if err := c.rights.forbidden(path); err != nil {
		return err
	}
	if err := c.circuit.open(); err != nil {
		return err
	}
	budget, cancel := context.WithTimeout(ctx, c.Budget)
	defer cancel()
	var refused *APIError // Absorb's last answer, which says more than the timeout
	for try := 0; ; try++ {
		err := c.getOnce(budget, path, use)
		failure, ok := errors.AsType[*APIError](err)
		if err == nil || ok && !failure.Temporary {
			c.circuit.worked()
			return err
		}
		again := ok && pause(budget, max(backoff(try), failure.RetryAfter))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if ok && failure.Status != 0 {
			refused = failure
		}
		if again {
			continue
		}
		switch {
		case refused != nil:
			failure = refused
		case !ok:
			failure = &APIError{Message: "no answer within " + c.Budget.String(), Temporary: true}
		}
		c.circuit.failed(failure)
		return failure
	}
}

// backoff returns a random wait below a limit that doubles with each attempt.
func backoff(try int) time.Duration {
	return rand.N(min(firstBackoff<<min(try, 10), lastBackoff)) + time.Millisecond
}

// pause waits, unless the context would end first.
func pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// getOnce makes one request, and a second one if the first is refused and there is
// another token.
func (c *Client) getOnce(ctx context.Context, path string, use func(body []byte) error) error {
	token, err := c.tokens.current(ctx)
	if err != nil {
		return err
	}
	for again := true; ; again = false {
		err = c.request(ctx, path, token, use)
		refusal, ok := errors.AsType[*APIError](err)
		if !ok || refusal.Status != http.StatusUnauthorized {
			return err
		}
		if token, err = c.settle(ctx, path, token, refusal); err != nil {
			return err
		}
		if !again {
			return later(refusal)
		}
	}
}

// request requests a path with a token, and remembers what the answer says about both.
func (c *Client) request(ctx context.Context, path string, token bridge.Secret, use func(body []byte) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL+path, nil)
	if err != nil {
		return &APIError{Message: fmt.Sprintf("%.200q is not a valid path", path), answer: true}
	}
	if !token.Empty() {
		value := token.Reveal()
		if c.Scheme != "none" {
			value = c.Scheme + " " + value
		}
		req.Header.Set("Authorization", value)
	}
	err = c.do(req, use)
	if failure, ok := errors.AsType[*APIError](err); ok {
		failure.answer = isAnswer(failure)
	}
	if err == nil {
		c.rights.accept(token, path)
	}
	return err
}

// do sends a request and passes the body of a successful answer to use. secrets are
// those in the request's body that are not in the options.
func (c *Client) do(req *http.Request, use func(body []byte) error, secrets ...bridge.Secret) error {
	if err := c.limiter.Wait(req.Context()); err != nil {
		return &APIError{Message: "too many lookups are waiting; try again later", Temporary: true}
	}
	if strings.HasPrefix(req.URL.String(), c.BaseURL+"/") { // the portal, which issues OAuth tokens, needs no key
		req.Header.Set("x-api-key", c.Key.Reveal())
		req.Header.Set("x-api-version", "2")
	}
	req.Header.Set("Accept", "application/json")
	began := time.Now()
	resp, err := c.HTTP.Do(req)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			c.Metrics.Called(0, time.Since(began))
		}
		return &APIError{Message: networkWords(err), Temporary: true}
	}
	defer resp.Body.Close()
	body, release, err := c.read(req.Context(), resp)
	defer release()
	c.Metrics.Called(resp.StatusCode, time.Since(began))
	switch {
	case err != nil:
		return &APIError{Status: resp.StatusCode, Message: "the answer is incomplete: " + networkWords(err), Temporary: true}
	case resp.StatusCode != http.StatusOK:
		return apiError(resp, c.redact(body, req, secrets))
	case len(body) > maxAnswer:
		return &APIError{Status: resp.StatusCode, Message: fmt.Sprintf("the answer is larger than %d bytes", maxAnswer)}
	}
	if why := fault(body); why != "" {
		return &APIError{Status: resp.StatusCode, Message: why}
	}
	return use(body)
}

// redact removes from an error answer the secrets that the client sent: some proxies
// repeat them, in the encoding in which they came.
func (c *Client) redact(body []byte, sent *http.Request, secrets []bridge.Secret) []byte {
	secrets = append(secrets, c.Key, c.Password, bridge.Secret(strings.TrimPrefix(sent.Header.Get("Authorization"), c.Scheme+" ")))
	if c.OAuth != nil {
		secrets = append(secrets, c.OAuth.ClientSecret, c.OAuth.RefreshToken)
	}
	for _, secret := range secrets {
		if secret.Empty() {
			continue
		}
		quoted, _ := json.Marshal(secret.Reveal()) // a string always encodes
		for _, form := range []string{secret.Reveal(), url.QueryEscape(secret.Reveal()), string(quoted[1 : len(quoted)-1])} {
			body = bytes.ReplaceAll(body, []byte(form), []byte(bridge.Redacted))
		}
	}
	return body
}

// networkWords returns a network error without the URL.
func networkWords(err error) string {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return err.Error()
}

// excerpt returns the beginning of a body that is not as expected.
func excerpt(body []byte) string {
	return fmt.Sprintf("%.60q", bridge.CleanLine(string(body[:min(len(body), 200)])))
}
