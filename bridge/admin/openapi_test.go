package admin

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func described(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// Every handler is described, and nothing else is.
func TestEveryRouteIsDescribed(t *testing.T) {
	doc := described(t)
	var have []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			have = append(have, method+" "+path)
			role := "view"
			if method != http.MethodGet {
				role = "operate"
			}
			if op.Extensions["x-role"] != role || op.OperationID == "" || op.Summary == "" {
				t.Errorf("%s %s: role %v, id %q, summary %q", method, path, op.Extensions["x-role"], op.OperationID, op.Summary)
			}
		}
	}
	slices.Sort(have)
	if want := slices.Sorted(maps.Keys(NewService(Options{}).routes())); !slices.Equal(have, want) {
		t.Errorf("openapi.json describes\n%s\nthe handlers are\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// Every field of every request and answer is described, and nothing else is.
func TestEveryFieldIsDescribed(t *testing.T) {
	doc := described(t)
	types := map[string]any{
		"Error": Error{}, "About": About{}, "Selection": Selection{}, "Changed": Changed{}, "Counted": Counted{}, "DeliveryRow": store.DeliveryRow{},
		"DeliveryLine": DeliveryLine{}, "AttemptRow": store.AttemptRow{}, "Message": Message{}, "DeliveryView": DeliveryView{}, "EventRow": store.EventRow{},
		"Call": bridge.LookupCall{}, "Trace": bridge.LookupTrace{}, "Verdict": bridge.Verdict{}, "EventView": EventView{}, "Refusals": intake.Refusals{},
		"SourceView": SourceView{}, "Unanswered": bridge.UnansweredLookup{}, "Step": Step{}, "Setup": Setup{}, "Window": Window{}, "Login": Login{}, "Captured": Captured{}, "Value": absorb.Value{}, "Need": absorb.Need{}, "Inspection": Inspection{},
		"Problem": Problem{}, "SinkView": SinkView{}, "Routing": Routing{}, "Slice": Slice{}, "Overview": Overview{}, "Cause": Cause{},
		"Setting": Setting{}, "Fault": Fault{}, "Configuration": Configuration{}, "Audit": store.Audit{},
	}
	for name := range doc.Components.Schemas {
		if types[name] == nil {
			t.Errorf("%s is described, but this test does not list it", name)
		}
	}
	for name, of := range types {
		schema := doc.Components.Schemas[name]
		if schema == nil {
			t.Errorf("%s is not described", name)
			continue
		}
		want := fields(reflect.TypeOf(of))
		if have := slices.Sorted(maps.Keys(schema.Value.Properties)); !slices.Equal(have, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s is described with %v, but has %v", name, have, slices.Sorted(maps.Keys(want)))
		}
		if name == "Selection" {
			continue // every field is optional
		}
		for field, always := range want {
			if required := slices.Contains(schema.Value.Required, field); required && !always {
				t.Errorf("%s: %s is described as required, but is optional", name, field)
			}
		}
	}
}

// fields returns the JSON names of a type's fields, and whether each is always present.
func fields(t reflect.Type) map[string]bool {
	all := map[string]bool{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case f.Anonymous && name == "":
			maps.Copy(all, fields(f.Type))
		default:
			all[name] = options == ""
		}
	}
	return all
}
