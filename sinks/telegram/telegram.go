// Package telegram sends messages to Telegram chats by a bot
// (core.telegram.org/bots/api).
package telegram

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Telegram sink's settings.
type Config struct {
	Token   bridge.Secret `koanf:"token" need:"always" ask:"Token of the bot, from @BotFather"`
	Chat    string        `koanf:"chat" need:"always" ask:"Chat: @name of a channel, or the id of a group or a person"`
	TopicID int           `koanf:"topic_id"` // of a group that has topics
	Silent  bool          `koanf:"silent"`
	Preview bool          `koanf:"preview"` // of the first link
	APIURL  string        `koanf:"api_url"`
}

const botAPI = "https://api.telegram.org"

// Sink is a bot in one chat.
type Sink struct {
	config Config
	base   *url.URL
	client *http.Client
	moved  atomic.Pointer[string] // the id of the supergroup that the chat became, or nil
}

var (
	_ bridge.Sink     = (*Sink)(nil)
	_ bridge.Bucketed = (*Sink)(nil)
	_ bridge.Threaded = (*Sink)(nil)
	_ bridge.Updating = (*Sink)(nil)
	_ bridge.Probed   = (*Sink)(nil)
)

// Type describes Telegram sinks. A bot may send twenty messages a minute to a group,
// and one a second to any chat.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 18.0 / 60, Burst: 2},
		Escape:      func(s string) string { return escape(bridge.CleanText(s)) },
		CheckNative: kit.NoNative,
		Config:      Config{},
		Example:     map[string]any{"token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "chat": "@academy"},
		Gauges: func(body []byte) []kit.Gauge {
			return []kit.Gauge{{What: "the text", Used: kit.MeasureTexts(body, kit.Visible, "text"), Most: maxText, Unit: "characters"}}
		},
	}
}

// New builds a Telegram sink.
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

var (
	botToken = regexp.MustCompile(`^\d+:[-_A-Za-z0-9]{30,}$`)
	chatName = regexp.MustCompile(`^(?:@[A-Za-z]\w{3,}|-?\d+)$`)
)

func (s *Sink) check() error {
	c := s.config
	const chat = `"@name" of a channel, or the id of a group or a person, such as "-1001234567890"`
	var faults kit.Faults
	faults.If(c.Token.Empty(), "token", "required: the bot's token, from @BotFather")
	faults.If(!c.Token.Empty() && !botToken.MatchString(c.Token.Reveal()), "token", "want the bot's token as @BotFather gives it, like 110201543:AAH…")
	faults.If(c.Chat == "", "chat", "required: "+chat)
	faults.If(c.Chat != "" && !chatName.MatchString(c.Chat), "chat", "want "+chat)
	faults.If(c.TopicID < 0, "topic_id", "want the id of a topic, the last number of its link")
	var err error
	s.base, err = kit.Server("api_url", cmp.Or(c.APIURL, botAPI), botAPI)
	faults.Add(err)
	return faults.Err()
}

// Bucket is the bot in the chat: Telegram limits each by itself.
func (s *Sink) Bucket() string {
	sum := sha256.Sum256([]byte(s.config.Token.Reveal()))
	return s.base.Host + " " + hex.EncodeToString(sum[:4]) + " " + s.config.Chat
}

// Threads is true: a bot can reply to its messages.
func (s *Sink) Threads() bool { return true }

// Updates is true: a bot can edit its messages.
func (s *Sink) Updates() bool { return true }
