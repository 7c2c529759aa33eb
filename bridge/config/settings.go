package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Setting is one value of the configuration as it was written, and its origin. A possible
// secret is hidden.
type Setting struct {
	Key    string // such as routes[0].to[1]
	Value  string // references to the environment and to files are not replaced
	Origin string // the file, the environment variable, or "default"
	Line   int    // in the file; 0 elsewhere
}

// hiddenValue replaces a possible secret of any length.
const hiddenValue = "••••••••"

// settings lists the merged values in the order of the file, and then the defaults of
// missing keys.
func (d *document) settings(values map[string]any) []Setting {
	l := &lister{document: d}
	l.list("", values)
	l.defaults("", reflect.ValueOf(defaults()), values)
	return l.all
}

type lister struct {
	*document
	all []Setting
}

func (l *lister) list(path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		var keys []string
		for key := range v {
			keys = append(keys, key)
		}
		for _, key := range l.names(path, keys) {
			l.list(join(path, key), v[key])
		}
	case []any:
		for i, inner := range v {
			l.list(element(path, i), inner)
		}
	default:
		s := Setting{Key: path, Value: shown(path, value), Origin: l.name}
		if at := l.places[path]; at != nil {
			s.Line = at.Line
		}
		if name, ok := l.variable(path); ok {
			s.Origin, s.Line = name, 0
		}
		l.all = append(l.all, s)
	}
}

// variable returns the environment variable that set a value.
func (l *lister) variable(path string) (name string, ok bool) {
	for ; path != ""; path = parent(path) {
		if name, ok = l.variables[path]; ok {
			return name, true
		}
	}
	return "", false
}

func (l *lister) defaults(path string, of reflect.Value, have map[string]any) {
	for field, value := range of.Fields() {
		name := field.Tag.Get("koanf")
		written, ok := have[name]
		inner, _ := written.(map[string]any)
		switch {
		case field.Type.Kind() == reflect.Struct:
			l.defaults(join(path, name), value, inner)
		case !ok && (value.Kind() == reflect.String || value.Kind() == reflect.Int) && !value.IsZero():
			l.all = append(l.all, Setting{Key: join(path, name), Value: fmt.Sprint(value), Origin: "default"})
		}
	}
}

// lastKey returns the key of a value, or of the list that contains it. It returns "path",
// a key that may be shown, for the values of a source's fields and for admin.url.
func lastKey(path string) string {
	for strings.HasSuffix(path, "]") { // an element of a list
		path = parent(path)
	}
	last := leaf(path)
	if strings.HasSuffix(parent(path), ".fields") || path == "admin.url" {
		return "path"
	}
	return last
}

// aReference matches a reference without its default, which may be a secret.
var aReference = regexp.MustCompile(`\$\{[^}:]*(?::-|\}|:[^}-][^}]*\})`)

// shown returns a value with possible secrets hidden.
func shown(path string, value any) string {
	text := fmt.Sprint(value)
	_, isBool := value.(bool)
	if value == nil || text == "" || isBool || plainKey.MatchString(lastKey(path)) && !credentials.MatchString(text) {
		return text
	}
	parts := []string{}
	for _, found := range aReference.FindAllString(text, -1) {
		if name, ok := strings.CutSuffix(found, ":-"); ok {
			found = name + ":-" + hiddenValue + "}"
		}
		parts = append(parts, found)
	}
	if aReference.ReplaceAllString(text, "") != "" && !slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, hiddenValue) }) {
		parts = append(parts, hiddenValue)
	}
	return strings.Join(parts, "")
}
