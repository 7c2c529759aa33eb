package demo

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

const sourcePath = "/absorb"

// config returns the demo's configuration, read in the same way as a bridge.yaml.
func (s *stage) config(dir string) (*config.Config, error) {
	sinks := s.sinks()
	for _, sink := range sinks {
		sink["limit"] = "none"
	}
	text, err := s.yaml(loopback(s.Ports.Bridge), loopback(s.Ports.Admin), dir+"/bridge.db", sinks)
	if err != nil {
		return nil, err
	}
	return config.Parse("demo.yaml", text, nil)
}

// ownBridge returns a bridge.yaml for the user's own bridge. Its comments explain the
// demo, so the whole text can be saved as it is.
func (s *stage) ownBridge() (string, error) {
	text, err := s.yaml(loopback(8080), loopback(8081), "./data/bridge.db", s.sinks())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`# absorb-bridge demo: an emulated portal and emulated platforms, for your own bridge.
# All data is made up, also the secrets. Press Ctrl-C to stop.
#
#   wall    http://%s/    look here: the messages on all platforms
#   portal  http://%s/    the emulated portal and its Integration API
#
# Save this as bridge.yaml, or copy what you need. Start the bridge in another terminal:
#   absorb-bridge check && absorb-bridge serve
# Send an event, as the portal would, in a third terminal:
#   absorb-bridge emit --portal http://%[2]s --url http://127.0.0.1:8080%[3]s --secret %[4]s --webhooks lean --event CertificateAwarded

%[5]s`, s.wallListener.Addr(), s.portalListener.Addr(), sourcePath, secret, text), nil
}

func (s *stage) sinks() map[string]map[string]any {
	return s.wall.Sinks("http://"+s.wallListener.Addr().String(), s.mailListener.Addr().String())
}

// yaml returns a configuration for the demo's portal and platforms.
func (s *stage) yaml(listen, admin, store string, sinks map[string]map[string]any) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(yaml.MapSlice{
		{Key: "listen", Value: listen},
		{Key: "admin", Value: map[string]any{"listen": admin}},
		{Key: "store", Value: store},
		{Key: "sources", Value: map[string]any{"demo": map[string]any{
			"path": sourcePath, "secrets": []string{secret},
			"portal": "http://" + s.portalListener.Addr().String(),
			"api":    s.portal.Settings("http://" + s.portalListener.Addr().String()),
		}}},
		{Key: "sinks", Value: sinks},
		{Key: "routes", Value: []any{map[string]any{"name": "everything", "events": []string{"*"}, "to": wall.Platforms()}}},
	}, yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return nil, fmt.Errorf("write the demo's configuration: %w", err)
	}
	return text, nil
}
