package sinktest

import (
	"maps"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Faulty puts wrong settings into the place of valid ones, those of one entry at a time:
// each must give one fault, and that of the entry's key.
func Faulty(t *testing.T, build func(kit.Setup) (bridge.Sink, error), valid map[string]any, wrong map[string]map[string]any) {
	t.Helper()
	for key, some := range wrong {
		settings := maps.Clone(valid)
		maps.Copy(settings, some)
		_, err := build(kit.Setup{Settings: settings})
		if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != key {
			t.Errorf("%s, with %v: %v", key, some, err)
		}
	}
}
