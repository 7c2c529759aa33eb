// Package discord sends messages to Discord channels, by their webhooks or as an
// application's bot.
//
// The bot's messages are deduplicated by Discord, and can start threads in a text
// channel; a webhook's can only in a forum.
//
// Limits and error codes are those of Discord's documentation
// (discord-api-docs: resources/webhook, resources/message, topics/rate-limits,
// topics/opcodes-and-status-codes).
package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// userAgent has the form that Discord asks for: its proxy may block others
// (reference: User Agent).
const userAgent = "DiscordBot (https://github.com/absorb-bridge/absorb-bridge, 1)"

// Config is a Discord sink's settings: those of a webhook or those of a bot.
type Config struct {
	WebhookURL bridge.Secret `koanf:"webhook_url" need:"or token" ask:"URL of the channel's webhook (Edit channel, Integrations, Webhooks)"` // of the channel: Edit channel → Integrations → Webhooks
	Username   string        `koanf:"username"`                                                                                              // shown in place of the webhook's name
	AvatarURL  string        `koanf:"avatar_url"`                                                                                            // shown in place of the webhook's picture
	ThreadID   string        `koanf:"thread_id"`                                                                                             // posts into a thread of the channel
	Forum      bool          `koanf:"forum"`                                                                                                 // the channel is a forum: messages are posts there, or answers to one

	Token     bridge.Secret `koanf:"token" need:"or webhook_url" ask:"Token of the application's bot (its page Bot, Reset Token)"` // of an application's bot
	ChannelID string        `koanf:"channel_id" need:"with token" ask:"Id of the channel (its menu, Copy Channel ID)"`             // where the bot posts
	APIURL    string        `koanf:"api_url"`                                                                                      // https://discord.com/api/v10 unless set

	Mentions kit.Table `koanf:"mentions"` // user ids by email address
}

// Sink is one webhook.
type Sink struct {
	config Config
	post   *url.URL // the webhook's, as it is posted to; a pointer, so that printing a Sink shows no secret
	bucket string   // key of what shares a limit
	client *http.Client
}

var (
	_ bridge.Sink     = (*Sink)(nil)
	_ bridge.Bucketed = (*Sink)(nil)
	_ bridge.Threaded = (*Sink)(nil)
	_ bridge.Updating = (*Sink)(nil)
)

// Type describes Discord sinks. Discord takes about 30 messages a minute in a
// channel (a hidden limit: discord-api-docs issue 367).
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 0.5, Burst: 5},
		Escape:      Escape,
		CheckNative: CheckNative,
		Config:      Config{},
		Gauges:      gauges,
		Example: map[string]any{
			"webhook_url": "https://discord.com/api/webhooks/100000000000000000/example",
			"username":    "Absorb",
		},
		BotExample: map[string]any{"token": "example.bot.token", "channel_id": "100000000000000000"},
	}
}

// webhookPath finds a webhook's id and token in the path of its URL, whatever
// API version and host it was copied with.
var webhookPath = regexp.MustCompile(`^/api/(?:v\d+/)?webhooks/(\d+)/([^/]+)$`)

// New builds a Discord sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{client: setup.Client}
	if err := setup.Decode(&s.config); err != nil {
		return nil, err
	}
	if setup.Bot(s.config.Token, s.config.WebhookURL) {
		return newBot(s.config, setup.Client)
	}
	u, webhook, token, err := s.config.webhook()
	if err := errors.Join(err, s.config.checkWebhook()); err != nil {
		return nil, err
	}
	s.bucket = u.Host + " webhook " + webhook
	u.Path = "/api/v10/webhooks/" + webhook + "/" + token
	query := u.Query()
	// Without wait Discord answers 204 at once, and says nothing of a message
	// that it then does not save.
	query.Set("wait", "true")
	u.RawQuery = query.Encode()
	s.post = u
	return s, nil
}

// webhook takes the webhook's URL apart.
func (c Config) webhook() (u *url.URL, id, token string, err error) {
	const (
		source = "copy it from the channel's settings, Integrations, Webhooks; or give a bot's token and a channel_id"
		wanted = "a URL like https://discord.com/api/webhooks/123456789/…"
	)
	if u, err = kit.WebhookURL(c.WebhookURL, "discord", source, wanted); err != nil {
		return nil, "", "", err
	}
	found := webhookPath.FindStringSubmatch(u.Path)
	if found == nil {
		return nil, "", "", kit.Setting("webhook_url", "want %s", wanted)
	}
	return u, found[1], found[2], nil
}

