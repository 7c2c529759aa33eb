package enrich

import "strings"

// withoutAccessCodes removes from an answer what gives access: ids and passwords of online
// meetings, which Absorb returns with the schedules of sessions, and passwords of any
// kind. They are not stored, and no template or sink sees them.
func withoutAccessCodes(answer any) any {
	switch a := answer.(type) {
	case map[string]any:
		for key, value := range a {
			if letsIn(key) {
				delete(a, key)
			} else {
				a[key] = withoutAccessCodes(value)
			}
		}
	case []any:
		for i, value := range a {
			a[i] = withoutAccessCodes(value)
		}
	}
	return answer
}

func letsIn(key string) bool {
	name := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))
	return strings.Contains(name, "password") || strings.Contains(name, "passcode") || name == "meetingid"
}
