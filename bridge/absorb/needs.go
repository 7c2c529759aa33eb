package absorb

import (
	"cmp"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Where an id for a template's lookups comes from.
const (
	FromWebhook = "webhook"  // the webhook contains it
	FromLists   = "inferred" // the bridge infers it from Absorb's lists
	FromNowhere = "missing"  // nowhere, so its parts of the message stay empty
)

// Need is an id that the lookups of an event's template need.
type Need struct {
	Key   string   `json:"key"`             // such as courseId
	Parts []string `json:"parts"`           // what is looked up with it, such as course and enrollment
	From  string   `json:"from"`            // webhook, inferred or missing
	Field string   `json:"field,omitempty"` // the most likely line for the source's fields
}

// needs compares an event with the lookups of its template.
func needs(e bridge.Event, lookups []bridge.Lookup) (all []Need) {
	given := givenBy(e, lookups)
	for _, l := range lookups {
		for _, key := range asked(l) {
			i := slices.IndexFunc(all, func(n Need) bool { return n.Key == key })
			if i < 0 {
				from := FromNowhere
				switch {
				case has(e, key):
					from = FromWebhook
				case slices.Contains(given, key):
					from = FromLists
				}
				i = len(all)
				all = append(all, Need{Key: key, From: from})
			}
			all[i].Parts = append(all[i].Parts, l.Part)
		}
	}
	slices.SortStableFunc(all, func(a, b Need) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

// asked returns the ids that a lookup needs. Ids of courses of different kinds stand
// for each other; only the most specific one is needed.
func asked(l bridge.Lookup) []string {
	keys := slices.Clone(l.Asks())
	if slices.Contains(keys, "curriculumId") || slices.Contains(keys, "courseBundleId") {
		keys = slices.DeleteFunc(keys, func(key string) bool { return key == "courseId" })
	}
	return keys
}

// givenBy returns the ids that lookups find, from the event's ids and from each
// other's.
func givenBy(e bridge.Event, lookups []bridge.Lookup) (given []string) {
	for range lookups {
		for _, l := range lookups {
			for _, w := range l.Ways {
				if w.Choose == nil || slices.ContainsFunc(w.Asks, func(key string) bool { return !has(e, key) && !slices.Contains(given, key) }) {
					continue
				}
				for key := range w.Choose.IDs {
					if !slices.Contains(given, key) {
						given = append(given, key)
					}
				}
			}
		}
	}
	return given
}

func has(e bridge.Event, key string) bool {
	switch key {
	case "curriculumId", "courseBundleId":
		return e.IDOf(key) != "" || e.IDOf("courseId") != ""
	}
	return e.IDOf(key) != ""
}

// fieldKey returns the key in the source's fields for an id of the event.
func fieldKey(key string) string {
	switch key {
	case "userId":
		return "user"
	case "adminId":
		return "admin"
	case "clientId":
		return "client"
	}
	return key
}
