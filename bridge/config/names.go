package config

import (
	"fmt"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// Names are what a configuration calls its parts, in the order of the file.
type Names struct {
	Sources, Sinks, Routes []string
}

// ReadNames reads the names alone: it works with a file that has faults, and without
// the environment that its values refer to, as when a shell completes a word.
func ReadNames(path string) (n Names, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return n, fmt.Errorf("read the configuration: %w", err)
	}
	data = yamlfile.Normalize(data)
	if _, err := yamlfile.Parse(data); err != nil {
		return n, fmt.Errorf("read the configuration: %w", err)
	}
	var file struct {
		Sources, Sinks yaml.MapSlice
		Routes         []struct{ Name string }
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return n, fmt.Errorf("read the configuration: %w", err)
	}
	for _, item := range file.Sources {
		n.Sources = append(n.Sources, fmt.Sprint(item.Key))
	}
	for _, item := range file.Sinks {
		n.Sinks = append(n.Sinks, fmt.Sprint(item.Key))
	}
	for _, r := range file.Routes {
		n.Routes = append(n.Routes, r.Name)
	}
	return n, nil
}
