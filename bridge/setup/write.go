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

// Variable is one of the environment that the configuration refers to.
type Variable struct {
	Name, Value string // a made-up value that has the right form, unless somebody gave the real one
	About       string
	Given       bool // the value is the real one
}

// Files are what the answers amount to.
type Files struct {
	Config      string
	Environment []Variable
}

// Write writes the configuration, and checks it as serve would, with the variables
// set.
func (a Answers) Write() (Files, error) {
	w := &writer{}
	w.head(a)
	w.source(a)
	w.line("\n# Where messages go. Every sink has a name of your choice and a type.\nsinks:")
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
		return f, fmt.Errorf("these answers make no valid configuration:\n%w", err)
	}
	return f, nil
}

type writer struct {
	text      strings.Builder
	variables []Variable
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

// setting writes one setting that the environment has, made up for now.
func (w *writer) setting(indent, key, name, about string) {
	w.line("%s%s: %s", indent, key, quote("${"+name+"}"))
	w.variables = append(w.variables, Variable{Name: name, Value: config.MadeUp, About: about})
}

// quote writes a text in YAML's double quotes, which are JSON's.
func quote(text string) string {
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	_ = out.Encode(text) // a text always can be
	return strings.TrimSpace(b.String())
}

func (w *writer) head(a Answers) {
	w.line(`# yaml-language-server: $schema=./bridge.schema.json
#
# The configuration of absorb-bridge, as absorb-bridge init wrote it. ${NAME} takes a
# value from the environment. docs/configuration.md explains every key; try changes
# with: absorb-bridge check

# Where Absorb posts its webhooks. Put a TLS proxy in front of it.
listen: ":8080"

# The file that keeps events until they are delivered, on a local disk.
store: ./data/bridge.db`)
	if a.API != "" && a.Login == ByOAuth {
		w.line("# Encrypts the tokens of the API in that file.\nstore_keys: [ \"${ABSORB_STORE_KEY}\" ]")
		w.variables = append(w.variables, Variable{Name: "ABSORB_STORE_KEY", Value: rand.Text() + rand.Text(), About: "encrypts the tokens in the store; do not keep it beside backups of the store", Given: true})
	}
	w.line(`
# The portals that may post. Every source has a name of your choice.
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
	w.line(`    # The Secret Key that the portal shows once the webhook was saved. Until then
    # secrets: [] will do, and nothing is delivered.
    secrets:
      - "${ABSORB_SECRET}"`)
	w.variables = append(w.variables, Variable{Name: "ABSORB_SECRET", Value: config.MadeUp, About: "the webhook's Secret Key"})
	if a.Portal != "" {
		w.line(`    # Where the portal is: messages link to its courses and curricula. For links to
    # people and the rest, add their addresses: docs/configuration.md says how.
    portal: %s`, quote(a.Portal))
	}
	if a.API == "" {
		return
	}
	w.line(`    # Absorb's Integration API, for names in place of ids. Make an administrator of
    # its own for it, with the right to view: docs/absorb-api.md shows
    # each click.
    api:`)
	if _, region := absorb.BaseURL(a.API); region {
		w.line("      region: %s", a.API)
	} else {
		w.line("      url: %s", quote(a.API))
	}
	w.setting("      ", "key", "ABSORB_API_KEY", "the private key of the Integration API")
	if a.Login == ByOAuth {
		w.line("      # Then log in, once: absorb-bridge login production\n      oauth:")
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

// value writes a setting as a text, or as a list of them.
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

// refer notes the variables in a value that somebody wrote with references.
func (w *writer) refer(s Sink, f kit.Field, value string) {
	for _, found := range anyReference.FindAllStringSubmatch(value, -1) {
		if !slices.ContainsFunc(w.variables, func(v Variable) bool { return v.Name == found[1] }) {
			w.variables = append(w.variables, fill(found[1], "", s, f))
		}
	}
}

// fill is the variable of a setting: with the value given, or with an example's.
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

// variable is the name of the variable that has a sink's setting. Those that begin
// with BRIDGE override keys, and those with ABSORB are the source's.
func variable(sink, key string) string {
	name := strings.ToUpper(strings.ReplaceAll(sink+"_"+key, "-", "_"))
	if strings.HasPrefix(name, "BRIDGE") || strings.HasPrefix(name, "ABSORB") || name[0] >= '0' && name[0] <= '9' {
		name = "SINK_" + name
	}
	return name
}

// routes sends everything everywhere. What programs read has a route of its own:
// for them no event waits for others.
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
    story: true                # a completion, its certificate and its credits are one message, some seconds later
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
