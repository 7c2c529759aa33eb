package bridge

import "time"

// Message is what should be said about an event, before a platform's dialect.
// All strings are plain text and may hold anything, data from Absorb included,
// except Text, which is markdown. Sinks escape plain text for their platform.
type Message struct {
	ID        string    // the delivery's id: the same on every attempt, for platforms that deduplicate
	Level     Level     // sets the colour
	Title     string    // plain text, one line
	URL       string    // where the title links to, http or https, or ""
	Text      string    // a subset of CommonMark: **bold**, *italic*, `code`, [label](url), lists, paragraphs
	Fields    []Field   // shown as a table or a grid
	ImageURL  string    // http or https, or ""
	Footer    string    // plain text, small print
	Time      time.Time // when the event happened; zero if unknown
	Actions   []Action  // buttons that open a page
	ThreadKey string    // messages with the same key belong to one conversation, or ""
	Thread    string    // the Receipt.Thread of the conversation's first message; "" when this is the first
	Replaces  string    // the Receipt.ID of an earlier message that this one takes the place of, or ""
	To        []string  // recipients, for sinks whose destination depends on the event

	// Mentions are the people whom the template mentions. In Title, Text, Footer and
	// the fields, MentionMark(i) stands for the i-th.
	Mentions []Person

	// Native holds parts in a platform's own format, by sink type: the
	// top-level keys of the payload that replace those made from the rest.
	Native map[string]map[string]any

	Facts Facts  // what is known of the event, for sinks that pass it on; not to be changed
	Body  string // what a Templated sink's own template gives, or ""
}

// Person is somebody who can be mentioned.
type Person struct {
	Name  string // plain text, one line, not empty
	Email string // by which platforms know the person, or ""
}

// Field is a name and its value. Short fields may stand side by side.
type Field struct {
	Name  string
	Value string
	Short bool
}

// Action is a link drawn as a button.
type Action struct {
	Label string
	URL   string
}

// Level says how a message should feel.
type Level string

// The levels that a template may set. Anything else is taken as LevelInfo.
const (
	LevelInfo    Level = "info"
	LevelSuccess Level = "success"
	LevelWarning Level = "warning"
	LevelDanger  Level = "danger"
)
