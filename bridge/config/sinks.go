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
		b.atValue("sinks", "required: add at least one sink, with its type")
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
		s.Localization = b.localization(key, b.text(key, settings, "locale"), b.text(key, settings, "zone"))
		for _, ours := range []string{"type", "limit", "locale", "zone"} {
			delete(settings, ours)
		}
		b.settings(key, s, t)
		b.config.Sinks = append(b.config.Sinks, s)
	})
}

// text reads one of the settings that every sink may have.
func (b *builder) text(key string, settings map[string]any, name string) string {
	value, ok := settings[name].(string)
	if !ok && settings[name] != nil {
		b.atValue(key+"."+name, "want a text")
	}
	return value
}

// settings checks a sink's own settings by building it.
func (b *builder) settings(key string, s Sink, t kit.Type) {
	sink, err := t.New(kit.Setup{Name: s.Name, Settings: s.Settings, Client: kit.NewClient(nil, 0)})
	if err == nil {
		b.built[s.Name] = sink
		b.sharedQuota(key, s, sink)
	}
	for _, fault := range kit.SettingErrors(err) {
		at := key
		if fault.Key != "" {
			at = join(key, dotted(fault.Key))
		}
		if fault.Problem == "unknown setting" {
			known := slices.AppendSeq(slices.Collect(maps.Keys(t.Example)), maps.Keys(t.BotExample))
			if t.OverHTTP {
				known = append(known, kit.TrustSettings()...)
			}
			b.atKey(at, "unknown setting of %s sinks%s", s.Type, bridge.DidYouMean(fault.Key, known))
			continue
		}
		b.atValue(at, "%s", fault.Problem)
	}
}

// trust checks the certificate settings of a TLS connection.
func (b *builder) trust(key string, t kit.Trust) kit.Trust {
	_, err := t.TLS()
	for _, fault := range kit.SettingErrors(err) {
		b.atValue(join(key, fault.Key), "%s", fault.Problem)
	}
	return t
}

// sharedQuota warns of a limit that has no effect, because an earlier sink shares the
// platform's quota.
func (b *builder) sharedQuota(key string, s Sink, sink bridge.Sink) {
	bucketed, ok := sink.(bridge.Bucketed)
	if !ok {
		return
	}
	for _, other := range b.config.Sinks {
		o, ok := b.built[other.Name].(bridge.Bucketed)
		if ok && other.Type == s.Type && o.Bucket() == bucketed.Bucket() && other.Limit != s.Limit {
			b.warn("%s: this sink shares the platform's quota with sink %s, whose limit applies to both", key, other.Name)
			return
		}
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
