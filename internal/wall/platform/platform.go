// Package platform is what the emulated platforms share: how one describes its
// endpoints and answers, the faults that can be injected, quotas, and how a
// message is kept. It knows no platform's limits or errors: those are in the
// folder of each.
package platform

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// MaxBody bounds a request, in bytes. Discord takes 25 MiB, but nothing that the
// bridge sends comes near one.
const MaxBody = 1 << 20

// Platform is one of the emulated HTTP platforms.
type Platform struct {
	Name       string
	Patterns   []string                            // of http.ServeMux
	Address    func(*http.Request, []byte) string  // whom a message is for: what rate limits count, without secrets
	Authorize  func(*http.Request) *Answer         // refuses a wrong address or credential; nil lets in
	Parse      func(*http.Request, []byte) []byte  // the message as JSON, where the body is not all of it; or nil
	Judge      func(*http.Request, []byte) Outcome // judges a message
	Count      func(*http.Request) Answer          // the answer to a message that is only counted
	AddHeaders func(Answer, string) Answer         // adds the headers that every answer to an address has, or nil
	Limited    func(wait time.Duration) Answer
	Quota      *Quota
	Errors     map[string]Answer // answers to injected faults, by mode, where the platform has its own
}

// Answer is an HTTP response.
type Answer struct {
	Refused bool // whatever the status says: some platforms tell a failure under 200
	Status  int
	Header  map[string]string // besides Content-Type
	media   string            // Content-Type, or "" for none
	Body    string
}

// Outcome is a platform's judgement of a message.
type Outcome struct {
	Answer
	ID        string
	Thread    string
	Repeated  bool     // it was sent before: this is the answer of then
	NoMessage bool     // no message: a question, or the opening of a conversation
	Edits     string   // the id of the message that it takes the place of, or ""
	Notes     []string // see Verdict
	Unposted  bool
}

// Text is an answer in plain text.
func Text(status int, body string) Answer {
	return Answer{Status: status, media: "text/plain; charset=utf-8", Body: body}
}

// HTML is an answer that is a web page.
func HTML(status int, body string) Answer {
	return Answer{Status: status, media: "text/html; charset=utf-8", Body: body}
}

// JSON answers with a value made of maps, lists, strings and numbers,
// which can always be written as JSON.
func JSON(status int, v any) Answer {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return Answer{Status: status, media: "application/json; charset=utf-8", Body: strings.TrimSuffix(b.String(), "\n")}
}

// With is the answer with one more header.
func (a Answer) With(key, value string) Answer {
	header := map[string]string{key: value}
	for k, v := range a.Header {
		if k != key {
			header[k] = v
		}
	}
	a.Header = header
	return a
}

// Refuse is an answer as Authorize gives it.
func Refuse(a Answer) *Answer { return &a }

// Accepted tells whether the answer says that the message was accepted.
func (a Answer) Accepted() bool { return !a.Refused && a.Status >= 200 && a.Status < 300 }

// WriteHeader writes the status and the headers.
func (a Answer) WriteHeader(rw http.ResponseWriter) {
	if a.media != "" {
		rw.Header().Set("Content-Type", a.media)
	} else {
		rw.Header()["Content-Type"] = nil // keeps net/http from guessing one
	}
	for key, value := range a.Header {
		rw.Header().Set(key, value)
	}
	rw.WriteHeader(a.Status)
}

// Write writes the whole answer.
func (a Answer) Write(rw http.ResponseWriter) {
	a.WriteHeader(rw)
	_, _ = io.WriteString(rw, a.Body)
}
