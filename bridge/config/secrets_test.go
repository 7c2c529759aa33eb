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

func TestStoreKeys(t *testing.T) {
	const api = "region: us, key: k, "
	const oauth = api + "oauth: { token_url: 'https://a.invalid/oauth/token', client_id: c, client_secret: s }"
	const good = "6f1c0f0b9f7a4f4bb8f0d9a3f2b1c0de"
	text := func(keys, api string) string {
		return keys + "\nsources: { a: { path: /a, secrets: [ one-of-sixteen-and-more ], api: { " + api + " } } }" +
			"\nsinks: { c: { type: console } }\nroutes: [ { name: r, events: [ '*' ], to: [ c ] } ]\n"
	}
	for _, c := range []struct {
		keys, api string
		warning   string
	}{
		{"", oauth, "are stored unencrypted in the database and its backups: set store_keys"},
		{"store_keys: []", oauth, "set store_keys"},
		{"store_keys: [ " + good + " ]", oauth, ""},
		{"", api + "username: u, password: p", ""},
	} {
		said := strings.Join(parseText(t, text(c.keys, c.api)).Warnings, "\n")
		if said != "" != (c.warning != "") || !strings.Contains(said, c.warning) {
			t.Errorf("%q: warnings %q", c.keys, said)
		}
	}
	for keys, want := range map[string]string{
		"[ " + good + ", short-key ]": "store_keys[1]: can be guessed: it has 9 characters, and needs at least 32",
		"[ '' ]":                      "store_keys[0]: can be guessed: it has 0 characters",
		"[ abababababababababababababababababa ]": "store_keys[0]: can be guessed: it has only 2 different characters",
		"[ ' " + good + "' ]":                     "store_keys[0]: begins or ends with a blank",
	} {
		_, err := Parse("bridge.yaml", []byte(text("store_keys: "+keys, oauth)), nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "1:") || strings.Contains(err.Error(), good) || strings.Contains(err.Error(), "short-key") {
			t.Errorf("%s: %v, want %q", keys, err, want)
		}
	}
}
