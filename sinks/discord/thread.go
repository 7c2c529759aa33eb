package discord

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// maxThreadName is Discord's limit of a thread's name.
const maxThreadName = 100

// conversation is a thread, as receipts and messages carry it: its id, or of one that
// is still to be started only the name.
type conversation struct{ id, name string }

// conversationOf is the thread of a message. The first message gives it its name.
func conversationOf(m bridge.Message) conversation {
	if m.Thread != "" {
		return parseConversation(m.Thread)
	}
	name, _ := kit.Shorten(m.Title, maxThreadName, kit.UTF16)
	if name == "" {
		name = "Message"
	}
	return conversation{name: name}
}

func parseConversation(s string) conversation {
	id, name, _ := strings.Cut(s, " ")
	return conversation{id, name}
}

func (c conversation) String() string { return c.id + " " + c.name }

// messageID is the id of a message, and of the channel or thread that it is in.
type messageID struct{ channel, id string }

// parseID reads a Receipt.ID. Without a channel it is that of the webhook.
func parseID(s string) messageID {
	channel, id, both := strings.Cut(s, " ")
	if !both {
		return messageID{id: channel}
	}
	return messageID{channel, id}
}

func (m messageID) String() string { return strings.TrimPrefix(m.channel+" "+m.id, " ") }
