package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sink is a destination of messages, such as one Slack channel.
//
// Both methods may be called from several goroutines. A sink does not retry, wait or
// limit its rate: the sender of package dispatch does, based on the SendError alone.
type Sink interface {
	// Encode converts a message to the platform's format. Whatever the message
	// contains, the result is within the platform's limits and escaped by its rules.
	// Encode does no I/O, so the result can be previewed and tested. An error means
	// that the message can never be sent; it is a *SendError of kind MessageRejected.
	Encode(Message) (Payload, error)

	// Send makes one attempt. Every error is or wraps a *SendError; it contains the
	// platform's answer and no secret. Send returns soon after the context ends.
	Send(context.Context, Payload) (Receipt, error)
}

// Addressed is a Sink whose recipients depend on the event. The bridge renders the
// recipients with the event's facts and puts the results into Message.To.
type Addressed interface {
	Recipients() []string // template texts, such as "{{ .user.emailAddress }}"
}

// Threaded is a Sink that can post in threads.
type Threaded interface {
	Threads() bool // whether its settings allow it
}

// Updating is a Sink that can replace a message that it sent. If the platform refuses
// that because the message was deleted or is too old, the sink sends a new message.
type Updating interface {
	Updates() bool // whether its settings allow it
}

// Templated is a Sink whose payload may be a template in the configuration. The bridge
// renders it with the event's facts, the message below "message", and the delivery's id
// and route below "delivery". The result becomes Message.Body.
type Templated interface {
	// Template returns the template's text, or "" without one, and the media type of
	// its result. Values are escaped for that type, so data cannot change the structure.
	Template() (text, mediaType string)
}

// Verbatim is a Sink for programs. Each event is a message of its own: digests, stories
// and quiet hours of routes do not apply.
type Verbatim interface {
	Verbatim()
}

// NoSimplerForm is a Sink whose platform refuses messages because of their recipient or
// sender. A simpler message would be refused too, so the bridge does not try one.
type NoSimplerForm interface {
	NoSimplerForm()
}

// Probed is a Sink that can be checked without sending a message.
type Probed interface {
	// Probe connects as Send would, logs in where that is harmless, and describes the
	// result. It posts and changes nothing. Its errors are like those of Send.
	Probe(context.Context) (found string, err error)
}

// Bucketed is a Sink that shares a quota of the platform with other sinks. All sinks of
// one bucket share one rate limit.
type Bucketed interface {
	Bucket() string // not empty, without secrets
}

// Payload is a message in the platform's format.
type Payload struct {
	MessageID   string   // Message.ID
	ContentType string   // media type of Body
	Body        []byte   // the bytes to send: JSON, or a mail in RFC 5322 form
	To          []string // recipients, for sinks that have them
	Thread      string   // Message.Thread, for sinks whose Body does not contain it
	Replaces    string   // Message.Replaces
	Shortened   []string // parts that were shortened or removed to fit, for the log: "title", "3 fields"
}

// Receipt is a platform's answer to an accepted message.
type Receipt struct {
	ID     string        // the platform's id of the message, or ""; a later message may replace it
	Thread string        // the value of Message.Thread for later messages of the thread, or ""
	Status int           // HTTP or SMTP status
	Detail string        // the platform's answer, shortened, without secrets
	Pause  time.Duration // the pause that the platform asks for before the next message, or 0
}

// Kind classifies a failed attempt. It decides whether the bridge retries.
type Kind int

// The kinds of failure. The zero value is Temporary, so an unknown failure is retried.
const (
	Temporary         Kind = iota // may work later: retry this message after a pause
	Limited                       // too fast: pause the whole sink, then retry; does not count as an attempt
	MessageRejected               // the platform will never accept this message, but perhaps others
	DestinationBroken             // the destination accepts nothing until somebody fixes it
)

// String returns the kind as metrics and the store spell it.
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

// SendError says why an attempt failed.
type SendError struct {
	Kind         Kind
	RetryAfter   time.Duration // the pause that the platform asks for, or 0
	Status       int           // HTTP or SMTP status, or 0 without an answer
	Detail       string        // the platform's answer or the network error, without secrets
	Intermediary bool          // a proxy or another intermediary answered, not the platform
}

// Error returns the status and the detail.
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

// AsSendError returns the SendError in err. Only a faulty sink returns an error without
// one; such an error counts as Temporary.
func AsSendError(err error) *SendError {
	if se, ok := errors.AsType[*SendError](err); ok {
		return se
	}
	return &SendError{Kind: Temporary, Detail: err.Error()}
}

// Rejectedf returns the error of an Encode that cannot make a payload.
func Rejectedf(format string, args ...any) *SendError {
	return &SendError{Kind: MessageRejected, Detail: fmt.Sprintf(format, args...)}
}

// Limit is the rate limit of a sink.
type Limit struct {
	Rate  float64 // messages per second; 0 or less means no limit
	Burst int     // messages that may be sent at once after a pause, at least 1
}
