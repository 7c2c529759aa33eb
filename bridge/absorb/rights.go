package absorb

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// forbiddenFor is how long the client does not request a forbidden resource again,
	// so a new right takes effect after this time at the latest.
	forbiddenFor = 10 * time.Minute

	// maxResources limits the memory for resources. There are about a dozen kinds; ids
	// without a digit make more.
	maxResources = 1000

	// whoAmI is a resource that every user of the API may view.
	whoAmI = "/my-details"
)

// rights remembers for which resources the API accepts a token. Absorb answers 401 not
// only for a bad token, but also if the user may not view a resource. One refusal
// therefore means nothing without the answers to other requests.
type rights struct {
	mu        sync.Mutex // guards the fields below
	token     bridge.Secret
	accepted  time.Time // when the API last accepted the token …
	path      string    // … and for which path
	resources map[string]resource
}

// resource is what the client knows about a resource.
type resource struct {
	accepted time.Time // when the API last returned it
	token    bridge.Secret
	refused  time.Time // when the API first refused it with the token
	until    time.Time // forbidden until then …
	words    string    // … with this message of Absorb's
}

// kind returns a path without its query and with "*" instead of ids, which are the
// segments that contain a digit.
func kind(path string) string {
	segments := strings.Split(plain(path), "/")
	for i, s := range segments {
		if strings.ContainsAny(s, "0123456789") {
			segments[i] = "*"
		}
	}
	return strings.Join(segments, "/")
}

// plain returns a path without its query.
func plain(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// accept notes that the API returned a path.
func (r *rights) accept(token bridge.Secret, path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.token, r.accepted, r.path = token, now, path
	delete(r.resources, plain(path))
	r.put(kind(path), resource{accepted: now})
}

// refuse notes a 401, and returns the time of the first in a row with the same token.
func (r *rights) refuse(token bridge.Secret, path string, at time.Time) (first time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := r.key(path)
	s := r.resources[key]
	if s.refused.IsZero() || s.token != token {
		s.token, s.refused = token, at
		r.put(key, s)
	}
	return s.refused
}

// forbid notes that the API refuses a resource with a token that it accepts for others.
func (r *rights) forbid(path, words string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := r.key(path)
	s := r.resources[key]
	s.until, s.words = time.Now().Add(forbiddenFor), words
	r.put(key, s)
	return s.error(key)
}

// forbidden returns the error of a resource that is known to be forbidden, or nil.
func (r *rights) forbidden(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range []string{kind(path), plain(path)} {
		if s := r.resources[key]; time.Now().Before(s.until) {
			return s.error(key)
		}
	}
	return nil
}

func (s resource) error(key string) error {
	return &APIError{
		Status: http.StatusUnauthorized, answer: true,
		Message: fmt.Sprintf("%s; the API accepts the token for other resources, so give the role of the API's administrator the right to view %s", s.words, key),
	}
}

// key returns what a refusal of a path is about: its kind, or only the path if the API
// recently returned others of its kind.
func (r *rights) key(path string) string {
	k := kind(path)
	if s := r.resources[k]; !s.accepted.IsZero() && time.Since(s.accepted) < forbiddenFor {
		return plain(path)
	}
	return k
}

// put stores a resource. The caller holds mu.
func (r *rights) put(key string, s resource) {
	if r.resources == nil || len(r.resources) >= maxResources {
		r.resources = map[string]resource{}
	}
	r.resources[key] = s
}

// control returns a path that the API should return with a token, and when it last
// accepted the token for anything; zero for never.
func (r *rights) control(token bridge.Secret) (path string, accepted time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.token == token && r.path != "" {
		return r.path, r.accepted
	}
	return whoAmI, time.Time{}
}
