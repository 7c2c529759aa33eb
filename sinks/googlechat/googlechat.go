// Package googlechat sends messages to Google Chat spaces by their webhooks.
//
// Limits and shapes are those of Google's discovery document (chat/v1) and of
// developers.google.com/workspace/chat/limits. Google's own library is not used:
// it would make the program half as large again for a handful of structs.
package googlechat

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Google Chat sink's settings.
type Config struct {
	WebhookURL  bridge.Secret `koanf:"webhook_url" need:"always" ask:"URL of the space's webhook (the space's menu, Apps & integrations, Webhooks)"` // of the space: Apps & integrations → Webhooks
	Deduplicate bool          `koanf:"deduplicate"`                                                                                                  // sends the message's id along, so that Google drops repetitions
	Mentions    kit.Table     `koanf:"mentions"`                                                                                                     // user ids by email address
}

func defaults() Config { return Config{Deduplicate: true} }

// Sink is one webhook of a space.
type Sink struct {
	config Config
	url    *url.URL
	space  string
	client *http.Client
}

var (
	_ bridge.Sink     = (*Sink)(nil)
	_ bridge.Bucketed = (*Sink)(nil)
	_ bridge.Threaded = (*Sink)(nil)
)

// Type describes Google Chat sinks. A space takes one message a second from all
// its webhooks together (developers.google.com/workspace/chat/limits).
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 1, Burst: 1},
		Escape:      Escape,
		CheckNative: CheckNative,
		Config:      defaults(),
		Gauges:      kit.Whole(maxMessage),
		Example: map[string]any{
			"webhook_url": "https://chat.googleapis.com/v1/spaces/EXAMPLE/messages?key=example-key&token=example-token",
		},
	}
}

// spacePath finds the space in the path of a webhook's URL.
var spacePath = regexp.MustCompile(`/(spaces/[^/]+)/messages/?$`)

// New builds a Google Chat sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{config: defaults(), client: setup.Client}
	if err := setup.Decode(&s.config); err != nil {
		return nil, err
	}
	u, err := kit.WebhookURL(s.config.WebhookURL, "googlechat", "copy it from the space's menu, Apps & integrations, Webhooks",
		"a URL like https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…")
	if err != nil {
		return nil, err
	}
	if err := s.config.Mentions.Check(userID, "users/123456789012345678901"); err != nil {
		return nil, err
	}
	s.url, s.space = u, u.Host
	if found := spacePath.FindStringSubmatch(u.Path); found != nil {
		s.space += "/" + found[1]
	}
	return s, nil
}

// userID is the form of the ids of people.
const userID = `(?:users/)?\d+`

// Threads is true: messages with one key stand in one thread, in spaces that have
// threads.
func (s *Sink) Threads() bool { return true }

// Bucket is the space: all its webhooks share one quota.
func (s *Sink) Bucket() string { return s.space }

// Send posts one message.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := kit.Post(ctx, s.client, kit.Request{URL: s.address(p), Body: p.Body, Type: p.ContentType})
	if err != nil {
		return bridge.Receipt{}, err
	}
	if failure := answers.Failure(answer, s.config.WebhookURL); failure != nil {
		return bridge.Receipt{}, s.refine(failure, answer)
	}
	var message struct {
		Name   string `json:"name"`
		Thread struct {
			Name string `json:"name"`
		} `json:"thread"`
	}
	_ = json.Unmarshal(answer.Body, &message) // it has this form
	return bridge.Receipt{ID: message.Name, Thread: message.Thread.Name, Status: answer.Status}, nil
}

// address is the webhook's URL for one message. Google answers a request id that
// it has seen with the message of then; a message for a thread says so in the
// query too.
func (s *Sink) address(p bridge.Payload) bridge.Secret {
	u := *s.url
	query := u.Query()
	if s.config.Deduplicate && p.MessageID != "" {
		query.Set("requestId", p.MessageID)
	}
	if threaded(p.Body) {
		query.Set("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
	}
	u.RawQuery = query.Encode()
	return bridge.Secret(u.String())
}

func threaded(body []byte) bool {
	var m struct {
		Thread *thread `json:"thread"`
	}
	return json.Unmarshal(body, &m) == nil && m.Thread != nil
}

// refine classifies a failure by Google's canonical code, and keeps of its JSON what a
// person can use.
func (s *Sink) refine(failure *bridge.SendError, a kit.Answer) *bridge.SendError {
	var words struct {
		Error struct {
			Status  string `json:"status"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if failure.Intermediary || json.Unmarshal(a.Body, &words) != nil {
		return failure
	}
	failure.Detail = kit.Detail(words.Error.Status+": "+words.Error.Message, s.config.WebhookURL)
	switch words.Error.Status {
	case "INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE":
		failure.Kind = bridge.MessageRejected
		if badKey(words.Error.Message) {
			failure.Kind = bridge.DestinationBroken
		}
	case "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND":
		failure.Kind = bridge.DestinationBroken
	case "RESOURCE_EXHAUSTED":
		failure.Kind = bridge.Limited
	case "INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN":
		if failure.Kind != bridge.Limited {
			failure.Kind = bridge.Temporary
		}
	}
	return failure
}

// badKey tells Google's INVALID_ARGUMENT for a URL whose key is wrong from that
// for a message.
func badKey(message string) bool { return strings.Contains(message, "API key not valid") }

// Probe connects without posting.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	return kit.Reach(ctx, s.client, s.config.WebhookURL)
}
