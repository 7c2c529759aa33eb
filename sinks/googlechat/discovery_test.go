package googlechat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	chat "google.golang.org/api/chat/v1"
)

// schema is a type in Google's discovery document.
type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Properties map[string]schema
	Items      *schema
	Enum       []string
	ReadOnly   bool
}

// discovery is the document that Google's own library was generated from. It
// comes with that library, which only tests import.
var discovery = sync.OnceValues(func() (map[string]schema, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		return nil, fmt.Errorf("find google.golang.org/api: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "chat", "v1", "chat-api.json"))
	if err != nil {
		return nil, err
	}
	var document struct{ Schemas map[string]schema }
	return document.Schemas, json.Unmarshal(data, &document)
})

// discovered fails the test if Google's API would not know a payload: by the
// types of its library, and by its discovery document, which also knows which
// values and which keys may be set.
func discovered(t *testing.T, body []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(new(chat.Message)); err != nil {
		t.Errorf("Google's library: %v", err)
	}
	schemas, err := discovery()
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	conforms(t, schemas, schemas["Message"], value, "message")
}

func conforms(t *testing.T, all map[string]schema, s schema, value any, at string) {
	t.Helper()
	if s.Ref != "" {
		s = all[s.Ref]
	}
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			p, known := s.Properties[key]
			if !known || p.ReadOnly {
				t.Errorf("%s.%s cannot be set (known: %v)", at, key, known)
				continue
			}
			conforms(t, all, p, inner, at+"."+key)
		}
	case []any:
		if s.Items == nil {
			t.Errorf("%s is no list", at)
			return
		}
		for i, inner := range v {
			conforms(t, all, *s.Items, inner, fmt.Sprintf("%s[%d]", at, i))
		}
	case string:
		if s.Type != "string" || len(s.Enum) > 0 && !strings.Contains(" "+strings.Join(s.Enum, " ")+" ", " "+v+" ") {
			t.Errorf("%s: %.40q is not of type %s %v", at, v, s.Type, s.Enum)
		}
	case bool:
		if s.Type != "boolean" {
			t.Errorf("%s: want %s", at, s.Type)
		}
	}
}

// TestNativeKeysAreGoogles: whatever may be set in a message is known to the check
// of native parts, and nothing else.
func TestNativeKeysAreGoogles(t *testing.T) {
	schemas, err := discovery()
	if err != nil {
		t.Fatal(err)
	}
	for name, like := range map[string]any{
		"Message": nativeMessage{}, "CardWithId": nativeCardWithID{}, "GoogleAppsCardV1Card": nativeCard{}, "GoogleAppsCardV1CardHeader": nativeHeader{},
		"GoogleAppsCardV1Section": nativeSection{}, "GoogleAppsCardV1Widget": nativeWidget{},
	} {
		ours := map[string]bool{}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(like)) {
			key := f.Tag.Get("json")
			ours[key] = true
			if _, ok := schemas[name].Properties[key]; !ok {
				t.Errorf("%s has no key %s", name, key)
			}
		}
		for key, property := range schemas[name].Properties {
			if !ours[key] && !property.ReadOnly {
				t.Errorf("%s: the check does not know %s", name, key)
			}
		}
	}
}
