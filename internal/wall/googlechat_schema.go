package wall

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// chatSchemaJSON is what Google's discovery document says of the messages that
// a webhook may send: for each object its keys and their types. A test compares
// it with the document.
//
//go:embed googlechat_schema.json
var chatSchemaJSON []byte

// chatSchema is the types of keys, by the name of the object. A type is the name
// of an object, "string", "boolean", "integer", "number", "any", "enum A B", or
// one of these after "[]".
type chatSchema map[string]map[string]string

func loadChatSchema() chatSchema {
	var s chatSchema
	if err := json.Unmarshal(chatSchemaJSON, &s); err != nil {
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
func unknownNames(violations []fieldViolation) answer {
	lines := make([]string, len(violations))
	for i, v := range violations {
		lines[i] = v.Description
	}
	return googleError(http.StatusBadRequest, "INVALID_ARGUMENT", strings.Join(lines, "\n"), map[string]any{
		"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations,
	})
}

// violations lists what does not fit the object's type. Google accepts the keys
// of its protocol buffers too ("cards_v2"); here they are unknown, since nobody
// who means well sends them.
func (s chatSchema) violations(object string, n node) []fieldViolation {
	var all []fieldViolation
	for _, key := range n.keys() {
		kind, known := s[object][key]
		if !known {
			all = append(all, fieldViolation{chatPath(n.path), fmt.Sprintf(
				"Invalid JSON payload received. Unknown name %q at '%s': Cannot find field.", key, chatPath(n.path))})
			continue
		}
		all = append(all, s.typed(kind, n.get(key))...)
	}
	return all
}

// typed checks a value against a type.
func (s chatSchema) typed(kind string, n node) []fieldViolation {
	if !n.present() || kind == "any" {
		return nil
	}
	if element, ok := strings.CutPrefix(kind, "[]"); ok {
		if !n.isList() {
			return s.typed(element, n) // a list of one may be written without brackets
		}
		var all []fieldViolation
		for _, item := range n.items() {
			all = append(all, s.typed(element, item)...)
		}
		return all
	}
	if _, ok := s[kind]; ok && n.isObject() {
		return s.violations(kind, n)
	}
	if chatScalar(kind, n) {
		return nil
	}
	return []fieldViolation{{chatPath(n.path), fmt.Sprintf("Invalid value at '%s' (%s), %s", chatPath(n.path), chatTypeName(kind), chatValue(n))}}
}

func chatScalar(kind string, n node) bool {
	_, number := n.number()
	_, boolean := n.value.(bool)
	switch {
	case kind == "string":
		return n.isString()
	case kind == "boolean":
		return boolean
	case kind == "integer", kind == "number":
		return number
	}
	values, enum := strings.CutPrefix(kind, "enum ")
	return enum && slices.Contains(strings.Fields(values), n.text())
}

func chatTypeName(kind string) string {
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

func chatValue(n node) string {
	return jsonAnswer(http.StatusBadRequest, n.value).body
}

// chatPath writes a path as Google does: message.cards_v2[0].card.
func chatPath(path []string) string {
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
	chatMaxBytes     = 32_000
	chatMaxThreadKey = 4000
	chatMaxWidgets   = 100
)

// chatFault is what is wrong with a message whose keys and types are right, or
// "". Google's words for most of these are not published.
func chatFault(r *http.Request, n node, size int, space string) string {
	id := r.URL.Query().Get("messageId")
	cards := n.get("cardsV2").items()
	switch {
	case size > chatMaxBytes:
		return "Message is too long. The size of the message exceeds 32000 bytes."
	case n.get("text").text() == "" && len(cards) == 0:
		return "Message cannot be empty. Discarding empty create message request in " + space + "."
	case runes(n.get("thread").get("threadKey").text()) > chatMaxThreadKey:
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

func cardFault(c node, cards int) string {
	if cards > 1 && c.get("cardId").text() == "" {
		return "card_id is required when a message has several cards."
	}
	for _, section := range c.get("card").get("sections").items() {
		widgets := section.get("widgets").items()
		if len(widgets) == 0 {
			return "A section must have at least one widget."
		}
		for _, w := range widgets {
			if len(w.get("columns").get("columnItems").items()) > 2 {
				return "columns may have at most 2 column_items."
			}
		}
	}
	return badLink(c)
}

// badLink finds a link that no browser would open.
func badLink(n node) string {
	for _, item := range n.items() {
		if fault := badLink(item); fault != "" {
			return fault
		}
	}
	for _, key := range n.keys() {
		part := n.get(key)
		if key == "openLink" {
			if u, err := url.Parse(part.get("url").text()); err != nil || u.Scheme == "" {
				return "Invalid URL in open_link at '" + chatPath(part.path) + "'."
			}
		}
		if fault := badLink(part); fault != "" {
			return fault
		}
	}
	return ""
}

// chatNotes says what Google Chat does to an accepted message that its sender
// would hardly want.
func chatNotes(n node) []string {
	var notes []string
	for _, c := range n.get("cardsV2").items() {
		widgets := 0
		for _, section := range c.get("card").get("sections").items() {
			widgets += len(section.get("widgets").items())
		}
		if widgets > chatMaxWidgets {
			notes = append(notes, fmt.Sprintf("a card has %d widgets: Chat shows the first %d", widgets, chatMaxWidgets))
		}
	}
	if strings.Contains(n.get("text").text(), "<users/") {
		notes = append(notes, "mentions somebody")
	}
	if n.get("text").text() == "" && n.get("fallbackText").text() == "" {
		notes = append(notes, "no fallbackText: notifications say nothing of the card")
	}
	return notes
}
