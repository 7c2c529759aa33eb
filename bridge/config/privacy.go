package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// rawRedact is the YAML of redact.
type rawRedact struct {
	Store []string            `koanf:"store"`
	Sinks map[string][]string `koanf:"sinks"`
}

// redact reads the facts that are never stored, and those that are never sent to a sink.
// Call it after the sinks and sources are read.
func (b *builder) redact(value any) {
	if value == nil {
		return
	}
	var r rawRedact
	b.decode("redact", value, &r)
	b.neverStored("redact.store", r.Store)
	b.config.Redact = r.Store
	for i, s := range b.config.Sinks {
		paths := r.Sinks[s.Name]
		for j, path := range paths {
			b.factPath(element(join("redact.sinks", s.Name), j), path)
		}
		b.config.Sinks[i].Redact = paths
		delete(r.Sinks, s.Name)
	}
	var names []string
	for _, s := range b.config.Sinks {
		names = append(names, s.Name)
	}
	for name := range r.Sinks {
		b.atKey(join("redact.sinks", name), "no sink named %q%s", name, bridge.DidYouMean(name, names))
	}
}

// neverStored checks the paths of facts that are not stored. Routing needs the values of
// the event, but not its body.
func (b *builder) neverStored(key string, paths []string) {
	for i, path := range paths {
		at := element(key, i)
		steps := strings.Split(path, ".")
		if slices.Contains([]string{"event", "source", "portal", "incomplete", "inferred", "candidates", "*"}, steps[0]) && !strings.HasPrefix(path, "event.body.") {
			b.atValue(at, "the bridge needs %s to route and look up the event; of the webhook, only event.body.… can be removed", path)
			continue
		}
		b.factPath(at, path)
	}
}

func (b *builder) factPath(at, path string) {
	schema := b.expressions()
	if err := schema.Path(path); err != nil {
		b.atValue(at, "%v", err)
	}
}

// unstored warns of conditions that read facts which redact removes: the bridge removes
// them before it checks the routes.
func (b *builder) unstored() {
	for _, r := range b.config.Routes {
		for _, path := range b.allUnstored(r) {
			part, _, _ := strings.Cut(path, ".")
			if part != "event" && slices.Contains(r.When.Parts(), part) {
				b.warn("route %s: when reads %s, but redact removes %s before the routes are checked", r.Name, part, path)
			}
		}
	}
}

// allUnstored returns the paths of facts that are not stored for a route's events.
func (b *builder) allUnstored(r Route) []string {
	all := slices.Clone(b.config.Redact)
	for _, s := range b.config.Sources {
		if len(r.Sources) == 0 || slices.Contains(r.Sources, s.Name) {
			all = append(all, s.Redact...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// retention checks that the store still has an event when its repetition may arrive.
func (b *builder) retention() {
	for _, s := range b.config.Sources {
		key, keep := join("sources", s.Name), b.config.Keep
		if s.Keep > 0 {
			keep = s.Keep
		}
		if s.MaxAge > keep {
			b.warn("%s.max_age is longer than events are kept (%v): the repetition of an older event counts as a new event", key, keep)
		}
		if s.CatchUp == nil {
			continue
		}
		if s.CatchUp.Window >= keep {
			b.atValue(key+".catch_up.window", "want less than %v, for which events are kept; otherwise the bridge would catch up events that it already had", fmt.Sprint(keep))
		}
	}
}
