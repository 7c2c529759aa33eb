package ntfy

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Limits in bytes. A server takes messages of 4,096; a longer one becomes a file.
const (
	maxTitle   = 250
	maxMessage = 4000
	maxActions = 3
	maxURL     = 500
)

// notification is what the server takes.
type notification struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Click    string   `json:"click,omitempty"`
	Actions  []button `json:"actions,omitempty"`
}

type button struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url"`
}

// Encode writes a message as a notification in plain text.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	m = m.Clean()
	if m.Title == "" {
		m.Title = "Message"
	}
	e := &encoder{}
	n := notification{Topic: s.config.Topic, Title: e.fit("title", m.Title, maxTitle), Priority: priority(m.Level)}
	n.Message = e.fit("text", body(m), maxMessage)
	if n.Message == "" { // the server would write "triggered"
		n.Message = n.Title
	}
	if len(m.URL) <= maxURL {
		n.Click = m.URL
	}
	for _, a := range m.Actions {
		if len(n.Actions) == maxActions || len(a.URL) > maxURL {
			e.shortened = append(e.shortened, "actions")
			break
		}
		n.Actions = append(n.Actions, button{"view", e.fit("action", a.Label, maxTitle), a.URL})
	}
	encoded, err := kit.JSON(n, nil)
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the notification is no JSON: %v", err)
	}
	return bridge.Payload{MessageID: m.ID, ContentType: "application/json", Body: encoded, Shortened: e.shortened}, nil
}

// body is all that stands below the title: the text without its markup, the fields,
// the footer.
func body(m bridge.Message) string {
	plain := kit.Dialect{Measure: kit.Bytes, Newline: "\n", Span: func(kit.Span) (before, after string, escape func(string) string) {
		return "", "", func(s string) string { return s }
	}}
	text, _ := plain.Write(kit.ParseMarkdown(m.Text), maxMessage)
	var fields []string
	for _, f := range m.Fields {
		fields = append(fields, f.Name+": "+f.Value)
	}
	var parts []string
	for _, part := range []string{text, strings.Join(fields, "\n"), m.Footer} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}

func priority(l bridge.Level) int {
	switch l {
	case bridge.LevelDanger:
		return 5
	case bridge.LevelWarning:
		return 4
	default:
		return 3
	}
}

// encoder remembers what was cut, for the log.
type encoder struct{ shortened []string }

func (e *encoder) fit(what, text string, limit int) string {
	short, cut := kit.Shorten(text, limit, kit.Bytes)
	if cut {
		e.shortened = append(e.shortened, what)
	}
	return short
}
