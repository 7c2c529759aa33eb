// Package redact takes out of an event's facts, and of its webhook, what must not be
// kept or not be sent.
package redact

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Rule is the path of what is left out, such as user.emailAddress. A star stands for
// every key.
type Rule []string

// Rules are what is left out. Nil rules leave out nothing.
type Rules []Rule

// New reads the paths.
func New(paths []string) Rules {
	all := make(Rules, len(paths))
	for i, path := range paths {
		all[i] = strings.Split(path, ".")
	}
	return all
}

// Facts gives the facts without what is left out. The facts themselves stay as they
// are: others may read them.
func (all Rules) Facts(f bridge.Facts) bridge.Facts {
	for _, rule := range all {
		f = without(map[string]any(f), rule).(map[string]any)
	}
	return f
}

// body are the rules for what is inside a webhook's body.
func (all Rules) body() (inside Rules) {
	for _, rule := range all {
		if len(rule) > 2 && rule[0] == "event" && rule[1] == "body" {
			inside = append(inside, rule[2:])
		}
	}
	return inside
}

// Body gives a webhook's body without what is left out: as it is if there is nothing
// to leave out, and an empty object when it cannot be read.
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

// Names tells whether the names of people are left out, so that they must not be kept
// for later either.
func (all Rules) Names() bool {
	return slices.ContainsFunc(all, func(rule Rule) bool {
		return rule[0] != "event" && (len(rule) == 1 || slices.Contains([]string{"*", "firstName", "lastName", "name", "fullName"}, rule[1]))
	})
}

// without copies what leads to the value at a path, and leaves it out. What is in a
// list is left out of each of its elements.
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
