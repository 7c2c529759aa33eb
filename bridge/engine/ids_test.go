package engine

import "testing"

func TestOtherIDs(t *testing.T) {
	for _, tt := range []struct {
		facts string
		shown []string
		want  string
	}{
		{`{"event": {"userId": "u", "roomId": "r", "courseId": "c"}}`, []string{"userId"}, "courseId: c\nroomId: r"},
		{`{"event": {"userId": "u", "adminId": "U", "curriculumId": "c", "courseId": "c"}}`, []string{"userId"}, "courseId: c"},     // one id once
		{`{"event": {"userId": "u", "curriculumId": "c", "courseId": "C"}}`, []string{"userId", "c"}, ""},                           // an id as it is
		{`{"event": {"courseId": "c"}, "course": {"id": "c", "name": "Ropes"}}`, nil, ""},                                           // named
		{`{"event": {"courseId": "c"}, "course": {"id": "c", "name": " "}}`, nil, "courseId: c"},                                    // not named
		{`{"event": {"courseId": "c"}, "course": {"id": "c"}}`, nil, "courseId: c"},                                                 //
		{`{"event": {"enrollmentId": "e"}, "certificate": {"enrollmentId": "e", "courseName": "Ropes"}}`, nil, ""},                  // by another thing
		{`{"event": {"courseId": "c"}, "inferred": {"courseId": "c"}}`, nil, ""},                                                    // not the webhook's
		{`{"event": {"id": "1", "type": "X", "name": "x", "occurredAt": "2026", "receivedAt": "2026", "caughtUp": true}}`, nil, ""}, // no ids
		{`{"event": {"body": {"roomId": "r"}, "clientId": "k", "correlationId": "t", "portalId": "p", "credits": "3"}}`, nil, ""},   // of no thing
		{`{"event": {"roomId": "00000000-0000-0000-0000-000000000000", "hallId": " ", "deskId": null}}`, nil, ""},
		{`{"event": {"roomId": "a\nb"}}`, nil, "roomId: a b"},
		{`{"event": {"costCenter": "HQ-7"}}`, nil, "costCenter: HQ-7"}, // a key of the source's fields
		{`{"event": {"costCenter": 7}, "user": {"id": "u", "name": "Mira"}}`, nil, "costCenter: 7"},
		{`{"event": {"costCenter": "HQ-7"}}`, []string{"costCenter"}, ""},
		{`{}`, []string{"userId"}, ""},
	} {
		if got, err := otherIDs(NewScope(t.Context(), factsOf(t, tt.facts)), tt.shown...); err != nil || got != tt.want {
			t.Errorf("%s without %q: %q, %v; want %q", tt.facts, tt.shown, got, err, tt.want)
		}
	}
}