func isWeb(u *url.URL) bool { return u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") }

// snowflake is the form of Discord's ids.
const snowflake = `\d{1,20}`

// checkWebhook looks for what Discord would refuse with every message, and for what
// goes with a bot.
func (c Config) checkWebhook() error {
	const ofBots = "goes with a bot's token; a webhook's URL decides it by itself"
	faults := kit.Faults{c.Mentions.Check(snowflake, "100000000000000000")}
	name := strings.ToLower(c.Username)
	faults.If(strings.Contains(name, "discord") || strings.Contains(name, "clyde") || kit.UTF16(name) > 80, "username",
		`Discord refuses names longer than 80 characters and those with "discord" or "clyde" in them`)
	a, err := url.Parse(c.AvatarURL)
	faults.If(c.AvatarURL != "" && (err != nil || !isWeb(a)), "avatar_url", "want the URL of a picture, such as https://example.com/logo.png")
	isNumber := strings.Trim(c.ThreadID, "0123456789") == ""
	faults.If(!isNumber, "thread_id", "want the thread's number: with Developer Mode on, choose Copy Thread ID in its menu")
	faults.If(isNumber && c.Forum && c.ThreadID != "", "thread_id", "either forum, where each conversation has a post of its own, or one thread_id")
	faults.If(c.ChannelID != "", "channel_id", ofBots)
	faults.If(c.APIURL != "", "api_url", ofBots)
	return faults.Err()
}

// Bucket is the webhook: Discord limits each by itself.
func (s *Sink) Bucket() string { return s.bucket }

// Threads tells whether the channel is a forum: in others a webhook can start none.
func (s *Sink) Threads() bool { return s.config.Forum }

// Updates is true: a webhook can edit its messages.
func (s *Sink) Updates() bool { return true }

// Encode writes a message as one embed.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	more := map[string]any{}
	if s.config.Username != "" {
		more["username"] = s.config.Username
	}
	if s.config.AvatarURL != "" {
		more["avatar_url"] = s.config.AvatarURL
	}
	thread := conversationOf(m.Clean())
	if s.config.Forum && thread.id == "" {
		more["thread_name"] = thread.name
	}
	return encode(m, s.config.Mentions, thread, more)
}

// Send posts one message, or edits the one that it takes the place of.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	if p.Replaces != "" {
		receipt, err := s.edit(ctx, p)
		if !cannotEdit(err) {
			return receipt, err
		}
	}
	thread := parseConversation(p.Thread)
	if !s.config.Forum {
		thread.id = s.config.ThreadID
	}
	receipt, err := s.send(ctx, "", thread, p)
	if s.config.Forum && thread.id != "" && noThread(err) {
		return s.send(ctx, "", conversation{name: thread.name}, p)
	}
	return receipt, err
}

// edit puts a message in the place of an earlier one.
func (s *Sink) edit(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	earlier := parseID(p.Replaces)
	thread := conversation{id: s.config.ThreadID}
	if s.config.Forum {
		thread = conversation{earlier.channel, parseConversation(p.Thread).name}
	}
	return s.send(ctx, earlier.id, thread, p)
}

// send makes the request: of a new message, or of an edited one if it has an id.
func (s *Sink) send(ctx context.Context, edited string, thread conversation, p bridge.Payload) (bridge.Receipt, error) {
	r := kit.Request{Header: http.Header{"User-Agent": {userAgent}}, Body: p.Body, Type: p.ContentType}
	u, query := *s.post, s.post.Query()
	if thread.id != "" {
		query.Set("thread_id", thread.id)
	}
	if hasComponents(p.Body) {
		query.Set("with_components", "true")
	}
	var err error
	switch {
	case edited != "":
		r.Method, u.Path = http.MethodPatch, u.Path+"/messages/"+url.PathEscape(edited)
		r.Body, err = change(p.Body, nil, "username", "avatar_url", "thread_name", "tts")
	case s.config.Forum && thread.id == "":
		r.Body, err = change(p.Body, map[string]string{"thread_name": thread.name})
	}
	if err != nil {
		return bridge.Receipt{}, err
	}
	u.RawQuery = query.Encode()
	r.URL = bridge.Secret(u.String())
	answer, err := kit.Post(ctx, s.client, r)
	if err != nil {
		return bridge.Receipt{}, err
	}
	if failure := answers.Failure(answer, s.config.WebhookURL, r.URL); failure != nil {
		return bridge.Receipt{}, refine(failure, answer, s.config.WebhookURL, r.URL)
	}
	m, taken := receipt(answer)
	if s.config.Forum {
		taken.Thread = conversation{cmp.Or(m.ChannelID, thread.id), thread.name}.String()
	}
	return taken, nil
}

// hasComponents tells whether a payload has components, which Discord leaves out of a
// webhook's message unless it is asked.
func hasComponents(body []byte) bool {
	var d kit.Draft
	return json.Unmarshal(body, &d) == nil && d["components"] != nil
}

// change sets texts of a payload's top level, and takes keys away.
func change(body []byte, texts map[string]string, without ...string) ([]byte, error) {
	d, err := kit.DraftOf(body)
	if err != nil {
		return nil, err
	}
	for _, key := range without {
		delete(d, key)
	}
	return d.With(texts).Body(), nil
}

// Probe connects without posting.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	return kit.Reach(ctx, s.client, s.config.WebhookURL)
}
