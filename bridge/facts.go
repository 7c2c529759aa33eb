package bridge

import "maps"

// Facts are what templates and conditions can read: the webhook's values below "event",
// the source's name below "source", and one part for each answered lookup ("user",
// "course", "enrollment", …). The values have the types of decoded JSON: map[string]any,
// []any, string, json.Number or float64, bool, nil. A missing part is empty in templates.
type Facts map[string]any

// NewFacts returns the facts of an event before its lookups.
func NewFacts(e Event) Facts {
	f := Facts{"event": e.Facts(), "source": e.Source}
	if len(e.Inferred) > 0 {
		inferred := make(map[string]any, len(e.Inferred))
		for key, id := range e.Inferred {
			inferred[key] = id
		}
		f["inferred"] = inferred
	}
	return f
}

// Infer returns a copy of the event with further ids. It never replaces an id.
func (e Event) Infer(ids map[string]string) Event {
	entities, inferred := maps.Clone(e.Entities), maps.Clone(e.Inferred)
	if entities == nil {
		entities = map[string]string{}
	}
	if inferred == nil {
		inferred = map[string]string{}
	}
	for key, id := range ids {
		if id != "" && entities[key] == "" {
			entities[key], inferred[key] = id, id
		}
	}
	e.Entities, e.Inferred = entities, inferred
	return e
}

// Given are the parts of the facts that are there without a lookup. The last three
// say that a lookup failed, which ids were found although the webhook left them out,
// and which things the event may be about when that is not certain.
func Given() []string {
	return []string{"event", "source", "portal", "incomplete", "inferred", "candidates"}
}
