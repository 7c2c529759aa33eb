package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/internal/jsonschema"
	"github.com/absorb-bridge/absorb-bridge/internal/jsonschema/schematest"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

type schema = jsonschema.Schema

// TestSchemaIsCurrent makes the schema from the structs that configurations are
// read into and from the manual's tables, and compares it with the file.
func TestSchemaIsCurrent(t *testing.T) {
	schematest.Current(t, "../../configs/bridge.schema.json", newSchema(t), *update)
}

// The forms of values. A reference is one of every form.
const (
	durationForm = `^[0-9.]+d$|^(?:[0-9.]+(?:ns|us|µs|ms|s|m|h))+$`
	rateForm     = `^ *[0-9.]+ */ *(?:s|sec|m|min|h|hour) *$`
	addressForm  = `:[^:]+$`
	urlForm      = `^https?://.`
)

func newSchema(t *testing.T) schema {
	m := readManual(t)
	duration, rate := jsonschema.Matching(durationForm), jsonschema.Matching(rateForm)
	oidc := jsonschema.Object(rawOIDC{}, jsonschema.Options{
		Describe: m.under("The process", "admin.oidc."), Required: []string{"issuer", "client_id", "client_secret", "claim"}, Named: map[string]schema{"issuer": jsonschema.Matching(urlForm)},
	})
	proxy := jsonschema.Object(rawProxy{}, jsonschema.Options{
		Describe: m.under("The process", "admin.proxy."), Required: []string{"from", "header"},
	})
	whole := jsonschema.Object(defaults(), jsonschema.Options{
		Describe: m.in("The process"), Required: []string{"sources", "sinks"},
		Named: map[string]schema{
			"listen": jsonschema.Matching(addressForm), "admin.listen": jsonschema.Matching(addressForm),
			"admin.url": jsonschema.Matching(urlForm), "traces.endpoint": jsonschema.Matching(urlForm), "admin.session": duration, "admin.oidc": oidc, "admin.proxy": proxy,
			"keep": duration, "keep_dead": duration, "give_up": duration,
			"log.level": jsonschema.OneOf("debug", "info", "warn", "error"), "log.format": jsonschema.OneOf("auto", "text", "json"),
			"sources": named("source"), "sinks": named("sink"), "routes": jsonschema.List(ref("route")),
		},
	})
	whole["$schema"] = jsonschema.Draft
	whole["title"] = "The configuration of absorb-bridge"
	whole["definitions"] = schema{
		"source": sourceSchema(m, duration, rate), "sink": sinkSchema(m, rate), "route": routeSchema(m, duration),
	}
	return whole
}

func ref(name string) schema { return schema{"$ref": "#/definitions/" + name} }

// named is a mapping of names that the admin chooses.
func named(of string) schema {
	return schema{
		"type": "object", "minProperties": 1, "additionalProperties": ref(of),
		"propertyNames": schema{"pattern": validName.String()},
	}
}

func sourceSchema(m manual, duration, rate schema) schema {
	web := jsonschema.Matching(urlForm)
	oauth := jsonschema.Object(rawOAuth{}, jsonschema.Options{
		Describe: m.under("api", "oauth."), Named: map[string]schema{"token_url": web},
		Required: []string{"client_id", "client_secret"},
	})
	var regions []string
	for _, region := range []string{"us", "ca", "eu", "au"} {
		regions = append(regions, region, "sandbox-"+region)
	}
	api := jsonschema.Object(rawAPI{Rate: "100/s", Budget: "30s", OnFailure: "send", Cache: "10m", Scheme: "Bearer"}, jsonschema.Options{
		Describe: m.in("api"), Required: []string{"key"},
		Named: map[string]schema{
			"region": jsonschema.OneOf(regions...), "url": web, "oauth": oauth, "rate": rate, "budget": duration, "cache": duration,
			"scheme": jsonschema.OneOf("Bearer", "none"), "on_failure": jsonschema.OneOf("send", "hold"),
		},
	})
	api["allOf"] = []schema{
		{"anyOf": []schema{{"required": []string{"region"}}, {"required": []string{"url"}}}},
		{"anyOf": []schema{{"required": []string{"username", "password"}}, {"required": []string{"oauth"}}}},
	}
	var forms []string
	for _, f := range absorb.Forms() {
		forms = append(forms, string(f))
	}
	addresses, words := schema{}, m.in("links")
	for _, kind := range engine.LinkKinds() {
		addresses[kind] = jsonschema.With(jsonschema.Matching(`^(https?://|/)(\{id\}|[^/].*\{id\})`), "description", words(kind))
	}
	return jsonschema.Object(rawSource{}, jsonschema.Options{
		Describe: m.in("Sources"), Required: []string{"path"},
		Named: map[string]schema{
			"path": jsonschema.Matching(`^/[^?# ]*$`), "portal": web, "links": jsonschema.Mapping(addresses), "api": api, "signature": jsonschema.OneOf(forms...),
			"secret_encoding": jsonschema.OneOf("text", "hex", "base64"),
			"fields":          schema{"type": "object", "additionalProperties": jsonschema.Any(jsonschema.Text(), some(jsonschema.Text()))},
			"events":          schema{"type": "object", "additionalProperties": jsonschema.Any(schema{"enum": eventNames()}, jsonschema.Text())},
		},
	})
}

