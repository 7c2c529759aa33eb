package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/configs"
	"github.com/absorb-bridge/absorb-bridge/internal/jsonschema/schematest"
)

// TestSchemaTakesWhatCheckTakes goes through every configuration that we show.
func TestSchemaTakesWhatCheckTakes(t *testing.T) {
	fits := schematest.Compile(t, configs.Bridge)
	files := []string{"../../configs/bridge.yaml", "../../deploy/systemd/bridge.yaml"}
	for _, pattern := range []string{"../../configs/examples/*.yaml", "../../deploy/compose/*/bridge.yaml"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := fits(string(text)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	blocks := 0
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../sinks/*/README.md"} {
		pages, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			blocks += fitBlocks(t, fits, page)
		}
	}
	if len(files) < 5 || blocks < 15 {
		t.Errorf("only %d files and %d blocks were found", len(files), blocks)
	}
}

// fitBlocks goes through the configurations in a page, those of sinks alone
// included.
func fitBlocks(t *testing.T, fits func(string) error, page string) (n int) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		block := dedent(string(block[1]))
		if !strings.Contains(block, "\nsinks:") && !strings.HasPrefix(block, "sinks:") {
			continue
		}
		if !strings.Contains(block, "sources:") {
			block += "\nsources: { production: { path: /absorb } }\n"
		}
		n++
		if err := fits(block); err != nil {
			t.Errorf("%s: %v\n%s", page, err, block)
		}
	}
	return n
}

// dedent takes away the indentation of a block inside a list.
func dedent(text string) string {
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	return strings.ReplaceAll(strings.TrimPrefix(text, indent), "\n"+indent, "\n")
}

// TestSchemaAndCheckAgree holds the two to the same answer.
func TestSchemaAndCheckAgree(t *testing.T) {
	fits := schematest.Compile(t, configs.Bridge)
	const fine = `
sources: { p: { path: /absorb, secrets: [ s ] } }
sinks:
  a: { type: console }
routes: [ { name: r, events: [ "*" ], to: [ a ] } ]
`
	api := func(text string) string {
		return strings.Replace(fine, "secrets: [ s ]", "secrets: [ s ], api: { "+text+" }", 1)
	}
	links := func(text string) string {
		return strings.Replace(fine, "secrets: [ s ]", "secrets: [ s ], portal: 'https://acme.example.com', links: { "+text+" }", 1)
	}
	sink := func(text string) string { return strings.Replace(fine, "type: console", text, 1) }
	route := func(text string) string { return strings.Replace(fine, "name: r", "name: r, "+text, 1) }
	const slack, mail = "type: slack, webhook_url: https://example.com/x", "type: email, smtp: smtp://mail.example.com, from: a@example.com"
	for _, good := range []string{
		fine, fine + "admin:\nlog: { level: '${LOG_LEVEL:-debug}', format: }\nkeep: 1.5d\ntemplates: ''\ngive_up: 1h30m\n", "listen: '${ADDRESS:-:80}'\n" + fine,
		api("region: sandbox-eu, key: k, username: u, password: p, burst: '7', rate: 100 / s"), api("url: http://127.0.0.1:1, region: '', key: k, username: u, password: p, scheme: none"),
		api("region: us, key: k, oauth: { token_url: https://x/t, client_id: c, client_secret: s, refresh_token: r }"),
		strings.Replace(api("region: us, key: k, oauth: { client_id: c, client_secret: s }"), "secrets:", "portal: https://acme.example.com, secrets:", 1),
		links("user: '/u/{id}', course: , group: 'http://acme.example.com/a?id={id}#x'"),
		sink("type: console, stream: stderr, limit: none, locale: de, zone: "), sink(slack + ", limit: { rate: '${RATE:-1/s}', burst: 2 }"),
		sink("type: slack, token: xoxb-1, channel: '#a'"), sink(mail + ", to: a@example.com"), sink(mail + ", to: [ a@example.com ], username: u, password: p, fallback: b@example.com"),
		sink("type: googlechat, webhook_url: https://example.com/spaces/A/messages, deduplicate: '${YES:-false}'"),
		sink("type: webhook, url: https://example.com, method: PUT, headers: { X-A: b }, secrets: "), sink("type: '${TYPE:-console}'"),
		route("digest: off"), route("digest: false, story: 'true', thread: true, update: enrollment.id"), route("digest: { at: '08:00 mon-fri' }, quiet: { hours: 20:00-07:00 }"),
		route("digest: { wait: 1m, max_wait: , max_events: 5 }, thread: course.id, update: { key: enrollment.id, within: 3d }, locale: de, zone: , sources: "),
		strings.Replace(fine, `"*"`, `enrollment completed by learner, "Nothing*"`, 1),
	} {
		if _, err := Parse("bridge.yaml", []byte(good), nil); err != nil {
			t.Errorf("check refuses it: %v\n%s", err, good)
		}
		if err := fits(good); err != nil {
			t.Errorf("the schema refuses it: %v\n%s", err, good)
		}
	}
	wrong, err := os.ReadFile("testdata/wrong.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		string(wrong), "", "sources: {}\nsinks: {}\n", "listn: ':1'\n" + fine, "listen: nowhere\n" + fine, "keep: often\n" + fine, "log: { level: loud }\n" + fine, "log: { colour: red }\n" + fine,
		strings.Replace(fine, "p: {", "Production: {", 1), strings.Replace(fine, "path: /absorb", "path: absorb", 1), strings.Replace(fine, "[ s ]", "s", 1),
		api("region: mars, key: k, username: u, password: p"), api("region: us, username: u, password: p"), api("region: us, key: k, username: u"), api("region: us, key: k, username: u, password: p, on_failure: cry"),
		links("usr: '/u/{id}'"), links("user: '/u/'"), links("user: 5"), links("user: '//{id}'"),
		sink("type: consol"), sink("type: console, strem: stdout"), sink("type: console, stream: printer"), sink("webhook_url: https://example.com"), sink("type: slack"), sink("type: slack, token: xoxb-1"),
		sink("type: slack, webhook_url: 5"), sink(mail), sink(mail + ", to: a@example.com, username: u"), sink(slack + ", limit: fast"), sink(slack + ", limit: { rate: fast }"), sink(slack + ", locale: 3"),
		sink("type: webhook, url: https://example.com, method: GET"), sink("type: googlechat, webhook_url: https://example.com, deduplicate: perhaps"),
		route("story: perhaps"), route("digest: sometimes"), route("digest: { wait: long }"), route("quiet: { hour: 1 }"), route("update: { within: 3d }"), route("when: 3"),
		strings.Replace(fine, `events: [ "*" ]`, `events: "*"`, 1), strings.Replace(fine, `[ "*" ]`, "[]", 1), strings.Replace(fine, "name: r, ", "", 1),
	} {
		if _, err := Parse("bridge.yaml", []byte(bad), nil); err == nil {
			t.Errorf("check takes it:\n%s", bad)
		}
		if fits(bad) == nil {
			t.Errorf("the schema takes it:\n%s", bad)
		}
	}
}
