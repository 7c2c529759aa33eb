package sinks_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// TestNativeContentStandsAlone: of a native part with content of its own, nothing of
// ours is shown beside it.
func TestNativeContentStandsAlone(t *testing.T) {
	m := bridge.Message{
		ID: "m", Title: "Ours", Text: "Ours", URL: "https://example.com/ours", Actions: []bridge.Action{{Label: "Ours", URL: "https://example.com/ours"}},
	}
	for _, c := range []struct {
		sink, part string
		keys       string // of the payload
		ours       int    // how often our title is left, where only notifications show it
	}{
		{"slack", `{"attachments":[{"title":"x"}]}`, "attachments unfurl_links unfurl_media", 1},
		{"slack", `{"attachments":[{"title":"x","fallback":"x"}],"text":"x"}`, "attachments text unfurl_links unfurl_media", 0},
		{"slack", `{"markdown_text":"x"}`, "markdown_text unfurl_links unfurl_media", 0},
		{"slack", `{"blocks":[{"type":"divider"}]}`, "blocks text unfurl_links unfurl_media", 1},
		{"discord", `{"flags":32768,"components":[{"type":17,"components":[]}]}`, "allowed_mentions components flags", 0},
		{"discord", `{"embeds":[{"title":"x"}]}`, "allowed_mentions content embeds", 0},
		{"googlechat", `{"cards":[{"sections":[]}]}`, "cards fallbackText", 1},
		{"googlechat", `{"cardsV2":[{"card":{}}]}`, "cardsV2 fallbackText", 1},
		{"teams", `{"body":[{"type":"TextBlock","text":"x"}]}`, "attachments summary type", 1},
		{"mattermost", `{"attachments":[{"text":"x"}]}`, "attachments", 0},
		{"mattermost", `{"props":{"attachments":[{"text":"x"}]}}`, "props", 0},
		{"rocketchat", `{"attachments":[{"text":"x"}]}`, "attachments", 0},
	} {
		var part map[string]any
		if err := json.Unmarshal([]byte(c.part), &part); err != nil {
			t.Fatal(err)
		}
		kind := sinks.Types()[c.sink]
		for _, fault := range kit.SettingErrors(kind.CheckNative(part)) {
			if !fault.Warning {
				t.Errorf("%s: %s: %v", c.sink, c.part, fault)
			}
		}
		sink, err := kind.New(kit.Setup{Settings: kind.Example})
		if err != nil {
			t.Fatal(err)
		}
		m.Native = map[string]map[string]any{c.sink: part}
		p, err := sink.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		var payload map[string]any
		if err := json.Unmarshal(p.Body, &payload); err != nil {
			t.Fatal(err)
		}
		keys := slices.DeleteFunc(slices.Collect(maps.Keys(payload)), func(key string) bool {
			return slices.Contains([]string{"username", "avatar_url", "channel", "icon_url", "delete_original", "replace_original"}, key)
		})
		slices.Sort(keys)
		if have := strings.Join(keys, " "); have != c.keys || strings.Count(string(p.Body), "Ours") != c.ours {
			t.Errorf("%s: %s makes %s", c.sink, c.part, p.Body)
		}
		if have, _ := json.Marshal(part); string(have) != canonical(t, c.part) {
			t.Errorf("%s: the template's part was changed to %s", c.sink, have)
		}
	}
}

// TestNativeOddities are what people paste that a platform would refuse.
func TestNativeOddities(t *testing.T) {
	for _, c := range []struct {
		sink, part, key string
		warning         bool
	}{
		{"teams", `{"type":"message","attachments":[{"content":{}}]}`, "attachments", false},
		{"teams", `{"@type":"MessageCard","sections":[]}`, "@type", false},
		{"discord", `{"components":[{"type":17}]}`, "components[0].type", false},
		{"discord", `{"flags":32768,"content":"x","components":[{"type":10,"content":"x"}]}`, "content", false},
		{"googlechat", `{"cards":[]}`, "cards", true},
	} {
		var part map[string]any
		if err := json.Unmarshal([]byte(c.part), &part); err != nil {
			t.Fatal(err)
		}
		faults := kit.SettingErrors(sinks.Types()[c.sink].CheckNative(part))
		if len(faults) != 1 || faults[0].Key != c.key || faults[0].Warning != c.warning {
			t.Errorf("%s: %s: %v", c.sink, c.part, faults)
		}
	}
}

func canonical(t *testing.T, source string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(source), &v); err != nil {
		t.Fatal(err)
	}
	written, _ := json.Marshal(v) // it was JSON
	return string(written)
}
