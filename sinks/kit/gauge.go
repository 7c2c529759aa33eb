package kit

import (
	"encoding/json"
	"slices"
)

// Gauge tells how much of one of a platform's limits a payload uses.
type Gauge struct {
	What string // what is limited, such as "the whole message"
	Used int
	Most int
	Unit string // of both, such as "bytes"
}

// Whole gauges a platform that limits the bytes of a message.
func Whole(most int) func(body []byte) []Gauge {
	return func(body []byte) []Gauge { return []Gauge{{"the whole message", len(body), most, "bytes"}} }
}

// AllTexts gauges a platform that limits the characters of an attachment.
func AllTexts(most int) func(body []byte) []Gauge {
	return func(body []byte) []Gauge {
		return []Gauge{{"all texts", MeasureTexts(body, Runes, "text", "title", "value", "pretext", "footer"), most, "characters"}}
	}
}

// MeasureTexts adds up the texts that stand at some keys of a payload, at whatever
// depth.
func MeasureTexts(body []byte, measure Measure, keys ...string) int {
	var payload any
	if json.Unmarshal(body, &payload) != nil {
		return 0
	}
	return measureTexts(payload, measure, keys)
}

func measureTexts(v any, measure Measure, keys []string) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if text, ok := inner.(string); ok && slices.Contains(keys, key) {
				n += measure(text)
				continue
			}
			n += measureTexts(inner, measure, keys)
		}
	case []any:
		for _, inner := range v {
			n += measureTexts(inner, measure, keys)
		}
	}
	return n
}
