package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// lookup is one entry of a template's lookups.
type lookup struct {
	part  string
	ways  []request
	until *engine.Text
	at    yamlfile.Entry
}

var partName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// maxLookups bounds the questions for one event.
const maxLookups = 32

// reserved are names that no lookup can have: what is known without one.
func reserved() []string { return append(bridge.Given(), "lead", "story", entryPart) }

// readLookups reads all lookups, then checks how they depend on each other.
func (d *document) readLookups(e yamlfile.Entry) {
	entries := d.Mapping(e)
	if len(entries) > maxLookups {
		d.Problem(e.At, e.Path, "are %d, and may be %d at most", len(entries), maxLookups)
		return
	}
	parts := bridge.Given()
	for _, l := range entries {
		switch {
		case slices.Contains(reserved(), l.Name):
			d.Problem(l.At, l.Path, "the name is taken by what is known without a lookup")
		case !partName.MatchString(l.Name):
			d.Problem(l.At, l.Path, "want a name of letters and digits, such as course")
		}
		parts = append(parts, l.Name)
	}
	d.known = parts
	for _, l := range entries {
		d.lookups = append(d.lookups, d.lookup(l))
	}
	d.findCycle()
	for _, l := range d.lookups {
		d.template.lookups = append(d.template.lookups, l.lookup())
	}
	shareSteps(d.template.lookups)
}

// lookup reads a path alone, or a mapping of what to ask for and what to wait for.
func (d *document) lookup(e yamlfile.Entry) lookup {
	l := lookup{part: e.Name, at: e}
	if !yamlfile.IsMapping(e.Value) {
		l.ways = []request{d.pathWay(e)}
		return l
	}
	before := len(d.Problems)
	one, several := false, false
	d.Section(e, map[string]func(yamlfile.Entry){
		"path":  func(p yamlfile.Entry) { one, l.ways = true, append(l.ways, d.pathWay(p)) },
		"try":   func(t yamlfile.Entry) { several, l.ways = true, append(l.ways, d.ways(t)...) },
		"until": func(u yamlfile.Entry) { l.until = d.compile(u, engine.PlainPrinting) },
	})
	switch {
	case one && several:
		d.Problem(e.At, e.Path, "has path and try: write the path as the first entry of try")
	case len(l.ways) == 0 && len(d.Problems) == before:
		d.Problem(e.At, e.Path+".path", "required")
	}
	return l
}

// need are the other parts that the lookup waits for.
func (l lookup) need() (need []string) {
	for _, t := range l.texts() {
		for _, part := range t.Parts() {
			if !slices.Contains(bridge.Given(), part) && part != entryPart && !slices.Contains(need, part) && !(part == l.part && t == l.until) {
				need = append(need, part)
			}
		}
	}
	return need
}

// texts are the lookup's templates.
func (l lookup) texts() (all []*engine.Text) {
	for _, w := range l.ways {
		all = append(all, w.path, w.where)
	}
	return slices.DeleteFunc(append(all, l.until), func(t *engine.Text) bool { return t == nil })
}

// findCycle notes lookups that wait for each other.
func (d *document) findCycle() {
	byPart := map[string]lookup{}
	for _, l := range d.lookups {
		byPart[l.part] = l
	}
	done := map[string]bool{}
	var visit func(part string, trail []string)
	visit = func(part string, trail []string) {
		if i := slices.Index(trail, part); i >= 0 {
			l := byPart[trail[len(trail)-1]]
			d.Problem(l.at.At, l.at.Path, "waits for itself: %s", strings.Join(append(trail[i:], part), " needs "))
			return
		}
		if done[part] {
			return
		}
		for _, need := range byPart[part].need() {
			visit(need, append(slices.Clone(trail), part))
		}
		done[part] = true
	}
	for _, l := range d.lookups {
		visit(l.part, nil)
	}
}

// lookup is l as package enrich asks it.
func (l lookup) lookup() bridge.Lookup {
	b := bridge.Lookup{Part: l.part, Need: l.need()}
	for _, w := range l.ways {
		if b.Resource == "" {
			b.Resource = w.resource()
		}
		b.Ways = append(b.Ways, bridge.Way{Path: w.ask, Asks: w.asks(), Choose: w.chosen()})
	}
	if l.until != nil {
		b.Settled = func(f bridge.Facts) bool {
			answer, err := l.until.Within(context.Background(), budget.Lookup(), f)
			// What cannot be judged is not waited for.
			return err != nil || strings.TrimSpace(answer) == "true"
		}
	}
	return b
}

// ask gives the path to ask for, or "" when a value of it is missing.
func (w request) ask(f bridge.Facts) (string, error) {
	path, err := w.path.Within(context.Background(), budget.Lookup(), f)
	if errors.Is(err, engine.ErrMissing) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	path, query, filtered := strings.Cut(strings.TrimSpace(path), "?")
	if filtered {
		path += "?" + encodeQuery(query)
	}
	if strings.ContainsAny(path, " \t\r\n") || strings.HasPrefix(path, "//") {
		return "", fmt.Errorf("%s: gives no path of one piece", w.path.Name())
	}
	return path, nil
}

// asks are the keys of the event that the way is made from.
func (w request) asks() []string {
	keys := slices.Clone(w.path.Asks())
	if w.where != nil {
		keys = append(keys, w.where.Asks()...)
	}
	if w.choice != nil {
		keys = slices.AppendSeq(keys, maps.Values(w.choice.Match))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// shareSteps marks the choices that only lead to another list, because that is made
// from the ids that they give: several events may be about one entry of such a list.
func shareSteps(all []bridge.Lookup) {
	for _, l := range all {
		for _, w := range l.Ways {
			if w.Choose != nil {
				w.Choose.Shared = slices.ContainsFunc(all, func(other bridge.Lookup) bool {
					return other.Part != l.Part && slices.ContainsFunc(other.Ways, func(o bridge.Way) bool {
						return o.Choose.Infers() && slices.ContainsFunc(o.Asks, func(key string) bool { return w.Choose.IDs[key] != "" })
					})
				})
			}
		}
	}
}
