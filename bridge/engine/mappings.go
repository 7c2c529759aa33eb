package engine

import (
	"maps"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// mappingFunctions make mappings and read them.
func mappingFunctions() map[string]function {
	return map[string]function{
		"dict":   {dict, pairing},
		"get":    {func(m map[string]any, key string) any { return m[key] }, value.Free},
		"hasKey": {func(m map[string]any, key string) bool { _, has := m[key]; return has }, value.Free},
		"pick":   {pick, value.After(1, value.Texts(2))}, "omit": {omit, value.Sum(value.PerElement(128), value.After(1, value.Texts(2)))},
		"keys": {func(m map[string]any) []any { return value.ListOf(slices.Sorted(maps.Keys(m))) }, value.PerElement(96)},
	}
}

// pairing is the cost of a mapping that is made of keys and values.
func pairing(b *budget.Budget, args []any) error {
	for i := 0; i < len(args); i += 2 {
		if _, err := value.ReadText(b, args[i], 2); err != nil {
			return err
		}
	}
	return b.Bytes(len(args), 64)
}

func dict(pairs ...any) map[string]any {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		var v any = ""
		if i+1 < len(pairs) {
			v = pairs[i+1]
		}
		m[value.TextOf(pairs[i])] = v
	}
	return m
}

func pick(m map[string]any, keys ...string) map[string]any {
	picked := make(map[string]any, len(keys))
	for _, key := range keys {
		if v, ok := m[key]; ok {
			picked[key] = v
		}
	}
	return picked
}

func omit(m map[string]any, keys ...string) map[string]any {
	others := maps.Clone(m)
	for _, key := range keys {
		delete(others, key)
	}
	return others
}
