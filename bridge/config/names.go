package config

import (
	"fmt"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// Names are the names in a configuration, in the order of the file.
type Names struct {
	Sources, Sinks, Routes []string
}

// ReadNames reads only the names. It works with an invalid configuration, and without
// the environment variables that it refers to, so a shell can complete names.
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
