package sinktest

import (
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Readme builds every sink that the YAML blocks of a sink's page show, with the
// values given for the environment's, and gives the page's text.
func Readme(t *testing.T, build func(kit.Setup) (bridge.Sink, error), environment map[string]string) string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Error("the page shows no sink")
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		for name, value := range environment {
			block = strings.ReplaceAll(block, "${"+name+"}", value)
		}
		var config struct {
			Sinks map[string]map[string]any `yaml:"sinks"`
		}
		if err := yaml.Unmarshal([]byte(block), &config); err != nil || len(config.Sinks) == 0 {
			t.Errorf("the example has %d sinks: %v", len(config.Sinks), err)
		}
		for name, settings := range config.Sinks {
			delete(settings, "type")
			delete(settings, "limit")
			if _, err := build(kit.Setup{Name: name, Settings: settings}); err != nil {
				t.Errorf("the example %s is refused: %v", name, err)
			}
		}
	}
	return string(page)
}