// sinkSchema has the settings of each type.
func sinkSchema(m manual, rate schema) schema {
	types := sinks.Types()
	names := slices.Sorted(maps.Keys(types))
	kind := jsonschema.With(jsonschema.OneOf(names...), "description", "where messages go: "+strings.Join(names, ", "))
	limit := jsonschema.Any(jsonschema.Mapping(schema{
		"rate":  jsonschema.With(rate, "description", "such as 1/s, 30/m or 100/h"),
		"burst": schema{"type": "integer", "minimum": 1, "description": "how many messages may be sent at once after a pause"},
	}), jsonschema.OneOf("none"))
	common := schema{
		"type": kind, "limit": jsonschema.With(limit, "description", "how many messages the sink may receive: { rate: 1/s, burst: 4 }, or none; the default is what the platform allows"),
		"locale": describedText("language of its messages, such as de"), "zone": describedText("time zone of its messages, such as Europe/Berlin"),
	}
	var each []schema
	for _, name := range names {
		own := jsonschema.Object(types[name].Config, jsonschema.Options{Describe: m.in("sink " + name)})
		properties := own["properties"].(schema)
		maps.Copy(properties, jsonschema.Mapping(maps.Clone(common), "type", "limit")["properties"].(schema))
		if types[name].OverHTTP {
			trust := jsonschema.Object(kit.Trust{}, jsonschema.Options{Describe: m.in("Certificates")})
			maps.Copy(properties, trust["properties"].(schema))
		}
		each = append(each, schema{
			"if":   schema{"properties": schema{"type": schema{"const": name}}, "required": []string{"type"}},
			"then": own,
		})
	}
	return schema{"type": "object", "required": []string{"type"}, "properties": schema{"type": kind}, "allOf": each}
}

func describedText(words string) schema {
	return jsonschema.With(jsonschema.Text(), "description", words)
}

func routeSchema(m manual, duration schema) schema {
	var names []string
	for _, e := range absorb.Events() {
		names = append(names, e.Name)
	}
	event := jsonschema.Any(schema{"enum": append(names, "*")}, jsonschema.Text())
	digest := jsonschema.Object(rawDigest{Wait: "30s", MaxWait: "10m", MaxEvents: usualEvents}, jsonschema.Options{
		Describe: m.under("Digests", "digest."), Named: map[string]schema{"wait": duration, "max_wait": duration},
	})
	quiet := jsonschema.Object(rawQuiet{}, jsonschema.Options{Describe: m.under("Quiet hours", "quiet.")})
	update := jsonschema.Object(rawUpdate{Within: "7d"}, jsonschema.Options{
		Describe: m.under("Updates", "update."), Named: map[string]schema{"within": duration}, Required: []string{"key"},
	})
	return jsonschema.Object(rawRoute{}, jsonschema.Options{
		Describe: m.in("Routes"), Required: []string{"name", "events", "to"},
		Named: map[string]schema{
			"events": some(event), "to": some(jsonschema.Text()), "quiet": quiet,
			"digest": jsonschema.Any(jsonschema.OneOf("auto", "off"), schema{"const": false}, digest),
			"thread": jsonschema.Any(jsonschema.Text(), schema{"type": "boolean"}),
			"update": jsonschema.Any(jsonschema.Text(), update),
		},
	})
}

// some is a list that is not empty.
func some(of schema) schema { return jsonschema.With(jsonschema.List(of), "minItems", 1) }

// manual is what the manual's tables say of settings, by section and key.
type manual map[string]map[string]string

// in tells what a section says of a key.
func (m manual) in(section string) func(string) string { return m.under(section, "") }

// under is in for keys that the manual writes with a prefix.
func (m manual) under(section, prefix string) func(string) string {
	return func(key string) string { return m[section][prefix+key] }
}

var (
	heading  = regexp.MustCompile("^#+ `?([^`]+)`?$")
	quoted   = regexp.MustCompile("`([^`]+)`")
	link     = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	emphasis = regexp.MustCompile(`\*([^*]+)\*`)
)

