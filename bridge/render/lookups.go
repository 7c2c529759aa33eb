package render

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// lookup is one entry of a template's lookups.
type lookup struct {
	part  string
	path  *Text
	until *Text
	need  []string
	at    entry

	resource string
}

// placeholder is a value in a path.
var placeholder = regexp.MustCompile(`\{\{.*?\}\}`)

var partName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// maxLookups bounds the questions for one event.
const maxLookups = 32

// readLookups reads all lookups, then checks how they depend on each other.
func (d *document) readLookups(e entry) {
	entries := d.mapping(e)
	if len(entries) > maxLookups {
		d.problem(e.at, e.path, "are %d, and may be %d at most", len(entries), maxLookups)
		return
	}
	parts := Given()
	for _, l := range entries {
		switch {
		case slices.Contains(append(Given(), "lead", "story"), l.name):
			d.problem(l.at, l.path, "the name is taken by what is known without a lookup")
		case !partName.MatchString(l.name):
			d.problem(l.at, l.path, "want a name of letters and digits, such as course")
		}
		parts = append(parts, l.name)
	}
	d.known = parts
	for _, l := range entries {
		d.lookups = append(d.lookups, d.lookup(l))
	}
	d.findCycle()
	for _, l := range d.lookups {
		d.template.lookups = append(d.template.lookups, l.lookup())
	}
}

// lookup reads a path alone, or a mapping of a path and what to wait for.
func (d *document) lookup(e entry) lookup {
	l := lookup{part: e.name, at: e}
	if isMapping(e.value) {
		d.section(e, map[string]func(entry){
			"path":  func(p entry) { l.path, l.resource = d.path(p) },
			"until": func(u entry) { l.until = d.compile(u, plainPrinting) },
		})
		if l.path == nil && len(d.problems) == 0 {
			d.problem(e.at, e.path+".path", "required")
		}
	} else {
		l.path, l.resource = d.path(e)
	}
	for _, t := range []*Text{l.path, l.until} {
		if t == nil {
			continue
		}
		for _, part := range t.parts {
			if slices.Contains(Given(), part) || slices.Contains(l.need, part) || part == l.part && t == l.until {
				continue
			}
			l.need = append(l.need, part)
		}
	}
	return l
}

// path reads a path, and the resource that it leads to.
func (d *document) path(e entry) (t *Text, resource string) {
	t = d.compile(e, pathPrinting)
	s, ok := d.text(e)
	if ok && (!strings.HasPrefix(s.text, "/") || strings.HasPrefix(s.text, "//")) {
		d.problem(s.at, e.path, "want a path below the API's address, such as /courses/{{ .event.courseId }}")
	}
	resource, _, _ = strings.Cut(placeholder.ReplaceAllString(s.text, "*"), "?")
	return t, resource
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
			d.problem(l.at.at, l.at.path, "waits for itself: %s", strings.Join(append(trail[i:], part), " needs "))
			return
		}
		if done[part] {
			return
		}
		for _, need := range byPart[part].need {
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
	b := bridge.Lookup{Part: l.part, Need: l.need, Resource: l.resource, Path: func(f bridge.Facts) (string, error) {
		path, err := l.path.Execute(context.Background(), f)
		if errors.Is(err, errMissing) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		path = strings.TrimSpace(path)
		if strings.ContainsAny(path, " \t\r\n") || strings.HasPrefix(path, "//") {
			return "", fmt.Errorf("%s: %s: gives no path of one piece", l.path.file, l.path.key)
		}
		return path, nil
	}}
	if l.until != nil {
		b.Settled = func(f bridge.Facts) bool {
			answer, err := l.until.Execute(context.Background(), f)
			// What cannot be judged is not waited for.
			return err != nil || strings.TrimSpace(answer) == "true"
		}
	}
	return b
}
