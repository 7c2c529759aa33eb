package discord

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Bot posts as an application's bot, to one channel and to threads in it.
type Bot struct {
	base     *url.URL
	channel  string
	token    *bridge.Secret // a pointer, so that printing a Bot shows no token
	mentions kit.Table
	client   *http.Client
}

var (
	_ bridge.Sink     = (*Bot)(nil)
	_ bridge.Bucketed = (*Bot)(nil)
	_ bridge.Threaded = (*Bot)(nil)
	_ bridge.Updating = (*Bot)(nil)
)

const botAPI = "https://discord.com/api/v10"

func newBot(c Config, client *http.Client) (bridge.Sink, error) {
	faults := kit.Faults{c.checkBot(), c.Mentions.Check(snowflake, "100000000000000000")}
	base, err := url.Parse(strings.TrimRight(cmp.Or(c.APIURL, botAPI), "/"))
	faults.If(err != nil || !isWeb(base), "api_url", "want a URL like %s", botAPI)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return &Bot{base: base, channel: c.ChannelID, token: &c.Token, mentions: c.Mentions, client: client}, nil
}

func (c Config) checkBot() error {
	const ofWebhooks = "goes with a webhook_url, not with a bot's token"
	var faults kit.Faults
	faults.If(!c.WebhookURL.Empty(), "token", "either webhook_url or token, not both: remove the one that is not meant")
	faults.If(c.Token.Empty(), "token", "required: from the application's page Bot, Reset Token")
	faults.If(strings.ContainsAny(c.Token.Reveal(), " \t\r\n"), "token", `want the token alone, without "Bot" before it`)
	faults.If(!regexp.MustCompile(`^`+snowflake+`$`).MatchString(c.ChannelID), "channel_id",
		"required with a token: the channel's id, from its menu, Copy Channel ID (with the developer mode switched on)")
	faults.If(c.Username != "", "username", ofWebhooks)
	faults.If(c.AvatarURL != "", "avatar_url", ofWebhooks)
	faults.If(c.ThreadID != "", "thread_id", ofWebhooks)
	faults.If(c.Forum, "forum", ofWebhooks)
	return faults.Err()
}

// Bucket is the channel: Discord limits each by itself.
func (b *Bot) Bucket() string { return b.base.Host + " channel " + b.channel }

// Threads is true: a bot can start a thread from each of its messages.
func (b *Bot) Threads() bool { return true }

// Updates is true: a bot can edit its messages.
func (b *Bot) Updates() bool { return true }

// maxNonce is Discord's limit of a nonce.
const maxNonce = 25

// Encode writes a message as one embed. Discord answers a nonce that it has seen in
// the last minutes with the message of then.
func (b *Bot) Encode(m bridge.Message) (bridge.Payload, error) {
	sum := sha256.Sum256([]byte(m.ID))
	nonce := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:maxNonce])
	more := map[string]any{"nonce": nonce, "enforce_nonce": true}
	return encode(m, b.mentions, conversationOf(m.Clean()), more)
}

// Send posts one message, in its thread if it is not the first, or edits the one that
// it takes the place of.
func (b *Bot) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	if earlier := parseID(p.Replaces); earlier.channel != "" {
		body, err := change(p.Body, nil, "nonce", "enforce_nonce", "tts")
		if err != nil {
			return bridge.Receipt{}, err
		}
		_, receipt, err := b.call(ctx, http.MethodPatch, body, "channels", earlier.channel, "messages", earlier.id)
		if !cannotEdit(err) {
			return receipt, err
		}
	}
	thread := parseConversation(p.Thread)
	note := ""
	// A thread of the channel that was configured before is left alone.
	if channel, id, _ := strings.Cut(thread.id, "/"); channel == b.channel {
		receipt, err := b.reply(ctx, conversation{id, thread.name}, p.Body)
		if !cannotReply(err) {
			receipt.Thread = p.Thread
			return receipt, err
		}
		note = "not in its thread: " + bridge.AsSendError(err).Detail
	}
	m, receipt, err := b.call(ctx, http.MethodPost, p.Body, "channels", b.channel, "messages")
	receipt.Thread, receipt.Detail = conversation{b.channel + "/" + m.ID, thread.name}.String(), note
	return receipt, err
}

// reply posts into a thread. It has the id of the message that it starts from, and
// exists from the second message on.
func (b *Bot) reply(ctx context.Context, thread conversation, body []byte) (bridge.Receipt, error) {
	_, receipt, err := b.call(ctx, http.MethodPost, body, "channels", thread.id, "messages")
	switch codeOf(err) {
	case unknownChannel:
		name, _ := json.Marshal(map[string]string{"name": cmp.Or(thread.name, "Messages")}) // any text can be written
		_, _, started := b.call(ctx, http.MethodPost, name, "channels", b.channel, "messages", thread.id, "threads")
		if started != nil && codeOf(started) != threadExists {
			return receipt, started
		}
	case archivedThread, lockedThread:
		_, _, opened := b.call(ctx, http.MethodPatch, []byte(`{"archived":false}`), "channels", thread.id)
		if opened != nil {
			return receipt, opened
		}
	default:
		return receipt, err
	}
	_, receipt, err = b.call(ctx, http.MethodPost, body, "channels", thread.id, "messages")
	return receipt, err
}

// cannotReply tells whether a thread takes nothing, for good, while the channel may.
func cannotReply(err error) bool {
	return err != nil && codeOf(err) != 0 && bridge.AsSendError(err).Kind == bridge.DestinationBroken ||
		codeOf(err) == unknownMessage
}

// call makes one request.
func (b *Bot) call(ctx context.Context, method string, body []byte, path ...string) (message, bridge.Receipt, error) {
	answer, err := kit.Post(ctx, b.client, kit.Request{
		Method: method, URL: bridge.Secret(b.base.JoinPath(path...).String()), Body: body, Type: "application/json",
		Header: http.Header{"User-Agent": {userAgent}, "Authorization": {"Bot " + b.token.Reveal()}},
	})
	if err != nil {
		return message{}, bridge.Receipt{}, err
	}
	if failure := answers.Failure(answer, *b.token); failure != nil {
		return message{}, bridge.Receipt{}, refine(failure, answer, *b.token)
	}
	m, taken := receipt(answer)
	return m, taken, nil
}

// Probe asks Discord whose token it is.
func (b *Bot) Probe(ctx context.Context) (string, error) {
	if _, _, err := b.call(ctx, http.MethodGet, nil, "users", "@me"); err != nil {
		return "", err
	}
	return "Discord knows the token", nil
}
