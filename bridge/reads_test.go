package bridge_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func reading(expressions ...string) *bridge.Reads {
	r := bridge.NewReads()
	for _, e := range expressions {
		r.Note(e)
	}
	return r
}

// Long texts are cut, those that nobody reads more than the others. What cannot be known
// counts as read.
func TestShorten(t *testing.T) {
	long := strings.Repeat("é", 10_000)
	for name, c := range map[string]struct {
		reads *bridge.Reads
		field string
		bytes int
	}{
		"read":             {reading("{{ .course.description }}"), "description", 4096},
		"read in a chain":  {reading(`{{ index .course "description" }}`), "description", 4096},
		"by a condition":   {reading(`course.description contains "knots"`), "description", 4096},
		"not read":         {reading("{{ .course.name }}"), "description", 200},
		"a name":           {reading(), "vendorName", 4096},
		"printed whole":    {reading("{{ toJson .course }}"), "description", 4096},
		"each value":       {reading("{{ range $k, $v := .course }}"), "description", 4096},
		"a word alone":     {reading("{{ .jsonFile }}"), "description", 200},
		"nobody said":      {nil, "description", 4096},
		"of another's set": {func() *bridge.Reads { r := reading(); r.Add(reading("{{ .x.description }}")); return r }(), "description", 4096},
	} {
		v := c.reads.Shorten(map[string]any{"parts": []any{map[string]any{c.field: long, "n": json.Number("1")}}})
		got := v.(map[string]any)["parts"].([]any)[0].(map[string]any)[c.field].(string)
		if want := long[:c.bytes] + "…"; got != want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
	if got := reading().Shorten(long[:512]); got != long[:512] {
		t.Error("a text that is not long was cut")
	}
}

func TestOnly(t *testing.T) {
	facts := map[string]any{
		"source": "production",
		"event":  map[string]any{"id": "e", "courseId": "c", "body": map[string]any{"extra": "x", "score": "7"}},
		"course": map[string]any{"name": "Knots", "description": "long", "vendor": nil, "tags": []any{map[string]any{"colour": "red", "id": "t"}}},
		"user":   map[string]any{"customFields": map[string]any{"string1": "x"}},
	}
	want := map[string]any{
		"source": "production",
		"event":  map[string]any{"id": "e", "courseId": "c", "body": map[string]any{"score": "7"}},
		"course": map[string]any{"name": "Knots", "tags": []any{map[string]any{"id": "t"}}},
	}
	before := fmt.Sprint(facts)
	if got := reading("{{ .event.body.score }}").Only(facts); !reflect.DeepEqual(got, want) || fmt.Sprint(facts) != before {
		t.Errorf("%v", got)
	}
	for name, all := range map[string]*bridge.Reads{"nobody said": nil, "all": reading("json")} {
		if got := all.Only(facts); !reflect.DeepEqual(got, facts) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
