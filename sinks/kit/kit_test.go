package kit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// settings is a sink's configuration struct as sinks write them.
type settings struct {
	URL    bridge.Secret     `koanf:"webhook_url"`
	Name   string            `koanf:"name"`
	To     []string          `koanf:"to"`
	Every  time.Duration     `koanf:"every"`
	Limit  int               `koanf:"limit"`
	Quiet  bool              `koanf:"quiet"`
	Header map[string]string `koanf:"header"`
	Proxy  struct {
		Host string `koanf:"host"`
	} `koanf:"proxy"`
}

func TestDecode(t *testing.T) {
	got := settings{Name: "default", Limit: 3}
	setup := Setup{Settings: map[string]any{
		"webhook_url": "https://example.com/x", "to": []any{"a", "b"}, "every": "1m30s", "quiet": true,
		"header": map[string]any{"X-A": "1"}, "proxy": map[string]any{"host": "h"}, "limit": 5,
	}}
	if err := setup.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.URL.Reveal() != "https://example.com/x" || got.Name != "default" || !slices.Equal(got.To, []string{"a", "b"}) ||
		got.Every != 90*time.Second || got.Limit != 5 || !got.Quiet || got.Header["X-A"] != "1" || got.Proxy.Host != "h" {
		t.Errorf("Decode gives %+v", got)
	}
}

func TestDecodeReportsEveryFault(t *testing.T) {
	const secret = "s3cr3t-value"
	for _, c := range []struct {
		name string
		in   map[string]any
		want []string // "key: problem", in any order
	}{
		{"unknown", map[string]any{"urll": secret}, []string{"urll: unknown setting"}},
		{"two unknown", map[string]any{"b": 1, "a": 1}, []string{"a: unknown setting", "b: unknown setting"}},
		{"unknown below", map[string]any{"proxy": map[string]any{"hosst": "x"}}, []string{"proxy.hosst: unknown setting"}},
		{"text for a number", map[string]any{"limit": secret}, []string{"limit: want a number, have a text"}},
		{"number for a text", map[string]any{"name": 5}, []string{"name: want a text, have a number; put it in quotes"}},
		{"number for a secret", map[string]any{"webhook_url": 12345}, []string{"webhook_url: want a text, have a number; put it in quotes"}},
		{"list for a secret", map[string]any{"webhook_url": []any{secret}}, []string{"webhook_url: want a text, have a list"}},
		{"mapping for a switch", map[string]any{"quiet": map[string]any{"x": secret}}, []string{"quiet: want true or false, have a mapping"}},
		{"number in a list", map[string]any{"to": []any{"a", 5}}, []string{"to[1]: want a text, have a number; put it in quotes"}},
		{"several", map[string]any{"limit": true, "name": []any{}, "x": 1}, []string{
			"limit: want a number, have true or false", "name: want a text, have a list", "x: unknown setting",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Decode(c.in, &settings{})
			var got []string
			for _, fault := range SettingErrors(err) {
				got = append(got, fault.Error())
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("Decode reports\n%q, want\n%q", got, c.want)
			}
			if shown := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(shown, secret) {
				t.Errorf("the value is shown in %s", shown)
			}
		})
	}
	for _, in := range []map[string]any{{"to": secret}, {"every": secret}, {"proxy": secret}, {"header": 5}} {
		for key := range in {
			faults := SettingErrors(Decode(in, &settings{}))
			if len(faults) != 1 || faults[0].Key != key || faults[0].Problem == "" {
				t.Errorf("%v is reported as %v", in, faults)
			}
		}
	}
}

func TestSettingErrors(t *testing.T) {
	a, b := Setting("a", "is %s", "wrong"), Setting("b", "too")
	got := SettingErrors(errors.Join(a, errors.Join(fmt.Errorf("wrapped: %w", b)), errors.New("other")))
	if len(got) != 3 || got[0].Error() != "a: is wrong" || got[1].Key != "b" || got[2].Key != "" || got[2].Problem != "other" {
		t.Errorf("SettingErrors = %v", got)
	}
	if got := SettingErrors(nil); got != nil {
		t.Errorf("SettingErrors(nil) = %v", got)
	}
}

func TestColor(t *testing.T) {
	seen := map[int]bool{}
	for _, l := range []bridge.Level{bridge.LevelInfo, bridge.LevelSuccess, bridge.LevelWarning, bridge.LevelDanger} {
		seen[Color(l)] = true
	}
	if len(seen) != 4 || Color("nonsense") != Color(bridge.LevelInfo) || Color("") != Color(bridge.LevelInfo) {
		t.Errorf("colours %v: want four, and that of info for anything else", seen)
	}
}
