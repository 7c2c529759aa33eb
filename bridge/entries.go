package bridge

import (
	"maps"
	"slices"
)

// Entries is the list in an answer of the Integration API: the answer itself, or the
// one in a page that holds it beside its counts. It is nil when there is none.
func Entries(answer any) []any {
	switch a := answer.(type) {
	case []any:
		return a
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(a)) {
			if list, ok := a[key].([]any); ok {
				return list
			}
		}
	}
	return nil
}