func readManual(t *testing.T) manual {
	t.Helper()
	m := manual{}
	for _, page := range []string{"configuration", "digests"} {
		m.read(t, "../../docs/"+page+".md", func(section string) string {
			if section == "Who may see the pages" {
				return "The process"
			}
			return section
		})
	}
	m.read(t, "../../docs/people.md", func(section string) string {
		name, bot := strings.CutSuffix(section, " as a bot")
		if !bot {
			return section
		}
		return "sink " + strings.ToLower(name)
	})
	pages, err := filepath.Glob("../../sinks/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		name := filepath.Base(filepath.Dir(page))
		m.read(t, page, func(string) string { return "sink " + name })
	}
	for section, more := range besides() {
		for key, meaning := range more {
			m.note(section, []string{key}, meaning)
		}
	}
	return m
}

// besides is what the manual says in words around its tables.
func besides() map[string]map[string]string {
	mentions := map[string]string{"mentions": "people's ids by their email addresses, for {{ mention .user }}"}
	return map[string]map[string]string{
		"The process": {
			"admin":      "the admin pages, the API of the commands, and the probes",
			"admin.oidc": "people log in at an OpenID Connect provider", "admin.proxy": "a proxy logs people in", "log": "level and format of the log", "intake": "limits on the memory and connections of requests", "traces": "where to send traces",
			"sources": "the portals that may send webhooks; you choose the names", "sinks": "the places that receive messages; you choose the names", "routes": "which events go to which sinks",
		},
		"api":        {"oauth": "OAuth 2.0 instead of username and password"},
		"sink slack": mentions, "sink discord": mentions, "sink googlechat": mentions, "sink teams": mentions,
	}
}

// read reads the tables of a page: the first column has keys, or types of sinks and
// then the second has them; the last column is what they mean. What was read before
// of the same key stays.
func (m manual) read(t *testing.T, page string, under func(heading string) string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	section, types := "", []string(nil)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if found := heading.FindStringSubmatch(line); found != nil {
			section = under(found[1])
			continue
		}
		cells := strings.Split(strings.Trim(strings.ReplaceAll(line, "| |", "|  |"), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) < 2 {
			continue
		}
		keys, meaning := keysIn(cells[0]), plainWords(cells[len(cells)-1])
		if section != "Sinks" {
			m.note(section, keys, meaning)
			continue
		}
		if len(keys) > 0 {
			types = keys
		}
		for _, name := range types {
			m.note("sink "+name, keysIn(cells[1]), meaning)
		}
	}
}

func keysIn(cell string) (keys []string) {
	for _, found := range quoted.FindAllStringSubmatch(cell, -1) {
		keys = append(keys, found[1])
	}
	return keys
}

func (m manual) note(section string, keys []string, meaning string) {
	if m[section] == nil {
		m[section] = map[string]string{}
	}
	for _, key := range keys {
		if strings.HasPrefix(key, ".") { // beside one that is written out
			key = parent(keys[0]) + key
		}
		if m[section][key] == "" && !strings.HasPrefix(meaning, "see ") {
			m[section][key] = meaning
		}
	}
}

// plainWords is a cell without links and emphasis.
func plainWords(cell string) string {
	return strings.TrimSpace(emphasis.ReplaceAllString(link.ReplaceAllString(cell, "$1"), "$1"))
}

// TestEverySettingHasAWord finds settings that an editor would say nothing about.
func TestEverySettingHasAWord(t *testing.T) {
	var walk func(path string, s any)
	walk = func(path string, s any) {
		switch s := s.(type) {
		case schema:
			for key, p := range s {
				if properties, ok := p.(schema); ok && key == "properties" && s["additionalProperties"] == false {
					for name, property := range properties {
						if words, _ := property.(schema)["description"].(string); words == "" || strings.HasPrefix(words, "|") {
							t.Errorf("%s %s: no table of the manual has it; found %q", path, name, words)
						}
					}
				}
				walk(path+"/"+key, p)
			}
		case []schema:
			for i, one := range s {
				walk(fmt.Sprintf("%s[%d]", path, i), one)
			}
		}
	}
	walk("", newSchema(t))
	for name, typ := range sinks.Types() {
		if typ.Config == nil {
			t.Errorf("sink type %s has no Config", name)
		}
		if _, err := typ.New(kit.Setup{Name: "x", Settings: typ.Example, Client: kit.NewClient(nil, 0)}); err != nil {
			t.Errorf("sink type %s: %v", name, err)
		}
	}
}
