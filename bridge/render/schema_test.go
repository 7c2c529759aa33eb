package render

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/configs"
	"github.com/absorb-bridge/absorb-bridge/internal/jsonschema"
	"github.com/absorb-bridge/absorb-bridge/internal/jsonschema/schematest"
	"github.com/absorb-bridge/absorb-bridge/templates"
)

type schema = jsonschema.Schema

// TestSchemaIsCurrent makes the schema of templates anew and compares it with the
// file.
func TestSchemaIsCurrent(t *testing.T) {
	schematest.Current(t, "../../configs/template.schema.json", newSchema(t), *update)
}

// newSchema describes the keys that a document's sections read.
func newSchema(t *testing.T) schema {
	words := meanings(t)
	say := func(key string, s schema) schema {
		if words[key] == "" {
			t.Errorf("the manual's file has no comment on %s", key)
		}
		return jsonschema.With(s, "description", words[key])
	}
	text := jsonschema.Text()
	either := func(values ...string) schema {
		return jsonschema.Any(schema{"enum": values}, schema{"type": "string", "pattern": `\{\{`})
	}
	fields := say("fields", jsonschema.List(jsonschema.Mapping(schema{
		"name": say("name", text), "value": say("value", text), "short": say("short", schema{"type": "boolean"}),
	}, "name", "value")))
	wording := func() schema {
		return schema{
			"level": say("level", either("info", "success", "warning", "danger")), "title": say("title", text), "url": say("url", text),
			"text": say("text", text), "image_url": say("image_url", text), "footer": say("footer", text), "thread": say("thread", text),
			"fields": fields, "native": say("native", schema{"type": "object", "additionalProperties": schema{"type": []string{"object", "null"}}}),
			"actions": say("actions", jsonschema.List(jsonschema.Mapping(schema{"label": say("label", text), "url": say("url", text)}, "label", "url"))),
		}
	}
	digest := wording()
	digest["group"] = say("group", jsonschema.Any(text, jsonschema.List(text)))
	path := jsonschema.With(text, "pattern", "^/")
	until := say("until", text)
	lookup := jsonschema.Any(path,
		jsonschema.Mapping(schema{"path": say("path", path), "until": until}, "path"),
		jsonschema.Mapping(schema{"try": say("try", bounded(jsonschema.List(ways(say, path)), 1, maxWays)), "until": until}, "try"))
	var events []string
	for _, e := range absorb.Events() {
		events = append(events, e.Name)
	}
	whole := jsonschema.Mapping(schema{
		"event":   say("event", jsonschema.Any(schema{"enum": append(events, "*")}, text)),
		"lookups": say("lookups", schema{"type": "object", "additionalProperties": lookup, "propertyNames": schema{"pattern": partName.String()}}),
		"message": say("message", jsonschema.Mapping(wording(), "title")), "digest": say("digest", jsonschema.Mapping(digest, "title")),
		"story": say("story", jsonschema.Mapping(schema{
			"lead": say("lead", schema{"type": "integer", "minimum": 1}), "fields": fields,
		}, "fields")),
		"bulk": say("bulk", schema{"type": "boolean"}), "sample": say("sample", schema{"type": "object"}),
	}, "message")
	whole["$schema"], whole["title"] = jsonschema.Draft, "How absorb-bridge puts an event into words"
	return whole
}

// ways is the schema of an entry of `try`.
func ways(say func(string, schema) schema, path schema) schema {
	field := jsonschema.Matching(partName.String())
	fields := schema{"type": "object", "additionalProperties": field, "propertyNames": field}
	choice := func(how schema, required ...string) schema {
		all := schema{
			"list": say("list", path), "where": say("where", jsonschema.Text()),
			"unless": say("unless", jsonschema.List(field)),
		}
		maps.Copy(all, how)
		return jsonschema.Mapping(all, append(required, "list")...)
	}
	match, ids := say("match", fields), say("ids", fields)
	recent, within := say("recent", field), say("within", jsonschema.Matching(`^[0-9.]+(s|m|h)`))
	return jsonschema.Any(path, jsonschema.Mapping(schema{"path": say("path", path)}, "path"),
		choice(schema{"match": match, "recent": recent, "within": within, "ids": ids}, "match"),
		choice(schema{"match": match, "recent": recent, "within": within, "ids": ids}, "recent"),
		choice(schema{}, "where"))
}

func bounded(list schema, least, most int) schema {
	return jsonschema.With(jsonschema.With(list, "minItems", least), "maxItems", most)
}

