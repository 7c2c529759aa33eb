package workshop

import (
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// Node is a fact of an event, with its path in a template.
type Node struct {
	Name  string
	Path  string // such as .course.name
	Value string // "" if there are nodes below
	Nodes []Node
	More  int // how many nodes are not shown
}

// Template returns the template action that writes the node's value.
func (n Node) Template() string { return "{{ " + n.Path + " }}" }

const (
	maxDepth = 6
	maxNodes = 60 // below one node
	maxValue = 100
)

// Tree returns facts by their paths in a template.
func Tree(facts bridge.Facts) []Node {
	nodes, _ := below("", map[string]any(facts), 0)
	return nodes
}

// word matches a name that can follow a dot in a template.
var word = regexp.MustCompile(`^[\pL_][\pL\p{Nd}_]*$`)

func below(path string, v any, depth int) (nodes []Node, more int) {
	var names []string
	child := map[string]Node{}
	values := map[string]any{}
	switch v := v.(type) {
	case map[string]any:
		names = slices.Sorted(maps.Keys(v))
		for _, name := range names {
			child[name] = Node{Name: name, Path: step(path, name)}
			values[name] = v[name]
		}
	case []any:
		for i, element := range v {
			name := strconv.Itoa(i)
			names = append(names, name)
			child[name] = Node{Name: name, Path: "(index " + orDot(path) + " " + name + ")"}
			values[name] = element
		}
	}
	for i, name := range names {
		if i == maxNodes {
			return nodes, len(names) - maxNodes
		}
		n := child[name]
		n.fill(values[name], depth)
		nodes = append(nodes, n)
	}
	return nodes, 0
}

func (n *Node) fill(v any, depth int) {
	if depth < maxDepth {
		n.Nodes, n.More = below(n.Path, v, depth+1)
	}
	if len(n.Nodes) == 0 {
		n.Value = short(v)
	}
}

// step returns how a template reaches a name below a path.
func step(path, name string) string {
	if word.MatchString(name) {
		return path + "." + name
	}
	return "(index " + orDot(path) + " " + strconv.Quote(name) + ")"
}

func orDot(path string) string {
	if path == "" {
		return "."
	}
	return path
}

// short returns a value in a few words.
func short(v any) string {
	text := []rune(bridge.CleanLine(value.TextOf(v)))
	if len(text) > maxValue {
		text = append(text[:maxValue-1], '…')
	}
	return string(text)
}
