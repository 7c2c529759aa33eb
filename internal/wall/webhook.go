package wall

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
)

// WebhookSecret signs what is sent to the wall's own endpoint. Everybody may know
// it.
const WebhookSecret = "whsec_d2FsbC1kZW1vLXNlY3JldC1vZi1ub2JvZHkh"

// webhookTolerance is how old a signature may be:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
const webhookTolerance = 5 * time.Minute

// webhook is an endpoint that does as Standard Webhooks asks: it checks the
// signature, and knows a message again by its id.
type webhook struct {
	now     func() time.Time
	mu      sync.Mutex // guards earlier
	earlier memory
}

func webhookPlatform(now func() time.Time) *platform {
	w := &webhook{now: now}
	return &platform{
		name:     Webhook,
		patterns: []string{"POST /webhook/{name}", "PUT /webhook/{name}", "PATCH /webhook/{name}"},
		address:  func(r *http.Request, _ []byte) string { return r.PathValue("name") },
		door:     func(*http.Request) *answer { return nil },
		take:     w.take,
		accept:   func(*http.Request) answer { return answer{status: http.StatusNoContent} },
		limited: func(wait time.Duration) answer {
			return webhookError(http.StatusTooManyRequests, "slow down").with("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
		},
		quota: newQuota(window{100, 10 * time.Second}),
		words: map[string]answer{
			"400": webhookError(http.StatusBadRequest, "the body is not understood"),
			"401": webhookError(http.StatusUnauthorized, "no signature fits"),
			"403": webhookError(http.StatusForbidden, "not allowed"),
			"404": webhookError(http.StatusNotFound, "no such endpoint"),
			"410": webhookError(http.StatusGone, "no more messages, please"),
			"413": webhookError(http.StatusRequestEntityTooLarge, "too large"),
		},
	}
}

func webhookError(status int, words string) answer {
	return jsonAnswer(status, map[string]any{"error": words})
}

func (w *webhook) take(r *http.Request, body []byte) outcome {
	id, timestamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	switch age := w.now().Sub(time.Unix(seconds, 0)); {
	case id == "" || err != nil:
		return outcome{answer: webhookError(http.StatusBadRequest, "webhook-id or webhook-timestamp is missing")}
	case age.Abs() > webhookTolerance:
		return outcome{answer: webhookError(http.StatusUnauthorized, "webhook-timestamp is too far off")}
	case !signedBy(WebhookSecret, r.Header.Get("Webhook-Signature"), id+"."+timestamp+"."+string(body)):
		return outcome{answer: webhookError(http.StatusUnauthorized, "no signature fits")}
	case !json.Valid(body):
		return outcome{answer: webhookError(http.StatusUnprocessableEntity, "the body is no JSON")}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.earlier.once(id, func() outcome { return outcome{answer: answer{status: http.StatusNoContent}, id: id} })
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
