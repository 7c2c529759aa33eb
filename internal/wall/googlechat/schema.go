package googlechat

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// schemaJSON is what Google's discovery document says of the messages that
// a webhook may send: for each object its keys and their types. A test compares
// it with the document.
//
//go:embed schema.json
var schemaJSON []byte

// schema is the types of keys, by the name of the object. A type is the name
// of an object, "string", "boolean", "integer", "number", "any", "enum A B", or
// one of these after "[]".
type schema map[string]map[string]string

func loadSchema() schema {
	var s schema
	if err := json.Unmarshal(schemaJSON, &s); err != nil {
		panic("embedded schema of Google Chat: " + err.Error())
	}
	return s
}

// fieldViolation is one entry of google.rpc.BadRequest.
type fieldViolation struct {
	Field       string `json:"field,omitempty"`
	Description string `json:"description"`
}

// unknownNames is Google's answer to JSON that does not fit its message.
func unknownNames(violations []fieldViolation) platform.Answer {
	lines := make([]string, len(violations))
	for i, v := range violations {
		lines[i] = v.Description
	}
	return errorAnswer(http.StatusBadRequest, "INVALID_ARGUMENT", strings.Join(lines, "\n"), map[string]any{
		"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations,
	})
}

// violations lists what does not fit the object's type. Google accepts the keys
// of its protocol buffers too ("cards_v2"); here they are unknown, since nobody
// who means well sends them.
func (s schema) violations(object string, n platform.Node) []fieldViolation {
	var all []fieldViolation
	for _, key := range n.Keys() {
		kind, known := s[object][key]
		if !known {
			all = append(all, fieldViolation{fieldPath(n.Path), fmt.Sprintf(
				"Invalid JSON payload received. Unknown name %q at '%s': Cannot find field.", key, fieldPath(n.Path))})
			continue
		}
		all = append(all, s.typed(kind, n.Get(key))...)
	}
	return all
}

// typed checks a value against a type.
func (s schema) typed(kind string, n platform.Node) []fieldViolation {
	if !n.Present() || kind == "any" {
		return nil
	}
	if element, ok := strings.CutPrefix(kind, "[]"); ok {
		if !n.IsList() {
			return s.typed(element, n) // a list of one may be written without brackets
		}
		var all []fieldViolation
		for _, item := range n.Items() {
			all = append(all, s.typed(element, item)...)
		}
		return all
	}
	if _, ok := s[kind]; ok && n.IsObject() {
		return s.violations(kind, n)
	}
	if isScalar(kind, n) {
		return nil
	}
	return []fieldViolation{{fieldPath(n.Path), fmt.Sprintf("Invalid value at '%s' (%s), %s", fieldPath(n.Path), typeName(kind), shownValue(n))}}
}

func isScalar(kind string, n platform.Node) bool {
	_, number := n.Number()
	_, boolean := n.Value.(bool)
	switch {
	case kind == "string":
		return n.IsString()
	case kind == "boolean":
		return boolean
	case kind == "integer", kind == "number":
		return number
	}
	values, enum := strings.CutPrefix(kind, "enum ")
	return enum && slices.Contains(strings.Fields(values), n.Text())
}

func typeName(kind string) string {
	switch {
	case kind == "string":
		return "TYPE_STRING"
	case kind == "boolean":
		return "TYPE_BOOL"
	case kind == "integer":
		return "TYPE_INT32"
	case kind == "number":
		return "TYPE_FLOAT"
	case strings.HasPrefix(kind, "enum "):
		return "TYPE_ENUM"
	}
	return "type.googleapis.com/google.chat.v1." + strings.TrimPrefix(kind, "GoogleAppsCardV1")
}

func shownValue(n platform.Node) string {
	return platform.JSON(http.StatusBadRequest, n.Value).Body
}

// fieldPath writes a path as Google does: message.cards_v2[0].card.
func fieldPath(path []string) string {
	var b strings.Builder
	b.WriteString("message")
	for _, step := range path {
		if step[0] >= '0' && step[0] <= '9' {
			b.WriteString("[" + step + "]")
			continue
		}
		b.WriteByte('.')
		for _, r := range step {
			if r >= 'A' && r <= 'Z' {
				b.WriteByte('_')
				r += 'a' - 'A'
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Limits of Google's discovery document, revision 20261029.
const (
	maxBytes     = 32_000
	maxThreadKey = 4000
	maxWidgets   = 100
)

// fault is what is wrong with a message whose keys and types are right, or
// "". Google's words for most of these are not published.
func fault(r *http.Request, n platform.Node, size int, space string) string {
	id := r.URL.Query().Get("messageId")
	cards := n.Get("cardsV2").Items()
	switch {
	case size > maxBytes:
		return "Message is too long. The size of the message exceeds 32000 bytes."
	case n.Get("text").Text() == "" && len(cards) == 0:
		return "Message cannot be empty. Discarding empty create message request in " + space + "."
	case platform.Runes(n.Get("thread").Get("threadKey").Text()) > maxThreadKey:
		return "thread.thread_key must not be longer than 4000 characters."
	case id != "" && !regexp.MustCompile(`^client-[a-z0-9-]{1,56}$`).MatchString(id):
		return `message_id must begin with "client-" and have at most 63 characters of a-z, 0-9 and -.`
	}
	for _, c := range cards {
		if fault := cardFault(c, len(cards)); fault != "" {
			return fault
		}
	}
	return ""
}

func cardFault(c platform.Node, cards int) string {
	if cards > 1 && c.Get("cardId").Text() == "" {
		return "card_id is required when a message has several cards."
	}
	for _, section := range c.Get("card").Get("sections").Items() {
		widgets := section.Get("widgets").Items()
		if len(widgets) == 0 {
			return "A section must have at least one widget."
		}
		for _, w := range widgets {
			if len(w.Get("columns").Get("columnItems").Items()) > 2 {
				return "columns may have at most 2 column_items."
			}
		}
	}
	return badLink(c)
}

// badLink finds a link that no browser would open.
func badLink(n platform.Node) string {
	for _, item := range n.Items() {
		if fault := badLink(item); fault != "" {
			return fault
		}
	}
	for _, key := range n.Keys() {
		part := n.Get(key)
		if key == "openLink" {
			if u, err := url.Parse(part.Get("url").Text()); err != nil || u.Scheme == "" {
				return "Invalid URL in open_link at '" + fieldPath(part.Path) + "'."
			}
		}
		if fault := badLink(part); fault != "" {
			return fault
		}
	}
	return ""
}

// notes says what Google Chat does to an accepted message that its sender
// would hardly want.
func notes(n platform.Node) []string {
	var notes []string
	for _, c := range n.Get("cardsV2").Items() {
		widgets := 0
		for _, section := range c.Get("card").Get("sections").Items() {
			widgets += len(section.Get("widgets").Items())
		}
		if widgets > maxWidgets {
			notes = append(notes, fmt.Sprintf("a card has %d widgets: Chat shows the first %d", widgets, maxWidgets))
		}
	}
	if strings.Contains(n.Get("text").Text(), "<users/") {
		notes = append(notes, "mentions somebody")
	}
	if n.Get("text").Text() == "" && n.Get("fallbackText").Text() == "" {
		notes = append(notes, "no fallbackText: notifications say nothing of the card")
	}
	return notes
}
