package kit

import (
	"bytes"
	"encoding/json"
	"maps"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Draft is a payload in JSON whose top-level keys are set while it is being sent, by
// what was learnt then.
type Draft map[string]json.RawMessage

// Text is a key's text, or "" when it is none.
func (d Draft) Text(key string) string {
	var s string
	if json.Unmarshal(d[key], &s) != nil {
		return ""
	}
	return s
}

// With is the draft with texts in place of some keys, and without those whose text is
// empty.
func (d Draft) With(texts map[string]string) Draft {
	changed := maps.Clone(d)
	for key, s := range texts {
		delete(changed, key)
		if s != "" {
			changed[key], _ = compact(s) // any text can be written
		}
	}
	return changed
}

// Body is the payload.
func (d Draft) Body() []byte {
	body, _ := compact(d) // it was JSON before
	return body
}

// DraftOf reads the body of a payload.
func DraftOf(body []byte) (Draft, error) {
	var d Draft
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, bridge.Rejectedf("the payload is no JSON: %v", err)
	}
	return d, nil
}

// JSON writes a payload, with the keys of a message's native part in place of
// its own; null takes a key away. "<" stays one byte: some platforms limit the bytes of a message.
func JSON(payload any, native map[string]any) ([]byte, error) {
	body, err := compact(payload)
	if err != nil || len(native) == 0 {
		return body, err
	}
	var keys map[string]any
	if err := json.Unmarshal(body, &keys); err != nil {
		return nil, err
	}
	for key, value := range native {
		keys[key] = value
		if value == nil {
			delete(keys, key)
		}
	}
	return compact(keys)
}

func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// JSONBytes is the size of a text inside a JSON string that JSON writes, a
// Measure for platforms that limit the bytes of a message.
func JSONBytes(s string) int {
	n := len(s)
	for _, r := range s {
		switch r {
		case '"', '\\', '\n', '\t':
			n++
		case '\u2028', '\u2029':
			n += 3
		}
	}
	return n
}
