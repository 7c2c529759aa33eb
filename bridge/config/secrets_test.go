package config

import (
	"strings"
	"testing"
)

func TestSharedSecrets(t *testing.T) {
	const rest = "\nsinks: { c: { type: console } }\nroutes: [ { name: r, events: [ '*' ], to: [ c ] } ]\n"
	const one, two, three = "one-of-sixteen-and-more", "two-of-sixteen-and-more", "three-of-sixteen-and-more"
	for name, c := range map[string]struct {
		sources  string
		warnings []string
		families string
	}{
		"each its own":    {"a: { path: /a, secrets: [ " + one + " ] }, b: { path: /b, secrets: [ " + two + " ] }", nil, "a b"},
		"one for two":     {"a: { path: /a, secrets: [ " + one + " ] }, b: { path: /b, secrets: [ " + one + " ] }", []string{"sources a and b share a secret"}, "a a"},
		"one of several":  {"a: { path: /a, secrets: [ " + one + ", " + two + " ] }, b: { path: /b, secrets: [ " + three + ", " + two + " ] }", []string{"sources a and b share a secret"}, "a a"},
		"in another form": {"a: { path: /a, secrets: [ " + one + " ] }, b: { path: /b, secrets: [ b25lLW9mLXNpeHRlZW4tYW5kLW1vcmU= ], secret_encoding: base64 }", []string{"sources a and b share a secret"}, "a a"},
		"by a third": {"a: { path: /a, secrets: [ " + one + " ] }, b: { path: /b, secrets: [ " + two + " ] }, c: { path: /c, secrets: [ " + one + ", " + two + " ] }",
			[]string{"sources a and c share a secret", "sources b and c share a secret"}, "a a a"},
		"none on a live path": {"a: { path: /a, secrets: [ " + one + " ] }, b: { path: /a }", []string{"source b has no secret yet", "source b has no secret and shares the path /a with a"}, "a b"},
		"none by itself":      {"a: { path: /a, secrets: [ " + one + " ] }, b: { path: /b }", []string{"source b has no secret yet"}, "a b"},
	} {
		config := parseText(t, "sources: { "+c.sources+" }"+rest)
		var families []string
		for _, s := range config.Sources {
			families = append(families, s.Family)
		}
		if got := strings.Join(families, " "); got != c.families {
			t.Errorf("%s: families %s, want %s", name, got, c.families)
		}
		said := strings.Join(config.Warnings, "\n")
		if len(config.Warnings) != len(c.warnings) || strings.Contains(said, "sixteen") {
			t.Errorf("%s: warnings %q", name, config.Warnings)
		}
		for _, want := range c.warnings {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q lacks %q", name, said, want)
			}
		}
	}
}
