package kit

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// NoNative is the CheckNative of sinks that have no format of their own.
func NoNative(map[string]any) error {
	return Setting("", "this type of sink has no format of its own; it sends the message's text")
}

// Yield is a native part that takes away our own keys, as null does, when it has one
// of theirs: content of its own is not shown beside ours. What it says of our keys
// itself stays.
func Yield(part map[string]any, ours []string, theirs ...string) map[string]any {
	if !slices.ContainsFunc(theirs, func(key string) bool { return part[key] != nil }) {
		return part
	}
	part = maps.Clone(part)
	for _, key := range ours {
		if _, given := part[key]; !given {
			part[key] = nil
		}
	}
	return part
}

// CheckShape compares decoded YAML or JSON with the struct that a platform's
// library has for it, by the names of its json tags: unknown keys and wrong types
// are SettingErrors, all of them joined. What the struct keeps as any is not
// looked into. Nothing is right everywhere.
func CheckShape(path string, value, like any) error {
	return errors.Join(checkShape(path, value, reflect.TypeOf(like))...)
}

func checkShape(path string, value any, like reflect.Type) []error {
	for like.Kind() == reflect.Pointer {
		like = like.Elem()
	}
	if value == nil || like.Kind() == reflect.Interface {
		return nil
	}
	v := reflect.ValueOf(value)
	var faults []error
	switch {
	case like.Kind() == reflect.Struct && v.Kind() == reflect.Map:
		known := jsonKeys(like)
		for _, key := range slices.Sorted(maps.Keys(value.(map[string]any))) {
			at := join(path, key)
			if t, ok := known[key]; ok {
				faults = append(faults, checkShape(at, value.(map[string]any)[key], t)...)
			} else {
				faults = append(faults, Setting(at, "unknown key%s", bridge.DidYouMean(key, slices.Collect(maps.Keys(known)))))
			}
		}
	case like.Kind() == reflect.Slice && v.Kind() == reflect.Slice:
		for i, element := range value.([]any) {
			faults = append(faults, checkShape(fmt.Sprintf("%s[%d]", path, i), element, like.Elem())...)
		}
	case !sameKind(v, like):
		faults = append(faults, Setting(path, "want %s, have %s", shapeWord(like), shapeWord(v.Type())))
	}
	return faults
}

func sameKind(v reflect.Value, like reflect.Type) bool {
	return v.Kind() == like.Kind() || v.CanConvert(like) && shapeWord(v.Type()) == shapeWord(like)
}

// shapeWord names a kind as someone who writes YAML would.
func shapeWord(t reflect.Type) string {
	return KindWord(t.Kind().String())
}

// jsonKeys are the keys of a struct's JSON, and their types.
func jsonKeys(t reflect.Type) map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			keys[name] = f.Type
		}
	}
	return keys
}

// CheckKinds checks a list whose elements say by their key type what they are.
// Wants has, for each type, the keys that it cannot do without; | stands between
// those of which one is enough. A type that nobody knows is a fault only if it
// looks like a slip: platforms add some.
func CheckKinds(path string, list any, wants map[string][]string) error {
	var faults []error
	elements, ok := list.([]any)
	if !ok && list != nil {
		return Setting(path, "want a list, have %s", shapeWord(reflect.TypeOf(list)))
	}
	for i, element := range elements {
		at := fmt.Sprintf("%s[%d]", path, i)
		m, ok := element.(map[string]any)
		kind, isText := m["type"].(string)
		slip := bridge.DidYouMean(kind, slices.Collect(maps.Keys(wants)))
		switch needed, known := wants[kind]; {
		case !ok:
			faults = append(faults, Setting(at, "want a mapping with a type"))
		case !isText:
			faults = append(faults, Setting(at, "wants a type, such as %s", slices.Min(slices.Collect(maps.Keys(wants)))))
		case kind != "" && !known && slip != "":
			faults = append(faults, Setting(at+".type", "no type %q%s", kind, slip))
		default:
			faults = append(faults, missing(at, kind, m, needed)...)
		}
	}
	return errors.Join(faults...)
}

func missing(path, kind string, element map[string]any, needed []string) []error {
	var faults []error
	for _, keys := range needed {
		alternatives := strings.Split(keys, "|")
		if !slices.ContainsFunc(alternatives, func(key string) bool { return element[key] != nil }) {
			faults = append(faults, Setting(path, "%s wants %s", kind, strings.Join(alternatives, " or ")))
		}
	}
	return faults
}
