package render

import (
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// digest reads the digest's wording, which sees a digest's facts; what its groups
// go by sees an event's.
func (d *document) digest(e entry) *digestWording {
	message := d.known
	digest := []string{"events", "groups", "group", "first", "last", "count", "source", "portal"}
	d.known = digest
	defer func() { d.known = message }()
	var groups []*Text
	w := d.wording(e, func(group entry) {
		d.known = message
		defer func() { d.known = digest }()
		ways := []entry{group}
		if group.value.Type() == ast.SequenceType {
			ways = d.list(group)
		}
		for _, way := range ways {
			groups = append(groups, d.compile(way, plainPrinting))
		}
	})
	return &digestWording{wording: w, groups: groups}
}

// storyParts sees the event's facts, and those of the one that leads.
func (d *document) storyParts(e entry) *storyWording {
	message := d.known
	d.known = append(slices.Clone(message), "lead")
	defer func() { d.known = message }()
	w := &storyWording{}
	before := len(d.problems)
	d.section(e, map[string]func(entry){
		"lead":   func(e entry) { w.lead = d.positive(e) },
		"fields": func(e entry) { w.fields = d.fields(e) },
	})
	if len(w.fields) == 0 && len(d.problems) == before {
		d.problem(e.at, e.path+".fields", "required: what the event says within the message of another")
	}
	return w
}

// positive reads a whole number above 0.
func (r *reader) positive(e entry) int {
	n := 0
	if number, ok := e.value.(*ast.IntegerNode); ok {
		n, _ = strconv.Atoi(number.String())
	}
	if n <= 0 {
		r.problem(yamlfile.Start(e.value), e.path, "want a whole number above 0")
	}
	return n
}
