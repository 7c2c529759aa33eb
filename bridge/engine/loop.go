package engine

import "github.com/absorb-bridge/absorb-bridge/bridge/value"

// loop prepares a value to be ranged over: its elements in the types that
// templates meet. A single value is a list of one.
func loop(s *Scope, v any) (any, error) {
	v = value.Plain(v)
	if err := value.PerElement(80)(s.budget, []any{v}); err != nil {
		return nil, err
	}
	return looped(v), nil
}

func looped(v any) any {
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i, element := range v {
			all[i] = value.Plain(element)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, element := range v {
			all[key] = value.Plain(element)
		}
		return all
	case nil:
		return nil
	case int64:
		return v
	default:
		return []any{v}
	}
}
