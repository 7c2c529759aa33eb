package portal

import (
	"slices"
	"strings"
)

// table is a collection of resources, in the order in which they were added.
type table struct {
	all     []object
	byID    map[string]object
	byOwner map[string][]object // by a key and an id, such as "userId 1000…"
}

// ownerKeys are the keys under which a resource names its owner. Tables are indexed by them.
func ownerKeys() []string { return []string{"userId", "courseId", "courseEnrollmentId"} }

func folded(v any) string { return strings.ToLower(text(v)) }

func (s *table) add(o object) {
	s.all = append(s.all, o)
	s.byID[folded(o["id"])] = o
	for _, key := range ownerKeys() {
		if o[key] != nil {
			name := key + " " + folded(o[key])
			s.byOwner[name] = append(s.byOwner[name], o)
		}
	}
}

func (s *table) remove(o object) {
	without := func(all []object) []object {
		return slices.DeleteFunc(all, func(other object) bool { return folded(other["id"]) == folded(o["id"]) })
	}
	s.all = without(s.all)
	delete(s.byID, folded(o["id"]))
	for _, key := range ownerKeys() {
		name := key + " " + folded(o[key])
		s.byOwner[name] = without(s.byOwner[name])
	}
}

func (d *database) table(collection string) *table {
	s := d.tables[collection]
	if s == nil {
		s = &table{byID: map[string]object{}, byOwner: map[string][]object{}}
		d.tables[collection] = s
	}
	return s
}

func (d *database) add(collection string, o object) { d.table(collection).add(o) }

// all returns a collection.
func (d *database) all(collection string) []object { return d.table(collection).all }

// byID returns a resource, or nil.
func (d *database) byID(collection, id string) object { return d.table(collection).byID[folded(id)] }

// ownedBy returns the resources of a collection that belong to a user, a course or an enrollment.
func (d *database) ownedBy(collection, key, id string) []object {
	return d.table(collection).byOwner[key+" "+folded(id)]
}

func (d *database) remove(collection, id string) {
	if o := d.byID(collection, id); o != nil {
		d.table(collection).remove(o)
	}
}

// newID chooses an id for a resource whose event has none.
func (d *database) newID(kind string) string {
	d.lastID++
	return id(kind, 0x800000+d.lastID)
}
