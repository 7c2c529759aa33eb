package config

import (
	"fmt"
	"path"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
)

func (b *builder) routes(all []any) {
	if len(all) == 0 {
		b.config.Warnings = append(b.config.Warnings, "there are no routes: the bridge stores events but delivers nothing")
	}
	var sinkNames, sourceNames []string
	for _, s := range b.config.Sinks {
		sinkNames = append(sinkNames, s.Name)
	}
	for _, s := range b.config.Sources {
		sourceNames = append(sourceNames, s.Name)
	}
	seen := map[string]bool{}
	for i, value := range all {
		key := element("routes", i)
		var r rawRoute
		b.decode(key, value, &r)
		switch {
		case r.Name == "":
			b.atValue(key+".name", "required: choose a name, which deliveries and metrics show")
		case seen[r.Name]:
			b.atValue(key+".name", "another route has the name %q", r.Name)
		}
		seen[r.Name] = true
		route := Route{Name: r.Name, Sources: r.Sources, To: r.To, Localization: b.localization(key, r.Locale, r.Zone)}
		b.required(key+".events", r.Events, `which events? Write ["*"] for all`)
		for j, text := range r.Events {
			route.Events = append(route.Events, b.event(element(key+".events", j), text))
		}
		b.oneOfNames(key+".sources", "source", r.Sources, sourceNames)
		b.required(key+".to", r.To, "to which sinks?")
		b.oneOfNames(key+".to", "sink", r.To, sinkNames)
		if r.When != "" {
			route.When = b.when(key+".when", r.When, route)
		}
		b.gathering(key, r, &route)
		b.config.Routes = append(b.config.Routes, route)
	}
}

func (b *builder) required(key string, list []string, ask string) {
	if len(list) == 0 {
		b.atValue(key, "required: %s", ask)
	}
}

// oneOfNames checks a list of names. An error has the position of the list's element and
// the key of the list.
func (b *builder) oneOfNames(key, what string, names, known []string) {
	for i, name := range names {
		if !slices.Contains(known, name) {
			at := b.places[element(key, i)]
			if at == nil {
				at = b.places[key]
			}
			b.problem(at, "%s: no %s named %q%s", key, what, name, bridge.DidYouMean(name, known))
		}
	}
}

// when compiles a route's condition.
func (b *builder) when(key, text string, r Route) *condition.Condition {
	schema := b.expressions()
	c, faults := schema.Condition(text)
	for _, f := range faults {
		at := b.within(key, text, f.Offset)
		b.problem(at, "%s: %s", key, f.Message)
	}
	if c != nil {
		b.neverKnown(key, r, condition.LookedUp(c.Parts()))
	}
	return c
}

// expressions returns the schema of expressions, which includes the templates' lookups.
// Errors in templates are reported when the templates are loaded for use. If there are
// any, the schema accepts every name.
func (b *builder) expressions() condition.Schema {
	if b.templates == nil {
		var err error
		if b.templates, err = b.config.LoadTemplates(Localization{}); err != nil {
			b.templates, _ = (&Config{}).LoadTemplates(Localization{})
			b.schema = condition.NewSchema(b.templates.Lookups()).Open()
			b.guess = true
			return b.schema
		}
		b.schema = condition.NewSchema(b.templates.Lookups())
	}
	return b.schema
}

// neverKnown warns of parts that a condition reads but no lookup fills: such a condition
// is never true.
func (b *builder) neverKnown(key string, r Route, parts []string) {
	if b.guess {
		return
	}
	for _, part := range parts {
		for _, s := range b.config.Sources {
			if s.API == nil && (len(r.Sources) == 0 || slices.Contains(r.Sources, s.Name)) {
				b.warn("%s reads %s, which is always missing for source %s, because the source has no api", key, part, s.Name)
			}
		}
		if !slices.ContainsFunc(b.lookedUpFor(r), func(l bridge.Lookup) bool { return l.Part == part }) {
			b.warn("%s reads %s, which is always missing, because no template of the route's events looks it up", key, part)
		}
	}
}

func (b *builder) warn(format string, args ...any) {
	b.config.Warnings = append(b.config.Warnings, fmt.Sprintf(format, args...))
}

// lookedUpFor returns the lookups of all events that a route takes.
func (b *builder) lookedUpFor(r Route) []bridge.Lookup {
	var all []bridge.Lookup
	for _, event := range r.Events {
		all = append(all, b.templates.Template(event).Lookups()...) // for a pattern, these are the lookups of the generic template
		for _, known := range b.templates.Events() {
			if ok, err := path.Match(event, known); err == nil && ok {
				all = append(all, b.templates.Template(known).Lookups()...)
			}
		}
	}
	return all
}
