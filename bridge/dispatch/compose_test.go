package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// templated is a sink with a template of its own.
type templated struct {
	fakeSink
	text, media string
}

func (s *templated) Template() (text, mediaType string) { return s.text, s.media }

func TestBody(t *testing.T) {
	d := bridge.Delivery{
		ID: "d1", Route: "everything", EventType: "UserCreated", Routed: time.Date(2026, 11, 23, 14, 2, 31, 0, time.UTC),
		Facts: bridge.Facts{"event": map[string]any{"type": "UserCreated"}, "user": map[string]any{"firstName": `A "B"`, "lastName": "C"}},
	}
	for _, c := range []struct {
		text, media, want string
	}{
		{"", "application/json", ""},
		{`{"who": {{ name .user }}, "what": "{{ .event.type }} by {{ .delivery.route }}", "id": {{ .delivery.id }}, "at": {{ .delivery.routedAt }}}`, "application/json",
			`{"who": "A \"B\" C", "what": "UserCreated by everything", "id": "d1", "at": "2026-11-23T14:02:31Z"}`},
		{`{{ .user.firstName }}: {{ .message.level }}{{ range .message.fields }}, {{ .name }}{{ end }}`, "text/plain", `A "B": info`},
	} {
		composer, err := NewComposer(NewMessageCache(), Wording{Templates: templates(t)}, "crm", &templated{text: c.text, media: c.media})
		if err != nil {
			t.Fatal(err)
		}
		m, err := composer.Message(t.Context(), d)
		if err != nil || m.Body != c.want {
			t.Errorf("%s gives %s, %v; want %s", c.text, m.Body, err, c.want)
		}
		if m.Facts["user"] == nil || d.Facts["message"] != nil {
			t.Errorf("facts of the message: %v, of the delivery: %v", m.Facts, d.Facts)
		}
	}
}

func TestBodyFault(t *testing.T) {
	_, err := NewComposer(NewMessageCache(), Wording{Templates: templates(t)}, "crm", &templated{text: "{{ jsn .user }}", media: "application/json"})
	if err == nil || !strings.Contains(err.Error(), "body of crm:1:") {
		t.Errorf("the fault is reported as %v", err)
	}
}
