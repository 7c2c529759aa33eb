package bridge

import "time"

// SinkStatus is the health of a sink, as its sender last recorded it.
type SinkStatus struct {
	State   Health    `json:"state"`
	Until   time.Time `json:"until,omitzero"`    // limited: end of the pause; probing and broken: time of the next attempt
	Words   string    `json:"words,omitempty"`   // broken: the platform's answer
	Failing []string  `json:"failing,omitempty"` // failing and probing: ids of the deliveries that failed since the last success
}

// Health is a sink's state.
type Health string

// The states of a sink.
const (
	Healthy Health = "healthy" // no failures
	Paused  Health = "limited" // the platform asked for a pause
	Failing Health = "failing" // the last deliveries failed, but too few to blame the sink
	Probing Health = "probing" // after several failures the bridge sends one message at a time
	Broken  Health = "broken"  // somebody must fix the destination
)
