package demo

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

const sourcePath = "/absorb"

// config is the demo's bridge.yaml. It goes through the same reader as a real
// one.
func (s *stage) config(dir string) (*config.Config, error) {
	portal := "http://" + s.portalListener.Addr().String()
	sinks := s.wall.Sinks("http://"+s.wallListener.Addr().String(), s.mailListener.Addr().String())
	for _, sink := range sinks {
		sink["limit"] = "none"
	}
	text, err := yaml.Marshal(map[string]any{
		"listen": loopback(s.Ports.Bridge),
		"admin":  map[string]any{"listen": loopback(s.Ports.Admin)},
		"store":  dir + "/bridge.db",
		"sources": map[string]any{"demo": map[string]any{
			"path": sourcePath, "secrets": []string{secret},
			"portal": "https://learning.example.com",
			"api":    s.portal.Settings(portal),
		}},
		"sinks":  sinks,
		"routes": []any{map[string]any{"name": "everything", "events": []string{"*"}, "to": wall.Platforms()}},
	})
	if err != nil {
		return nil, fmt.Errorf("write the demo's configuration: %w", err)
	}
	return config.Parse("demo.yaml", text, nil)
}
