package platform

import (
	"encoding/json"
	"time"
)

// Email is the one platform that does not speak HTTP.
const Email = "email"

// Message is one thing that was sent to a platform.
type Message struct {
	Seq      uint64    // counts up over all platforms
	Platform string    // Slack, Discord, …
	At       time.Time // when it arrived
	ID       string    // the platform's id of it, or "" when it gives none
	Address  string    // where it was sent, without secrets: a webhook's id, a space, the recipients
	Thread   string    // the conversation it was put into, or ""
	Payload  []byte    // as it arrived: JSON, or a mail in RFC 5322 form
	Verdict  Verdict
	Edits    int   // how often it was edited; the payload is the last one
	Mail     *Mail // the mail's parts, if it is one and could be read
}

// Verdict is what the platform made of a message.
type Verdict struct {
	Accepted bool     `json:"accepted"`
	Status   int      `json:"status"`          // HTTP or SMTP status; 0 when there was no answer
	Words    string   `json:"words,omitempty"` // the platform's answer, or what kept it from one
	Notes    []string `json:"notes,omitempty"` // what a reader would miss although the message was accepted
	Unposted bool     `json:"unposted"`        // accepted, but the platform would fail to post it later
}

// Mail is the readable parts of a mail.
type Mail struct {
	EnvelopeFrom string   `json:"envelopeFrom"`
	EnvelopeTo   []string `json:"envelopeTo"`
	From         string   `json:"from"`
	To           string   `json:"to"`
	Subject      string   `json:"subject"`
	MessageID    string   `json:"messageId"`
	Text         string   `json:"text"`
	HTML         string   `json:"html"`
	TLS          bool     `json:"tls"`  // sent after STARTTLS
	User         string   `json:"user"` // who was authenticated, or ""
}

// MarshalJSON writes the payload as JSON where it is some, else as a string.
func (m Message) MarshalJSON() ([]byte, error) {
	var payload any = string(m.Payload)
	if m.Platform != Email && json.Valid(m.Payload) {
		payload = json.RawMessage(m.Payload)
	}
	return json.Marshal(struct {
		Seq      uint64    `json:"seq"`
		Platform string    `json:"platform"`
		At       time.Time `json:"at"`
		ID       string    `json:"id"`
		Address  string    `json:"address"`
		Thread   string    `json:"thread,omitempty"`
		Verdict  Verdict   `json:"verdict"`
		Edits    int       `json:"edits,omitempty"`
		Mail     *Mail     `json:"mail,omitempty"`
		Payload  any       `json:"payload"`
	}{m.Seq, m.Platform, m.At, m.ID, m.Address, m.Thread, m.Verdict, m.Edits, m.Mail, payload})
}

// Counts is what became of the messages sent to a platform.
type Counts struct {
	Accepted int `json:"accepted"` // taken as new messages
	Repeated int `json:"repeated"` // recognised as sent before, and answered as then
	Refused  int `json:"refused"`  // answered with an error, injected faults included
	Edited   int `json:"edited"`   // edits of earlier messages
	Unposted int `json:"unposted"` // of the accepted, those that the platform would fail to post later
}
