package tracing

import "go.opentelemetry.io/otel/attribute"

// The bridge's own span attributes.
const (
	EventID    = attribute.Key("absorb_bridge.event.id")
	EventType  = attribute.Key("absorb_bridge.event.type")
	Events     = attribute.Key("absorb_bridge.events")     // how many events the span is about
	Duplicates = attribute.Key("absorb_bridge.duplicates") // how many of them were duplicates
	Part       = attribute.Key("absorb_bridge.lookup.part")
	Cached     = attribute.Key("absorb_bridge.lookup.cached")
	Status     = attribute.Key("http.response.status_code")
	Deliveries = attribute.Key("absorb_bridge.deliveries") // how many deliveries an event became
	Postponed  = attribute.Key("absorb_bridge.postponed")  // the event will be looked up again later
	DeliveryID = attribute.Key("absorb_bridge.delivery.id")
	Route      = attribute.Key("absorb_bridge.route")
	Sink       = attribute.Key("absorb_bridge.sink")
	Attempt    = attribute.Key("absorb_bridge.attempt")
	Outcome    = attribute.Key("absorb_bridge.outcome") // of an attempt, as in the metrics
)

// Source returns the attribute with an event's source.
func Source(name string) attribute.KeyValue {
	return attribute.String("absorb_bridge.source", name)
}
