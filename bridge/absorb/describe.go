package absorb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Value describes one value of a body without its content, so that anybody may see it.
type Value struct {
	Path string `json:"path"` // JSON path, such as $.data.courseId
	Kind string `json:"kind"` // such as "GUID" or "text of 12 characters"
}

// Description describes a webhook without its values.
type Description struct {
	Signature  string            `json:"signature"`            // form of the signature, or what is wrong with it
	Problem    string            `json:"problem,omitempty"`    // why the body cannot be read
	Event      string            `json:"event,omitempty"`      // canonical name of the event type
	Understood map[string]string `json:"understood,omitempty"` // by meaning (user, courseId, …): the kind of value
	Values     []Value           `json:"values,omitempty"`     // the tree of keys
	Needs      []Need            `json:"needs,omitempty"`      // the ids that the event's template looks up
	Overrides  []string          `json:"overrides,omitempty"`  // lines for the source's fields that may help
}

// Describe describes a webhook and what the parser finds in it. It compares the webhook
// with the lookups of its event's template; lookups may be nil.
func (p *Parser) Describe(signature []string, body []byte, lookups func(event string) []bridge.Lookup) Description {
	d := Description{Signature: describeSignature(signature)}
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	decoder.UseNumber()
	var content any
	if shapeOf(body).problem() == "" && decoder.Decode(&content) == nil {
		d.walk("$", content, false)
	}
	events, err := p.Parse(body)
	if err != nil {
		d.Problem = err.Error()
		return d
	}
	if len(events) == 0 {
		return d
	}
	d.understood(events[0])
	if lookups != nil {
		d.Needs = needs(events[0], lookups(events[0].Type))
	}
	d.suggest(searchBody(events[0], content))
	return d
}

func describeSignature(values []string) string {
	if len(values) == 0 {
		return "none: is a Secret Key set for the webhook?"
	}
	d, ok := readDigest(values[0], "")
	if !ok {
		return fmt.Sprintf("%d characters that are not 32 bytes in hex or base64; its shape: %s", len(values[0]), shape(values[0]))
	}
	return string(d.form)
}

// shape replaces every letter and every digit by the same character.
func shape(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsUpper(r):
			return 'A'
		case unicode.IsLetter(r):
			return 'a'
		case unicode.IsDigit(r):
			return '0'
		}
		return r
	}, bridge.CleanLine(s[:min(len(s), 100)]))
}

const (
	maxValues  = 200 // of the tree
	maxEntries = 10  // of a list in the tree
)

// walk adds a value and all values below it; opened is true for JSON inside a text.
func (d *Description) walk(path string, v any, opened bool) {
	if len(d.Values) >= maxValues {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			d.walk(path+step(key), v[key], opened)
		}
	case []any:
		d.Values = append(d.Values, Value{path, fmt.Sprintf("list of %d", len(v))})
		for i, item := range v[:min(len(v), maxEntries)] {
			d.walk(fmt.Sprintf("%s[%d]", path, i), item, opened)
		}
	default:
		text, _ := v.(string)
		if inner := decodeText(text); inner != nil && !opened {
			d.Values = append(d.Values, Value{path, "text that is JSON"})
			d.walk(path, inner, true)
			return
		}
		d.Values = append(d.Values, Value{path, kindOf(v)})
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

// step writes a key of a JSON path. A text that does not look like a key may be
// personal data, so only its length is shown.
func step(key string) string {
	switch {
	case plainKey.MatchString(key):
		return "." + key
	case field{key: key, own: fold(key)}.known():
		return fmt.Sprintf("[%q]", bridge.CleanLine(key))
	}
	return fmt.Sprintf("[a key of %d characters]", len([]rune(key)))
}

// known reports whether the parser looks for a field's key.
func (f field) known() bool {
	_, entity := knownEntities[f.own]
	return entity || slices.Contains(roleKeys, f.own) || slices.Contains(timeKeys, f.own) || slices.Contains(eventKeys, f.own)
}

var guid = regexp.MustCompile(`^(?i)[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)

var digits = regexp.MustCompile(`^[0-9]+$`)

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case json.Number:
		return "number"
	case string:
		switch {
		case guid.MatchString(v):
			return "GUID"
		case digits.MatchString(v):
			return fmt.Sprintf("text of %d digits", len(v))
		case !parseTime(v).IsZero():
			return "time"
		case Known(v):
			return "name of an event type"
		}
		return fmt.Sprintf("text of %d characters", len([]rune(v)))
	}
	return "?"
}

func (d *Description) understood(e bridge.Event) {
	d.Event = eventName(e)
	d.Understood = map[string]string{}
	for key, id := range map[string]string{"user": e.UserID, "admin": e.AdminID, "client": e.ClientID, "correlation": e.CorrelationID} {
		if id != "" {
			d.Understood[key] = kindOf(id)
		}
	}
	if !e.OccurredAt.IsZero() {
		d.Understood["time"] = "time"
	}
	shown := map[string]bool{}
	for _, f := range indexBody(e.Body) {
		if (plainKey.MatchString(f.key) && !f.listed || f.known()) && (f.own != "id" || plainKey.MatchString(f.parent)) {
			shown[entityKey(f)] = true
		}
	}
	for key, id := range e.Entities {
		if _, ok := knownEntities[fold(key)]; !ok && !shown[key] {
			key = fmt.Sprintf("(a key of %d characters)", len([]rune(key)))
		}
		d.Understood[key] = kindOf(id)
	}
}

// eventName returns an event type's name, unless it may be personal data: an unknown
// type found under "name" or "type" may be a person's name.
func eventName(e bridge.Event) string {
	if Known(e.Type) || e.Type == UnknownEvent {
		return e.Type
	}
	for _, f := range indexBody(e.Body) {
		if s, ok := f.value.(string); ok && strings.HasPrefix(f.own, "event") && f.known() && Canonical(s) == e.Type {
			return e.Type
		}
	}
	return fmt.Sprintf("not in the catalogue: a name of %d characters", len([]rune(e.Type)))
}

// overrideName guesses what an id refers to, from its key (courseGuid) or, if the key
// says nothing (ref), from the key of the surrounding object.
func overrideName(parent, key string) string {
	for _, name := range []string{key, parent} {
		folded := fold(name)
		for _, ending := range []string{"guid", "uuid", "id", "ref", "reference", "key", "identifier"} {
			if cut := len(name) - len(ending); cut >= 0 && strings.HasSuffix(folded, ending) {
				name = strings.TrimRight(name[:cut], "_-")
				break
			}
		}
		switch {
		case name == "" || isPairValue(name) || slices.Contains(wrappers, strings.ToLower(name)):
			continue
		case isRole(strings.ToLower(name)):
			return strings.ToLower(name)
		case strings.EqualFold(name, "learner"):
			return "user"
		}
		return strings.ToLower(name[:1]) + name[1:] + "Id"
	}
	return "thingId"
}