// meanings are the comments of the manual's files, by the key beside them, and words
// for the keys that speak for themselves there.
func meanings(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^ *(?:- )?([a-z_]+):.*? # (.*)$`).FindAllStringSubmatch(string(source), -1) {
		if all[found[1]] == "" {
			all[found[1]] = found[2]
		}
	}
	for key, words := range map[string]string{
		"message": "the message of the event", "title": "the first line of the message", "url": "the link of the title",
		"text": "in Markdown: bold, italic, code, links and lists", "image_url": "the URL of a picture", "footer": "small text at the end",
		"name": "the label of the value", "value": "a field without a value is left out", "short": "shown beside another short field, if there is room",
		"label": "the text of the button", "native": "parts in a platform's own format, by the type of the sink",
		"path": "a path below the API's URL", "try": "requests; the first one with an answer counts",
		"list": "a path to a list; the other keys choose one entry", "match": "fields of the entry, each with the key of the event that it must equal",
		"where": "a condition on the entry, as .entry", "recent": "the date of the entry; it must be shortly before the event",
		"within": "how long before; 10m by default", "unless": "keys of the event: if the webhook has one of them, the bridge does not request the list",
		"ids": "keys of the event, each with the field of the entry that fills it", "group": "an expression that groups the events, or a list of expressions",
		"story": "what the event adds to the message of another event", "lead": "the event with the highest number leads",
		"level": "the colour",
	} {
		if all[key] == "" {
			all[key] = words
		}
	}
	return all
}

// TestSchemaTakesTheTemplates that are built in, and those of the manual.
func TestSchemaTakesTheTemplates(t *testing.T) {
	fits := schematest.Compile(t, configs.Template)
	err := fs.WalkDir(templates.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == locale.File {
			return err
		}
		text, err := fs.ReadFile(templates.Files, name)
		if err == nil && fits(string(text)) != nil {
			t.Errorf("%s: %v", name, fits(string(text)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range fenced.FindAllStringSubmatch(string(source), -1) {
		if block[1] == "yaml" && fits(block[2]) != nil {
			t.Errorf("%v\n%s", fits(block[2]), block[2])
		}
	}
}

// TestSchemaAndLoadAgree holds the two to the same answer.
func TestSchemaAndLoadAgree(t *testing.T) {
	fits := schematest.Compile(t, configs.Template)
	const fine = head + "lookups: { user: '/users/{{ .event.userId }}', admin: { path: /users/1, until: 'true' } }\nmessage:\n  title: x\n"
	for _, good := range []string{
		fine, fine + "  text:\n  level: '{{ if .user }}info{{ end }}'\n  fields:\n    - { name: a, value: b, short: true }\n  actions: [ { label: a, url: https://example.com } ]\n",
		fine + "digest: { title: x, group: [ '{{ .user.id }}' ] }\nstory: { lead: 3, fields: [ { name: a, value: b } ] }\nbulk: true\nsample: { userId: 1 }\n",
		head + "lookups: { a: { until: 'true', try: [ /x, { path: /y }, { list: '/z?_sort=-d', recent: d, within: 5m, where: '{{ eq .entry.x 1 }}', unless: [ courseId ], ids: { courseId: id } }, { list: /z, match: { id: courseId } } ] } }\nmessage: { title: x }\n",
		fine + "digest: { title: x, group: '{{ .user.id }}' }\nlater:\n"[:0], fine + "digest:\nbulk:\n",
	} {
		if _, err := Load(Options{Dir: folder(t, map[string]string{"own.yaml": good})}); err != nil {
			t.Errorf("it does not load: %v\n%s", err, good)
		}
		if err := fits(good); err != nil {
			t.Errorf("the schema refuses it: %v\n%s", err, good)
		}
	}
	for _, bad := range []string{
		head, fine + "mesage: { title: x }\n", fine + "  level: loud\n", fine + "  titel: y\n", fine + "  text: 5\n", fine + "  fields: { name: a, value: b }\n",
		fine + "  fields: [ { name: a } ]\n", fine + "  actions: [ { label: a } ]\n", fine + "bulk: perhaps\n", fine + "digest: { text: x }\n",
		fine + "story: { lead: 0, fields: [ { name: a, value: b } ] }\n", fine + "story: { lead: 3 }\n", fine + "sample: 5\n",
		head + "lookups: { a: { path: /x, try: [ /y ] } }\nmessage: { title: x }\n", head + "lookups: { a: { try: [] } }\nmessage: { title: x }\n",
		head + "lookups: { a: { try: [ { list: /x } ] } }\nmessage: { title: x }\n", head + "lookups: { a: { try: [ { path: /x, recent: d } ] } }\nmessage: { title: x }\n",
		head + "lookups: { a: { try: [ { list: /x, where: 'true', ids: { courseId: id } } ] } }\nmessage: { title: x }\n",
		head + "lookups: { a: { try: [ { list: /x, recent: d, within: never } ] } }\nmessage: { title: x }\n",
		head + "lookups: { user: users }\nmessage: { title: x }\n", head + "lookups: { us-er: /users }\nmessage: { title: x }\n", head + "message: x\n",
	} {
		if _, err := Load(Options{Dir: folder(t, map[string]string{"own.yaml": bad})}); err == nil {
			t.Errorf("it loads:\n%s", bad)
		}
		if fits(bad) == nil {
			t.Errorf("the schema takes it:\n%s", bad)
		}
	}
}
