package absorb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// tokenLife is how long a token of /authenticate is valid (four hours in version 2
	// of Absorb's Integration API), and refreshEarly how long before its end the client
	// replaces it.
	tokenLife    = 4 * time.Hour
	refreshEarly = 10 * time.Minute

	// loginPause is the pause after a refused login: repeating a wrong password quickly
	// locks the account.
	loginPause = 2 * time.Minute

	// spreadTime is how long nodes of the API may refuse a new token that others
	// accept: one or two seconds were seen.
	spreadTime = 5 * time.Second

	// loginFloor is the least time between a login and the next one that a refused
	// token causes. Each login invalidates the token that others use, and the new one
	// needs time to spread. A lookup with the default budget waits longer than this.
	loginFloor = 20 * time.Second
)

// ErrUnreadable means that a TokenStore has a token but cannot decrypt it.
var ErrUnreadable = errors.New("another key encrypted the stored token")

// TokenStore stores tokens beyond the process. Absorb has one token for each user, and
// a new one invalidates the previous one, so everything that logs in as the same user
// must share it.
type TokenStore interface {
	Token(ctx context.Context, key string) (token string, expires time.Time, err error) // "" when there is none
	SaveToken(ctx context.Context, key, token string, expires time.Time) error

	// Lock waits until nobody else, in any process, has the lock of a key.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// tokens holds the token in use, and gets a new one if necessary.
type tokens struct {
	store        TokenStore
	key          string
	authenticate func(context.Context) (grant, error) // without a token if no login is configured
	tried        func(error)                          // called after each login with its result; may be nil

	turn    chan struct{} // guards the fields below; full while one caller logs in for all
	token   bridge.Secret
	began   time.Time // when it was issued or first seen here
	expires time.Time
	early   time.Duration // how long before it expires it is replaced
	life    time.Duration // of such tokens
	own     bool          // this process got it with a login
	dead    bool          // refused for everything
	refused *APIError     // the last login was refused, or its token was …
	again   time.Time     // … so the next one is not before
}

// lock waits until no other caller has the turn.
func (t *tokens) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case t.turn <- struct{}{}:
		return func() { <-t.turn }, nil
	case <-ctx.Done():
		return nil, &APIError{Message: "the login has not been answered yet", Temporary: true}
	}
}

// current returns a token that should be valid.
func (t *tokens) current(ctx context.Context) (bridge.Secret, error) {
	unlock, err := t.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if t.valid() {
		return t.token, nil
	}
	return t.another(ctx, "")
}

// look reports whether a token is so new that a refusal may end on its own, and returns
// the token in use if that is another one.
func (t *tokens) look(ctx context.Context, token bridge.Secret) (young bool, other bridge.Secret, err error) {
	unlock, err := t.lock(ctx)
	if err != nil {
		return false, "", err
	}
	defer unlock()
	switch {
	case t.token == token:
		return !token.Empty() && time.Since(t.began) < spreadTime, "", nil
	case t.valid():
		return false, t.token, nil
	}
	return false, "", nil
}

// replace returns another token after one that is refused everywhere. If that token was
// accepted before, another login invalidated it, which may also happen to a token of
// another process. If this process got it and it never was accepted, a new login would
// not help, as with a wrong password.
func (t *tokens) replace(ctx context.Context, refused bridge.Secret, accepted bool, words string) (bridge.Secret, error) {
	unlock, err := t.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if t.token == refused {
		t.dead, t.again = true, t.began.Add(loginPause)
		t.refused = &APIError{Status: http.StatusUnauthorized, Message: "the API refuses the token of the last login; check api.scheme and api.key", Temporary: true}
		if accepted || !t.own {
			t.again = t.began.Add(loginFloor)
			t.refused.Message = "the token became invalid right after the login; check whether another program logs in as the same user"
		}
		t.refused.Message += " (" + words + ")"
	}
	return t.another(ctx, refused)
}

// another returns the token that another process has got meanwhile, or logs in. Only
// one process does so at a time; otherwise two would invalidate each other's tokens for
// ever.
func (t *tokens) another(ctx context.Context, refused bridge.Secret) (bridge.Secret, error) {
	fresh := func() bool { t.load(ctx); return t.valid() && t.token != refused }
	if fresh() {
		return t.token, nil
	}
	if t.store != nil {
		unlock, err := t.store.Lock(ctx, t.key)
		if err != nil {
			return "", &APIError{Message: "the store does not answer, so the bridge cannot share the token", Temporary: true}
		}
		defer unlock()
		if fresh() {
			return t.token, nil
		}
	}
	return t.login(ctx)
}

func (t *tokens) valid() bool {
	return !t.token.Empty() && !t.dead && time.Until(t.expires) > t.early
}

// load uses the stored token if it is a different one. If it cannot be read, the client
// logs in.
func (t *tokens) load(ctx context.Context) {
	if t.store == nil {
		return
	}
	if token, expires, err := t.store.Token(ctx, t.key); err == nil && token != "" && bridge.Secret(token) != t.token {
		t.adopt(bridge.Secret(token), expires, refreshEarly)
		t.own = false
		if began := expires.Add(-t.life); began.Before(t.began) {
			t.began = began
		}
	}
}

// adopt starts to use a token.
func (t *tokens) adopt(token bridge.Secret, expires time.Time, early time.Duration) {
	t.token, t.began, t.expires, t.early = token, time.Now(), expires, early
	t.own, t.dead, t.refused = true, false, nil
}

func (t *tokens) login(ctx context.Context) (bridge.Secret, error) {
	if wait := time.Until(t.again); t.refused != nil && wait > 0 {
		refusal := *t.refused
		refusal.RetryAfter = wait
		return "", &refusal
	}
	began := time.Now()
	got, err := t.authenticate(ctx)
	if t.tried != nil {
		t.tried(err)
	}
	if err != nil {
		if e, ok := errors.AsType[*APIError](err); ok && !e.Temporary && !NeedsLogin(err) {
			t.refused, t.again = e, began.Add(loginPause)
		}
		return "", err
	}
	t.adopt(got.token, began.Add(got.life), min(refreshEarly, got.life/4))
	t.life = got.life
	if t.store != nil && !got.token.Empty() {
		// A token that was not stored still works for this process.
		_ = t.store.SaveToken(ctx, t.key, got.token.Reveal(), t.expires)
	}
	return got.token, nil
}

// authenticate logs in. An API without a user name uses its key only.
func (c *Client) authenticate(ctx context.Context) (grant, error) {
	if c.Username == "" {
		return grant{}, nil
	}
	body, err := json.Marshal(map[string]string{
		"username": c.Username, "password": c.Password.Reveal(), "privateKey": c.Key.Reveal(),
	})
	if err != nil {
		return grant{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL+"/authenticate", bytes.NewReader(body))
	if err != nil {
		return grant{}, &APIError{Message: "the API's address is not valid"}
	}
	req.Header.Set("Content-Type", "application/json")
	var token string
	err = c.do(req, func(body []byte) error {
		_ = json.Unmarshal(body, &token) // if it is not a token, token stays empty
		return nil
	})
	if err != nil {
		if e, ok := errors.AsType[*APIError](err); ok && !e.Temporary {
			e.Message = "the login was refused; check api.username, api.password and api.key (" + e.Message + ")"
		}
		return grant{}, err
	}
	if token == "" {
		return grant{}, &APIError{Status: http.StatusOK, Message: "the API answered the login without a token"}
	}
	return grant{bridge.Secret(token), tokenLife}, nil
}
