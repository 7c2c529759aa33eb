package bridge

import "time"

// Delivery is the record that one event goes to one sink by one route. Each attempt
// renders the message again, with the current template.
type Delivery struct {
	ID           string // UUIDv7; sent to platforms that deduplicate by id
	EventID      string
	EventType    string
	Source       string
	Route        string
	Sink         string
	Attempts     int       // attempts that count towards giving up; rate-limited ones do not
	FailingSince time.Time // the first failed attempt that counts; zero when there is none
	Due          time.Time // its place in the queue: the event's arrival, or the time of the next attempt
	Routed       time.Time // when the event was fanned out
	Received     time.Time // when the event arrived
	Traceparent  string    // the event's
	Facts        Facts     // the event's facts when it was fanned out
}

// State is the state of a delivery.
type State string

// The states of a delivery. Only pending ones are sent.
const (
	Pending   State = "pending"   // waits for its first or next attempt
	Sent      State = "sent"      // the platform accepted it
	Dead      State = "dead"      // refused or given up; kept as a dead letter
	Cancelled State = "cancelled" // cancelled by an operator
)

// Attempt is the outcome of one attempt to send a delivery, or several deliveries as
type Attempt struct {
	DeliveryID string
	Parcel     string // id of the deliveries that were sent as one message; DeliveryID is then ""
	Sink       string
	At         time.Time
	Took       time.Duration
	Outcome    string // "sent", or the Kind of the failure
	Status     int    // HTTP or SMTP status, or 0
	Detail     string // the platform's words, without secrets
	Counted    bool   // whether it counts towards giving up

	// The delivery after the attempt.
	State     State
	NotBefore time.Time // the time of the next attempt, if it is still pending
	Receipt   string    // the platform's id of the message, if it was sent
	Posts     []Post    // the messages and threads that later messages may refer to
	Apart     []string  // deliveries of the parcel that continue in another parcel
}

// Post identifies a sent message or its thread, for later messages.
type Post struct {
	Kind PostKind
	Key  string // Message.ThreadKey, or the update key of the messages that replace each other
	Ref  string // Receipt.Thread or Receipt.ID
}

// PostKind is the purpose of a Post.
type PostKind string

// The kinds of posts.
const (
	ThreadPost  PostKind = "thread"  // later messages continue the thread
	MessagePost PostKind = "message" // a later message may replace it
)
