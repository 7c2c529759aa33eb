// Package jsonschema makes JSON schemas (draft 7, which editors understand best) of
// the structs that settings are read into.
//
// It is our own and small because of what is special here: a value may be a
// reference such as ${NAME} whatever its type, a key that is left empty counts as
// not written, and what a key means stands in the manual's tables.
package jsonschema

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Draft is the dialect, for the top of a schema.
const Draft = "http://json-schema.org/draft-07/schema#"

// Reference finds a reference to the environment or to a file in a text.
const Reference = `\$\{`

// Schema is a JSON schema.
type Schema map[string]any

// Options says what a struct's types do not.
type Options struct {
	Describe func(key string) string // what a key means; "" when nobody knows
	Named    map[string]Schema       // in place of what the type says, by key
	Required []string                // keys that must be there; those with the tag need:"always" anyway
}

// Object is the schema of a struct that settings are read into, by these tags:
//
//	koanf:"key"          the setting's key
//	need:"always"        it must be there; also "with OTHER", if that is, and "or OTHER"
//	enum:"one,two"       its only values
//	list:"or text"       one text may stand for a list of one
//
// The values that the struct holds are the defaults.
func Object(settings any, o Options) Schema {
	v := reflect.Indirect(reflect.ValueOf(settings))
	b := builder{Options: o, properties: Schema{}, required: append([]string{}, o.Required...)}
	for i := range v.NumField() {
		b.add(v.Type().Field(i), v.Field(i))
	}
	s := Mapping(b.properties, b.required...)
	if len(b.needs) > 0 {
		s["allOf"] = b.needs
	}
	return s
}

// Mapping is a mapping of known keys, of which some must be there. The others may
// be left empty.
func Mapping(properties Schema, required ...string) Schema {
	for key, p := range properties {
		if !slices.Contains(required, key) {
			properties[key] = nullable(p.(Schema))
		}
	}
	s := Schema{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

type builder struct {
	Options
	properties Schema
	required   []string
	needs      []Schema
}

func (b *builder) add(f reflect.StructField, value reflect.Value) {
	key := f.Tag.Get("koanf")
	s, named := b.Named[key]
	if !named {
		s = b.typed(f, value)
	}
	if b.Describe != nil {
		if words := b.Describe(key); words != "" {
			s = With(s, "description", words)
		}
	}
	if k := value.Kind(); (k == reflect.String || k == reflect.Bool || k == reflect.Int) && !value.IsZero() {
		s = With(s, "default", value.Interface())
	}
	b.properties[key] = s
	when, other, _ := strings.Cut(f.Tag.Get("need"), " ")
	switch when {
	case "always":
		b.required = append(b.required, key)
	case "with":
		b.needs = append(b.needs, Schema{"dependencies": Schema{other: []string{key}}})
	case "or":
		b.needs = append(b.needs, Schema{"anyOf": []Schema{{"required": []string{key}}, {"required": []string{other}}}})
	}
}

func (b *builder) typed(f reflect.StructField, value reflect.Value) Schema {
	if values := f.Tag.Get("enum"); values != "" {
		return OneOf(strings.Split(values, ",")...)
	}
	if f.Tag.Get("list") != "" {
		return Any(Text(), List(Text()))
	}
	if f.Type.Kind() == reflect.Struct {
		return Object(value.Interface(), Options{
			Describe: func(key string) string { return b.Describe(f.Tag.Get("koanf") + "." + key) },
			Named:    below(b.Named, f.Tag.Get("koanf")+"."),
		})
	}
	return ofType(f.Type)
}

// below are the schemas of keys that begin with a prefix, without it.
func below(all map[string]Schema, prefix string) map[string]Schema {
	inner := map[string]Schema{}
	for key, s := range all {
		if key, ok := strings.CutPrefix(key, prefix); ok {
			inner[key] = s
		}
	}
	return inner
}

func ofType(t reflect.Type) Schema {
	switch t.Kind() {
	case reflect.String:
		return Text()
	case reflect.Bool:
		return Any(Schema{"type": "boolean"}, Matching(`^(?:true|false)$`))
	case reflect.Int:
		return Any(Schema{"type": "integer", "minimum": 0}, Matching(`^[0-9]+$`))
	case reflect.Pointer:
		return ofType(t.Elem())
	case reflect.Slice:
		return List(ofType(t.Elem()))
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": ofType(t.Elem())}
	}
	return Schema{}
}

// With is the schema with one more keyword.
func With(s Schema, keyword string, value any) Schema {
	s = maps.Clone(s)
	s[keyword] = value
	return s
}

// Text is any text.
func Text() Schema { return Schema{"type": "string"} }

// Matching is a text that fits a pattern, or a reference.
func Matching(pattern string) Schema {
	return Schema{"type": "string", "pattern": pattern + "|" + Reference}
}

// OneOf is one of some texts, or a reference.
func OneOf(values ...string) Schema {
	return Any(Schema{"enum": values}, Schema{"type": "string", "pattern": Reference})
}

// List is a list of things.
func List(of Schema) Schema { return Schema{"type": "array", "items": of} }

// Any is what fits one of some schemas.
func Any(of ...Schema) Schema { return Schema{"anyOf": of} }

// nullable is the schema of a key that may be left empty: with nothing behind it,
// or with an empty text.
func nullable(s Schema) Schema {
	switch {
	case s["type"] == "string" && s["pattern"] == nil:
		return With(s, "type", []string{"string", "null"})
	case s["anyOf"] != nil:
		return With(s, "anyOf", append(append([]Schema{}, s["anyOf"].([]Schema)...), Schema{"enum": []any{nil, ""}}))
	case len(s) == 0:
		return s
	}
	inner, outer := Schema{}, Schema{}
	for k, v := range s {
		if k == "description" || k == "default" {
			outer[k] = v
		} else {
			inner[k] = v
		}
	}
	outer["anyOf"] = []Schema{inner, {"enum": []any{nil, ""}}}
	return outer
}
