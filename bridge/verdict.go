package bridge

// Verdict says whether a route takes an event, and why.
type Verdict struct {
	Route   string `json:"route"`
	Event   bool   `json:"event"`             // whether the event's name is one of the route's
	Source  bool   `json:"source"`            // whether its source is
	When    string `json:"when,omitempty"`    // the condition, if there is one and it was asked
	Holds   bool   `json:"holds"`             // whether the condition is true, or there is none
	Problem string `json:"problem,omitempty"` // why the condition could not be decided
	Takes   bool   `json:"takes"`             // whether the route takes the event
}

// Named reports whether the route names the event's type and its source.
func (v Verdict) Named() bool { return v.Event && v.Source }
