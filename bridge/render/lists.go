package render

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// items is the list in an answer of the Integration API, which is either the
// list itself or a page that holds it beside its counts.
func items(answer any) []any { return bridge.Entries(plain(answer)) }

// find is the first thing in an answer that goes by an id: its own, or that of
// what it is about, such as competencyDefinitionId.
func find(answer, id any) any {
	want := text(id)
	if want == "" {
		return nil
	}
	for _, item := range items(answer) {
		m, _ := item.(map[string]any)
		for key, v := range m {
			if (key == "id" || strings.HasSuffix(key, "Id")) && strings.EqualFold(text(v), want) {
				return m
			}
		}
	}
	return nil
}

// limit is at most the first n elements.
func limit(n int, list any) []any {
	all := items(list)
	return all[:max(0, min(n, len(all)))]
}

// column is one key's value of every element, without the empty ones.
func column(key string, list any) []any {
	all := []any{}
	for _, item := range items(list) {
		if v := get(item, key); truth(v) {
			all = append(all, v)
		}
	}
	return all
}

// sentence puts a list into words: "a, b and c".
func (v *vocabulary) sentence(list any) string {
	var words []string
	for _, item := range items(list) {
		if w := text(item); w != "" {
			words = append(words, w)
		}
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + v.and + " " + words[len(words)-1]
}

// oneOfThem says that one of several things is meant, and which they are; nothing when
// one of them has no name, or there are none.
func (v *vocabulary) oneOfThem(list any) string {
	all := items(list)
	names := make([]string, len(all))
	for i, item := range all {
		if names[i] = nameIn(item); names[i] == "" {
			return ""
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.ReplaceAll(v.oneOf, "%s", strings.Join(names, ", "))
}
