package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// fields reads where a source's webhooks put their values: one JSON path for each,
// or several of which the first that leads to a value counts.
func (b *builder) fields(key string, raw map[string]any) map[string][]string {
	all := map[string][]string{}
	names := map[string]string{} // by what they stand for
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		at, value := key+"."+name, raw[name]
		field := absorb.FieldKey(name)
		switch other, taken := names[field]; {
		case absorb.Canonical(name) == "":
			b.atKey(at, "%q has no letter and no digit; want user, event or the like, or an id such as courseId", name)
		case taken:
			b.atKey(at, "means the same as %s: write one of them, with a list of paths", other)
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

// eventsOf reads what a source's webhooks call events that the catalogue does not
// know by that name.
func (b *builder) eventsOf(key string, raw map[string]any) map[string]string {
	all := map[string]string{}
	for _, code := range slices.Sorted(maps.Keys(raw)) {
		at := key + "." + code
		name, ok := raw[code].(string)
		switch {
		case absorb.Canonical(code) == "":
			b.atKey(at, "%q has no letter and no digit, so it names no event", code)
		case absorb.Known(code):
			b.atKey(at, "%s is an event of Absorb already; give names and codes here that Absorb's list does not have", absorb.Canonical(code))
		case !ok:
			b.atValue(at, "want the name of an event, such as CertificateAwarded")
		case !absorb.Known(name):
			b.atValue(at, "no event named %q%s", name, bridge.DidYouMean(name, eventNames()))
		}
		for other := range all {
			if absorb.SameName(code, other) {
				b.atKey(at, "%s", fmt.Sprintf("names the same event as %q: case and punctuation do not count", other))
			}
		}
		all[code] = name
	}
	return all
}
