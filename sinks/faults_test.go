package sinks_test

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// TestFaultsHaveOneOrder gives every sink type settings that are wrong together, and reads
// them again and again: the faults must always be the same, in the same order.
func TestFaultsHaveOneOrder(t *testing.T) {
	mapping := map[string]any{"b": "x\n", "a": "y\n", "c\n": "z"}
	kinds := map[reflect.Kind]any{
		reflect.String: "no such\nvalue", reflect.Int: -1, reflect.Pointer: -1, reflect.Bool: true, reflect.Slice: []any{"one\n", "two\n"}, reflect.Map: mapping,
	}
	for name, typ := range sinks.Types() {
		wrong, odd := map[string]any{}, map[string]any{}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(typ.Config)) {
			if key := field.Tag.Get("koanf"); key != "" {
				odd[key] = mapping // of another kind than most settings are
				if value, known := kinds[field.Type.Kind()]; known {
					wrong[key] = value
				}
			}
		}
		for _, all := range []map[string]any{wrong, odd} {
			for _, without := range append(slices.Sorted(maps.Keys(all)), "") { // some settings decide how others are read
				settings := maps.Clone(all)
				delete(settings, without)
				sameFaults(t, name, typ, settings)
			}
		}
	}
}

// sameFaults reads settings 20 times.
func sameFaults(t *testing.T, name string, typ kit.Type, settings map[string]any) {
	t.Helper()
	var first string
	for i := range 20 {
		_, err := typ.New(kit.Setup{Name: "new", Settings: settings, Client: http.DefaultClient})
		if i == 0 {
			first = fmt.Sprint(err)
		} else if again := fmt.Sprint(err); again != first {
			t.Errorf("%s: the same settings have the faults\n%s\nand then\n%s", name, first, again)
			return
		}
	}
}
