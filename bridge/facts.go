package bridge

import "maps"

// Facts is everything that is known of an event when it is put into words: its
// own part below "event", the source's name below "source", and one part for
// each lookup that was answered ("user", "course", "enrollment", …). The values
// are those of decoded JSON: map[string]any, []any, string, json.Number or
// float64, bool, nil. A part that is missing reads as empty in templates.
type Facts map[string]any

// NewFacts starts the facts of an event, before anything was looked up.
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

// Infer is a copy of the event with ids that its webhook left out. An id that the
// event has stays as it is.
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
