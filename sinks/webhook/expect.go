package webhook

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Expect says what the endpoint's own answers look like. Whatever it leaves open, an
// HTML page is not the endpoint's, unless a setting fits it: proxies and sign-in pages
// send those, endpoints for programs do not.
type Expect struct {
	ContentType string `koanf:"content_type"` // media type of all its answers
	Taken       Said   `koanf:"taken"`        // it took the message; any 2xx unless set
	Refused     Said   `koanf:"refused"`      // its other answers; Status are those that refuse a message for good
}

// Said is what an answer says.
type Said struct {
	Status []int             `koanf:"status"`
	Words  string            `koanf:"words"` // are somewhere in the body
	JSON   map[string]string `koanf:"json"`  // keys of the body in JSON, with their values; an empty one is any
}

// refusals are the statuses that refuse a message for good, unless an admin lists them.
func refusals() []int {
	return []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}
}

func (e Expect) check() error {
	var faults kit.Faults
	for i, status := range e.Taken.Status {
		faults.If(status/100 != 2 && status != http.StatusConflict, fmt.Sprintf("expect.taken.status[%d]", i),
			"want a status from 200 to 299, or 409 for an endpoint that answers so to a message that it has already")
	}
	for i, status := range e.Refused.Status {
		key := fmt.Sprintf("expect.refused.status[%d]", i)
		refuses := status >= 400 && status <= 599 && status != http.StatusTooManyRequests
		faults.If(!refuses, key, "want a status from 400 to 599 other than 429")
		faults.If(refuses && slices.Contains(e.Taken.Status, status), key, "%d is in taken.status, too; remove it from one of the two", status)
	}
	_, _, err := mime.ParseMediaType(e.ContentType)
	faults.If(err != nil && e.ContentType != "", "expect.content_type", "want a media type such as application/json")
	return faults.Err()
}

// answers are the forms of the endpoint's answers.
func (e Expect) answers() kit.Answers {
	media, _, _ := mime.ParseMediaType(e.ContentType)
	answers := kit.Answers{Platform: "the endpoint", Refused: []kit.Form{e.Refused.form(media)}}
	taken := e.Taken.form(media)
	for _, taken.Status = range e.Taken.Status {
		answers.Taken = append(answers.Taken, taken)
	}
	if len(e.Taken.Status) == 0 {
		answers.Taken = []kit.Form{taken}
	}
	return answers
}

// form is the form of an answer of a media type, or of any for "".
func (s Said) form(media string) kit.Form {
	f := kit.Form{Type: media, Page: media == "text/html" || s.Words != ""}
	if s.Words != "" {
		f.Text = regexp.MustCompile(regexp.QuoteMeta(s.Words))
	}
	for path, value := range s.JSON {
		if f.JSON == nil {
			f.JSON = map[string]*regexp.Regexp{}
		}
		f.JSON[path] = valueOf(value)
	}
	return f
}

// valueOf is the pattern of a value in JSON that is written as text in YAML.
func valueOf(text string) *regexp.Regexp {
	if text == "" {
		return nil
	}
	quoted, _ := json.Marshal(text) // any text can be written
	return regexp.MustCompile(`^(?:` + regexp.QuoteMeta(text) + `|` + regexp.QuoteMeta(string(quoted)) + `)$`)
}

// refine classifies a failure by its status, as the settings and Standard Webhooks say.
func (e Expect) refine(failure *bridge.SendError) *bridge.SendError {
	// Standard Webhooks: these say that the endpoint has too much to do.
	overloaded := []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	switch {
	case failure.RetryAfter > 0 && slices.Contains(overloaded, failure.Status):
		failure.Kind = bridge.Limited
	case failure.Intermediary:
	case slices.Contains(e.Refused.Status, failure.Status):
		failure.Kind = bridge.MessageRejected
	case failure.Kind == bridge.MessageRejected:
		failure.Kind = bridge.DestinationBroken
	case failure.Status == http.StatusGone:
		failure.Detail = "the endpoint wants no more messages; take it out of the configuration. " + failure.Detail
	}
	return failure
}
