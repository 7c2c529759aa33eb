package config

import (
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Dedupe names the values by which the bridge recognises an event that the portal sends
// again with other ids.
type Dedupe struct {
	By     []string // type, user, admin, client, correlation, or keys of entities, such as courseId
	Within time.Duration
}

// rawDedupe is the YAML of a source's dedupe.
type rawDedupe struct {
	By     []string `koanf:"by"`
	Within string   `koanf:"within"`
}

// comparableValues are the values besides the ids of entities.
func comparableValues() []string { return []string{"type", "user", "admin", "client", "correlation"} }

func (b *builder) dedupe(key string, value any, fields map[string][]string) *Dedupe {
	if value == nil {
		return nil
	}
	var r rawDedupe
	b.decode(key, value, &r)
	d := &Dedupe{Within: b.duration(key+".within", or(r.Within, "5m"))}
	if d.Within > store.MaxDedupeWithin {
		b.atValue(key+".within", "want at most %v: later repetitions count as new events", store.MaxDedupeWithin)
	}
	for i, name := range r.By {
		at := element(key+".by", i)
		id := b.compared(at, name, fields)
		if slices.Contains(d.By, id) {
			b.atValue(at, "%q is listed twice", name)
		}
		d.By = append(d.By, id)
	}
	if !slices.Contains(d.By, "type") || len(d.By) < 2 || len(d.By) == 2 && slices.Contains(d.By, "client") {
		b.atValue(key+".by", "want type and at least one id that differs between events, such as [ type, user, course ]")
	}
	return d
}

// compared returns the name under which an event has a value.
func (b *builder) compared(at, name string, fields map[string][]string) string {
	if name == "type" || name == "event" {
		return "type"
	}
	own := map[string]bool{}
	for field := range fields {
		own[absorb.FieldKey(field)] = true
	}
	for _, text := range []string{name, name + "Id"} {
		if id := absorb.FieldKey(text); slices.Contains(comparableValues(), id) || slices.Contains(absorb.EntityKeys(), id) || own[id] {
			return id
		}
	}
	b.atValue(at, "no value named %q%s", name, bridge.DidYouMean(name, append(comparableValues(), absorb.EntityKeys()...)))
	return name
}
