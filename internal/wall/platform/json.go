package platform

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Node is a place in decoded JSON, for checks that must not stumble over what
// is missing or of another type.
type Node struct {
	Value any
	Path  []string // from the root: keys and indices
}

// Get is the value of a key, empty if there is none.
func (n Node) Get(key string) Node {
	object, _ := n.Value.(map[string]any)
	return Node{object[key], append(slices.Clip(n.Path), key)}
}

// Items are the elements of a list.
func (n Node) Items() []Node {
	list, _ := n.Value.([]any)
	nodes := make([]Node, len(list))
	for i, v := range list {
		nodes[i] = Node{v, append(slices.Clip(n.Path), strconv.Itoa(i))}
	}
	return nodes
}

// Keys are an object's keys, sorted.
func (n Node) Keys() []string {
	object, _ := n.Value.(map[string]any)
	keys := make([]string, 0, len(object))
	for k := range object {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Present tells whether there is a value other than null.
func (n Node) Present() bool { return n.Value != nil }

// Text is the value if it is a string, else "".
func (n Node) Text() string {
	s, _ := n.Value.(string)
	return s
}

// IsString tells whether the value is a string.
func (n Node) IsString() bool {
	_, ok := n.Value.(string)
	return ok
}

// IsObject tells whether the value is an object.
func (n Node) IsObject() bool {
	_, ok := n.Value.(map[string]any)
	return ok
}

// IsList tells whether the value is a list.
func (n Node) IsList() bool {
	_, ok := n.Value.([]any)
	return ok
}

// Number is the value if it is a number.
func (n Node) Number() (float64, bool) {
	f, ok := n.Value.(float64)
	return f, ok
}

// Each gives the part of that name of every item in a list.
func Each(list Node, key string) []Node {
	var parts []Node
	for _, item := range list.Items() {
		parts = append(parts, item.Get(key))
	}
	return parts
}

// Runes counts the characters of a text.
func Runes(s string) int { return utf8.RuneCountInString(s) }

// UTF16Units counts the UTF-16 code units of a text.
func UTF16Units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// WebURL tells whether a text is an absolute http or https URL.
func WebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// anyTag is what looks like a tag of HTML.
var anyTag = regexp.MustCompile(`<[^>]*>?`)

// Tags lists what looks like tags of HTML in a text.
func Tags(s string) []string { return anyTag.FindAllString(s, -1) }

// WithoutTags is a text without what looks like tags of HTML.
func WithoutTags(s string) string { return anyTag.ReplaceAllString(s, "") }
