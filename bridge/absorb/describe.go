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

// Value is one value of a body without its content: fit to be shown to anybody.
type Value struct {
	Path string `json:"path"` // JSON path, such as $.data.courseId
	Kind string `json:"kind"` // such as "GUID" or "text of 12 characters"
}

// Description is what can be told of a webhook without telling its values.
type Description struct {
	Signature  string            `json:"signature"`            // the form of the signature, or what is odd about it
	Problem    string            `json:"problem,omitempty"`    // why the body cannot be read
	Event      string            `json:"event,omitempty"`      // the canonical name that was understood
	Understood map[string]string `json:"understood,omitempty"` // by what it is (user, courseId, …): the kind of value
	Values     []Value           `json:"values,omitempty"`     // the tree of keys
	Needs      []Need            `json:"needs,omitempty"`      // the ids that the event's template asks for
	Overrides  []string          `json:"overrides,omitempty"`  // lines for the source's fields that may help
}

// Describe tells what a webhook looks like and what the parser makes of it, and
// compares it with the lookups that its event's template makes; lookups is nil when
// there are none.
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
		return fmt.Sprintf("%d characters, which are not one run of 32 bytes in hex or base64; its shape: %s", len(values[0]), shape(values[0]))
	}
	return string(d.form)
}

// shape is a text with its letters and digits made alike.
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

// walk adds a value and all below it to the tree; opened tells that it stood in a
// text.
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

// step writes a key of a JSON path. What does not look like a key may be
// somebody's data: of that only the length is shown.
func step(key string) string {
	switch {
	case plainKey.MatchString(key):
		return "." + key
	case field{key: key, own: fold(key)}.known():
		return fmt.Sprintf("[%q]", bridge.CleanLine(key))
	}
	return fmt.Sprintf("[a key of %d characters]", len([]rune(key)))
}

// known tells whether a field's key is one that the parser looks for.
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
			return "name of an event"
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

// eventName is an event's name, unless it may be somebody's: what is no known event
// and was found under "name" or "type" may be a person's.
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

// overrideName guesses what an id is of, by its key (courseGuid) or, if that says
// nothing (ref), by the key of the object around it.
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
