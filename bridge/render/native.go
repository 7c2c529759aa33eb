package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// Fault is what a platform would refuse in a native part.
type Fault struct {
	Key     string // path below the sink type, such as "blocks[0].text"
	Message string
	Warning bool // the platform takes it, but it is perhaps not meant
}

// native reads parts in platforms' own formats. Keys and everything but texts
// stay as they are.
func (d *document) native(e yamlfile.Entry) map[string]map[string]any {
	native := map[string]map[string]any{}
	for _, platform := range d.Mapping(e) {
		printing := engine.NativePrinting(platform.Name)
		if !d.compiler.Prints(printing) {
			d.Problem(platform.At, platform.Path, "no sink type %q%s", platform.Name, bridge.DidYouMean(platform.Name, d.compiler.Platforms()))
			continue
		}
		before := len(d.Problems)
		part := d.Any(platform, func(s yamlfile.Scalar) any { return d.compiler.Compile(d.Reader, s, printing, d.known) })
		m, ok := part.(map[string]any)
		if !ok {
			if part != nil {
				d.WrongType(platform, "a mapping")
			}
			continue
		}
		native[platform.Name] = m
		if check := d.checks[platform.Name]; check != nil && len(d.Problems) == before {
			d.faults(platform, check(constants(m).(map[string]any)))
		}
	}
	return native
}

// constants copies a native part as far as it is known before any event: a text
// that a template makes is empty.
func constants(v any) any {
	switch v := v.(type) {
	case *engine.Text:
		s, _ := v.Constant()
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
func (d *document) faults(platform yamlfile.Entry, faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int { return strings.Compare(a.Key, b.Key) })
	for _, f := range faults {
		path := strings.TrimSuffix(yamlfile.Join(platform.Path, f.Key), ".")
		if at := placeOf(d.Reader, platform, f.Key); f.Warning {
			d.template.warnings = append(d.template.warnings, fmt.Sprintf("%s:%d:%d: %s: %s", d.File, at.Line, at.Column, path, f.Message))
		} else {
			d.Problem(at, path, "%s", f.Message)
		}
	}
}

// placeOf follows a path such as blocks[0].text as far as it leads.
func placeOf(r *yamlfile.Reader, from yamlfile.Entry, path string) *token.Position {
	for key := range strings.FieldsFuncSeq(path, func(c rune) bool { return strings.ContainsRune(".[]", c) }) {
		var children []yamlfile.Entry
		switch {
		case yamlfile.IsMapping(from.Value):
			children = slices.DeleteFunc(r.Mapping(from), func(e yamlfile.Entry) bool { return !strings.EqualFold(e.Name, key) })
		case from.Value.Type() == ast.SequenceType:
			i, err := strconv.Atoi(key)
			if all := r.List(from); err == nil && i < len(all) {
				children = all[i : i+1]
			}
		}
		if len(children) == 0 {
			break
		}
		from = children[0]
	}
	return from.At
}
