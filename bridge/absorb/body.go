package absorb

import (
	"maps"
	"slices"
	"strings"
)

// field is one value of a body, with the keys that lead to it.
type field struct {
	key    string // as spelled
	parent string // key of the surrounding object, or ""
	own    string // key, folded
	outer  string // parent, folded
	depth  int
	value  any
	listed bool // the key is in a list of keys and values, where it may be personal data
	opened bool // the value comes from JSON inside a text
}

// is reports whether a folded key names the field: its own key, or its parent's key
// followed by its own.
func (f field) is(key string) bool {
	return key == f.own || f.outer != "" && len(key) == len(f.outer)+len(f.own) &&
		strings.HasPrefix(key, f.outer) && strings.HasSuffix(key, f.own)
}

// fields returns a body's values down to two objects deep, including those in lists of
// keys and values and in texts that are JSON. Shallow fields come first, then they are
// sorted by key, so the same body always gives the same result.
type fields []field

// wrappers are keys of objects around an event; what is inside them counts as outside.
var wrappers = []string{"event", "data", "payload", "detail", "details", "body", "webhook", "message", "notification"}

const (
	indexDepth = 2
	maxFields  = 1000 // of one event; a real webhook has a few dozen
)

func indexBody(body map[string]any) fields {
	var all fields
	all.object(body, "", 0, false)
	for i := 0; i < len(all); i++ { // inner fields come after all outer ones
		f := all[i]
		if f.depth == indexDepth {
			break
		}
		switch v := f.value.(type) {
		case map[string]any:
			all.object(v, f.key, f.depth+1, f.opened)
		case []any:
			all.list(v, f.key, f.depth+1, f.opened)
		}
	}
	return all
}

// object adds an object's fields; opened is true for JSON inside a text.
func (all *fields) object(object map[string]any, parent string, depth int, opened bool) {
	room := maxFields - len(*all)
	if room == 0 {
		return
	}
	keys := slices.Sorted(maps.Keys(object))
	if len(keys) > room {
		other := func(key string) bool { return !isLikely(key) }
		keys = append(slices.DeleteFunc(slices.Clone(keys), other), slices.DeleteFunc(keys, isLikely)...)
	}
	for _, key := range keys[:min(len(keys), room)] {
		all.add(field{key: key, parent: parent, value: object[key], depth: depth, opened: opened})
	}
}

// isLikely reports whether the parser looks for a key.
func isLikely(key string) bool {
	folded := foldID(key)
	_, known := knownEntities[folded]
	return known || slices.Contains(roleKeys, folded) || slices.Contains(eventKeys, folded) || slices.Contains(timeKeys, folded)
}

// add adds a field, unless there are too many.
func (all *fields) add(f field) {
	if len(*all) == maxFields {
		return
	}
	if text, ok := f.value.(string); ok && !f.opened {
		if inner := decodeText(text); inner != nil {
			f.value, f.opened = inner, true
		}
	}
	f.own, f.outer = foldID(f.key), foldID(f.parent)
	*all = append(*all, f)
}

// list adds the fields of a list of keys and values, or of the only object in a list.
func (all *fields) list(list []any, parent string, depth int, opened bool) {
	for _, item := range list {
		if len(*all) == maxFields {
			return
		}
		object, _ := item.(map[string]any)
		if key, value, ok := pair(object); ok {
			all.add(field{key: key, parent: parent, value: value, depth: depth, opened: opened, listed: true})
		} else if len(list) == 1 {
			all.object(object, singular(parent), depth, opened)
		}
	}
}

// pair reads an object with a key and its value, such as {"key": "courseId", "value":
// "…"} or {"Name": "UserId", "Value": "…"}.
func pair(object map[string]any) (key string, value any, ok bool) {
	hasKey, hasValue := false, false
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch {
		case isPairKey(name) && !hasKey:
			key, _ = object[name].(string)
			hasKey = key != ""
		case isPairValue(name) && !hasValue:
			value, hasValue = object[name], true
		}
	}
	return key, value, hasKey && hasValue
}

func isPairKey(name string) bool {
	return slices.Contains([]string{"key", "name", "field", "fieldname", "property", "propertyname", "attribute", "parameter", "k"}, fold(name))
}

func isPairValue(name string) bool { return slices.Contains([]string{"value", "val", "v"}, fold(name)) }

func singular(key string) string {
	if len(key) > 2 && strings.HasSuffix(key, "s") && !strings.HasSuffix(key, "ss") && !strings.HasSuffix(key, "us") {
		return key[:len(key)-1]
	}
	return key
}

// foldID folds a key, with "guid" and "uuid" at its end replaced by "id".
func foldID(key string) string {
	folded := fold(key)
	for _, ending := range []string{"guid", "uuid"} {
		if stem, ok := strings.CutSuffix(folded, ending); ok {
			return stem + "id"
		}
	}
	return folded
}
