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
	// tokenLife is how long a token of /authenticate is valid (Absorb's
	// Integration API v2: four hours), and refreshEarly how long before its end
	// it is replaced.
	tokenLife    = 4 * time.Hour
	refreshEarly = 10 * time.Minute

	// loginPause is how long a refused login is not tried again: a wrong
	// password, tried hotly, locks the account.
	loginPause = 2 * time.Minute

	// spreadTime is how long nodes of the API may refuse a new token that others
	// accept: a second or two were seen.
	spreadTime = 5 * time.Second

	// loginFloor is the least time between a login and the next one that a refused
	// token causes: each ends the token that others use, and the new one needs its
	// time to spread. A lookup outlasts it within its default budget.
	loginFloor = 20 * time.Second
)

// ErrUnreadable is the error of a TokenStore that has a token and cannot decrypt it.
var ErrUnreadable = errors.New("the stored token is encrypted by another key")

// TokenStore keeps tokens beyond the process. Absorb has one token for each
// user, and a new one ends the one before, so all who log in as the same user
// must share it.
type TokenStore interface {
	Token(ctx context.Context, key string) (token string, expires time.Time, err error) // "" when there is none
	SaveToken(ctx context.Context, key, token string, expires time.Time) error

	// Lock waits until nobody else, in any process, has the lock of a key.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// tokens holds the token in use, and gets a new one when it must.
type tokens struct {
	store        TokenStore
	key          string
	authenticate func(context.Context) (grant, error) // without a token when no login is configured
	tried        func(error)                          // is told how each login went; nil when none is configured

	turn    chan struct{} // guards what follows; full while one caller logs in for all
	token   bridge.Secret
	began   time.Time // when it was given, or seen here, whichever was first
	expires time.Time
	early   time.Duration // so long before it expires it is replaced
	life    time.Duration // of such tokens
	own     bool          // this process got it by a login
	dead    bool          // it is refused everywhere
	refused *APIError     // the last login was refused, or its token was …
	again   time.Time     // … so the next one is not before
}

// lock waits until no other caller has the turn.
func (t *tokens) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case t.turn <- struct{}{}:
		return func() { <-t.turn }, nil
	case <-ctx.Done():
		return nil, &APIError{Message: "no answer to the login yet", Temporary: true}
	}
}

// current gives a token that should be valid.
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

// look tells whether a token is so new that a refusal may pass by itself, and gives
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

// replace gives another token than one that is refused everywhere. One that was
// accepted before was ended by somebody, and so may be one that another process got.
// One of this process that never was accepted is as bad as a wrong password: another
// would not be accepted either.
func (t *tokens) replace(ctx context.Context, refused bridge.Secret, accepted bool, words string) (bridge.Secret, error) {
	unlock, err := t.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if t.token == refused {
		t.dead, t.again = true, t.began.Add(loginPause)
		t.refused = &APIError{Status: http.StatusUnauthorized, Message: "the token of the last login is refused: check api.scheme and api.key", Temporary: true}
		if accepted || !t.own {
			t.again = t.began.Add(loginFloor)
			t.refused.Message = "the token was ended a moment after the login: does another program log in with the same user?"
		}
		t.refused.Message += " (" + words + ")"
	}
	return t.another(ctx, refused)
}

// another gives the token that another process has got meanwhile, or logs in. Only
// one process does so at a time: two would end each other's token for ever.
func (t *tokens) another(ctx context.Context, refused bridge.Secret) (bridge.Secret, error) {
	fresh := func() bool { t.load(ctx); return t.valid() && t.token != refused }
	if fresh() {
		return t.token, nil
	}
	if t.store != nil {
		unlock, err := t.store.Lock(ctx, t.key)
		if err != nil {
			return "", &APIError{Message: "the store does not answer, so no token can be shared", Temporary: true}
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

// load takes over the stored token, if it is another. Without one that can be read, or
// without the store, there is the login.
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

// adopt takes a token into use.
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
		// A token that could not be kept still works for this process.
		_ = t.store.SaveToken(ctx, t.key, got.token.Reveal(), t.expires)
	}
	return got.token, nil
}

// authenticate logs in. An API without a user's name is used with its key alone.
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
		return grant{}, &APIError{Message: "the login cannot be asked for"}
	}
	req.Header.Set("Content-Type", "application/json")
	var token string
	err = c.do(req, func(body []byte) error {
		_ = json.Unmarshal(body, &token) // what is no token leaves it empty
		return nil
	})
	if err != nil {
		if e, ok := errors.AsType[*APIError](err); ok && !e.Temporary {
			e.Message = "the login was refused: check api.username, api.password and api.key (" + e.Message + ")"
		}
		return grant{}, err
	}
	if token == "" {
		return grant{}, &APIError{Status: http.StatusOK, Message: "the login was answered without a token"}
	}
	return grant{bridge.Secret(token), tokenLife}, nil
}
