package portal

import (
	"slices"
	"strings"
)

// shelf is a collection of things, in the order in which they were added.
type shelf struct {
	all     []object
	byID    map[string]object
	byOwner map[string][]object // by a key and an id, such as "userId 1000…"
}

// owners are the keys of a thing by which others are listed.
func owners() []string { return []string{"userId", "courseId", "courseEnrollmentId"} }

func folded(v any) string { return strings.ToLower(text(v)) }

func (s *shelf) add(o object) {
	s.all = append(s.all, o)
	s.byID[folded(o["id"])] = o
	for _, key := range owners() {
		if o[key] != nil {
			name := key + " " + folded(o[key])
			s.byOwner[name] = append(s.byOwner[name], o)
		}
	}
}

func (s *shelf) remove(o object) {
	without := func(all []object) []object {
		return slices.DeleteFunc(all, func(other object) bool { return folded(other["id"]) == folded(o["id"]) })
	}
	s.all = without(s.all)
	delete(s.byID, folded(o["id"]))
	for _, key := range owners() {
		name := key + " " + folded(o[key])
		s.byOwner[name] = without(s.byOwner[name])
	}
}

func (w *world) shelf(collection string) *shelf {
	s := w.shelves[collection]
	if s == nil {
		s = &shelf{byID: map[string]object{}, byOwner: map[string][]object{}}
		w.shelves[collection] = s
	}
	return s
}

func (w *world) add(collection string, o object) { w.shelf(collection).add(o) }

// all gives the things of a collection.
func (w *world) all(collection string) []object { return w.shelf(collection).all }

// byID gives a thing, or nil.
func (w *world) byID(collection, id string) object { return w.shelf(collection).byID[folded(id)] }

// of gives the things of a collection that belong to a user, a course or an enrollment.
func (w *world) of(collection, key, id string) []object {
	return w.shelf(collection).byOwner[key+" "+folded(id)]
}

func (w *world) remove(collection, id string) {
	if o := w.byID(collection, id); o != nil {
		w.shelf(collection).remove(o)
	}
}

// newID is an id for a thing that was not given one.
func (w *world) newID(kind string) string {
	w.made++
	return id(kind, 0x800000+w.made)
}
