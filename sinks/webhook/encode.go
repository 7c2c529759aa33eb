package webhook

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// envelope is the body that Standard Webhooks suggests.
type envelope struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

// cloudEvent is the same as a CloudEvent 1.0 in structured mode
// (cloudevents.io, JSON format).
type cloudEvent struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Time        string `json:"time"`
	ContentType string `json:"datacontenttype"`
	Data        data   `json:"data"`
}

// data is what is known of an event: what the portal said, what was looked up,
// and the message made of both.
type data struct {
	Source  any            `json:"source"`
	Event   any            `json:"event"`
	Facts   map[string]any `json:"facts"`
	Message map[string]any `json:"message"`
}

// unknownType stands for the type of an event that has none.
const unknownType = "Unknown"

// Encode writes the event in the sink's format, or takes over what its template
// made.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	m = m.Clean()
	p := bridge.Payload{MessageID: m.ID, ContentType: s.config.ContentType, Body: []byte(m.Body)}
	if s.config.Body != "" {
		for format, valid := range map[string]func([]byte) bool{"json": json.Valid, "xml": validXML} {
			if isOf(format, p.ContentType) && !valid(p.Body) {
				return bridge.Payload{}, bridge.Rejectedf("the sink's body template makes no %s of this event; see it by: absorb-bridge preview", strings.ToUpper(format))
			}
		}
		return p, nil
	}
	body := any(eventOf(m))
	p.ContentType = jsonType
	if s.config.Format == formatCloudEvents {
		body = cloudEventOf(m)
		p.ContentType = "application/cloudevents+json; charset=utf-8"
	}
	var err error
	if p.Body, err = kit.JSON(body, m.Native["webhook"]); err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the event cannot be written as JSON: %v", err)
	}
	return p, nil
}

// validXML tells whether a body is well-formed, whatever its encoding.
func validXML(body []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	elements := 0
	for {
		token, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF) && elements > 0
		}
		if _, ok := token.(xml.StartElement); ok {
			elements++
		}
	}
}

func eventOf(m bridge.Message) envelope {
	facts := maps.Clone(map[string]any(m.Facts))
	if facts == nil {
		facts = map[string]any{}
	}
	event, _ := facts["event"].(map[string]any)
	eventType, _ := event["type"].(string)
	e := envelope{
		Type:      cmp.Or(eventType, unknownType),
		Timestamp: m.Time.UTC().Format(time.RFC3339Nano),
		Data:      data{Source: facts["source"], Event: event, Message: m.Data()},
	}
	delete(facts, "event")
	delete(facts, "source")
	e.Data.Facts = facts
	return e
}

// cloudEventOf is the event as a CloudEvent. Absorb defines what its types mean,
// so its domain comes before them.
func cloudEventOf(m bridge.Message) cloudEvent {
	e := eventOf(m)
	source, _ := e.Data.Source.(string)
	return cloudEvent{
		SpecVersion: "1.0", ID: m.ID, Source: "urn:absorb-bridge:" + cmp.Or(source, "unknown"), Type: "com.absorblms." + e.Type,
		Time: e.Timestamp, ContentType: jsonType, Data: e.Data,
	}
}
