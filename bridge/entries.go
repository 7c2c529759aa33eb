package bridge

// Entries returns the list in an answer of the Integration API. The answer is the list
// itself, or a page that contains the list beside its counts. If a page contains several
// lists, Entries returns the one whose key sorts first. Without a list it returns nil.
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
