package kit

import "github.com/absorb-bridge/absorb-bridge/bridge"

// Type is a kind of sink, such as "slack", as its package offers it to the list
// in package sinks.
type Type struct {
	// New builds a sink. It does no I/O. Faults in the settings are
	// SettingErrors, all of them joined.
	New func(Setup) (bridge.Sink, error)

	// Limit is the rate that the platform allows, for sinks that set none.
	Limit bridge.Limit

	// Escape makes data harmless inside the platform's own format: no mention,
	// no link, no markup. Templates' native parts are escaped by it.
	Escape func(string) string

	// CheckNative finds what the platform would refuse in a native part, as far
	// as that is known before any event: a text that a template makes is "".
	// Faults are SettingErrors, all of them joined. It may be nil.
	CheckNative func(part map[string]any) error

	// Gauges tells how near a payload comes to the platform's limits. It may be nil.
	Gauges func(body []byte) []Gauge

	// Example are settings that a sink can be built from, for previews without a
	// configuration. They lead nowhere.
	Example map[string]any

	// OverHTTP tells whether it has the settings of a Trust besides its own; see the
	// function OverHTTP.
	OverHTTP bool

	// BotExample are settings of the type's other way to the same platform, as a bot
	// in place of a webhook; nil when there is none.
	BotExample map[string]any

	// Config is the struct that New decodes the settings into, with its defaults.
	// Beside koanf its fields have the tags that package jsonschema reads for editors,
	// and ask:"question", by which init asks for a setting; it asks for those with a
	// need, and for need:"perhaps", which may stay empty.
	Config any
}
