// Package matrix sends messages to rooms of Matrix servers
// (spec.matrix.org: Client-Server API).
package matrix

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Matrix sink's settings.
type Config struct {
	Server string        `koanf:"server" need:"always" ask:"Address of the homeserver, https://…"`
	Token  bridge.Secret `koanf:"token" need:"always" ask:"Access token of the bot's account"`
	Room   string        `koanf:"room" need:"always" ask:"Room: its id, !…, or its address, #…"`
	Notice bool          `koanf:"notice"`
}

const exampleServer = "https://matrix.example.com"

// Sink is an account in one room.
type Sink struct {
	config Config
	server *url.URL
	client *http.Client
	room   atomic.Pointer[string] // the id of the room, once it is known
}

var (
	_ bridge.Sink     = (*Sink)(nil)
	_ bridge.Bucketed = (*Sink)(nil)
	_ bridge.Threaded = (*Sink)(nil)
	_ bridge.Updating = (*Sink)(nil)
	_ bridge.Probed   = (*Sink)(nil)
)

// Type describes Matrix sinks. Synapse lets an account send one message every five
// seconds, and ten at once, unless its operator says otherwise.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 0.2, Burst: 10},
		Escape:      func(s string) string { return kit.InertHTML(bridge.CleanText(s)) },
		CheckNative: kit.NoNative,
		Config:      Config{},
		Example:     map[string]any{"server": exampleServer, "token": "syt_YWJzb3Ji_xxxxxxxxxxxxxxxxxxxx_000000", "room": "#academy:example.com"},
		Gauges:      kit.Whole(maxContent),
	}
}

// New builds a Matrix sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{client: setup.Client}
	if err := setup.Decode(&s.config); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// place is the form of a room's id or address. Newer ids have no server.
var place = regexp.MustCompile(`^(?:![^\s:]+(?::[^\s]+)?|#[^\s:]+:[^\s]+)$`)

func (s *Sink) check() error {
	c := s.config
	var faults kit.Faults
	var err error
	s.server, err = kit.Server("server", c.Server, exampleServer)
	faults.Add(err)
	faults.If(c.Token.Empty() || strings.ContainsAny(c.Token.Reveal(), " \t\r\n"), "token", "want the access token of the bot's account")
	faults.If(!place.MatchString(c.Room), "room", `want the room's id, "!id:example.com", or its address, "#academy:example.com"`)
	return faults.Err()
}

// Bucket is the homeserver: it limits an account in all its rooms together.
func (s *Sink) Bucket() string { return "matrix " + s.server.Host }

// Threads is true: a message can begin a thread.
func (s *Sink) Threads() bool { return true }

// Updates is true: an event can take the place of an earlier one.
func (s *Sink) Updates() bool { return true }

// Probe asks the homeserver whose token it is, and for the room if that has an address.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	if _, failure := s.call(ctx, known("user_id"), http.MethodGet, nil, "account", "whoami"); failure != nil {
		return "", failure
	}
	if _, failure := s.roomID(ctx); failure != nil {
		return "", failure
	}
	return "the homeserver knows the token", nil
}
