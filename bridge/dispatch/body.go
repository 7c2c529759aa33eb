package dispatch

import (
	"maps"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// compileBody prepares a sink's own template, or gives nil when it has none.
func compileBody(templates *render.Set, name string, sink bridge.Templated) (*engine.Text, error) {
	text, mediaType := sink.Template()
	if text == "" {
		return nil, nil
	}
	return templates.Body("body of "+name, text, mediaType)
}

// bodyData is what a sink's own template sees: the facts, the message that was
// written of them, and which delivery it is.
func bodyData(d bridge.Delivery, m bridge.Message) map[string]any {
	data := maps.Clone(map[string]any(d.Facts))
	if data == nil {
		data = map[string]any{}
	}
	data["message"] = m.Data()
	data["delivery"] = map[string]any{"id": d.ID, "route": d.Route, "routedAt": d.Routed.UTC().Format(time.RFC3339)}
	return data
}
