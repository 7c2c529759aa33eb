package yamlfile

import (
	"maps"
	"strings"
)

// Around reads a text with a place for a value; the one before stays if that is wrong.
func (r *Reader) Around(e Entry, before, what string) string {
	s, ok := r.Text(e)
	if ok && strings.Count(s.Text, "%s") != 1 {
		r.Problem(s.At, e.Path, "want a text with %%s in it once, for %s", what)
	}
	if !ok || strings.Count(s.Text, "%s") != 1 {
		return before
	}
	return s.Text
}

// Texts reads a mapping of texts over the one before. With known keys, others are
// problems.
func (r *Reader) Texts(e Entry, before map[string]string, known ...string) map[string]string {
	all := maps.Clone(before)
	if all == nil {
		all = map[string]string{}
	}
	read := func(child Entry) {
		if s, ok := r.Text(child); ok {
			all[child.Name] = s.Text
		}
	}
	if len(known) == 0 {
		for _, child := range r.Mapping(e) {
			read(child)
		}
		return all
	}
	keys := map[string]func(Entry){}
	for _, key := range known {
		keys[key] = read
	}
	r.Section(e, keys)
	return all
}
