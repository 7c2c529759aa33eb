// Package ntfy sends push notifications to topics of ntfy servers (docs.ntfy.sh:
// Publishing).
package ntfy

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is an ntfy sink's settings.
type Config struct {
	Server string        `koanf:"server"`
	Topic  bridge.Secret `koanf:"topic" need:"always" ask:"Topic that phones subscribe to"` // whoever knows it can read a topic without access rules

	Token    bridge.Secret `koanf:"token" need:"perhaps" ask:"Access token, tk_…, if the server asks for one"`
	Username string        `koanf:"username"`
	Password bridge.Secret `koanf:"password"`

	Priority string   `koanf:"priority" enum:"min,low,default,high,max"` // of all messages, in place of their levels'
	Tags     []string `koanf:"tags" list:"or text"`
	Markdown bool     `koanf:"markdown"`
	Click    string   `koanf:"click"`
	Actions  []string `koanf:"actions" list:"or text"` // in ntfy's short form
	Icon     string   `koanf:"icon"`
	Attach   string   `koanf:"attach"`
	Filename string   `koanf:"filename"`
	Delay    string   `koanf:"delay"`
	Email    string   `koanf:"email"`
	Cache    bool     `koanf:"cache"`
	Firebase bool     `koanf:"firebase"`
}

const publicServer = "https://ntfy.sh"

func defaults() Config { return Config{Server: publicServer, Cache: true, Firebase: true} }

// Sink is one topic.
type Sink struct {
	config  Config
	server  *url.URL
	actions []action
	secrets []bridge.Secret
	client  *http.Client
}

var (
	_ bridge.Sink     = (*Sink)(nil)
	_ bridge.Bucketed = (*Sink)(nil)
	_ bridge.Probed   = (*Sink)(nil)
)

// Type describes ntfy sinks. The public server refills one request every five
// seconds, and lets sixty go at once; a server of one's own does the same unless it is
// told otherwise.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 0.2, Burst: 30},
		Escape:      func(s string) string { return kit.Inert(bridge.CleanText(s)) },
		CheckNative: kit.NoNative,
		Config:      defaults(),
		Example:     map[string]any{"topic": "example-topic"},
		Gauges: func(body []byte) []kit.Gauge {
			return []kit.Gauge{{What: "the text", Used: kit.MeasureTexts(body, kit.Bytes, "message"), Most: maxMessage, Unit: "bytes"}}
		},
	}
}

// New builds an ntfy sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{config: defaults(), client: setup.Client}
	if err := setup.Listed("tags").Listed("actions").Decode(&s.config); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	s.secrets = append(kit.BasicSecrets(s.config.Username, s.config.Password), s.config.Token, s.config.Topic)
	return s, nil
}

// topicName is what a server takes for the name of a topic.
var topicName = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

func (s *Sink) check() error {
	c := s.config
	var faults kit.Faults
	var err error
	s.server, err = kit.Server("server", c.Server, publicServer)
	faults.Add(err)
	faults.If(c.Topic.Empty(), "topic", "required: the name of the topic that phones subscribe to")
	faults.If(!c.Topic.Empty() && !topicName.MatchString(c.Topic.Reveal()), "topic", "want the topic's name alone: at most 64 letters, digits, - and _")
	faults.If(!c.Token.Empty() && !c.Password.Empty(), "token", "give either a token or a username and password, not both")
	faults.If((c.Username == "") != c.Password.Empty(), "username", "username and password go together")
	_, known := priorities()[c.Priority]
	faults.If(c.Priority != "" && !known, "priority", "want min, low, default, high or max")
	for _, link := range []struct{ key, url string }{{"click", c.Click}, {"icon", c.Icon}, {"attach", c.Attach}} {
		faults.If(link.url != "" && !isLink(link.url), link.key, "want a URL, https://…")
	}
	s.actions, err = readActions(c.Actions)
	faults.Add(err)
	return faults.Err()
}

// isLink tells whether a setting is a URL. Apps have schemes of their own.
func isLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && len(s) <= maxURL
}

// Bucket is the server: it limits its visitors, whatever the topic.
func (s *Sink) Bucket() string { return "ntfy " + s.server.Host }

// Send makes one attempt. It posts to the topic's own address, since access rules and
// proxies go by that; the server reads everything but the text from headers there.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	var n notification
	if err := json.Unmarshal(p.Body, &n); err != nil {
		return bridge.Receipt{}, bridge.Rejectedf("the payload is no JSON: %v", err)
	}
	header := n.header()
	if authorization := s.authorization(); !authorization.Empty() {
		header.Set("Authorization", authorization.Reveal())
	}
	answer, err := kit.Post(ctx, s.client, kit.Request{
		URL: bridge.Secret(s.server.JoinPath(s.config.Topic.Reveal()).String()), Header: header, Body: []byte(n.Message), Type: "text/plain; charset=utf-8",
	})
	if err != nil {
		return bridge.Receipt{}, err
	}
	if failure := answers.Failure(answer, s.secrets...); failure != nil {
		return bridge.Receipt{}, refine(failure, answer)
	}
	var taken struct{ ID string }
	_ = json.Unmarshal(answer.Body, &taken) // it is ntfy's, so it has an id
	return bridge.Receipt{ID: taken.ID, Status: answer.Status}, nil
}

func (s *Sink) authorization() bridge.Secret {
	switch c := s.config; {
	case !c.Token.Empty():
		return "Bearer " + c.Token
	case !c.Password.Empty():
		return kit.Basic(c.Username, c.Password)
	}
	return ""
}

// Probe connects without publishing.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	return kit.Reach(ctx, s.client, bridge.Secret(s.server.String()))
}
