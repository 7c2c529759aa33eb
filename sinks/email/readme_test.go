package email

import (
	"os"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/goccy/go-yaml"
)

func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```yaml\n")
	block, _, found := strings.Cut(block, "```")
	var config struct {
		Sinks map[string]map[string]any `yaml:"sinks"`
	}
	if err := yaml.Unmarshal([]byte(block), &config); err != nil || !found || len(config.Sinks) != 1 {
		t.Fatalf("the example has %d sinks: %v", len(config.Sinks), err)
	}
	for name, settings := range config.Sinks {
		delete(settings, "type")
		if _, err := New(kit.Setup{Name: name, Settings: settings}); err != nil {
			t.Errorf("the example is refused: %v", err)
		}
	}
	for mechanism := range mechanisms() {
		if !strings.Contains(string(text), "`"+mechanism+"`") {
			t.Errorf("the mechanism %s is not described", mechanism)
		}
	}
	for scheme := range schemes() {
		if !strings.Contains(string(text), "`"+scheme+"://") {
			t.Errorf("the scheme %s is not described", scheme)
		}
	}
}
