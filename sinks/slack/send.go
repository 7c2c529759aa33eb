package slack

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Send finds the people whom the message is for and whom it mentions, and posts it,
// or edits the message that it takes the place of.
func (b *Bot) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	body, note, err := b.resolveMentions(ctx, p.Body)
	if err != nil {
		return bridge.Receipt{}, err
	}
	d, err := kit.DraftOf(body)
	if err != nil {
		return bridge.Receipt{}, err
	}
	receipt, err := b.deliver(ctx, d, p)
	if err != nil {
		return bridge.Receipt{}, err
	}
	receipt.Detail = note
	return receipt, nil
}

func (b *Bot) deliver(ctx context.Context, d kit.Draft, p bridge.Payload) (bridge.Receipt, error) {
	addressee := d.Text("channel")
	email, toPerson := strings.CutPrefix(addressee, "@")
	channel := addressee
	if toPerson {
		var err error
		if channel, err = b.people.channel(ctx, email); errors.Is(err, errNobody) {
			return b.toFallback(ctx, d, p, "nobody in the workspace has the recipient's email address")
		} else if err != nil {
			return bridge.Receipt{}, err
		}
	}
	if at, ts, ok := strings.Cut(p.Replaces, " "); ok && (!toPerson || at == channel) {
		receipt, err := b.edit(ctx, d, at, ts)
		if !cannotEdit(wordOf(err)) {
			receipt.Thread = p.Thread
			return receipt, err
		}
	}
	receipt, err := b.post(ctx, d, channel, p.Thread)
	if aboutChannel(wordOf(err)) && (toPerson || isTemplate(b.channel)) && addressee != b.fallback {
		b.people.forget(email)
		return b.toFallback(ctx, d, p, err.Error())
	}
	return receipt, err
}

// toFallback posts a message that cannot go where it should.
func (b *Bot) toFallback(ctx context.Context, d kit.Draft, p bridge.Payload, why string) (bridge.Receipt, error) {
	if b.fallback == "" {
		return bridge.Receipt{}, b.nobody(why)
	}
	return b.post(ctx, d, b.fallback, p.Thread)
}

// post posts a message, as a reply if the thread is one of the channel.
func (b *Bot) post(ctx context.Context, d kit.Draft, channel, thread string) (bridge.Receipt, error) {
	ts := d.Text("thread_ts")
	if thread != channel+" "+ts {
		ts = ""
	}
	said, err := b.api.call(ctx, postAnswers, "chat.postMessage", jsonType, d.With(map[string]string{"channel": channel, "thread_ts": ts}).Body())
	if ts != "" && noThread(wordOf(err)) {
		return b.post(ctx, d, channel, "")
	}
	if err != nil {
		return bridge.Receipt{}, err
	}
	if ts == "" {
		ts = said.Timestamp
	}
	return bridge.Receipt{ID: said.channelID() + " " + said.Timestamp, Thread: channel + " " + ts, Status: said.status}, nil
}

// edit puts a message in the place of an earlier one.
func (b *Bot) edit(ctx context.Context, d kit.Draft, channel, ts string) (bridge.Receipt, error) {
	d = d.With(map[string]string{"channel": channel, "ts": ts, "thread_ts": "", "unfurl_links": "", "unfurl_media": ""})
	said, err := b.api.call(ctx, postAnswers, "chat.update", jsonType, d.Body())
	if err != nil {
		return bridge.Receipt{}, err
	}
	return bridge.Receipt{ID: channel + " " + ts, Status: said.status}, nil
}

// byEmail is a mention as mention writes it for people whom Slack is to find. Data
// cannot hold one: its angle brackets are escaped, and no other text has "<@".
var byEmail = regexp.MustCompile(`<@([^<>|"\\\s]+@[^<>|"\\\s]+)\|([^<>|]*)>`)

// resolveMentions puts ids in the place of addresses, and names where Slack knows
// nobody. The note says why people could not be looked up at all: a mention less is
// better than no message.
func (b *Bot) resolveMentions(ctx context.Context, body []byte) (resolved []byte, note string, err error) {
	resolved = byEmail.ReplaceAllFunc(body, func(found []byte) []byte {
		if err != nil {
			return found
		}
		parts := byEmail.FindSubmatch(found)
		id, failure := b.people.user(ctx, string(parts[1]))
		if failure == nil {
			return []byte("<@" + id + ">")
		}
		if errors.Is(failure, errNobody) {
			return parts[2]
		}
		if se := bridge.AsSendError(failure); se.Kind == bridge.Limited || se.Kind == bridge.Temporary {
			err = failure
		} else {
			note = "names instead of mentions: " + se.Detail
		}
		return parts[2]
	})
	return resolved, note, err
}
