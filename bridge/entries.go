package bridge

// Entries is the list in an answer of the Integration API: the answer itself, or the
// one in a page that holds it beside its counts: of several the first by its key. It is
// nil when there is none.
func Entries(answer any) []any {
	switch a := answer.(type) {
	case []any:
		return a
	case map[string]any:
		var first []any
		of, found := "", false
		for key, value := range a {
			if list, ok := value.([]any); ok && (!found || key < of) {
				first, of, found = list, key, true
			}
		}
		return first
	}
	return nil
}
