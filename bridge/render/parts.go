package render

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// digest reads the digest's wording, which sees a digest's facts; what its groups
// go by sees an event's.
func (d *document) digest(e yamlfile.Entry) *digestWording {
	message := d.known
	digest := []string{"events", "groups", "group", "first", "last", "count", "source", "portal"}
	d.known = digest
	defer func() { d.known = message }()
	var groups []*engine.Text
	w := d.wording(e, func(group yamlfile.Entry) {
		d.known = message
		defer func() { d.known = digest }()
		ways := []yamlfile.Entry{group}
		if group.Value.Type() == ast.SequenceType {
			ways = d.List(group)
		}
		for _, way := range ways {
			groups = append(groups, d.compile(way, engine.PlainPrinting))
		}
	})
	return &digestWording{wording: w, groups: groups}
}

// storyParts sees the event's facts, and those of the one that leads.
func (d *document) storyParts(e yamlfile.Entry) *storyWording {
	message := d.known
	d.known = append(slices.Clone(message), "lead")
	defer func() { d.known = message }()
	w := &storyWording{}
	before := len(d.Problems)
	d.Section(e, map[string]func(yamlfile.Entry){
		"lead":   func(e yamlfile.Entry) { w.lead = d.Positive(e) },
		"fields": func(e yamlfile.Entry) { w.fields = d.fields(e) },
	})
	if len(w.fields) == 0 && len(d.Problems) == before {
		d.Problem(e.At, e.Path+".fields", "required: what the event says within the message of another")
	}
	return w
}
