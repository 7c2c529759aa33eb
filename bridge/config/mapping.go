package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// fields reads the places of values in a source's webhooks. A field has one JSON path, or
// several: the first that finds a value counts.
func (b *builder) fields(key string, raw map[string]any) map[string][]string {
	all := map[string][]string{}
	names := map[string]string{} // spelling in the file, by canonical field
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		at, value := key+"."+name, raw[name]
		field := absorb.FieldKey(name)
		switch other, taken := names[field]; {
		case absorb.Canonical(name) == "":
			b.atKey(at, "%q has no letter or digit; want a field such as user or event, or an id such as courseId", name)
		case taken:
			b.atKey(at, "is the same field as %s: keep one of them, with a list of paths", other)
		}
		names[field] = name
		list, ok := value.([]any)
		if !ok {
			b.jsonPath(at, name, value, all)
			continue
		}
		if len(list) == 0 {
			b.atValue(at, "want a JSON path such as $.data.course.id, or a list of them")
		}
		for i, value := range list {
			b.jsonPath(element(at, i), name, value, all)
		}
	}
	return all
}

func (b *builder) jsonPath(at, name string, value any, into map[string][]string) {
	path, ok := value.(string)
	if !ok {
		b.atValue(at, "want a JSON path such as $.data.course.id, or a list of them")
		return
	}
	if _, err := absorb.NewParser(absorb.Overrides{name: {path}}); err != nil {
		b.atValue(at, "%s", strings.TrimPrefix(err.Error(), name+": "))
	}
	into[name] = append(into[name], path)
}

// eventsOf reads the portal's own names and codes for events.
func (b *builder) eventsOf(key string, raw map[string]any) map[string]string {
	all := map[string]string{}
	for _, code := range slices.Sorted(maps.Keys(raw)) {
		at := key + "." + code
		name, ok := raw[code].(string)
		switch {
		case absorb.Canonical(code) == "":
			b.atKey(at, "%q has no letter or digit, so it cannot be the name of an event", code)
		case absorb.Known(code):
			b.atKey(at, "%s is already one of Absorb's events; only names and codes that Absorb's list does not have belong here", absorb.Canonical(code))
		case !ok:
			b.atValue(at, "want the name of an event, such as CertificateAwarded")
		case !absorb.Known(name):
			b.atValue(at, "no event named %q%s", name, bridge.DidYouMean(name, eventNames()))
		}
		for other := range all {
			if absorb.SameName(code, other) {
				b.atKey(at, "%s", fmt.Sprintf("is the same name as %q: case and punctuation do not matter", other))
			}
		}
		all[code] = name
	}
	return all
}
