package workshop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// Whatever is shown of facts, its path gives it in a template.
func TestPathsWorkInTemplates(t *testing.T) {
	set, err := render.Load(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	facts := bridge.Facts{
		"course": map[string]any{"name": "Knots", "odd key": "a", `quo"te`: "b", "1st": "c", "größe": "d"},
		"list":   []any{"e", map[string]any{"deep": []any{map[string]any{"x-y": "f"}}}},
		"event":  map[string]any{"id": "g"},
	}
	seen := ""
	var walk func(nodes []Node)
	walk = func(nodes []Node) {
		for _, n := range nodes {
			if walk(n.Nodes); len(n.Nodes) > 0 {
				continue
			}
			text, err := set.Text(n.Path, n.Template())
			if err != nil {
				t.Errorf("%s: %v", n.Path, err)
				continue
			}
			got, err := text.Execute(t.Context(), facts)
			if err != nil || got != n.Value {
				t.Errorf("%s gives %q, %v; want %q", n.Path, got, err, n.Value)
			}
			seen += got
		}
	}
	walk(Tree(facts))
	for _, value := range strings.Split("Knots a b c d e f g", " ") {
		if !strings.Contains(seen, value) {
			t.Errorf("%s is not shown: %s", value, seen)
		}
	}
}

func TestTreesAreBounded(t *testing.T) {
	wide, deep := map[string]any{}, any("bottom")
	for i := range 500 {
		wide[fmt.Sprintf("k%03d", i)] = strings.Repeat("x", 1000)
		deep = map[string]any{"a": deep}
	}
	nodes := Tree(bridge.Facts{"deep": deep, "wide": wide})
	depth := 0
	for n := nodes[0]; len(n.Nodes) > 0; n = n.Nodes[0] {
		depth++
	}
	if w := nodes[1]; len(w.Nodes) != maxNodes || w.More != 500-maxNodes || len([]rune(w.Nodes[0].Value)) != maxValue || depth != maxDepth {
		t.Errorf("%d nodes and %d more, %d deep", len(w.Nodes), w.More, depth)
	}
}
