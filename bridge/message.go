package bridge

import "time"

// Message is the text about an event, before it is converted to a platform's format. All
// strings are plain text and may contain untrusted data from Absorb, except Text, which is
// markdown. Sinks escape plain text for their platform.
type Message struct {
	ID        string    // the delivery's id, the same for every attempt, for platforms that deduplicate
	Level     Level     // sets the colour
	Title     string    // plain text, one line
	URL       string    // target of the title's link, http or https, or ""
	Text      string    // a subset of CommonMark: **bold**, *italic*, `code`, [label](url), lists, paragraphs
	Fields    []Field   // shown as a table or a grid
	ImageURL  string    // http or https, or ""
	Footer    string    // plain text, small print
	Time      time.Time // when the event happened; zero if unknown
	Actions   []Action  // buttons that open a page
	ThreadKey string    // messages with the same key belong to one thread, or ""
	Thread    string    // the Receipt.Thread of the thread's first message; "" if this is the first
	Replaces  string    // the Receipt.ID of the message that this one replaces, or ""
	To        []string  // recipients, for sinks whose destination depends on the event

	// Mentions are the people whom the template mentions. MentionMark(i) represents the
	// i-th person in Title, Text, Footer and Fields.
	Mentions []Person

	// Native contains parts in a platform's own format, by sink type. Its top-level keys
	// replace those of the payload made from the rest of the message.
	Native map[string]map[string]any

	Facts Facts  // the event's facts, for sinks that send them; read-only
	Body  string // the result of a Templated sink's template, or ""
}

// Person is a person whom a message can mention.
type Person struct {
	Name  string // plain text, one line, not empty
	Email string // the address by which platforms find the person, or ""
}

// Field is a name and its value. A platform may show short fields side by side.
type Field struct {
	Name  string
	Value string
	Short bool
}

// Action is a link shown as a button.
type Action struct {
	Label string
	URL   string
}

// Level is the kind of news in a message. It sets the colour.
type Level string

// The levels that a template may set. Any other value means LevelInfo.
const (
	LevelInfo    Level = "info"
	LevelSuccess Level = "success"
	LevelWarning Level = "warning"
	LevelDanger  Level = "danger"
)
