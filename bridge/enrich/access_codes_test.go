package enrich

import (
	"encoding/json"
	"testing"
)

func TestNoEntranceIsKept(t *testing.T) {
	var answer any
	if err := json.Unmarshal([]byte(`{"name":"Fire safety","meetingId":"1","schedules":[{"venueName":"Room 4","meetingPassword":"x","meeting_id":2,"MeetingPasscode":3}],"meetings":4}`), &answer); err != nil {
		t.Fatal(err)
	}
	left, err := json.Marshal(withoutAccessCodes(answer))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"meetings":4,"name":"Fire safety","schedules":[{"venueName":"Room 4"}]}`; string(left) != want {
		t.Errorf("%s, want %s", left, want)
	}
}
