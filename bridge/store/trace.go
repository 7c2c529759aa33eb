package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// storedTrace is a trace as it is stored: its calls in short.
type storedTrace struct {
	bridge.LookupTrace
	Short []shortCall `json:"c,omitempty"`
}

// shortCall is a list of part, path, status, microseconds, and 1 if it was cached.
type shortCall bridge.LookupCall

// MarshalJSON writes the list.
func (c shortCall) MarshalJSON() ([]byte, error) {
	all := []any{c.Part, c.Path, c.Status, c.Took.Microseconds()}
	if c.Cached {
		all = append(all, 1)
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads the list.
func (c *shortCall) UnmarshalJSON(text []byte) error {
	var took int64
	var cached int
	all := []any{&c.Part, &c.Path, &c.Status, &took, &cached}
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("read a call: %w", err)
	}
	c.Took, c.Cached = time.Duration(took)*time.Microsecond, cached == 1
	return nil
}

func encodeTrace(t bridge.LookupTrace) ([]byte, error) {
	s := storedTrace{LookupTrace: t}
	for _, c := range t.Calls {
		s.Short = append(s.Short, shortCall(c))
	}
	s.Calls = nil
	return json.Marshal(s)
}

// decodeTrace reads a trace, also one of an older program, whose calls are not short.
func decodeTrace(text []byte) (bridge.LookupTrace, error) {
	var s storedTrace
	err := decode(text, &s)
	for _, c := range s.Short {
		s.Calls = append(s.Calls, bridge.LookupCall(c))
	}
	return s.LookupTrace, err
}
