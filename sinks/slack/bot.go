package slack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Bot posts as an app's bot, to a channel or to people.
type Bot struct {
	api      *api
	channel  string // #name, an id, @ and an address, or a template of one
	fallback string // "" when there is none
	mentions kit.Table
	people   *people
	bucket   string
}

var (
	_ bridge.Sink      = (*Bot)(nil)
	_ bridge.Addressed = (*Bot)(nil)
	_ bridge.Threaded  = (*Bot)(nil)
	_ bridge.Updating  = (*Bot)(nil)
	_ bridge.Bucketed  = (*Bot)(nil)
)

const webAPI = "https://slack.com/api/"

// newBot builds the bot of an app.
func newBot(c Config, setup kit.Setup) (bridge.Sink, error) {
	faults := kit.Faults{c.checkToken(), c.checkChannels(), c.Mentions.Check(userID, "U012AB3CD")}
	base, err := url.Parse(cmp.Or(c.APIURL, webAPI))
	faults.If(err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http", "api_url", "want a URL like %s, or https://slack-gov.com/api/ for GovSlack", webAPI)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	a := &api{base: strings.TrimRight(base.String(), "/") + "/", token: c.Token, client: setup.Client}
	// The same channel's name may be that of another workspace, which the token tells.
	sum := sha256.Sum256([]byte(c.Token.Reveal()))
	return &Bot{
		api: a, channel: c.Channel, fallback: c.Fallback, mentions: c.Mentions, people: newPeople(a),
		bucket: base.Host + " " + hex.EncodeToString(sum[:4]) + " " + c.Channel,
	}, nil
}

func (c Config) checkToken() error {
	switch token := c.Token.Reveal(); {
	case !c.WebhookURL.Empty():
		return kit.Setting("token", "either webhook_url or token, not both: remove the one that is not meant")
	case token == "":
		return kit.Setting("token", "required: the Bot User OAuth Token, xoxb-…, from the app's page OAuth & Permissions")
	case !strings.HasPrefix(token, "xox"), strings.ContainsAny(token, " \t\r\n"):
		return kit.Setting("token", "want the Bot User OAuth Token, xoxb-…, from the app's page OAuth & Permissions")
	}
	return nil
}

// place is the form of a channel's name or of an id.
var place = regexp.MustCompile(`^#?[^\s#@<>&,|"]{1,80}$`)

func (c Config) checkChannels() error {
	var faults kit.Faults
	email, toPerson := strings.CutPrefix(c.Channel, "@")
	isPlain := c.Channel != "" && !isTemplate(c.Channel)
	faults.If(c.Channel == "", "channel", `required with a token: "#academy", an id such as C024BE91L, or "@{{ .supervisor.emailAddress }}"`)
	faults.If(isPlain && toPerson && !isEmail(email), "channel", "want @ and an email address for a person")
	faults.If(isPlain && !toPerson && !place.MatchString(c.Channel), "channel", `want "#name", a channel's id, or @ and an email address`)
	faults.If(c.Fallback != "" && !place.MatchString(c.Fallback), "fallback", `want a channel: "#name" or its id`)
	return faults.Err()
}

func isTemplate(text string) bool { return strings.Contains(text, "{{") }

func isEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1 && !strings.ContainsAny(s, " \t\r\n<>|\"\\")
}

// Recipients is the channel, if it is a template.
func (b *Bot) Recipients() []string {
	if isTemplate(b.channel) {
		return []string{b.channel}
	}
	return nil
}

// Threads is true: a bot knows its messages, and can reply to them.
func (b *Bot) Threads() bool { return true }

// Updates is true: a bot can edit its messages.
func (b *Bot) Updates() bool { return true }

// Bucket is the channel: Slack limits each by itself.
func (b *Bot) Bucket() string { return b.bucket }

// Encode writes a message as chat.postMessage takes it. Where only Slack can tell who
// is meant, by an email address, it stands in a person's id's place until the
// message is sent.
func (b *Bot) Encode(m bridge.Message) (bridge.Payload, error) {
	channel := b.channel
	if isTemplate(channel) {
		channel = "@" // nobody
		if len(m.To) > 0 {
			channel = m.To[0]
		}
	}
	if email, toPerson := strings.CutPrefix(channel, "@"); toPerson && !isEmail(email) || !toPerson && !place.MatchString(channel) {
		if channel = b.fallback; channel == "" {
			return bridge.Payload{}, b.nobody("the template of the setting channel gives neither a channel nor an email address")
		}
	}
	more := map[string]any{"channel": channel, "replace_original": nil, "delete_original": nil}
	if _, ts, ok := strings.Cut(m.Thread, " "); ok {
		more["thread_ts"] = ts
	}
	reachable := func(p bridge.Person) bool { return isEmail(p.Email) }
	return encode(m.SpellMentions(reachable), b.mention, more)
}

// nobody is the error of a message that has nowhere to go.
func (b *Bot) nobody(why string) *bridge.SendError {
	return bridge.Rejectedf("%s; to have such messages sent to a channel, name it in the setting fallback", why)
}

// mention is a person's id, or the address and the name to find it by.
func (b *Bot) mention(p bridge.Person) string {
	if id, ok := b.mentions.ID(p); ok {
		return "<@" + id + ">"
	}
	name, _ := kit.ShortenEscaped(bridge.CleanLine(p.Name), maxPerson, kit.Runes, escape)
	return "<@" + p.Email + "|" + label(name) + ">"
}

// Probe asks Slack whose token it is.
func (b *Bot) Probe(ctx context.Context) (string, error) {
	if _, err := b.api.form(ctx, "auth.test", nil); err != nil {
		return "", err
	}
	return "Slack knows the token", nil
}
