// Package teams sends messages to Microsoft Teams channels and chats by the
// webhooks of the Workflows app (Power Automate), as Adaptive Cards.
//
// What a workflow takes is described in Microsoft's documentation (msteams-docs:
// connectors-using); its error codes are those of Azure Logic Apps.
package teams

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Teams sink's settings.
type Config struct {
	WebhookURL bridge.Secret `koanf:"webhook_url" need:"always" ask:"URL of the workflow (the channel's menu, Workflows, Send webhook alerts to a channel)"` // of a workflow; it decides the channel
	Mentions   kit.Table     `koanf:"mentions"`                                                                                                              // user principal names or object ids by email address
}

// Sink is one workflow.
type Sink struct {
	url      bridge.Secret
	mentions kit.Table
	client   *http.Client
}

var _ bridge.Sink = (*Sink)(nil)

// Type describes Teams sinks. How much a workflow takes depends on the tenant's
// plan; four messages a second were the limit of the connectors before it.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 1, Burst: 4},
		Escape:      Escape,
		CheckNative: CheckNative,
		Config:      Config{},
		Gauges:      kit.Whole(maxMessage),
		Example: map[string]any{
			"webhook_url": "https://example.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/example/triggers/manual/paths/invoke?api-version=1&sig=example",
		},
	}
}

// New builds a Teams sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	var c Config
	if err := setup.Decode(&c); err != nil {
		return nil, err
	}
	if err := errors.Join(checkURL(c.WebhookURL), c.Mentions.Check(userID, "ann@example.com")); err != nil {
		return nil, err
	}
	return &Sink{url: c.WebhookURL, mentions: c.Mentions, client: setup.Client}, nil
}

// userID is the form of a user principal name or an object id of Microsoft Entra.
const userID = `[^\s@]+@[^\s@]+|[0-9a-fA-F-]{36}`

// checkURL takes any host: Microsoft has renamed those of workflows twice, and
// sovereign clouds have their own.
func checkURL(secret bridge.Secret) error {
	const create = "in Teams choose the channel's menu, Workflows, Send webhook alerts to a channel, and copy the URL that it gives"
	u, err := kit.WebhookURL(secret, "teams", create, "a whole URL; "+create)
	if err != nil {
		return err
	}
	if host := strings.ToLower(u.Hostname()); strings.HasSuffix(host, ".webhook.office.com") || host == "outlook.office.com" {
		return kit.Setting("webhook_url", "this is the URL of an Office 365 connector, which Microsoft has retired; %s", create)
	}
	return nil
}

// Send posts one message. A workflow answers 202 before it posts: whether it
// then could is only seen in its run history.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := kit.Post(ctx, s.client, kit.Request{URL: s.url, Body: p.Body, Type: p.ContentType})
	if err != nil {
		return bridge.Receipt{}, err
	}
	if failure := answers.Failure(answer, s.url); failure != nil {
		return bridge.Receipt{}, s.refine(failure, answer)
	}
	detail := answer.Detail(s.url)
	if answer.Status == http.StatusAccepted {
		detail = strings.TrimSpace("the workflow has started; whether it could post is in its run history. " + detail)
	}
	return bridge.Receipt{Status: answer.Status, Detail: detail}, nil
}

// refine classifies a failure by its error code where that says more than the status:
// a workflow that is switched off answers 400, too.
func (s *Sink) refine(failure *bridge.SendError, a kit.Answer) *bridge.SendError {
	if found := deliveryFailed.FindSubmatch(a.Body); found != nil && !failure.Intermediary {
		a.Status, _ = strconv.Atoi(string(found[1])) // three digits
		return kit.Failure(a, s.url)
	}
	var words struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if failure.Intermediary || json.Unmarshal(a.Body, &words) != nil {
		return failure
	}
	failure.Detail = kit.Detail(words.Error.Code+": "+words.Error.Message, s.url)
	if failure.Kind == bridge.MessageRejected && ofDestination(words.Error.Code) {
		failure.Kind = bridge.DestinationBroken
	}
	return failure
}

// ofDestination tells the codes that are about the workflow and its URL.
func ofDestination(code string) bool {
	return strings.HasPrefix(code, "Workflow") || slices.Contains([]string{
		"DirectApiAuthorizationRequired", "DirectApiInvalidAuthorizationScheme", "AuthorizationFailed",
		"AuthenticationFailed", "MissingApiVersionParameter", "InvalidApiVersionParameter",
	}, code)
}

// Probe connects without posting.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	return kit.Reach(ctx, s.client, s.url)
}
