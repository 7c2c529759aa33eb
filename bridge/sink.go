package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sink is a destination of messages, such as one Slack channel.
//
// Both methods may be called from several goroutines. A sink neither retries,
// waits, nor limits its rate: the sender of package dispatch does, and all it
// looks at is the SendError.
type Sink interface {
	// Encode puts a message into the platform's format, within its limits and
	// escaped by its rules, whatever the message holds. It does no I/O, so that
	// the result can be previewed and tested. An error means that the message
	// can never be sent; it is a *SendError of kind MessageRejected.
	Encode(Message) (Payload, error)

	// Send makes one attempt. Every error is or wraps a *SendError, holds the
	// platform's own words and no secret. It returns soon after the context ends.
	Send(context.Context, Payload) (Receipt, error)
}

// Addressed is a Sink whose recipients depend on the event. The templates are
// rendered with the event's facts, and the results become Message.To.
type Addressed interface {
	Recipients() []string // template texts, such as "{{ .user.emailAddress }}"
}

// Threaded is a Sink that keeps the messages of a conversation together.
type Threaded interface {
	Threads() bool // whether it does so with its settings
}

// Updating is a Sink that can put a message in the place of an earlier one. If the
// platform refuses that, as the earlier one is gone or too old, the sink sends an
// ordinary message.
type Updating interface {
	Updates() bool // whether it can with its settings
}

// Templated is a Sink whose payload may be a template of its admin's. It is
// rendered with the event's facts, the message below "message" and the delivery's
// id and route below "delivery"; the result becomes Message.Body.
type Templated interface {
	// Template gives its text, or "" when there is none, and the media type of what it
	// makes. Every value is written as that type needs, so that data cannot break out
	// of its place.
	Template() (text, mediaType string)
}

// Verbatim is a Sink that programs read: each event is a message of its own, whatever
// its routes say of digests, stories and quiet hours.
type Verbatim interface {
	Verbatim()
}

// OneForm is a Sink whose platform refuses messages for their recipients or their
// senders. A message without its picture or its links would be refused, too, so it is
// not tried.
type OneForm interface {
	OneForm()
}

// Probed is a Sink that can be tried without a message.
type Probed interface {
	// Probe connects as Send would, logs in where that is harmless, and says what it
	// found. It posts nothing and changes nothing. Its error is as Send's.
	Probe(context.Context) (found string, err error)
}

// Bucketed is a Sink that shares its destination's quota with others: all sinks
// of one bucket share one rate limit.
type Bucketed interface {
	Bucket() string // not empty, holds no secret
}

// Payload is a message as a platform takes it.
type Payload struct {
	MessageID   string   // Message.ID
	ContentType string   // media type of Body
	Body        []byte   // exactly what is sent: JSON, or a mail in RFC 5322 form
	To          []string // recipients, for sinks that have them
	Thread      string   // Message.Thread, for sinks whose Body does not tell it
	Replaces    string   // Message.Replaces
	Shortened   []string // what had to be cut to fit, for the log: "title", "3 fields"
}

// Receipt is a platform's answer to an accepted message.
type Receipt struct {
	ID     string        // the platform's id of the message, or ""; Message.Replaces may name it later
	Thread string        // what later messages of the same conversation need as Message.Thread, or ""
	Status int           // HTTP or SMTP status
	Detail string        // the platform's words, shortened, without secrets
	Pause  time.Duration // how long the platform asks to wait before the next message, or 0
}

// Kind tells the dispatcher what to do about a failed attempt.
type Kind int

// The kinds of failure. The zero value is Temporary: when in doubt, try again.
const (
	Temporary         Kind = iota // may work later: try this message again after a while
	Limited                       // too fast: pause the whole sink, then try again; not counted as an attempt
	MessageRejected               // this message will never be taken; others may
	DestinationBroken             // nothing will be taken until somebody mends the destination
)

// String is the kind in lower-case words, as metrics and the store spell it.
func (k Kind) String() string {
	switch k {
	case Limited:
		return "limited"
	case MessageRejected:
		return "rejected"
	case DestinationBroken:
		return "broken"
	default:
		return "temporary"
	}
}

// SendError is why an attempt failed.
type SendError struct {
	Kind       Kind
	RetryAfter time.Duration // how long the platform asks to wait, or 0 when it does not say
	Status     int           // HTTP or SMTP status, or 0 when no answer came
	Detail     string        // the platform's own words or the network's, without secrets
	Stranger   bool          // not the platform answered, but somebody in between, such as a proxy
}

// Error gives the status and the platform's words.
func (e *SendError) Error() string {
	switch {
	case e.Status == 0:
		return e.Detail
	case e.Detail == "":
		return fmt.Sprintf("answered %d", e.Status)
	default:
		return fmt.Sprintf("answered %d: %s", e.Status, e.Detail)
	}
}

// AsSendError finds the SendError in err. An error that has none, which only a
// faulty sink returns, is taken as Temporary.
func AsSendError(err error) *SendError {
	if se, ok := errors.AsType[*SendError](err); ok {
		return se
	}
	return &SendError{Kind: Temporary, Detail: err.Error()}
}

// Rejectedf is the error of an Encode that cannot make a payload.
func Rejectedf(format string, args ...any) *SendError {
	return &SendError{Kind: MessageRejected, Detail: fmt.Sprintf(format, args...)}
}

// Limit is how fast a sink may be sent to.
type Limit struct {
	Rate  float64 // messages a second; 0 or less means without limit
	Burst int     // how many may go at once after a rest, at least 1
}
