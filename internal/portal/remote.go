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

// occurPath is where an emulated portal is told to let something happen. Absorb's API
// has no such path.
const occurPath = "/emulated/events"

// wish is what the portal is told.
type wish struct {
	Event    string `json:"event"`
	Webhooks string `json:"webhooks"` // how the webhook is written: lean or full
}

// announcement is the webhook that comes of it.
type announcement struct {
	Body      string `json:"body"`
	UserAgent string `json:"userAgent"`
}

// grantWish lets an event happen for somebody who asks by HTTP.
func (p *Portal) grantWish(w http.ResponseWriter, r *http.Request) {
	var asked wish
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&asked); err != nil {
		invalid(w, "The body is not JSON with an event.")
		return
	}
	profile, err := ProfileNamed(asked.Webhooks)
	if err == nil && !slices.ContainsFunc(absorb.Events(), func(e absorb.EventType) bool { return e.Name == asked.Event }) {
		err = errors.New("the event is not one of Absorb's")
	}
	if err != nil {
		invalid(w, err.Error())
		return
	}
	hook := p.Occur(asked.Event, profile)
	write(w, http.StatusOK, announcement{Body: string(hook.Body), UserAgent: hook.UserAgent})
}

// OccurAt lets an event happen in the emulated portal at an address, such as that of the
// demo, and gives its webhook.
func OccurAt(ctx context.Context, client *http.Client, address, event, webhooks string) (Webhook, error) {
	body, err := json.Marshal(wish{Event: event, Webhooks: webhooks})
	if err != nil {
		return Webhook{}, fmt.Errorf("let %s happen: %w", event, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(address, "/")+occurPath, bytes.NewReader(body))
	if err != nil {
		return Webhook{}, fmt.Errorf("let %s happen: %w", event, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return Webhook{}, fmt.Errorf("let %s happen: %w", event, err)
	}
	defer res.Body.Close()
	var told announcement
	err = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&told)
	if res.StatusCode != http.StatusOK || err != nil || told.Body == "" {
		return Webhook{}, fmt.Errorf("let %s happen: %s is no emulated portal, it answered %s", event, address, res.Status)
	}
	return Webhook{Event: event, Body: []byte(told.Body), UserAgent: told.UserAgent}, nil
}
