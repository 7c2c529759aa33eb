package engine

import (
	"encoding/json"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// contents is a list or a mapping as something that can be a key: two with the same
// contents are the same.
type contents string

// identity is what tells a value apart from others. A number is the same, whether
// it was written as a whole one or as a decimal.
func identity(s *Scope, v any) (any, error) {
	switch v := value.Plain(v).(type) {
	case int64:
		if f := float64(v); int64(f) == v {
			return f, nil
		}
		return v, nil
	case map[string]any, []any:
		if err := value.ReadWhole(s.budget, v, 8); err != nil {
			return nil, err
		}
		written, err := json.Marshal(v)
		return contents(written), err
	default:
		return v, nil
	}
}

// among is the set of a list's values.
func among(s *Scope, all []any) (map[any]bool, error) {
	set := make(map[any]bool, len(all))
	for _, v := range all {
		id, err := identity(s, v)
		if err != nil {
			return nil, err
		}
		set[id] = true
	}
	return set, nil
}

// uniq is a list without what it has before.
func uniq(s *Scope, all []any) ([]any, error) {
	seen := make(map[any]bool, len(all))
	kept := make([]any, 0, len(all))
	for _, v := range all {
		id, err := identity(s, v)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			kept = append(kept, v)
		}
	}
	return kept, nil
}

// without is a list without the values that are named.
func without(s *Scope, all []any, omit ...any) ([]any, error) {
	set, err := among(s, omit)
	if err != nil {
		return nil, err
	}
	kept := make([]any, 0, len(all))
	for _, v := range all {
		id, err := identity(s, v)
		if err != nil {
			return nil, err
		}
		if !set[id] {
			kept = append(kept, v)
		}
	}
	return kept, nil
}

// has tells whether a list holds a value.
func has(s *Scope, v any, all []any) (bool, error) {
	wanted, err := identity(s, v)
	if err != nil {
		return false, err
	}
	for _, one := range all {
		id, err := identity(s, one)
		if err != nil || id == wanted {
			return err == nil, err
		}
	}
	return false, nil
}
