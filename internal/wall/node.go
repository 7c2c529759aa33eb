package wall

import (
	"net/url"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// node is a place in decoded JSON, for checks that must not stumble over what
// is missing or of another type.
type node struct {
	value any
	path  []string // from the root: keys and indices
}

func (n node) get(key string) node {
	object, _ := n.value.(map[string]any)
	return node{object[key], append(slices.Clip(n.path), key)}
}

func (n node) items() []node {
	list, _ := n.value.([]any)
	nodes := make([]node, len(list))
	for i, v := range list {
		nodes[i] = node{v, append(slices.Clip(n.path), strconv.Itoa(i))}
	}
	return nodes
}

func (n node) keys() []string {
	object, _ := n.value.(map[string]any)
	keys := make([]string, 0, len(object))
	for k := range object {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (n node) present() bool { return n.value != nil }

func (n node) text() string {
	s, _ := n.value.(string)
	return s
}

func (n node) isString() bool {
	_, ok := n.value.(string)
	return ok
}

func (n node) isObject() bool {
	_, ok := n.value.(map[string]any)
	return ok
}

func (n node) isList() bool {
	_, ok := n.value.([]any)
	return ok
}

func (n node) number() (float64, bool) {
	f, ok := n.value.(float64)
	return f, ok
}

// each gives the part of that name of every item in a list.
func each(list node, key string) []node {
	var parts []node
	for _, item := range list.items() {
		parts = append(parts, item.get(key))
	}
	return parts
}

func runes(s string) int { return utf8.RuneCountInString(s) }

func utf16Units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// webURL tells whether a text is an absolute http or https URL.
func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
