package googlechat

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite schema.json from the discovery document")

// discoveryType is a schema of Google's discovery format, as far as it is used.
type discoveryType struct {
	Ref        string `json:"$ref"`
	Type       string
	Enum       []string
	Items      *discoveryType
	Properties map[string]discoveryType
}

func (d discoveryType) kind() string {
	switch {
	case d.Ref != "":
		return d.Ref
	case d.Items != nil:
		return "[]" + d.Items.kind()
	case d.Enum != nil:
		return "enum " + strings.Join(d.Enum, " ")
	}
	return d.Type
}

// reduce keeps of the document what a message of a webhook may hold. Other keys
// of a message are known, but nobody looks into them.
func reduce(schemas map[string]discoveryType, name string, into schema) {
	if _, done := into[name]; done || schemas[name].Properties == nil {
		return
	}
	into[name] = map[string]string{}
	sent := []string{"text", "cardsV2", "thread", "fallbackText", "accessoryWidgets", "markupSyntax"}
	for key, property := range schemas[name].Properties {
		if name == "Message" && !slices.Contains(sent, key) {
			into[name][key] = "any"
			continue
		}
		into[name][key] = property.kind()
		reduce(schemas, strings.TrimLeft(property.kind(), "[]"), into)
	}
}

// TestSchemaIsGoogles compares the embedded schema with the discovery document
// that Google's own client library carries.
func TestSchemaIsGoogles(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil || strings.TrimSpace(string(dir)) == "" {
		t.Skip("the module google.golang.org/api is not downloaded: run go mod download google.golang.org/api")
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "chat", "v1", "chat-api.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Schemas map[string]discoveryType }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	want := schema{}
	reduce(document.Schemas, "Message", want)
	if *update {
		out, err := json.MarshalIndent(want, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("schema.json", append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := loadSchema(); !maps.EqualFunc(got, want, maps.Equal[map[string]string]) {
		t.Error("schema.json differs from the discovery document; run this test with -update and see what changed")
	}
}
