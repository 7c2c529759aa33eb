package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

const (
	jsonType = "application/json; charset=utf-8"
	formType = "application/x-www-form-urlencoded"
)

// api calls Slack's Web API. It is held by a pointer, so that printing a Bot shows no
// token.
type api struct {
	base   string // ends in a slash
	token  bridge.Secret
	client *http.Client
}

// answer is what the methods that are called may say.
type answer struct {
	slack.SlackResponse
	Channel   json.RawMessage `json:"channel"` // an id, or an object with one
	Timestamp string          `json:"ts"`
	User      struct {
		ID      string `json:"id"`
		Deleted bool   `json:"deleted"`
	} `json:"user"`
	status int
}

// channelID is the id of the channel that a method answers with.
func (a answer) channelID() string {
	var id string
	if json.Unmarshal(a.Channel, &id) == nil {
		return id
	}
	var channel struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(a.Channel, &channel) // "" when it is something else
	return channel.ID
}

// refusal is an error of the Web API in its own word, such as channel_not_found.
type refusal struct {
	word string
	err  *bridge.SendError
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// wordOf is the Web API's word for an error, or "".
func wordOf(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.word
	}
	return ""
}

// call makes one request. Whatever is not taken by the answers given is an error.
func (a *api) call(ctx context.Context, answers kit.Answers, method, contentType string, body []byte) (answer, error) {
	got, err := kit.Post(ctx, a.client, kit.Request{
		URL:    bridge.Secret(a.base + method),
		Header: http.Header{"Authorization": {"Bearer " + a.token.Reveal()}},
		Body:   body, Type: contentType,
	})
	if err != nil {
		return answer{}, err
	}
	said := answer{status: got.Status}
	failure := answers.Failure(got, a.token)
	if failure != nil && failure.Intermediary {
		return said, failure
	}
	_ = json.Unmarshal(got.Body, &said) // an answer of this form; a part of another type may be missing
	if failure == nil {
		return said, nil
	}
	failure = classify(failure, said.Error)
	failure.Detail = kit.Detail(bridge.CleanLine(method+": "+explain(said)), a.token)
	return said, &refusal{said.Error, failure}
}

// explain is Slack's word with what it says beside it, and what to do.
func explain(said answer) string {
	words := said.Error
	if more := strings.Join(said.ResponseMetadata.Messages, ", "); more != "" {
		words += " (" + more + ")"
	}
	if do := remedy(said.Error, said.Needed); do != "" {
		words += "; " + do
	}
	return words
}

// form calls a method that takes no JSON.
func (a *api) form(ctx context.Context, method string, values url.Values) (answer, error) {
	return a.call(ctx, apiAnswers, method, formType, []byte(values.Encode()))
}
