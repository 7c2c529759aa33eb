package render

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// TestCalled: the name of what goes by an id is found wherever an answer has it, and
// never that of something else.
func TestCalled(t *testing.T) {
	const id = "20000000-0000-4000-a000-000000000001"
	for _, tt := range []struct{ facts, key, want string }{
		{`{"course": {"id": "ID", "name": "Ropes"}}`, id, "Ropes"},
		{`{"event": {"courseId": "ID"}, "course": {"id": "x", "name": "Ropes"}}`, id, "Ropes"}, // such as a competency by its definition's id
		{`{"event": {"courseId": "ID", "name": "Enrollment completed by learner"}}`, id, ""},
		{`{"enrollment": {"courseId": "ID", "userId": "u", "courseName": "Ropes", "fullName": "Mira Halvorsen"}}`, id, "Ropes"},
		{`{"enrollment": {"courseId": "ID", "userId": "u", "name": "Ropes", "fullName": "Mira Halvorsen"}}`, id, "Ropes"},
		{`{"enrollment": {"courseId": "ID", "progress": 100, "name": "Ropes"}}`, id, "Ropes"},
		{`{"enrollment": {"courseId": "c", "userId": "ID", "courseName": "Ropes", "fullName": "Mira Halvorsen"}}`, id, "Mira Halvorsen"},
		{`{"enrollment": {"courseId": "ID", "userId": "u", "courseName": " ", "fullName": "Mira Halvorsen"}}`, id, ""},
		{`{"attendance": {"sessionId": "ID", "courseId": "c", "userId": "u", "name": "Quay 4"}}`, id, "Quay 4"},
		{`{"attendance": {"sessionId": "s", "courseId": "ID", "userId": "u", "name": "Quay 4"}}`, id, ""},
		{`{"session": {"id": "s", "courseId": "ID", "name": "Quay 4"}}`, id, ""},
		{`{"user": {"id": "u", "departmentId": "ID", "firstName": "Mira"}}`, id, ""},
		{`{"competencies": {"items": [{"id": "x", "competencyDefinitionId": "ID", "name": "Ladders"}]}}`, id, "Ladders"},
		{`{"all": {"items": [{"courseId": "ID", "userId": "u", "name": "Ropes", "fullName": "Mira Halvorsen"}]}}`, id, "Ropes"},
		{`{"all": {"items": [{"id": "u", "departmentId": "ID", "firstName": "Mira"}]}}`, id, ""},
		{`{"course": {"id": "17"}}`, "17", ""},
		{`{"course": {"id": "17"}}`, "Basics", "Basics"},
		{`{}`, "", ""},
	} {
		facts := decode(t, strings.ReplaceAll(tt.facts, `"ID"`, `"`+id+`"`))
		if got := value.NameByKey(facts, tt.key); got != tt.want {
			t.Errorf("%s: %q is called %q, want %q", tt.facts, tt.key, got, tt.want)
		}
	}
}
