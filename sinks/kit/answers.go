package kit

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Answers describes a platform's own answers. Every other answer comes from
// somebody in between, such as a sign-in page, a firewall, or another service at
// the same address.
type Answers struct {
	Platform string // its name, for errors
	Taken    []Form // it took the message
	Refused  []Form // it refused the message, in its own words
}

// Form is what one kind of answer looks like. An answer has the form if it meets
// every condition that is set.
type Form struct {
	Status int  // if unset: any 2xx for Taken, any but 3xx for Refused
	Page   bool // an HTML page has the form, too; without it none has

	Type   string         // media type
	Header string         // must be there
	Text   *regexp.Regexp // matches the body, without the blanks around it

	// JSON makes the body a JSON object with these keys; "a.b" is the key b of the
	// object a. The pattern matches the value's JSON, so a text is in quotes; nil is
	// for any value but null.
	JSON map[string]*regexp.Regexp
}

// Failure is nil if the platform took the message. If the platform refused it, the
// failure is as the function Failure gives it, for the sink to refine. If somebody
// else answered, the failure is marked as a Intermediary's: the message is not to blame,
// so it is never rejected.
func (p Answers) Failure(a Answer, secrets ...bridge.Secret) *bridge.SendError {
	for _, f := range p.Taken {
		if (f.Status != 0 || a.Status/100 == 2) && f.fits(a) {
			return nil
		}
	}
	for _, f := range p.Refused {
		if (f.Status != 0 || a.Status/100 != 3) && f.fits(a) {
			return Failure(a, secrets...)
		}
	}
	return p.stranger(a, secrets...)
}

// stranger is the failure of an answer that is not the platform's.
func (p Answers) stranger(a Answer, secrets ...bridge.Secret) *bridge.SendError {
	failure := Failure(a, secrets...)
	failure.Intermediary = true
	switch {
	case failure.Kind == bridge.Limited:
	case a.Status == http.StatusMovedPermanently, a.Status == http.StatusPermanentRedirect:
		return failure // the destination has another address
	default:
		failure.Kind = bridge.Temporary
	}
	words := "not an answer of " + p.Platform + ": a proxy, a firewall, a sign-in page or another service answered in its place"
	if len(bytes.TrimSpace(a.Body)) == 0 {
		words += ", without any text"
	}
	failure.Detail = bridge.Cut(words+". "+failure.Detail, MaxDetail)
	return failure
}

func (f Form) fits(a Answer) bool {
	return (f.Status == 0 || f.Status == a.Status) &&
		(f.Page || !a.isPage()) &&
		(f.Type == "" || f.Type == a.mediaType()) &&
		(f.Header == "" || a.Header.Get(f.Header) != "") &&
		(f.Text == nil || f.Text.Match(bytes.TrimSpace(a.Body))) &&
		(f.JSON == nil || f.fitsJSON(a.Body))
}

func (f Form) fitsJSON(body []byte) bool {
	for path, pattern := range f.JSON {
		value := valueAt(body, path)
		if value == nil || pattern != nil && !pattern.Match(value) {
			return false
		}
	}
	return true
}

// valueAt is the value at a path of keys, with dots between them, in a JSON object; or
// nil if there is none, or null.
func valueAt(value json.RawMessage, path string) json.RawMessage {
	for key := range strings.SplitSeq(path, ".") {
		var object map[string]json.RawMessage
		if json.Unmarshal(value, &object) != nil {
			return nil
		}
		value = object[key]
	}
	if string(value) == "null" {
		return nil
	}
	return value
}

func (a Answer) mediaType() string {
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return media
}

// isPage tells whether the body is an HTML page, whatever its media type says.
func (a Answer) isPage() bool {
	switch kind := http.DetectContentType(a.Body); {
	case strings.HasPrefix(kind, "text/html"):
		return true
	case strings.HasPrefix(kind, "text/xml"):
		return bytes.Contains(bytes.ToLower(a.Body), []byte("<html"))
	}
	return false
}
