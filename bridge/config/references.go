package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// expander replaces references to environment variables and files by their values.
type expander struct {
	*document
	dir  string
	env  map[string]string
	read []string // files

	warnings []string
}

// reference is ${NAME}, ${NAME:-default}, ${file:PATH}, or $${ for a literal ${.
var reference = regexp.MustCompile(`\$\$\{|\$\{([^}]*)\}`)

// expand replaces the references in all values below a path.
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

// file reads a value from a file, such as a secret that an orchestrator mounts.
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

// value removes the byte order mark and the line breaks that editors add. They are
// invisible, and with them a secret would match no signature. Blanks and quotes may be
// intended: they stay, with a warning.
func (e *expander) value(path, origin, value string) string {
	value = strings.TrimRight(strings.TrimPrefix(value, "\ufeff"), "\r\n")
	switch what := around(value); {
	case strings.ContainsRune(value, 0) || !utf8.ValidString(value):
		e.atValue(path, "%s is not text, or is saved as UTF-16; save it as UTF-8", origin)
	case what != "":
		e.warnings = append(e.warnings, fmt.Sprintf("%s: %s has %s; the bridge treats them as part of the value, so remove them if they are not", path, origin, what))
	}
	return value
}

// around names the blanks or quotes around a value, which are probably a mistake, or "".
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
