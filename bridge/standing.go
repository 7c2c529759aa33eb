package bridge

import "time"

// Standing is how a sink is doing, as its sender noted it last.
type Standing struct {
	State   Health    `json:"state"`
	Until   time.Time `json:"until,omitzero"`    // limited: until then; probing and broken: when the next try is due
	Words   string    `json:"words,omitempty"`   // broken: the platform's
	Failing []string  `json:"failing,omitempty"` // failing and probing: deliveries that failed since the last success
}

// Health is a sink's state.
type Health string

// The states of a sink.
const (
	Healthy Health = "healthy" // nothing speaks against it
	Paused  Health = "limited" // its platform asked for a pause
	Failing Health = "failing" // the last deliveries failed, too few to blame the sink
	Probing Health = "probing" // many failed: one delivery at a time is tried
	Broken  Health = "broken"  // nothing is taken until somebody mends the destination
)
