package kit

import (
	"reflect"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Field is a setting of a sink type as its Config describes it.
type Field struct {
	Key    string
	Need   string // always, perhaps, "with OTHER" (if that is set), "or OTHER" (one of the two), or ""
	Ask    string // what somebody is asked for it
	Secret bool   // it is a Secret, or holds them
	List   bool
}

// Fields lists the settings in a Type's Config, in their order.
func Fields(config any) []Field {
	t := reflect.TypeOf(config)
	if t == nil {
		return nil
	}
	var all []Field
	for f := range t.Fields() {
		inner := f.Type
		if inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map {
			inner = inner.Elem()
		}
		all = append(all, Field{
			Key: f.Tag.Get("koanf"), Need: f.Tag.Get("need"), Ask: f.Tag.Get("ask"),
			Secret: inner == reflect.TypeFor[bridge.Secret](), List: f.Type.Kind() == reflect.Slice,
		})
	}
	return all
}

// With is the setting that this one goes with, or "".
func (f Field) With() string {
	other, _ := strings.CutPrefix(f.Need, "with ")
	return unless(other, f.Need)
}

// Or is the setting that may take this one's place, or "".
func (f Field) Or() string {
	other, _ := strings.CutPrefix(f.Need, "or ")
	return unless(other, f.Need)
}

func unless(other, need string) string {
	if other == need {
		return ""
	}
	return other
}
