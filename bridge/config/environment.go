package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
)

// delimiter separates the keys of a path inside koanf. Names contain no slash.
const delimiter = "/"

// prefix begins the environment variables that override keys, and level separates
// their parts: BRIDGE_ADMIN__LISTEN is admin.listen.
const (
	prefix = "BRIDGE_"
	level  = "__"
)

// merge loads the file and lets the environment override it. variables contains the
// names of the variables that it used, by the paths that they override.
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
				warnings = append(warnings, fmt.Sprintf("the environment variable %s is ignored: it matches no key", name))
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

// names are the names of sources and sinks in the file, by section.
type names map[string][]string

// spelled returns the file's spelling of a name in a variable, where an underscore may
// stand for a dash: HR_MAIL is hr-mail, unless there is an hr_mail. If the file has no
// such name, or several, it returns the variable's spelling.
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

// overriddenKey returns the key that a variable overrides. Other programs set variables
// with the same prefix: Kubernetes does for a service named "bridge".
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
