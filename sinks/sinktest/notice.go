package sinktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// notices: what a phone shows of a message has its title, without markup.
func (s Suite) notices(t *testing.T) {
	sink := s.sink(t, anyBase)
	for _, c := range Ordinary() {
		p, err := sink.Encode(c.Message)
		if err != nil {
			t.Fatal(err)
		}
		shown := string(p.Body)
		if s.Notice != "" {
			var payload any
			if err := json.Unmarshal(p.Body, &payload); err != nil {
				t.Fatal(err)
			}
			for key := range strings.SplitSeq(s.Notice, ".") {
				if list, ok := payload.([]any); ok && len(list) > 0 {
					payload = list[0]
				}
				m, _ := payload.(map[string]any)
				payload = m[key]
			}
			shown = fmt.Sprint(payload)
		}
		if s.Notice != "" && shown != c.Message.Title || !strings.Contains(shown, c.Message.Title) {
			t.Errorf("%s: a notification shows %.300q, want %q", c.Name, shown, c.Message.Title)
		}
	}
}
