package bridge

import (
	"slices"
	"time"
)

// Lookup is one value that an event's template needs from Absorb's Integration API.
type Lookup struct {
	Part string   // the answer's key in Facts, such as "course"
	Need []string // other parts that the requests need, such as "user"
	Ways []Way    // alternatives, tried in order until one gives the part

	// Resource is the path with each value replaced by *, such as "/users/*". It
	// identifies the type of the object.
	Resource string

	// Settled reports whether the answers agree with the event. Absorb's API may lag
	// behind its webhooks, so the bridge requests an unsettled answer again after a
	// pause. If Settled is nil, every answer is settled.
	Settled func(Facts) bool
}

// Way is one possible request for a lookup.
type Way struct {
	// Path returns the request path below the API's base URL, with every value escaped.
	// It returns "" if a value is missing; the bridge then skips this way.
	Path func(Facts) (string, error)

	// Asks are the keys of the event that the request needs, such as "courseId".
	Asks []string

	// Choose selects an entry of a list. If it is nil, the whole answer is the part.
	Choose *Choice
}

// Choice selects the entry of a list that becomes the part, and the ids that the event
// takes from the entry.
type Choice struct {
	Match  map[string]string                        // field of the entry by the key of the event that it must equal
	Where  func(f Facts, entry map[string]any) bool // nil accepts every entry
	Recent string                                   // field with the date at which the event's thing happened, or ""
	Within time.Duration                            // how far before the event that date may be
	IDs    map[string]string                        // field of the entry by the key of the event that it fills

	Unless []string // keys of the event: with one of them the choice is not made

	// Shared says that several events may be about the same entry, because the
	// entry only leads to another list.
	Shared bool
}

// Infers reports whether the choice finds a thing that the event does not name:
// by its date, not by an id.
func (c *Choice) Infers() bool { return c != nil && c.Recent != "" }

// Asks are the keys of the event that a webhook must have for the lookup, such as
// "courseId", as far as they are not inferred. Keys that only an alternative asks
// for are not among them.
func (l Lookup) Asks() []string {
	for _, w := range l.Ways {
		if !w.Choose.Infers() {
			return w.Asks
		}
	}
	return nil
}

// Gives are the keys of the event that the lookup fills when the webhook leaves
// them out, sorted.
func (l Lookup) Gives() []string {
	var keys []string
	for _, w := range l.Ways {
		if w.Choose == nil {
			continue
		}
		for key := range w.Choose.IDs {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}
