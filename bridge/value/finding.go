package value

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Find is the first thing in an answer that goes by an id: its own, or that of
// what it is about, such as competencyDefinitionId.
func Find(answer, id any) any {
	want := TextOf(id)
	if want == "" {
		return nil
	}
	for _, item := range Items(answer) {
		m, _ := item.(map[string]any)
		for key, v := range m {
			if (key == "id" || strings.HasSuffix(key, "Id")) && isScalar(v) && strings.EqualFold(TextOf(v), want) {
				return m
			}
		}
	}
	return nil
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// NameByKey is what goes by a key in an event's facts: the key itself, unless it is an
// id. Then it is the name that a part, or an entry of a part's list, gives to the id,
// and nothing if none does.
func NameByKey(e bridge.Facts, key string) string {
	if key == "" {
		return ""
	}
	id := guid.MatchString(key)
	parts := slices.AppendSeq(make([]string, 0, len(e)), maps.Keys(e))
	slices.Sort(parts)
	for _, part := range parts {
		m, ok := Plain(e[part]).(map[string]any)
		if !ok {
			continue
		}
		entry, _ := Find(m, key).(map[string]any)
		for _, one := range []map[string]any{m, entry} {
			thing := thingWith(one, key)
			if thing == "" {
				continue
			}
			id = true
			name := ScalarOf(one, thing+"Name")
			if name == "" && part != "event" { // an event's name is that of its type
				name = nameBeside(one, thing)
			}
			if name = cmp.Or(name, NameIn(e[thing])); name != "" {
				return name
			}
		}
	}
	if id {
		return ""
	}
	return key
}

// itself is what thingWith gives for the id of the mapping's own thing.
const itself = "."

// thingWith is course if the value of courseId in m is the id.
func thingWith(m map[string]any, id string) string {
	if strings.EqualFold(TextOf(m["id"]), id) {
		return itself
	}
	found := ""
	for key, v := range m {
		thing, ok := strings.CutSuffix(key, "Id")
		if ok && (found == "" || thing < found) && strings.EqualFold(TextOf(v), id) {
			found = thing
		}
	}
	return found
}

// nameBeside is the name that m gives to the thing whose id it holds. An enrollment has
// its learner's name, and some portals give it the name of its course or session; a
// competency is called as its definition, and a certificate as its enrollment.
func nameBeside(m map[string]any, thing string) string {
	has := func(key string) bool { _, has := m[key]; return has }
	learners := has("userId") || has("progress")
	switch {
	case thing == "user":
		return ScalarOf(m, "fullName")
	case thing == itself, thing == "competencyDefinition", thing == "enrollment", thing == "session" && learners, thing == "course" && learners && !has("sessionId"):
		return NameIn(m)
	}
	return ""
}

// NameIn is the name of a part that is a mapping.
func NameIn(part any) string {
	if _, ok := Plain(part).(map[string]any); !ok {
		return ""
	}
	return TextOf(NameOf(part))
}
