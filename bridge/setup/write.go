package setup

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Variable is an environment variable that the configuration refers to.
type Variable struct {
	Name, Value string // the value is a placeholder in the right form, unless Given
	About       string
	Given       bool // the value is the real one
}

// Files are the results: the configuration, and the variables that it needs.
type Files struct {
	Config      string
	Environment []Variable
}

// Write returns the configuration. It checks it with the variables set, as serve would.
func (a Answers) Write() (Files, error) {
	w := &writer{}
	w.head(a)
	w.source(a)
	w.line("\n# The destinations of messages. You choose the name of each sink.\nsinks:")
	for _, s := range a.Sinks {
		w.sink(s)
	}
	w.routes(a.Sinks)
	f := Files{Config: w.text.String(), Environment: w.variables}
	var environ []string
	for _, v := range f.Environment {
		environ = append(environ, v.Name+"="+v.Value)
	}
	if _, err := config.Parse("bridge.yaml", []byte(f.Config), environ); err != nil {
		return f, fmt.Errorf("the configuration from these answers is not valid:\n%w", err)
	}
	return f, nil
}

type writer struct {
	text      strings.Builder
	variables []Variable
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

// setting writes a reference to a variable, whose value is a placeholder.
func (w *writer) setting(indent, key, name, about string) {
	w.line("%s%s: %s", indent, key, quote("${"+name+"}"))
	w.variables = append(w.variables, Variable{Name: name, Value: config.MadeUp, About: about})
}

// quote returns a text in YAML's double quotes, which are the same as JSON's.
func quote(text string) string {
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	_ = out.Encode(text) // encoding a string cannot fail
	return strings.TrimSpace(b.String())
}

func (w *writer) head(a Answers) {
	w.line(`# yaml-language-server: $schema=./bridge.schema.json
#
# The configuration of absorb-bridge, written by absorb-bridge init. ${NAME} is replaced
# by an environment variable. docs/configuration.md explains every key. Check changes
# with: absorb-bridge check

# The address that receives Absorb's webhooks. Put a TLS proxy in front of it.
listen: ":8080"

# The file that stores events and deliveries. It must be on a local disk.
store: ./data/bridge.db`)
	if a.API != "" && a.Login == ByOAuth {
		w.line("# Encrypts the API's tokens in that file.\nstore_keys: [ \"${ABSORB_STORE_KEY}\" ]")
		w.variables = append(w.variables, Variable{Name: "ABSORB_STORE_KEY", Value: rand.Text() + rand.Text(), About: "encrypts the tokens in the store; do not keep it beside backups of the store", Given: true})
	}
	w.line(`
# The portals that send webhooks. You choose the name of each source.
sources:
  production:`)
	if a.URL == "" {
		w.line("    # The path of the webhook's URL, such as https://bridge.example.com/absorb")
	} else {
		w.line("    # The path of the webhook's URL: %s", bridge.CleanLine(a.URL))
	}
	w.line("    path: %s", quote(a.path()))
}

func (w *writer) source(a Answers) {
	w.line(`    # The Secret Key that the portal shows after you save the webhook. Until then use
    # secrets: []; the bridge then delivers nothing.
    secrets:
      - "${ABSORB_SECRET}"`)
	w.variables = append(w.variables, Variable{Name: "ABSORB_SECRET", Value: config.MadeUp, About: "the webhook's Secret Key"})
	if a.Portal != "" {
		w.line(`    # The portal's address: messages link to its courses and curricula. For links to
    # people and other pages, add links: docs/configuration.md shows how.
    portal: %s`, quote(a.Portal))
	}
	if a.API == "" {
		return
	}
	w.line(`    # Absorb's Integration API turns ids into names. Create an administrator for it,
    # with the right to view: docs/absorb-api.md shows how.
    api:`)
	if _, region := absorb.BaseURL(a.API); region {
		w.line("      region: %s", a.API)
	} else {
		w.line("      url: %s", quote(a.API))
	}
	w.setting("      ", "key", "ABSORB_API_KEY", "the private key of the Integration API")
	if a.Login == ByOAuth {
		w.line("      # Then log in once: absorb-bridge login production\n      oauth:")
		w.setting("        ", "client_id", "ABSORB_OAUTH_ID", "the id of the OAuth client in Absorb")
		w.setting("        ", "client_secret", "ABSORB_OAUTH_SECRET", "and its secret")
		return
	}
	w.setting("      ", "username", "ABSORB_API_USER", "the bridge's own administrator in Absorb")
	w.setting("      ", "password", "ABSORB_API_PASSWORD", "and its password")
}

func (w *writer) sink(s Sink) {
	w.line("  %s:\n    type: %s", s.Name, s.Type)
	for _, f := range s.chosen() {
		value := s.Settings[f.Key]
		if f.Ask != "" {
			w.line("    # %s", f.Ask)
		}
		switch {
		case f.Secret && !strings.Contains(value, "${"):
			name := variable(s.Name, f.Key)
			w.value(f, "${"+name+"}")
			w.variables = append(w.variables, fill(name, value, s, f))
		default:
			w.value(f, value)
			w.refer(s, f, value)
		}
	}
}

// value writes a setting as a text or as a list of texts.
func (w *writer) value(f kit.Field, value string) {
	if !f.List {
		w.line("    %s: %s", f.Key, quote(value))
		return
	}
	w.line("    %s:", f.Key)
	for _, one := range listOf(value) {
		w.line("      - %s", quote(one.(string)))
	}
}

var anyReference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// refer adds the variables to which a given value refers.
func (w *writer) refer(s Sink, f kit.Field, value string) {
	for _, found := range anyReference.FindAllStringSubmatch(value, -1) {
		if !slices.ContainsFunc(w.variables, func(v Variable) bool { return v.Name == found[1] }) {
			w.variables = append(w.variables, fill(found[1], "", s, f))
		}
	}
}

// fill returns the variable of a setting, with the given value or an example.
func fill(name, value string, s Sink, f kit.Field) Variable {
	v := Variable{Name: name, Value: value, About: f.Ask, Given: value != ""}
	if v.Given {
		return v
	}
	t := sinks.Types()[s.Type]
	v.Value = config.MadeUp
	for _, example := range []map[string]any{t.BotExample, t.Example} {
		switch have := example[f.Key].(type) {
		case string:
			v.Value = have
		case []any:
			v.Value = fmt.Sprint(have[0])
		}
	}
	return v
}

// variable returns the name of the variable for a sink's setting. It never begins with
// BRIDGE, which would override a key, or with ABSORB, which the source uses.
func variable(sink, key string) string {
	name := strings.ToUpper(strings.ReplaceAll(sink+"_"+key, "-", "_"))
	if strings.HasPrefix(name, "BRIDGE") || strings.HasPrefix(name, "ABSORB") || name[0] >= '0' && name[0] <= '9' {
		name = "SINK_" + name
	}
	return name
}

// routes writes routes that send every event to every sink. Sinks for programs have a
// route of their own without stories, so their events do not wait.
func (w *writer) routes(all []Sink) {
	var people, programs []string
	for _, s := range all {
		t := sinks.Types()[s.Type]
		sink, err := t.New(kit.Setup{Name: s.Name, Settings: t.Example, Client: kit.NewClient(nil, 0)})
		if _, verbatim := sink.(bridge.Verbatim); verbatim && err == nil {
			programs = append(programs, s.Name)
		} else {
			people = append(people, s.Name)
		}
	}
	w.line("\n# Which events go where. Every route that matches applies.\nroutes:")
	if len(people) > 0 {
		w.line(`  - name: everything
    events: [ "*" ]            # names of events, or patterns such as "*Completed*"
    story: true                # one message for a completion, its certificate and its credits, some seconds later
    to: [ %s ]`, quoteAll(people))
	}
	if len(programs) > 0 {
		w.line("  - name: programs\n    events: [ \"*\" ]\n    to: [ %s ]", quoteAll(programs))
	}
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", ")
}
