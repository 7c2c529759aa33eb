package absorb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
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
)

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

	mu      sync.Mutex // guards what follows; held while one caller logs in for all
	token   bridge.Secret
	expires time.Time
	early   time.Duration // so long before it expires it is replaced
	refused error         // the last login was refused …
	again   time.Time
}

// current gives a token that should be valid.
func (t *tokens) current(ctx context.Context) (bridge.Secret, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.valid() {
		return t.token, nil
	}
	return t.another(ctx, "")
}

// replace gives another token than the one that was refused.
func (t *tokens) replace(ctx context.Context, refused bridge.Secret) (bridge.Secret, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.valid() && t.token != refused {
		return t.token, nil // somebody was faster
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
	return !t.token.Empty() && time.Until(t.expires) > t.early
}

// load takes over the stored token. Without one, or without the store, there is
// the login.
func (t *tokens) load(ctx context.Context) {
	if t.store == nil {
		return
	}
	if token, expires, err := t.store.Token(ctx, t.key); err == nil && token != "" {
		t.token, t.expires, t.early = bridge.Secret(token), expires, refreshEarly
	}
}

func (t *tokens) login(ctx context.Context) (bridge.Secret, error) {
	if t.refused != nil && time.Now().Before(t.again) {
		return "", t.refused
	}
	began := time.Now()
	got, err := t.authenticate(ctx)
	if t.tried != nil {
		t.tried(err)
	}
	if err != nil {
		if e, ok := errors.AsType[*APIError](err); ok && !e.Temporary {
			t.refused, t.again = err, began.Add(loginPause)
		}
		return "", err
	}
	t.token, t.expires, t.refused = got.token, began.Add(got.life), nil
	t.early = min(refreshEarly, got.life/4)
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
