package email

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// stage is how far an attempt came, in words that complete "while …".
type stage string

const (
	connecting     stage = "connecting"
	encrypting     stage = "encrypting the connection"
	greeting       stage = "greeting the server"
	authenticating stage = "authenticating"
	sender         stage = "naming the sender"
	recipient      stage = "naming a recipient"
	data           stage = "announcing the mail"
	text           stage = "handing over the mail"
)

// failure is an error and the stage at which it came.
type failure struct {
	stage stage
	err   error
}

// Error says what went wrong while doing what.
func (f *failure) Error() string { return string(f.stage) + ": " + f.err.Error() }

// Unwrap gives the error without its stage.
func (f *failure) Unwrap() error { return f.err }

func at(s stage, err error) error { return &failure{s, err} }

// sendError turns whatever stopped an attempt into a SendError without secrets.
func (s *server) sendError(ctx context.Context, err error) *bridge.SendError {
	se := classify(ctx, err)
	se.Detail = s.shown(se.Detail)
	return se
}

func classify(ctx context.Context, err error) *bridge.SendError {
	if se, ok := errors.AsType[*bridge.SendError](err); ok {
		return se
	}
	if answer := answerOf(err); answer != nil {
		return &bridge.SendError{Kind: kindOf(stageOf(err), answer.Code), Status: answer.Code, Detail: words(stageOf(err), answer)}
	}
	if ctx.Err() != nil {
		// The connection was closed because of it, and its error says only that.
		return &bridge.SendError{Detail: string(stageOf(err)) + ": no answer in time: " + ctx.Err().Error()}
	}
	if remedy := kit.Untrusted(err); remedy != "" {
		return &bridge.SendError{Kind: bridge.DestinationBroken, Detail: err.Error() + "; " + remedy}
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return &bridge.SendError{Kind: bridge.DestinationBroken, Detail: err.Error() +
			"; the server does not speak TLS from the first byte: write smtp:// for STARTTLS"}
	}
	return &bridge.SendError{Detail: err.Error()}
}

func answerOf(err error) *textproto.Error {
	answer, _ := errors.AsType[*textproto.Error](err)
	return answer
}

func stageOf(err error) stage {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.stage
	}
	return connecting
}

// words are the server's, with the stage before them: "451 try later" alone
// does not say whether the sender or the mail is meant.
func words(s stage, answer *textproto.Error) string {
	return string(s) + ": " + answer.Msg
}

// kindOf says what an answer that is no success means (RFC 5321 section 4.2,
// RFC 4954 section 6).
func kindOf(s stage, code int) bridge.Kind {
	switch {
	case code == 421:
		return bridge.Limited
	case code == 450, code == 451, code == 452:
		// Said of a recipient or of a mail's text, these are about that one alone: a
		// full mailbox must not stop the mails to all others. If they meet every
		// mail, it is for the dispatcher to notice.
		if s == recipient || s == text {
			return bridge.Temporary
		}
		return bridge.Limited
	case code < 500:
		return bridge.Temporary
	case asksToAuthenticate(code):
		return bridge.DestinationBroken
	case s == recipient, s == data, s == text, s == sender && code == tooLarge:
		return bridge.MessageRejected
	}
	return bridge.DestinationBroken
}

// tooLarge is the code for a mail that is over the server's or the mailbox's
// bounds.
const tooLarge = 552

// asksToAuthenticate tells whether a code is about who we are, whatever it was
// the answer to.
func asksToAuthenticate(code int) bool {
	return slices.Contains([]int{530, 534, 535, 538}, code)
}

// shown is a text of the server's as it may be shown: one line without secrets.
// Cleaning may bring together what a control character kept apart, so that
// secrets are taken out before and after.
func (s *server) shown(words string) string {
	return bridge.Cut(s.redact(bridge.CleanLine(s.redact(words))), kit.MaxDetail)
}

// redact takes the user's name and the password out of a server's words, in the
// forms that the dialogue has them in.
func (s *server) redact(detail string) string {
	if s.username.Empty() {
		return detail
	}
	user, password := s.username.Reveal(), s.password.Reveal()
	sent := []string{"\x00" + user + "\x00" + password, "user=" + user + "\x01auth=Bearer " + password + "\x01\x01", user, password}
	for _, plain := range sent {
		detail = kit.Redact(detail, bridge.Secret(base64.StdEncoding.EncodeToString([]byte(plain))))
	}
	if len(password) >= minPassword {
		detail = kit.Redact(detail, s.password)
	}
	return redactWord(redactWord(detail, password), user)
}

// minPassword is the length from which a password is recognised within a word;
// taking every "p" out would leave nothing to read.
const minPassword = 4

// redactWord redacts a word where it stands alone, since a user may be called
// "u" or "lms", which occur in other words too.
func redactWord(detail, word string) string {
	const edge = `[^\pL\pN]`
	pattern, err := regexp.Compile(`(^|` + edge + `)` + regexp.QuoteMeta(word) + `($|` + edge + `)`)
	if err != nil || !strings.Contains(detail, word) {
		return detail
	}
	for range 2 { // words that share the character between them need a second pass
		detail = pattern.ReplaceAllString(detail, "${1}"+bridge.Redacted+"${2}")
	}
	return detail
}
