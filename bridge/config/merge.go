package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// delimiter divides the keys of a path inside koanf. Names hold no slash.
const delimiter = "/"

// prefix starts the environment variables that override keys, and level divides
// their parts: BRIDGE_ADMIN__LISTEN is admin.listen.
const (
	prefix = "BRIDGE_"
	level  = "__"
)

// merge loads the file, and the environment over it. It gives the variables that
// it used by the paths that they override.
func merge(data []byte, environ []string) (values map[string]any, variables map[string]string, warnings []string, err error) {
	k := koanf.New(delimiter)
	if err := k.Load(rawbytes.Provider(data), yamlParser{}); err != nil {
		return nil, nil, nil, err
	}
	variables = map[string]string{}
	written := names{"sources": k.MapKeys("sources"), "sinks": k.MapKeys("sinks")}
	overrides := env.Provider(delimiter, env.Opt{
		Prefix:      prefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, list, ok := overriddenKey(name, written)
			switch {
			case name == prefix+"CONFIG":
				return "", nil
			case !ok:
				warnings = append(warnings, fmt.Sprintf("the environment variable %s overrides no key and is not used", name))
				return "", nil
			}
			variables[strings.ReplaceAll(key, delimiter, ".")] = name
			if list {
				return key, splitList(value)
			}
			return key, value
		},
	})
	if err := k.Load(overrides, nil); err != nil {
		return nil, nil, nil, fmt.Errorf("read the environment: %w", err)
	}
	return k.Raw(), variables, warnings, nil
}

// names are those that the file gives its sources and sinks.
type names map[string][]string

// spelled is how the file writes a name of a variable, in which a dash is an underscore:
// HR_MAIL is hr-mail, unless there is an hr_mail. It is the variable's own spelling if
// the file has no such name, or several.
func (n names) spelled(section, name string) string {
	found := ""
	for _, written := range n[section] {
		switch {
		case written == name:
			return name
		case strings.ReplaceAll(written, "-", "_") != name:
		case found != "":
			return name
		default:
			found = written
		}
	}
	return cmp.Or(found, name)
}

// overriddenKey is the key that a variable stands for. Others that begin in the
// same way are none of ours: Kubernetes sets some for a service named "bridge".
func overriddenKey(name string, written names) (key string, list, ok bool) {
	parts := strings.Split(strings.ToLower(strings.TrimPrefix(name, prefix)), level)
	last := parts[len(parts)-1]
	switch parts[0] {
	case "listen", "store", "templates", "timezone", "locale", "date_layout", "keep", "keep_dead", "give_up":
		ok = len(parts) == 1
	case "log", "traces":
		ok = len(parts) == 2
	case "admin":
		ok = len(parts) == 2 || len(parts) == 3 && (parts[1] == "oidc" || parts[1] == "proxy")
	case "sources", "sinks":
		if ok = len(parts) > 2; ok {
			parts[1] = written.spelled(parts[0], parts[1])
		}
	}
	list = last == "secrets" || parts[0] == "sinks" && last == "to" ||
		parts[0] == "admin" && slices.Contains([]string{"scopes", "view", "operate", "from"}, last)
	return strings.Join(parts, delimiter), list, ok
}

func splitList(value string) []any {
	var all []any
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// yamlParser reads YAML for koanf.
type yamlParser struct{}

// Unmarshal reads a mapping.
func (yamlParser) Unmarshal(data []byte) (map[string]any, error) {
	values := map[string]any{}
	if err := yaml.Unmarshal(data, &values); err != nil {
		return nil, err
	}
	return values, nil
}

// Marshal writes a mapping.
func (yamlParser) Marshal(values map[string]any) ([]byte, error) { return yaml.Marshal(values) }

// expander puts values in the place of references to the environment and to
// files.
type expander struct {
	*document
	dir  string
	env  map[string]string
	read []string // files

	warnings []string
}

// reference is ${NAME}, ${NAME:-default}, ${file:PATH}, or $${ for a literal ${.
var reference = regexp.MustCompile(`\$\$\{|\$\{([^}]*)\}`)

// expand goes through all values below a path.
func (e *expander) expand(path string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, inner := range v {
			all[key] = e.expand(join(path, key), inner)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i, inner := range v {
			all[i] = e.expand(fmt.Sprintf("%s[%d]", path, i), inner)
		}
		return all
	case string:
		return e.text(path, v)
	}
	return value
}

func (e *expander) text(path, text string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$${" {
			return "${"
		}
		inside := found[2 : len(found)-1]
		if file, ok := strings.CutPrefix(inside, "file:"); ok {
			return e.file(path, file)
		}
		name, fallback, hasFallback := strings.Cut(inside, ":-")
		if value, ok := e.env[name]; ok && (value != "" || !hasFallback) {
			return e.value(path, "the variable "+name, value)
		}
		if !hasFallback {
			e.atValue(path, "the environment variable %s is not set%s", name, bridge.DidYouMean(name, e.names()))
		}
		return fallback
	})
}

func (e *expander) names() []string {
	var all []string
	for name := range e.env {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// file reads a secret from a file, as orchestrators mount them.
func (e *expander) file(path, name string) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(e.dir, name)
	}
	e.read = append(e.read, name)
	data, err := os.ReadFile(name)
	if err != nil {
		e.atValue(path, "%v", err)
		return ""
	}
	return e.value(path, name, string(data))
}

// value takes off what an editor puts around a value, and a .env with the line breaks of
// Windows: nobody sees it, and a secret with it would fit no signature. What may be meant
// stays, with a warning.
func (e *expander) value(path, origin, value string) string {
	value = strings.TrimRight(strings.TrimPrefix(value, "\ufeff"), "\r\n")
	switch what := around(value); {
	case strings.ContainsRune(value, 0) || !utf8.ValidString(value):
		e.atValue(path, "%s is not text, or is saved as UTF-16; save it as UTF-8", origin)
	case what != "":
		e.warnings = append(e.warnings, fmt.Sprintf("%s: %s has %s, which the bridge takes for a part of the value; remove what is not", path, origin, what))
	}
	return value
}

// around names what stands around a value and is hardly meant: blanks or quotes; "" if
// there is nothing of the kind.
func around(value string) string {
	switch {
	case value != strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }):
		return "blanks around it"
	case len(value) > 1 && strings.ContainsAny(value[:1], `"'`) && value[len(value)-1] == value[0]:
		return "quotes around it"
	}
	return ""
}

func envMap(environ []string) map[string]string {
	all := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}
