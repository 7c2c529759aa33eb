package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// triggerPath is the path for requests to make an event happen. Absorb's API has no such
// path.
const triggerPath = "/emulated/events"

// triggerRequest is the body of such a request.
type triggerRequest struct {
	Event    string `json:"event"`
	Webhooks string `json:"webhooks"` // the profile of the webhook: lean or full
}

// triggerAnswer is the resulting webhook.
type triggerAnswer struct {
	Body      string `json:"body"`
	UserAgent string `json:"userAgent"`
}

// serveTrigger makes an event happen on request.
func (p *Portal) serveTrigger(w http.ResponseWriter, r *http.Request) {
	var request triggerRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&request); err != nil {
		invalid(w, "The body is not JSON with an event.")
		return
	}
	profile, err := ProfileNamed(request.Webhooks)
	if err == nil && !slices.ContainsFunc(absorb.Events(), func(e absorb.EventType) bool { return e.Name == request.Event }) {
		err = errors.New("the event is not one of Absorb's")
	}
	if err != nil {
		invalid(w, err.Error())
		return
	}
	hook := p.TriggerNew(request.Event, profile)
	write(w, http.StatusOK, triggerAnswer{Body: string(hook.Body), UserAgent: hook.UserAgent})
}

// TriggerAt makes an event happen in an emulated portal at an address, such as the
// demo's, and returns its webhook.
func TriggerAt(ctx context.Context, client *http.Client, address, event, webhooks string) (Webhook, error) {
	body, err := json.Marshal(triggerRequest{Event: event, Webhooks: webhooks})
	if err != nil {
		return Webhook{}, fmt.Errorf("trigger %s: %w", event, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(address, "/")+triggerPath, bytes.NewReader(body))
	if err != nil {
		return Webhook{}, fmt.Errorf("trigger %s: %w", event, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return Webhook{}, fmt.Errorf("trigger %s: %w", event, err)
	}
	defer res.Body.Close()
	var answer triggerAnswer
	err = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer)
	if res.StatusCode != http.StatusOK || err != nil || answer.Body == "" {
		return Webhook{}, fmt.Errorf("trigger %s: %s is not an emulated portal: it answered %s", event, address, res.Status)
	}
	return Webhook{Event: event, Body: []byte(answer.Body), UserAgent: answer.UserAgent}, nil
}
