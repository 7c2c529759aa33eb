package bridge

import "time"

// Trace is how an event was looked up, without anything of the answers.
type Trace struct {
	Calls   []Call            `json:"calls,omitempty"`
	Failed  map[string]string `json:"failed,omitempty"`    // by part: why Absorb could not be asked
	Differs []string          `json:"unsettled,omitempty"` // parts whose answer contradicts the event
	Repeats string            `json:"repeats,omitempty"`   // the event that this one repeats, so that it was not sent
}

// Call is one question to the Integration API and how it was answered.
type Call struct {
	Part   string        `json:"part"`
	Path   string        `json:"path"`
	Status int           `json:"status,omitempty"` // HTTP status; 0 when no answer came
	Took   time.Duration `json:"took_ns"`
	Cached bool          `json:"cached,omitempty"`
}
