package absorb

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const maxEvents = 1000 // in one body

// UnknownEvent is the type of an event whose webhook names no type.
const UnknownEvent = "Unknown"

// BodyError is why a body cannot be read, in words for its sender.
type BodyError struct{ Problem string }

// Error returns the sentence.
func (e *BodyError) Error() string { return e.Problem }

// Parser reads webhook bodies. Absorb does not publish how it spells their keys, so the
// parser knows the likely ones, in any case and punctuation, at the top level and up to
// two objects deep. It also looks into lists of keys and values, and into texts that
// are JSON.
type Parser struct {
	overrides map[string][]path
	names     map[string]string // event types by the folded name or code of the body
}

// Overrides says where a portal puts values that the parser would not find, as JSON
// paths ("$.data.course.id"). The first path that leads to a value counts. Its keys are
// event, user, admin, client, correlation, time, and those of entities, such as
// courseId, in any spelling that FieldKey knows.
type Overrides map[string][]string

// NewParser makes a parser. Its error names the invalid override.
func NewParser(o Overrides) (*Parser, error) {
	p := &Parser{overrides: map[string][]path{}}
	var faults []error
	for name, texts := range o {
		key := FieldKey(name)
		for _, text := range texts {
			compiled, err := parsePath(text)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
			p.overrides[key] = append(p.overrides[key], compiled)
		}
	}
	return p, errors.Join(faults...)
}

// Naming returns a parser that translates a portal's own codes to event types: the keys
// are the names in its webhooks, such as "17".
func (p *Parser) Naming(names map[string]string) *Parser {
	folded := map[string]string{}
	for code, name := range names {
		folded[fold(code)] = Canonical(name)
	}
	return &Parser{p.overrides, folded}
}

// Parse reads a body: one event, or a list of events. It sets all that the body
// contains, and Raw. If a key is repeated, the last one counts. Its error is a
// *BodyError.
func (p *Parser) Parse(body []byte) ([]bridge.Event, error) {
	if problem := shapeOf(body).problem(); problem != "" {
		return nil, &BodyError{"the body " + problem}
	}
	trimmed := bytes.Trim(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n") // only what JSON calls white space
	if len(trimmed) == 0 || trimmed[0] != '[' {
		e, err := p.event(trimmed)
		if err != nil {
			return nil, err
		}
		e.Raw = body
		return []bridge.Event{e}, nil
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(trimmed, &raws); err != nil {
		return nil, &BodyError{"the body is not JSON: " + err.Error()}
	}
	if len(raws) == 0 || len(raws) > maxEvents {
		return nil, &BodyError{fmt.Sprintf("the body lists %d events; send 1 to %d", len(raws), maxEvents)}
	}
	events := make([]bridge.Event, len(raws))
	for i, raw := range raws {
		e, err := p.event(raw)
		if err != nil {
			return nil, &BodyError{fmt.Sprintf("event %d of the list: %v", i+1, err)}
		}
		e.Raw = raw
		events[i] = e
	}
	return events, nil
}

func (p *Parser) event(raw []byte) (e bridge.Event, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&e.Body); err != nil {
		if _, other := errors.AsType[*json.UnmarshalTypeError](err); other {
			return e, &BodyError{"the body is not a JSON object"}
		}
		return e, &BodyError{"the body is not JSON: " + err.Error()}
	}
	if e.Body == nil {
		return e, &BodyError{"the body is not a JSON object"}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return e, &BodyError{"something follows the JSON object in the body"}
	}
	f := indexBody(e.Body)
	e.Type = p.eventType(e.Body, f)
	e.UserID = p.id("user", e.Body, f.id(userKeys))
	e.AdminID = p.id("admin", e.Body, f.id(adminKeys))
	e.ClientID = p.id("client", e.Body, f.id(clientKeys))
	e.CorrelationID = p.id("correlation", e.Body, f.id(correlationKeys))
	e.OccurredAt = f.time()
	if at := p.value("time", e.Body, func(v any) bool { return !parseTime(v).IsZero() }); at != nil {
		e.OccurredAt = parseTime(at)
	}
	e.Entities = f.entities()
	for key := range p.overrides {
		if !isRole(key) {
			if id := p.id(key, e.Body, ""); id != "" {
				e.Entities[key] = id
			}
		}
	}
	f.resolve(&e)
	return e, nil
}

// eventType returns the event's canonical type: from the override, the catalogue, the
// portal's own codes, or as the body spells it.
func (p *Parser) eventType(body map[string]any, f fields) string {
	found := f.eventName()
	if v := p.value("event", body, func(v any) bool { return codeText(v) != "" }); v != nil {
		found = codeText(v)
		if name, ok := p.names[fold(found)]; ok {
			return name
		}
	} else if len(p.names) > 0 && !Known(found) {
		for _, code := range f.eventCodes() {
			if name, ok := p.names[fold(code)]; ok {
				return name
			}
		}
	}
	return cmp.Or(Canonical(found), UnknownEvent)
}

// value returns the first usable value of an override's paths; nil if there is none.
func (p *Parser) value(key string, body map[string]any, useful func(any) bool) any {
	for _, path := range p.overrides[key] {
		if v := path.of(body); useful(v) {
			return v
		}
	}
	return nil
}

func (p *Parser) id(key string, body map[string]any, found string) string {
	return cmp.Or(idText(p.value(key, body, func(v any) bool { return idText(v) != "" })), found)
}
