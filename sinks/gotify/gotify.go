// Package gotify sends messages to Gotify servers (gotify.net/docs: Push messages,
// Message extras).
package gotify

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Gotify sink's settings.
type Config struct {
	Server   string         `koanf:"server" need:"always" ask:"Address of the Gotify server, https://…"`
	Token    bridge.Secret  `koanf:"token" need:"always" ask:"Token of an application (Apps, Create application)"`
	Priority *int           `koanf:"priority"` // of all messages, in place of their levels'
	Markdown bool           `koanf:"markdown"`
	Extras   map[string]any `koanf:"extras"` // beside the bridge's own
}

const exampleServer = "https://gotify.example.com"

func defaults() Config { return Config{Markdown: true} }

// Sink is one application.
type Sink struct {
	config Config
	server *url.URL
	client *http.Client
}

var (
	_ bridge.Sink   = (*Sink)(nil)
	_ bridge.Probed = (*Sink)(nil)
)

// Type describes Gotify sinks. The server has no limits of its own.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 5, Burst: 10},
		Escape:      func(s string) string { return kit.EscapeCommonMark(bridge.CleanText(s)) },
		CheckNative: kit.NoNative,
		Config:      defaults(),
		Example:     map[string]any{"server": exampleServer, "token": "AxxxxxxxxxxxxxX"},
	}
}

// New builds a Gotify sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{config: defaults(), client: setup.Client}
	if err := setup.Decode(&s.config); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// appToken is what the server makes for an application. A client's begins with C and
// may read messages, not send them.
var appToken = regexp.MustCompile(`^[-._A-Za-z0-9]+$`)

const maxPriority = 10

func (s *Sink) check() error {
	var faults kit.Faults
	var err error
	s.server, err = kit.Server("server", s.config.Server, exampleServer)
	faults.Add(err)
	token, p := s.config.Token.Reveal(), s.config.Priority
	faults.If(token == "", "token", "required: the token of an application, from the server's page Apps")
	faults.If(token != "" && !appToken.MatchString(token), "token", "want the token of an application alone, from the server's page Apps")
	faults.If(p != nil && (*p < 0 || *p > maxPriority), "priority", "want a number from 0 to %d", maxPriority)
	return faults.Err()
}

// Our own bounds, in characters: the server has none.
const (
	maxTitle = 250
	maxText  = 20_000
	maxURL   = 2000
)

// Encode writes a message in Markdown, or in plain text.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	form := kit.NoteForm{
		Dialect: kit.Plain(kit.Runes), Escape: kit.Inert, Title: kit.Inert, Name: kit.Literal,
		MaxTitle: maxTitle, MaxText: maxText, MaxURL: maxURL,
	}
	extras := map[string]any{}
	if s.config.Markdown {
		form.Dialect, form.Escape = kit.CommonMark(kit.Runes), kit.EscapeCommonMark
		form.Name = func(name string) string { return "**" + name + "**" }
		extras["client::display"] = map[string]any{"contentType": "text/markdown"}
	}
	note := form.Write(m)
	if note.URL != "" {
		extras["client::notification"] = map[string]any{"click": map[string]any{"url": note.URL}}
	}
	if note.Text == "" { // the server refuses a message without any
		note.Text = form.Escape(note.Title)
	}
	maps.Copy(extras, s.config.Extras)
	return note.Payload(m, struct {
		Title    string         `json:"title"`
		Message  string         `json:"message"`
		Priority int            `json:"priority"`
		Extras   map[string]any `json:"extras,omitempty"`
	}{note.Title, note.Text, s.priority(m.Level), extras})
}

// priority is 8 and more for what makes a phone ring, 4 and more for a sound.
func (s *Sink) priority(l bridge.Level) int {
	switch {
	case s.config.Priority != nil:
		return *s.config.Priority
	case l == bridge.LevelDanger:
		return 8
	case l == bridge.LevelWarning:
		return 6
	}
	return 5
}

// answers are what a Gotify server says: the message that it took with its id, or an
// error with its own name for it.
var answers = kit.Answers{
	Platform: "Gotify",
	Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"id": regexp.MustCompile(`^\d+$`)}}},
	Refused:  []kit.Form{{JSON: map[string]*regexp.Regexp{"error": nil, "errorCode": nil, "errorDescription": nil}}},
}

// Send makes one attempt. What Gotify refuses, its statuses tell.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := kit.Post(ctx, s.client, kit.Request{
		URL: bridge.Secret(s.server.JoinPath("message").String()), Header: http.Header{"X-Gotify-Key": {s.config.Token.Reveal()}}, Body: p.Body, Type: p.ContentType,
	})
	if err != nil {
		return bridge.Receipt{}, err
	}
	if failure := answers.Failure(answer, s.config.Token); failure != nil {
		return bridge.Receipt{}, failure
	}
	var taken struct{ ID json.Number }
	_ = json.Unmarshal(answer.Body, &taken) // it is Gotify's, so it has an id
	return bridge.Receipt{ID: taken.ID.String(), Status: answer.Status}, nil
}

// Probe connects without posting.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	return kit.Reach(ctx, s.client, bridge.Secret(s.server.String()))
}
