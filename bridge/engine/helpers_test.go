package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/templates"
)

// builtInWords are the words of the built-in templates.
func builtInWords(t testing.TB) *locale.Language {
	t.Helper()
	source, err := templates.Files.ReadFile(locale.File)
	if err != nil {
		t.Fatal(err)
	}
	r, top, _ := yamlfile.NewReader(locale.File, source)
	words := locale.New("en")
	words.Read(r, top)
	if err := r.Problems.Err(); err != nil {
		t.Fatal(err)
	}
	return words
}

// escapes are the ways in which the sinks escape values in native parts.
func escapes() map[string]func(string) string {
	all := map[string]func(string) string{}
	for name, kind := range sinks.Types() {
		all[name] = kind.Escape
	}
	return all
}

func factsOf(t *testing.T, source string) (facts bridge.Facts) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(source))
	d.UseNumber()
	if err := d.Decode(&facts); err != nil {
		t.Fatal(err)
	}
	return facts
}
