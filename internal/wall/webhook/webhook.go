// Package webhook emulates an endpoint of one's own that follows Standard Webhooks.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "webhook"

// Secret signs what is sent to the wall's own endpoint. Everybody may know
// it.
const Secret = "whsec_d2FsbC1kZW1vLXNlY3JldC1vZi1ub2JvZHkh"

// tolerance is how old a signature may be:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
const tolerance = 5 * time.Minute

// endpoint is an endpoint that does as Standard Webhooks asks: it checks the
// signature, and knows a message again by its id.
type endpoint struct {
	now     func() time.Time
	mu      sync.Mutex // guards earlier
	earlier platform.Repeats
}

// New makes an endpoint that takes what the sink sends.
func New(now func() time.Time) *platform.Platform {
	w := &endpoint{now: now}
	return &platform.Platform{
		Name:      Name,
		Patterns:  []string{"POST /webhook/{name}", "PUT /webhook/{name}", "PATCH /webhook/{name}"},
		Address:   func(r *http.Request, _ []byte) string { return r.PathValue("name") },
		Authorize: func(*http.Request) *platform.Answer { return nil },
		Judge:     w.judge,
		Count:     func(*http.Request) platform.Answer { return platform.Answer{Status: http.StatusNoContent} },
		Limited: func(wait time.Duration) platform.Answer {
			return errorAnswer(http.StatusTooManyRequests, "slow down").With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
		},
		Quota: platform.NewQuota(platform.Window{Messages: 100, Length: 10 * time.Second}),
		Errors: map[string]platform.Answer{
			"400": errorAnswer(http.StatusBadRequest, "the body is not understood"),
			"401": errorAnswer(http.StatusUnauthorized, "no signature fits"),
			"403": errorAnswer(http.StatusForbidden, "not allowed"),
			"404": errorAnswer(http.StatusNotFound, "no such endpoint"),
			"410": errorAnswer(http.StatusGone, "no more messages, please"),
			"413": errorAnswer(http.StatusRequestEntityTooLarge, "too large"),
		},
	}
}

func errorAnswer(status int, words string) platform.Answer {
	return platform.JSON(status, map[string]any{"error": words})
}

func (w *endpoint) judge(r *http.Request, body []byte) platform.Outcome {
	id, timestamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	switch age := w.now().Sub(time.Unix(seconds, 0)); {
	case id == "" || err != nil:
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "webhook-id or webhook-timestamp is missing")}
	case age.Abs() > tolerance:
		return platform.Outcome{Answer: errorAnswer(http.StatusUnauthorized, "webhook-timestamp is too far off")}
	case !signedBy(Secret, r.Header.Get("Webhook-Signature"), id+"."+timestamp+"."+string(body)):
		return platform.Outcome{Answer: errorAnswer(http.StatusUnauthorized, "no signature fits")}
	case !json.Valid(body):
		return platform.Outcome{Answer: errorAnswer(http.StatusUnprocessableEntity, "the body is no JSON")}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.earlier.Once(id, func() platform.Outcome {
		return platform.Outcome{Answer: platform.Answer{Status: http.StatusNoContent}, ID: id}
	})
}

// signedBy tells whether one of the signatures, which blanks divide, is the
// secret's.
func signedBy(secret, signatures, content string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(content))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(strings.Fields(signatures), func(s string) bool { return hmac.Equal([]byte(s), []byte(want)) })
}
