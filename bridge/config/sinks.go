package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

func (b *builder) sinks(all map[string]any) {
	if len(all) == 0 {
		b.atValue("sinks", "there is none; name at least one, with its type")
	}
	types := sinks.Types()
	b.named("sinks", all, func(name, key string, value any) {
		settings := map[string]any{}
		b.decode(key, value, &settings)
		typeName, _ := settings["type"].(string)
		t, ok := types[typeName]
		if !ok {
			known := slices.Sorted(maps.Keys(types))
			b.atValue(key+".type", "want %s, have %q%s", strings.Join(known, ", "), typeName, bridge.DidYouMean(typeName, known))
			b.config.Sinks = append(b.config.Sinks, Sink{Name: name}) // routes may name it
			return
		}
		s := Sink{Name: name, Type: typeName, Limit: t.Limit, Settings: settings}
		if limit, ok := settings["limit"]; ok {
			s.Limit = b.limit(key+".limit", limit, t.Limit)
		}
		delete(settings, "type")
		delete(settings, "limit")
		b.settings(key, s, t)
		b.config.Sinks = append(b.config.Sinks, s)
	})
}

// settings checks a sink's own settings by building it.
func (b *builder) settings(key string, s Sink, t kit.Type) {
	_, err := t.New(kit.Setup{Name: s.Name, Settings: s.Settings, Client: kit.NewClient(nil, 0)})
	for _, fault := range kit.SettingErrors(err) {
		at := key
		if fault.Key != "" {
			at = join(key, dotted(fault.Key))
		}
		if fault.Problem == "unknown setting" {
			b.atKey(at, "unknown setting of %s sinks%s", s.Type, bridge.DidYouMean(fault.Key, slices.Collect(maps.Keys(t.Example))))
			continue
		}
		b.atValue(at, "%s", fault.Problem)
	}
}

// limit reads {rate, burst}, or "none".
func (b *builder) limit(key string, value any, usual bridge.Limit) bridge.Limit {
	if value == "none" {
		return bridge.Limit{}
	}
	if _, ok := value.(map[string]any); !ok {
		b.atValue(key, "want { rate: 1/s, burst: 4 } or none, have %v", fmt.Sprintf("%.40v", value))
		return usual
	}
	r := struct {
		Rate  string `koanf:"rate"`
		Burst int    `koanf:"burst"`
	}{Burst: max(usual.Burst, 1)}
	b.decode(key, value, &r)
	limit := bridge.Limit{Rate: usual.Rate, Burst: r.Burst}
	if r.Rate != "" {
		limit.Rate = b.rate(key+".rate", r.Rate)
	}
	if r.Burst < 1 {
		b.atValue(key+".burst", "want a number from 1")
	}
	return limit
}

func (b *builder) routes(all []any) {
	if len(all) == 0 {
		b.config.Warnings = append(b.config.Warnings, "there are no routes, so events are kept and nothing is delivered")
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
			b.atValue(key+".name", "required: it tells the messages of one route from those of another")
		case seen[r.Name]:
			b.atValue(key+".name", "another route is named %q", r.Name)
		}
		seen[r.Name] = true
		route := Route{Name: r.Name, Sources: r.Sources, To: r.To}
		b.required(key+".events", r.Events, `which events? write ["*"] for all`)
		for j, text := range r.Events {
			route.Events = append(route.Events, b.event(element(key+".events", j), text))
		}
		b.oneOfNames(key+".sources", "source", r.Sources, sourceNames)
		b.required(key+".to", r.To, "to which sinks?")
		b.oneOfNames(key+".to", "sink", r.To, sinkNames)
		b.config.Routes = append(b.config.Routes, route)
	}
}

func (b *builder) required(key string, list []string, ask string) {
	if len(list) == 0 {
		b.atValue(key, "required: %s", ask)
	}
}

// oneOfNames checks a list of names. A fault in it is at the list's element, and
// is told by the list's key.
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
