// Package discord sends messages to Discord channels by their webhooks.
//
// Limits and error codes are those of Discord's documentation
// (discord-api-docs: resources/webhook, resources/message, topics/rate-limits,
// topics/opcodes-and-status-codes).
package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// userAgent has the form that Discord asks for: its proxy may block others
// (reference: User Agent).
const userAgent = "DiscordBot (https://github.com/absorb-bridge/absorb-bridge, 1)"

// Config is a Discord sink's settings.
type Config struct {
	WebhookURL bridge.Secret `koanf:"webhook_url"` // of the channel: Edit channel → Integrations → Webhooks
	Username   string        `koanf:"username"`    // shown in place of the webhook's name
	AvatarURL  string        `koanf:"avatar_url"`  // shown in place of the webhook's picture
	ThreadID   string        `koanf:"thread_id"`   // posts into a thread of the channel
}

// Sink is one webhook.
type Sink struct {
	config Config
	post   bridge.Secret // the webhook's URL as it is posted to
	bucket string        // key of what shares a limit
	client *http.Client
}

var (
	_ bridge.Sink     = (*Sink)(nil)
	_ bridge.Bucketed = (*Sink)(nil)
)

// Type describes Discord sinks. Discord takes about 30 messages a minute in a
// channel (a hidden limit: discord-api-docs issue 367).
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 0.5, Burst: 5},
		Escape:      Escape,
		CheckNative: CheckNative,
		Example: map[string]any{
			"webhook_url": "https://discord.com/api/webhooks/100000000000000000/example",
			"username":    "Absorb",
		},
	}
}

// webhookPath finds a webhook's id and token in the path of its URL, whatever
// API version and host it was copied with.
var webhookPath = regexp.MustCompile(`^/api/(?:v\d+/)?webhooks/(\d+)/([^/]+)$`)

// New builds a Discord sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{client: setup.Client}
	if err := setup.Decode(&s.config); err != nil {
		return nil, err
	}
	u, webhook, token, err := s.config.webhook()
	if err := errors.Join(err, s.config.check()); err != nil {
		return nil, err
	}
	s.bucket = u.Host + " webhook " + webhook
	u.Path = "/api/v10/webhooks/" + webhook + "/" + token
	query := u.Query()
	// Without wait Discord answers 204 at once, and says nothing of a message
	// that it then does not save.
	query.Set("wait", "true")
	if s.config.ThreadID != "" {
		query.Set("thread_id", s.config.ThreadID)
	}
	u.RawQuery = query.Encode()
	s.post = bridge.Secret(u.String())
	return s, nil
}

// webhook takes the webhook's URL apart.
func (c Config) webhook() (u *url.URL, id, token string, err error) {
	if c.WebhookURL.Empty() {
		return nil, "", "", kit.Setting("webhook_url", "required: copy it from the channel's settings, Integrations, Webhooks")
	}
	u, err = url.Parse(c.WebhookURL.Reveal())
	if err == nil && isWeb(u) {
		if found := webhookPath.FindStringSubmatch(u.Path); found != nil {
			return u, found[1], found[2], nil
		}
	}
	return nil, "", "", kit.Setting("webhook_url", "want a URL like https://discord.com/api/webhooks/123456789/…")
}

func isWeb(u *url.URL) bool { return u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") }

// check looks for what Discord would refuse with every message.
func (c Config) check() error {
	var faults []error
	if name := strings.ToLower(c.Username); strings.Contains(name, "discord") || strings.Contains(name, "clyde") || kit.UTF16(name) > 80 {
		faults = append(faults, kit.Setting("username", `Discord refuses names longer than 80 characters and those with "discord" or "clyde" in them`))
	}
	if a, err := url.Parse(c.AvatarURL); c.AvatarURL != "" && (err != nil || !isWeb(a)) {
		faults = append(faults, kit.Setting("avatar_url", "want the URL of a picture, such as https://example.com/logo.png"))
	}
	if strings.Trim(c.ThreadID, "0123456789") != "" {
		faults = append(faults, kit.Setting("thread_id", "want the thread's number: with Developer Mode on, choose Copy Thread ID in its menu"))
	}
	return errors.Join(faults...)
}

// Bucket is the webhook: Discord limits each by itself.
func (s *Sink) Bucket() string { return s.bucket }

// Send posts one message.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := kit.Post(ctx, s.client, kit.Request{
		URL: s.post, Header: http.Header{"User-Agent": {userAgent}}, Body: p.Body, Type: p.ContentType,
	})
	if err != nil {
		return bridge.Receipt{}, err
	}
	if answer.Status == http.StatusOK || answer.Status == http.StatusNoContent {
		var message struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(answer.Body, &message) // taken, whatever it says
		return bridge.Receipt{ID: message.ID, Status: answer.Status, Pause: emptyBucket(answer.Header)}, nil
	}
	return bridge.Receipt{}, s.failure(answer)
}

// emptyBucket is how long until the rate limit lets the next message through, as
// the headers of an answer tell.
func emptyBucket(h http.Header) time.Duration {
	if h.Get("X-RateLimit-Remaining") != "0" {
		return 0
	}
	seconds, err := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err != nil {
		return 0
	}
	return kit.Seconds(seconds)
}

// failure reads Discord's error answer. Its proxy answers in HTML, where only the
// status counts.
func (s *Sink) failure(answer kit.Answer) *bridge.SendError {
	failure := kit.Failure(answer, s.config.WebhookURL, s.post)
	var words struct {
		Code       int             `json:"code"`
		Message    string          `json:"message"`
		Errors     json.RawMessage `json:"errors"`
		RetryAfter float64         `json:"retry_after"` // seconds, finer than the header's
	}
	if json.Unmarshal(answer.Body, &words) != nil {
		return failure
	}
	if words.Message != "" {
		text := fmt.Sprintf("%s (code %d) %s", words.Message, words.Code, words.Errors)
		failure.Detail = kit.Cut(kit.Redact(bridge.CleanText(text), s.config.WebhookURL, s.post), kit.MaxDetail)
	}
	if words.RetryAfter > 0 && failure.Kind == bridge.Limited {
		failure.RetryAfter = kit.Seconds(words.RetryAfter)
	}
	if kind, known := kindOf(words.Code); known {
		failure.Kind = kind
	}
	return failure
}

// kindOf classifies Discord's JSON error codes.
func kindOf(code int) (bridge.Kind, bool) {
	switch code {
	case 10003, 10015, 40001, 50001, 50013, 50025, 50027, 220001, 220003, 50083, 10008:
		return bridge.DestinationBroken, true // unknown channel or webhook, bad token, no access, forum without thread, archived thread
	case 40005, 50006, 50035, 50109, 240000:
		return bridge.MessageRejected, true // too large, empty, invalid form body, invalid JSON, harmful link
	case 20016, 20028, 20029, 30046, 40062:
		return bridge.Limited, true // slow mode, write limits
	}
	return bridge.Temporary, false
}
