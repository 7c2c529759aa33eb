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

// Bounds of the client. Absorb allows 200 requests a second and a burst of 100.
const (
	defaultRate   = 100
	defaultBurst  = 50
	defaultBudget = 30 * time.Second
	firstBackoff  = 250 * time.Millisecond
	lastBackoff   = 8 * time.Second
)

// ClientOptions says how to reach an Integration API. All but BaseURL, Key and
// HTTP may be left out.
type ClientOptions struct {
	BaseURL  string // such as https://rest.myabsorb.com
	Key      bridge.Secret
	Username string
	Password bridge.Secret
	OAuth    *OAuth  // in place of Username and Password, or nil
	Scheme   string  // of the Authorization header: "Bearer" (default), or "none" for the bare token
	Rate     float64 // requests a second
	Burst    int
	Budget   time.Duration // how long one Get may take with all its retries
	HTTP     *http.Client  // must not follow redirects
	Tokens   TokenStore    // nil keeps the token in memory
	TokenKey string        // whose token it is, in Tokens
	Metrics  *metrics.Source
}

// Client asks an Integration API. It may be used by many goroutines.
type Client struct {
	ClientOptions
	limiter *rate.Limiter
	tokens  tokens
	rights  rights
	circuit circuit
	long    chan struct{} // one for each answer in memory that is longer than usual …
	large   chan struct{} // … and for each large one

	settling chan struct{} // full while a 401 is settled

	plainDates atomic.Bool // filters have dates in plain quotes
}

// APIError is an answer that is no success, or none at all.
type APIError struct {
	Status     int           // HTTP status; 0 when no answer came
	Message    string        // Absorb's words or the network's, without secrets
	Temporary  bool          // the same request may succeed later
	RetryAfter time.Duration // as the answer asks, or 0

	answer bool // about the thing itself, so that asking again gives the same
}

// Error gives the status and the words.
func (e *APIError) Error() string {
	if e.Status == 0 {
		return "the Integration API: " + e.Message
	}
	return fmt.Sprintf("the Integration API answered %d: %s", e.Status, e.Message)
}

// NewClient makes a client.
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

// Probe tells whether the API can be used: it asks who we are.
func (c *Client) Probe(ctx context.Context) error {
	_, err := c.Get(ctx, whoAmI)
	return err
}

// Get asks for a path such as "/users/…" and gives the decoded JSON; numbers are
// json.Number, and long lists of ids are cut (see trim). Answers that may change
// (429, 5xx, a token that is refused, none) are asked for again until the budget is used up. The error is
// an *APIError or the context's.
func (c *Client) Get(ctx context.Context, path string) (answer any, err error) {
	err = c.get(ctx, path, func(body []byte) (err error) { answer, err = decodeAnswer(body); return err })
	return answer, err
}

// get lets use have the body of the answer.
func (c *Client) get(ctx context.Context, path string, use func(body []byte) error) error {
	if fault := pathFault(path); fault != "" {
		return &APIError{Status: http.StatusBadRequest, Message: fault, answer: true} // as Absorb would refuse it: another try gives the same
	}
	if err := c.rights.forbidden(path); err != nil {
		return err
	}
	if err := c.circuit.open(); err != nil {
		return err
	}
	budget, cancel := context.WithTimeout(ctx, c.Budget)
	defer cancel()
	var refused *APIError // Absorb's last words: they say more than that the budget is used up
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

// backoff is a random wait below a bound that doubles with each try.
func backoff(try int) time.Duration {
	return rand.N(min(firstBackoff<<min(try, 10), lastBackoff)) + time.Millisecond
}

// pause waits, unless the context would end before.
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

// getOnce asks once, and a second time if the first is refused and there is another
// token.
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

// request asks for a path with a token, and notes what the answer tells about both.
func (c *Client) request(ctx context.Context, path string, token bridge.Secret, use func(body []byte) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL+path, nil)
	if err != nil {
		return &APIError{Message: fmt.Sprintf("%.200q cannot be asked for", path), answer: true}
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

// do sends a request of either kind, and lets use have the body of a success. The
// secrets are those in the request's body that the options do not hold.
func (c *Client) do(req *http.Request, use func(body []byte) error, secrets ...bridge.Secret) error {
	if err := c.limiter.Wait(req.Context()); err != nil {
		return &APIError{Message: "too many lookups wait for their turn", Temporary: true}
	}
	if strings.HasPrefix(req.URL.String(), c.BaseURL+"/") { // the portal, which gives OAuth tokens, needs no key
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
		return &APIError{Status: resp.StatusCode, Message: "the answer broke off: " + networkWords(err), Temporary: true}
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

// redact takes out of an error's body what we sent: some proxies repeat it, in
// the encoding in which it came.
func (c *Client) redact(body []byte, sent *http.Request, secrets []bridge.Secret) []byte {
	secrets = append(secrets, c.Key, c.Password, bridge.Secret(strings.TrimPrefix(sent.Header.Get("Authorization"), c.Scheme+" ")))
	if c.OAuth != nil {
		secrets = append(secrets, c.OAuth.ClientSecret, c.OAuth.RefreshToken)
	}
	for _, secret := range secrets {
		if secret.Empty() {
			continue
		}
		quoted, _ := json.Marshal(secret.Reveal()) // a string always can be
		for _, form := range []string{secret.Reveal(), url.QueryEscape(secret.Reveal()), string(quoted[1 : len(quoted)-1])} {
			body = bytes.ReplaceAll(body, []byte(form), []byte(bridge.Redacted))
		}
	}
	return body
}

// networkWords is a network error without the URL.
func networkWords(err error) string {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return err.Error()
}

// excerpt is the beginning of a body that is not what it should be.
func excerpt(body []byte) string {
	return fmt.Sprintf("%.60q", bridge.CleanLine(string(body[:min(len(body), 200)])))
}
