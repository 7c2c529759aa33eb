package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// document is a YAML file with the position of each key and value, and the errors found.
type document struct {
	name     string
	source   []rune                     // the whole file
	lines    []string                   // without secrets
	places   map[string]*token.Position // of values, by path: "routes[0].to[1]"
	keys     map[string]*token.Position // of keys, by the path of their value
	order    map[string][]string        // keys of each mapping, as written
	reported map[string]bool            // paths that have a problem
	problems bridge.Problems

	variables map[string]string // of the environment, by the path of the value that each overrides
}

// readDocument parses a normalized file. ok is false if the file is not YAML.
func readDocument(name string, data []byte) (d *document, ok bool) {
	d = &document{
		name: name, source: []rune(string(data)), lines: maskedLines(data),
		places: map[string]*token.Position{}, keys: map[string]*token.Position{}, order: map[string][]string{}, reported: map[string]bool{},
	}
	body, err := yamlfile.Parse(data)
	if err != nil {
		d.syntax(err)
		return d, false
	}
	switch body.(type) {
	case nil:
	case *ast.MappingNode, *ast.MappingValueNode:
		d.index("", body)
	default:
		d.problem(yamlfile.Start(body), "want a mapping of keys to values; see configs/bridge.yaml for an example")
	}
	return d, len(d.problems) == 0
}

// syntax reports an error of the YAML library.
func (d *document) syntax(err error) {
	at, message := yamlfile.Fault(err)
	d.problem(at, "%s", message)
}

// index records the positions of a node and everything below it.
func (d *document) index(path string, node ast.Node) {
	if d.places[path] == nil {
		d.places[path] = yamlfile.Start(node)
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, value := range n.Values {
			d.indexValue(path, value)
		}
	case *ast.MappingValueNode:
		d.indexValue(path, n)
	case *ast.SequenceNode:
		for i, value := range n.Values {
			d.index(fmt.Sprintf("%s[%d]", path, i), value)
		}
	case *ast.AnchorNode:
		d.index(path, n.Value)
	}
}

func (d *document) indexValue(path string, n *ast.MappingValueNode) {
	key := strings.Trim(n.Key.GetToken().Value, `"'`)
	full := join(path, key)
	d.keys[full] = n.Key.GetToken().Position
	d.order[path] = append(d.order[path], key)
	d.index(full, n.Value)
}

func (d *document) problem(at *token.Position, format string, args ...any) {
	p := bridge.Problem{File: d.name, Message: fmt.Sprintf(format, args...)}
	if at != nil {
		p.Line, p.Column = at.Line, at.Column
		if p.Line <= len(d.lines) {
			p.Excerpt = d.lines[p.Line-1]
		}
	}
	d.problems = append(d.problems, p)
}

// atValue reports an error of the value at a path. If the value is missing, the position
// is that of its parent.
func (d *document) atValue(path, format string, args ...any) {
	d.at(d.places, path, format, args...)
}

// atKey reports an error of a key.
func (d *document) atKey(path, format string, args ...any) {
	d.at(d.keys, path, format, args...)
}

// at reports the first error of a path. Further errors there usually follow from it.
func (d *document) at(places map[string]*token.Position, path, format string, args ...any) {
	if d.reported[path] {
		return
	}
	d.reported[path] = true
	message := fmt.Sprintf(format, args...)
	if path != "" {
		message = path + ": " + message
	}
	if name, begun := d.variable(path); name != "" { // the file may be correct, or lack the key
		if begun != "" {
			message += fmt.Sprintf(" (%s has no %s%s)", d.name, begun, bridge.DidYouMean(leaf(begun), d.order[parent(begun)]))
		}
		d.problems = append(d.problems, bridge.Problem{File: name, Message: message})
		return
	}
	at := places[path]
	for at == nil && path != "" { // a missing key is reported at its parent
		path = parent(path)
		if at = d.keys[path]; at == nil {
			at = d.places[path]
		}
	}
	d.problem(at, "%s", message)
}

// variable returns the environment variable that set a value, or "". For a missing value
// of a source or sink that exists only in the environment, it returns the first variable
// of that source or sink, and begun is its path, such as sinks.hr_mail.
func (d *document) variable(path string) (name, begun string) {
	for p := path; p != ""; p = parent(p) {
		if name := d.variables[p]; name != "" {
			return name, ""
		}
	}
	for p := path; p != "" && d.places[p] == nil; p = parent(p) {
		for _, below := range slices.Sorted(maps.Keys(d.variables)) {
			if strings.HasPrefix(below, p+".") && strings.Contains(p, ".") {
				return d.variables[below], p
			}
		}
	}
	return "", ""
}

// names returns a mapping's keys: first those of the file in its order, then those that
// only the environment has.
func (d *document) names(path string, have []string) []string {
	var all []string
	for _, name := range d.order[path] {
		if slices.Contains(have, name) {
			all = append(all, name)
		}
	}
	slices.Sort(have)
	for _, name := range have {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// leaf returns the last key of a path.
func leaf(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, parent(path)), ".")
}
