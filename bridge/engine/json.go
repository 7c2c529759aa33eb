package engine

import (
	"bytes"
	"encoding/json"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// JSON is a value written as JSON by the function json. Only that makes it, so
// data cannot pose as it.
type JSON string

// Size is the length of the text.
func (j JSON) Size() int { return len(j) }

// toJSON writes a value as JSON.
func toJSON(v any) (JSON, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if m, ok := v.(Markdown); ok {
		v = m.plain
	}
	if err := out.Encode(value.Plain(v)); err != nil {
		return "", err
	}
	return JSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// printJSON is for bodies in JSON: between quotes a value is text with its quotes
// escaped, elsewhere it is a whole value.
func printJSON(s *Scope, v any) (string, error) {
	if err := value.ReadWhole(s.budget, v, 12); err != nil {
		return "", err
	}
	if s.quotes.open(s.out.buf.Bytes()) {
		quoted, err := toJSON(value.TextOf(v))
		return string(quoted[1 : len(quoted)-1]), err
	}
	if written, ok := v.(JSON); ok {
		return string(written), nil
	}
	written, err := toJSON(v)
	return string(written), err
}

// quotes follows the quotes of JSON as it is written.
type quotes struct {
	seen   int // bytes
	inside bool
}

// open tells whether the text so far ends inside quotes.
func (q *quotes) open(text []byte) bool {
	for ; q.seen < len(text); q.seen++ {
		switch text[q.seen] {
		case '\\':
			if q.inside {
				q.seen++ // what it escapes is no quote
			}
		case '"':
			q.inside = !q.inside
		}
	}
	return q.inside
}
