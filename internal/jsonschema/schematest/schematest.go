// Package schematest is what the tests of schemas share.
package schematest

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	ours "github.com/absorb-bridge/absorb-bridge/internal/jsonschema"
)

// Current compares a schema that was made anew with its file, or writes the file.
func Current(t *testing.T, file string, made ours.Schema, update bool) {
	t.Helper()
	text, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != string(text) {
		t.Errorf("%s is not what the code and the manual say (go test -run Schema -update writes it anew): %v", file, err)
	}
}

// Compile gives a function that validates YAML, as an editor would.
func Compile(t *testing.T, schema string) (fits func(text string) error) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) error {
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			return err
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(plain)
	}
}
