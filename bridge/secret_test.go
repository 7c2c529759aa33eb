package bridge

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const hidden = "hunter2-token"

// holder has a secret as configuration structs have one.
type holder struct {
	Name   string            `json:"name" yaml:"name"`
	Key    Secret            `json:"key" yaml:"key"`
	Point  *Secret           `json:"point" yaml:"point"`
	Keys   []Secret          `json:"keys" yaml:"keys"`
	ByName map[string]Secret `json:"byName" yaml:"byName"`
}

type element struct{ Key Secret }

func newHolder() holder {
	s := Secret(hidden)
	return holder{Name: "n", Key: s, Point: &s, Keys: []Secret{s}, ByName: map[string]Secret{"a": s}}
}

func TestSecretIsNeverFormatted(t *testing.T) {
	s := Secret(hidden)
	for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X % x %#x %d %t %U %c %e %5s %-30q %.3s %z") {
		for _, value := range []any{s, &s, newHolder(), []Secret{s}, map[Secret]Secret{s: s}, [1]any{s}, errors.Join(fmt.Errorf("key %s", s))} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, hidden[:7]) || strings.Contains(strings.ToLower(got), "68756e746572") {
				t.Errorf("%s of %T shows it: %s", verb, value, got)
			}
		}
	}
	for name, got := range map[string]string{
		"Sprint": fmt.Sprint(s, newHolder()), "Sprintln": fmt.Sprintln(s), "Errorf": fmt.Errorf("a: %v", s).Error(), "Append": string(fmt.Append(nil, s)),
		"String": s.String(), "GoString": fmt.Sprintf("%#v", struct{ S Secret }{s}),
	} {
		if strings.Contains(got, hidden) {
			t.Errorf("%s shows it: %s", name, got)
		}
	}
}

func TestSecretIsNeverEncoded(t *testing.T) {
	h := newHolder()
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		log := slog.New(handler).With("key", h.Key)
		log.Info("m", "key", h.Key, "point", h.Point, "all", h, "list", h.Keys, slog.Group("g", "key", h.Key), "err", fmt.Errorf("bad %q", h.Key))
	}
	asJSON, jsonErr := json.Marshal(h)
	asYAML, yamlErr := yaml.Marshal(h)
	asXML, xmlErr := xml.Marshal(&element{h.Key})
	if err := errors.Join(jsonErr, yamlErr, xmlErr); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"JSON": string(asJSON), "YAML": string(asYAML), "XML": string(asXML), "slog": logged.String(),
	} {
		if strings.Contains(got, hidden) || !strings.Contains(got, Redacted) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSecret(t *testing.T) {
	if s := Secret(hidden); s.Reveal() != hidden || s.Empty() || s.String() != Redacted {
		t.Errorf("a secret reveals %q and prints as %q", s.Reveal(), s.String())
	}
	if s := Secret(""); !s.Empty() || s.String() != "" || fmt.Sprint(s) != "" {
		t.Errorf("an empty secret prints as %q", s.String())
	}
}
