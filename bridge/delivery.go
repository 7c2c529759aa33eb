package bridge

import "time"

// Delivery is one message on its way to one sink: the event fanned out by a
// route. Its message is made anew on every attempt, by the templates of the day.
type Delivery struct {
	ID           string // UUIDv7; platforms that deduplicate are given it
	EventID      string
	EventType    string
	Source       string
	Route        string
	Sink         string
	Attempts     int       // attempts that count: not those that were rate limited
	FailingSince time.Time // the first failed attempt that counts; zero when there is none
	Due          time.Time // its place in the queue: the event's arrival, or when it should be tried again
	Routed       time.Time // when the event was fanned out
	Received     time.Time // when the event arrived
	Traceparent  string    // the event's
	Facts        Facts     // what was known of the event then
}

// State is where a delivery stands.
type State string

// The states of a delivery. Only pending ones are sent.
const (
	Pending   State = "pending"   // waits for its turn, for the first time or again
	Sent      State = "sent"      // the platform took it
	Dead      State = "dead"      // it was refused or given up; kept for replay
	Cancelled State = "cancelled" // somebody called it off
)

// Attempt is the outcome of one try to send a delivery, or several as one message.
type Attempt struct {
	DeliveryID string
	Parcel     string // names those that were sent as one message, in place of DeliveryID
	Sink       string
	At         time.Time
	Took       time.Duration
	Outcome    string // "sent", or the Kind of the failure
	Status     int    // HTTP or SMTP status, or 0
	Detail     string // the platform's words, without secrets
	Counted    bool   // whether it counts towards giving up

	// What becomes of the delivery.
	State     State
	NotBefore time.Time // when it is due again, if it is still pending
	Receipt   string    // the platform's id of the message, if it was sent
	Posts     []Post    // what later messages may refer to
	Apart     []string  // deliveries of the parcel that go on in another one
}

// Post is what is kept of a message for later ones.
type Post struct {
	Kind PostKind
	Key  string // Message.ThreadKey, or what a later message that replaces this one is about
	Ref  string // Receipt.Thread or Receipt.ID
}

// PostKind is what a Post is for.
type PostKind string

// The kinds of posts.
const (
	ThreadPost  PostKind = "thread"  // later messages go into the same conversation
	MessagePost PostKind = "message" // a later message may replace it
)
