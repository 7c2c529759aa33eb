package absorb

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// likely is a value of a body that looks like an id and that the parser did not use.
type likely struct {
	name string // what it seems to refer to, as a key of the source's fields: courseId, user
	path string
	id   string
	sure bool // a GUID, rather than a number or a word under a key that looks like an id's
}

const (
	maxLikely  = 50   // candidates in one body
	maxVisited = 5000 // values that are examined
)

// search finds what looks like an id anywhere in a body: below known keys, in every
// entry of lists, and inside one text that is JSON.
type search struct {
	taken   map[string]bool
	event   bool // the event type's name is known
	all     []likely
	names   []string // paths of what looks like an event type's name
	visited int
}

func (s *search) walk(path, parent, key string, v any, opened bool) {
	if s.visited++; s.visited > maxVisited || len(s.all) >= maxLikely {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		if overrideName("", key) == "thingId" {
			key = parent // such as "reference" in group.reference.value
		}
		for _, inner := range slices.Sorted(maps.Keys(v)) {
			if plainKey.MatchString(inner) {
				s.walk(path+"."+inner, key, inner, v[inner], opened)
			}
		}
	case []any:
		s.list(path, parent, key, v, opened)
	case string:
		if inner := decodeText(v); inner != nil && !opened {
			s.walk(path, parent, key, inner, true)
			return
		}
		if !s.event && Known(v) {
			s.names = append(s.names, path)
			return
		}
		s.found(path, parent, key, v)
	case json.Number:
		s.found(path, parent, key, v)
	}
}

func (s *search) list(path, parent, key string, list []any, opened bool) {
	before := map[string]bool{} // keys of pairs: a path that names one leads to its first
	for i, item := range list {
		object, _ := item.(map[string]any)
		name, value, ok := pair(object)
		if !ok || !tellsNothing(name) {
			s.walk(fmt.Sprintf("%s[%d]", path, i), parent, singular(key), item, opened)
			continue
		}
		keyed, valued := pairKeys(object)
		at := fmt.Sprintf("%s[%s=%s].%s", path, keyed, name, valued)
		if before[name] {
			at = fmt.Sprintf("%s[%d].%s", path, i, valued)
		}
		before[name] = true
		s.walk(at, key, name, value, opened)
	}
}

// tellsNothing reports whether a key that is a value in a body may be shown, because it
// consists of words that the parser knows.
func tellsNothing(name string) bool {
	if !plainKey.MatchString(name) {
		return false
	}
	guess := overrideName("", name)
	_, known := knownEntities[fold(guess)]
	return known || isRole(guess)
}

// pairKeys are the keys of a pair's own key and value.
func pairKeys(object map[string]any) (key, value string) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch {
		case isPairKey(name) && key == "":
			key = name
		case isPairValue(name) && value == "":
			value = name
		}
	}
	return key, value
}

func (s *search) found(path, parent, key string, v any) {
	id := idText(v)
	sure := guid.MatchString(id)
	if id == "" || s.taken[id] || !sure && !likeID(key) && !(likeRef(key) && digits.MatchString(id)) {
		return
	}
	if parent == "" && slices.Contains([]string{"id", "eventid", "webhookid", "messageid", "notificationid"}, foldID(key)) && !sure {
		return // the event's own
	}
	s.all = append(s.all, likely{overrideName(parent, key), path, id, sure})
}

// likeID reports whether a key ends like an id's: courseId, course_guid.
func likeID(key string) bool {
	folded := foldID(key)
	if !strings.HasSuffix(folded, "id") || len(key) < 2 {
		return false
	}
	word := key[len(key)-2:]
	return word == "Id" || word == "ID" || folded == "id" || strings.ContainsAny(key, "_-") || strings.HasSuffix(fold(key), "uid")
}

func likeRef(key string) bool {
	folded := fold(key)
	return slices.ContainsFunc([]string{"ref", "reference", "key", "identifier", "number", "no", "code"}, func(ending string) bool {
		return strings.HasSuffix(folded, ending)
	})
}

// searchBody finds what the parser did not use of an event.
func searchBody(e bridge.Event, content any) *search {
	s := &search{event: Known(e.Type), taken: map[string]bool{e.UserID: true, e.AdminID: true, e.ClientID: true, e.CorrelationID: true, "": true}}
	for _, id := range e.Entities {
		s.taken[id] = true
	}
	if all, ok := content.([]any); ok && len(all) > 0 {
		content = all[0] // paths of overrides start at the event
	}
	s.walk("$", "", "", content, false)
	return s
}

// line returns the line for the source's fields for a key.
func (l likely) line(key string) string {
	if strings.Contains(l.path, "=") {
		return fmt.Sprintf("%s: %q", key, l.path)
	}
	return key + ": " + l.path
}

// suggest returns a line for each id that the parser did not use, and for the event
// type's name if it was not found. Ids that the lookups need come first.
func (d *Description) suggest(s *search) {
	used := map[string]bool{}
	for i, n := range d.Needs {
		if n.From == FromWebhook {
			continue
		}
		if l, ok := s.bestFor(fieldKey(n.Key), used); ok {
			used[l.path] = true
			d.Needs[i].Field = l.line(fieldKey(n.Key))
			d.Overrides = append(d.Overrides, d.Needs[i].Field)
		}
	}
	for _, l := range s.all {
		if !used[l.path] && l.sure {
			d.Overrides = append(d.Overrides, l.line(l.name))
		}
	}
	for _, path := range s.names {
		d.Overrides = append(d.Overrides, "event: "+path)
	}
}

// bestFor returns the most likely value for a key: a value whose name says so, or one
// below a thing of that kind whose name says nothing else, or the only GUID whose name
// says nothing.
func (s *search) bestFor(key string, used map[string]bool) (best likely, ok bool) {
	kind := strings.TrimSuffix(fold(key), "id")
	rank := 0
	anonymous := 0
	for _, l := range s.all {
		if l.sure && l.name == "thingId" {
			anonymous++
		}
	}
	for _, l := range s.all {
		now := 0
		switch {
		case used[l.path]:
		case names(l.name, key):
			now = 3
		case namesAnother(l.name): // such as a course's category
		case strings.Contains(fold(l.path), kind):
			now = 2
		case l.sure && l.name == "thingId" && anonymous == 1:
			now = 1
		}
		if now > rank {
			best, rank = l, now
		}
	}
	return best, rank > 0
}

// names reports whether a value's name means a key: onlineCourseId means courseId, and
// a course may be a curriculum or a bundle.
func names(name, key string) bool {
	field := FieldKey(name)
	return field == key || field == "courseId" && (key == "curriculumId" || key == "courseBundleId")
}

// namesAnother reports whether a value's name means something else that the parser
// knows.
func namesAnother(name string) bool {
	field := FieldKey(name)
	_, known := knownEntities[fold(field)]
	return isRole(field) || known && !slices.Contains(anyThing(), strings.TrimSuffix(field, "Id"))
}
