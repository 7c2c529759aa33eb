package pages

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// delivered is a delivery on a page, with the sinks it can be moved to.
type delivered struct {
	admin.DeliveryView
	Sinks []string
}

// Payload returns what is sent, indented if it is JSON.
func (d delivered) Payload() any {
	if body := []byte(d.Message.Body); json.Valid(body) {
		return json.RawMessage(body)
	}
	return plain(d.Message.Body)
}

// maxShown is how many deliveries of one event are shown in full.
const maxShown = 50

// event shows what happened to an event as a timeline.
func (s *site) event(r *http.Request) (view, error) {
	e, err := s.Service.Event(r.Context(), r.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	slices.SortStableFunc(e.Trace.Calls, func(a, b bridge.LookupCall) int { return cmp.Compare(a.Part, b.Part) })
	var to []delivered
	for _, row := range e.To[:min(len(e.To), maxShown)] {
		d, err := s.Service.Delivery(r.Context(), row.ID)
		if err != nil {
			return view{}, err
		}
		to = append(to, delivered{d, s.Service.Sinks()})
	}
	return view{"event.html", bridge.EventTitle(e.EventRow.Event), map[string]any{
		"Event": e, "To": to, "More": len(e.To) - len(to), "Curl": s.curl(e), "Why": verdicts(e.Routes),
	}}, nil
}

// why is a route's decision in words.
type why struct {
	bridge.Verdict
	Words string
}

func verdicts(all []bridge.Verdict) []why {
	words := make([]why, len(all))
	for i, v := range all {
		words[i] = why{v, "matches"}
		switch {
		case !v.Event:
			words[i].Words = "is not about this event type"
		case !v.Source:
			words[i].Words = "is not about this source"
		case v.Problem != "":
			words[i].Words = "its condition cannot be evaluated: " + v.Problem
		case !v.Takes:
			words[i].Words = "its condition is false"
		case v.When != "":
			words[i].Words = "matches: its condition is true"
		}
	}
	return words
}

// curl returns a command that posts an event again. It reads the secret from the shell,
// because the page does not know it.
func (s *site) curl(e admin.EventView) string {
	path := "/absorb"
	for _, source := range s.Service.Sources() {
		if source.Name == e.Source {
			path = source.Path
		}
	}
	quoted := func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	return "body=" + quoted(string(e.Body)) + `
signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$ABSORB_SECRET" -hex | sed 's/.*= //')
curl -H "absorb-signature: $signature" -H 'content-type: application/json' --data-raw "$body" "${BRIDGE_URL:-http://localhost:8080}"` + quoted(path)
}

// delivery shows one delivery.
func (s *site) delivery(r *http.Request) (view, error) {
	d, err := s.Service.Delivery(r.Context(), r.PathValue("id"))
	return view{"delivery.html", d.Sink + ": " + bridge.EventTitle(d.Event), delivered{d, s.Service.Sinks()}}, err
}

// messagePolicy is for a drawn message in a frame of this site: styles apply, but
// nothing runs or loads.
const messagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"

// message draws a delivery's message as its platform would show it.
func (s *site) message(w http.ResponseWriter, r *http.Request) {
	d, err := s.Service.Delivery(r.Context(), r.PathValue("id"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	drawing := map[string]any{"Style": wall.Stylesheet(), "Problem": d.Problem}
	if d.Message != nil {
		html, err := wall.RenderPayload(d.Message.Type, bridge.Payload{ContentType: d.Message.ContentType, Body: []byte(d.Message.Body)})
		if err != nil {
			drawing["Problem"] = "cannot draw this message: " + err.Error()
		}
		drawing["HTML"] = html
	}
	w.Header().Set("Content-Security-Policy", messagePolicy)
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := templates()["message.html"].ExecuteTemplate(w, "message", drawing); err != nil {
		s.Log.Error("cannot show a message", "delivery", d.ID, "err", err)
	}
}
