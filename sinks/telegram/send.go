package telegram

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Send makes one attempt: it posts a message, as a reply if it belongs to a
// conversation, or edits the one that it takes the place of.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	d, err := kit.DraftOf(p.Body)
	if err != nil {
		return bridge.Receipt{}, err
	}
	chat := s.chat()
	if id, ours := number(p.Replaces, chat); ours {
		receipt, refused := s.call(ctx, "editMessageText", d, map[string]any{"chat_id": chat, "message_id": id})
		switch {
		case refused == nil:
			return bridge.Receipt{ID: p.Replaces, Thread: p.Thread, Status: receipt.status}, nil
		case refused.says("message is not modified"):
			return bridge.Receipt{ID: p.Replaces, Thread: p.Thread, Status: refused.Status, Detail: "the message was like this already"}, nil
		case !refused.says("message to edit not found", "message can't be edited", "message_id_invalid"):
			return bridge.Receipt{}, refused.SendError
		}
	}
	receipt, refused := s.post(ctx, d, chat, p.Thread)
	if refused != nil && refused.moved != "" {
		s.moved.Store(&refused.moved)
		if receipt, refused = s.post(ctx, d, refused.moved, p.Thread); refused == nil {
			receipt.Detail = "the group became a supergroup: set chat to " + s.chat()
		}
	}
	if refused != nil {
		return bridge.Receipt{}, refused.SendError
	}
	return receipt, nil
}

// chat is where messages go.
func (s *Sink) chat() string {
	if moved := s.moved.Load(); moved != nil {
		return *moved
	}
	return s.config.Chat
}

// number is the number of a message in the chat, by the bridge's id of it.
func number(id, chat string) (n int64, ours bool) {
	where, text, _ := strings.Cut(id, " ")
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && where == chat
}

// post posts a new message. If the first of its conversation is gone, it is no reply.
func (s *Sink) post(ctx context.Context, d kit.Draft, chat, thread string) (bridge.Receipt, *refusal) {
	more := map[string]any{"chat_id": chat}
	if s.config.TopicID > 1 { // 1 is the general topic, which must not be named
		more["message_thread_id"] = s.config.TopicID
	}
	first, replies := number(thread, chat)
	if replies {
		more["reply_parameters"] = map[string]any{"message_id": first, "allow_sending_without_reply": true}
	}
	taken, refused := s.call(ctx, "sendMessage", d, more)
	if refused != nil {
		return bridge.Receipt{}, refused
	}
	receipt := bridge.Receipt{ID: chat + " " + taken.id, Thread: chat + " " + taken.id, Status: taken.status}
	if replies {
		receipt.Thread = thread
	}
	return receipt, nil
}

type taken struct {
	id     string
	status int
}

// call asks for one method of the API.
func (s *Sink) call(ctx context.Context, method string, d kit.Draft, more map[string]any) (taken, *refusal) {
	whole := kit.Draft{}
	maps.Copy(whole, d)
	for key, value := range more {
		whole[key], _ = json.Marshal(value) // texts and numbers can always be written
	}
	address := bridge.Secret(s.base.JoinPath("bot"+s.config.Token.Reveal(), method).String())
	answer, err := kit.Post(ctx, s.client, kit.Request{URL: address, Body: whole.Body(), Type: "application/json"})
	if err != nil {
		return taken{}, &refusal{SendError: bridge.AsSendError(err)}
	}
	known := answers
	if method == "getChat" {
		known = questions
	}
	if failure := known.Failure(answer, s.config.Token, address); failure != nil {
		return taken{}, refine(failure, answer)
	}
	var words struct {
		Result struct {
			MessageID json.Number `json:"message_id"`
		}
	}
	_ = json.Unmarshal(answer.Body, &words) // it is Telegram's
	return taken{words.Result.MessageID.String(), answer.Status}, nil
}

// Probe asks Telegram whether the bot may see the chat.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	if _, refused := s.call(ctx, "getChat", kit.Draft{}, map[string]any{"chat_id": s.chat()}); refused != nil {
		return "", refused.SendError
	}
	return "Telegram knows the bot and the chat", nil
}
