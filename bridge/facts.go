package bridge

// Facts is everything that is known of an event when it is put into words: its
// own part below "event", the source's name below "source", and one part for
// each lookup that was answered ("user", "course", "enrollment", …). The values
// are those of decoded JSON: map[string]any, []any, string, json.Number or
// float64, bool, nil. A part that is missing reads as empty in templates.
type Facts map[string]any

// NewFacts starts the facts of an event, before anything was looked up.
func NewFacts(e Event) Facts {
	return Facts{"event": e.Facts(), "source": e.Source}
}

// Lookup is one question to Absorb's Integration API that an event's template
// wants answered.
type Lookup struct {
	Part string   // the answer's key in Facts, such as "course"
	Need []string // other parts that the path is made from, such as "user"

	// Path gives the request path below the API's base URL, with every value
	// escaped. It is "" when a value that it needs is missing, and then there is
	// nothing to ask.
	Path func(Facts) (string, error)

	// Resource is the path with * in place of each value, such as "/users/*": it
	// tells what kind of thing answers.
	Resource string

	// Settled tells whether the answers agree with the event. Absorb's API may
	// lag behind its webhooks, so an answer that is not settled is asked for
	// again after a while. A nil Settled is always settled.
	Settled func(Facts) bool
}
