// Package redact removes values from an event's facts and its webhook that must not be
// stored or sent.
package redact

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Rule is the path of a value to remove, such as user.emailAddress. A star matches every
// key.
type Rule []string

// Rules are the paths of the values to remove. Nil rules remove nothing.
type Rules []Rule

// New parses paths.
func New(paths []string) Rules {
	all := make(Rules, len(paths))
	for i, path := range paths {
		all[i] = strings.Split(path, ".")
	}
	return all
}

// Facts returns the facts without the removed values. It does not change f, which others
// may read at the same time.
func (all Rules) Facts(f bridge.Facts) bridge.Facts {
	for _, rule := range all {
		f = without(map[string]any(f), rule).(map[string]any)
	}
	return f
}

// body returns the rules for values inside a webhook's body.
func (all Rules) body() (inside Rules) {
	for _, rule := range all {
		if len(rule) > 2 && rule[0] == "event" && rule[1] == "body" {
			inside = append(inside, rule[2:])
		}
	}
	return inside
}

// Body returns a webhook's body without the removed values. If there are no rules for it,
// it returns raw. If it cannot parse raw, it returns an empty object.
func (all Rules) Body(raw []byte) []byte {
	rules := all.body()
	if len(rules) == 0 {
		return raw
	}
	var body any
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	if d.Decode(&body) != nil {
		return []byte("{}")
	}
	for _, rule := range rules {
		body = without(body, rule)
	}
	left, err := json.Marshal(body)
	if err != nil {
		return []byte("{}")
	}
	return left
}

// Names reports whether the rules remove the names of people. The bridge must then not
// store last known names either.
func (all Rules) Names() bool {
	return slices.ContainsFunc(all, func(rule Rule) bool {
		return rule[0] != "event" && (len(rule) == 1 || slices.Contains([]string{"*", "firstName", "lastName", "name", "fullName"}, rule[1]))
	})
}

// without returns v without the value at a path, also in each element of a list. It
// copies the mappings and lists on the path.
func without(v any, path []string) any {
	switch v := v.(type) {
	case map[string]any:
		left := maps.Clone(v)
		for key, inner := range v {
			switch {
			case path[0] != "*" && path[0] != key:
			case len(path) == 1:
				delete(left, key)
			default:
				left[key] = without(inner, path[1:])
			}
		}
		return left
	case []any:
		left := make([]any, len(v))
		for i, inner := range v {
			left[i] = without(inner, path)
		}
		return left
	}
	return v
}
