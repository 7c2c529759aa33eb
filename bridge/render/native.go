package render

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Fault is what a platform would refuse in a native part.
type Fault struct {
	Key     string // path below the sink type, such as "blocks[0].text"
	Message string
	Warning bool // the platform takes it, but it is perhaps not meant
}

// native reads parts in platforms' own formats. Keys and everything but texts
// stay as they are.
func (d *document) native(e entry) map[string]map[string]any {
	native := map[string]map[string]any{}
	for _, platform := range d.mapping(e) {
		printing := nativePrinting(platform.name)
		if d.compiler.printers[printing] == nil {
			d.problem(platform.at, platform.path, "no sink type %q%s", platform.name, bridge.DidYouMean(platform.name, d.compiler.platforms()))
			continue
		}
		before := len(d.problems)
		part := d.any(platform, func(s scalar) any { return d.compiler.compile(d.reader, s, printing, d.known) })
		m, ok := part.(map[string]any)
		if !ok {
			if part != nil {
				d.wrongType(platform, "a mapping")
			}
			continue
		}
		native[platform.name] = m
		if check := d.compiler.checks[platform.name]; check != nil && len(d.problems) == before {
			d.faults(platform, check(constants(m).(map[string]any)))
		}
	}
	return native
}

// platforms are the sink types that native parts may be for.
func (c *compiler) platforms() []string {
	var all []string
	for printing := range maps.Keys(c.printers) {
		if platform, ok := strings.CutPrefix(printing, nativePrinting("")); ok {
			all = append(all, platform)
		}
	}
	return all
}

// constants copies a native part as far as it is known before any event: a text
// that a template makes is empty.
func constants(v any) any {
	switch v := v.(type) {
	case *Text:
		s, _ := v.constant()
		return s
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, element := range v {
			m[key] = constants(element)
		}
		return m
	case []any:
		all := make([]any, len(v))
		for i, element := range v {
			all[i] = constants(element)
		}
		return all
	}
	return v
}

// faults notes what a platform would refuse, at its place.
func (d *document) faults(platform entry, faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int { return strings.Compare(a.Key, b.Key) })
	for _, f := range faults {
		path := strings.TrimSuffix(join(platform.path, f.Key), ".")
		if at := placeOf(d.reader, platform, f.Key); f.Warning {
			d.template.warnings = append(d.template.warnings, fmt.Sprintf("%s:%d:%d: %s: %s", d.file, at.Line, at.Column, path, f.Message))
		} else {
			d.problem(at, path, "%s", f.Message)
		}
	}
}

// placeOf follows a path such as blocks[0].text as far as it leads.
func placeOf(r *reader, from entry, path string) *token.Position {
	for key := range strings.FieldsFuncSeq(path, func(c rune) bool { return strings.ContainsRune(".[]", c) }) {
		var children []entry
		switch {
		case isMapping(from.value):
			children = slices.DeleteFunc(r.mapping(from), func(e entry) bool { return !strings.EqualFold(e.name, key) })
		case from.value.Type() == ast.SequenceType:
			i, err := strconv.Atoi(key)
			if all := r.list(from); err == nil && i < len(all) {
				children = all[i : i+1]
			}
		}
		if len(children) == 0 {
			break
		}
		from = children[0]
	}
	return from.at
}
