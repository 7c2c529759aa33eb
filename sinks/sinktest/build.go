package sinktest

import (
	"maps"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Build makes a sink of settings that are right, as the configuration has them: it takes
// the type away.
func Build(t testing.TB, build func(kit.Setup) (bridge.Sink, error), settings map[string]any) bridge.Sink {
	t.Helper()
	settings = maps.Clone(settings)
	delete(settings, "type")
	sink, err := build(kit.Setup{Settings: settings, Client: kit.NewClient(nil, 10*time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	return sink
}
