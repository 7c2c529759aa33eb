package bridge

import "time"

// LookupTrace records how an event was looked up. It contains nothing of the answers.
type LookupTrace struct {
	Calls     []LookupCall      `json:"calls,omitempty"`
	Failed    map[string]string `json:"failed,omitempty"`    // by part: why Absorb could not be asked
	Unsettled []string          `json:"unsettled,omitempty"` // parts whose answer contradicts the event
	Repeats   string            `json:"repeats,omitempty"`   // the event that this one repeats, so that it was not sent
}

// LookupCall is one request to the Integration API, with its HTTP status.
type LookupCall struct {
	Part   string        `json:"part"`
	Path   string        `json:"path"`
	Status int           `json:"status,omitempty"` // HTTP status; 0 without an answer
	Took   time.Duration `json:"took_ns"`
	Cached bool          `json:"cached,omitempty"`
}
