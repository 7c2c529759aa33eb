package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

var update = flag.Bool("update", false, "update the golden files")

// environment has a value for everything that the files in configs ask for.
func environment() []string {
	return []string{
		"ABSORB_SECRET=secret-of-production", "ABSORB_SANDBOX_SECRET=secret-of-sandbox",
		"ABSORB_API_KEY=key", "ABSORB_SANDBOX_API_KEY=key", "ABSORB_API_USER=user", "ABSORB_API_PASSWORD=password",
		"ABSORB_OAUTH_ID=client", "ABSORB_OAUTH_SECRET=secret-of-oauth", "ABSORB_OAUTH_REFRESH=refresh", "ABSORB_STORE_KEY=0123456789abcdef0123456789abcdef",
		"SLACK_URL=https://hooks.slack.com/services/T0/B0/x", "DISCORD_URL=https://discord.com/api/webhooks/1/x",
		"CHAT_URL=https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t", "TEAMS_URL=https://example.com/workflows/1?sig=x",
		"SLACK_TOKEN=xoxb-1-x", "DISCORD_TOKEN=MTMz.x.y", "SMTP_PASSWORD=password", "BRIDGE_ADMIN_TOKEN=a-long-token-of-the-admins",
		"ADMIN_TOKEN=a-long-token-of-the-admins", "VIEW_TOKEN=a-long-token-of-the-others", "OIDC_SECRET=secret",
		"MATTERMOST_URL=https://chat.example.com/hooks/x", "ROCKETCHAT_URL=https://chat.example.com/hooks/x/y", "NTFY_TOPIC=acme", "GOTIFY_TOKEN=AGotifyToken", "TELEGRAM_TOKEN=110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "PUSHOVER_TOKEN=azGDORePK8gMaC0QOYAMyEEuzJnyUi", "PUSHOVER_USER=uQiRzpo4DXghDmr9QzzfQu27cmVRsG", "ZULIP_KEY=key", "MATRIX_TOKEN=syt_token",
		"WEBHOOK_SECRET=whsec_c2VjcmV0LW9mLXRoZS10ZXN0cy1vZi1hYnNvcmI=",
	}
}

func TestShippedFilesAreValid(t *testing.T) {
	files, err := filepath.Glob("../../configs/examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	for _, file := range append(files, "../../configs/bridge.yaml") {
		c, err := Load(file, environment())
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, w := range c.Warnings {
			if !strings.Contains(w, "BRIDGE_ADMIN_TOKEN") { // used by the file itself, in a comment
				t.Errorf("%s: warning: %s", file, w)
			}
		}
	}
}

// TestStarterWithEverythingOn takes the comments off the starter's settings: what
// it shows must be right too.
func TestStarterWithEverythingOn(t *testing.T) {
	data, err := os.ReadFile("../../configs/bridge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		text := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(text)]
		if setting, ok := strings.CutPrefix(text, "# "); ok && looksLikeYAML(setting) {
			line = indent + setting
		}
		lines = append(lines, line)
	}
	whole := strings.Join(lines, "")
	c, err := Parse("bridge.yaml", []byte(whole), environment())
	if err != nil {
		t.Fatalf("%v\n%s", err, whole)
	}
	if len(c.Sinks) != 15 || len(c.Routes) != 2 || c.Sources[0].API == nil || c.Sources[0].Fields["courseId"] == nil || c.Templates == "" {
		t.Errorf("not everything is on: %d sinks, %d routes", len(c.Sinks), len(c.Routes))
	}
}

// looksLikeYAML tells a setting that was commented out from a sentence.
func looksLikeYAML(s string) bool {
	s = strings.TrimLeft(strings.TrimRight(s, "\n"), " ")
	key, rest, found := strings.Cut(strings.TrimPrefix(s, "- "), ":")
	return found && key != "yaml-language-server" && key == strings.ToLower(strings.ReplaceAll(key, " ", "_")) && (rest == "" || strings.HasPrefix(rest, " ")) || strings.HasPrefix(s, "courseId:")
}

// TestAllFaultsInOneGo compares the report on a thoroughly wrong file with the
// golden one.
func TestAllFaultsInOneGo(t *testing.T) {
	t.Chdir("testdata")
	_, err := Load("wrong.yaml", []string{"ABSORB_SECRET=secret-from-environment"})
	problems, ok := errors.AsType[bridge.Problems](err)
	if !ok || len(problems) < 25 {
		t.Fatalf("got %d problems: %v", len(problems), err)
	}
	got := err.Error() + "\n"
	if strings.Contains(got, "literal-") || strings.Contains(got, "secret-from") {
		t.Errorf("the report shows a secret:\n%s", got)
	}
	if *update {
		if err := os.WriteFile("wrong.golden", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("wrong.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the report changed (to accept it, use -update):\n%s", got)
	}
}

const small = `
sources: { p: { path: /absorb, secrets: [ s ] } }
sinks: { zulu: { type: console }, alpha: { type: console, limit: none } }
routes: [ { name: r, events: [ enrollment.completed.by.learner, "Course*" ], to: [ zulu ] } ]
`

func parseText(t *testing.T, text string, environ ...string) *Config {
	t.Helper()
	c, err := Parse("bridge.yaml", []byte(text), environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	c := parseText(t, small)
	if c.Listen != ":8080" || c.Admin.Listen != "127.0.0.1:8081" || c.Store != "data/bridge.db" || c.Timezone != time.UTC ||
		c.Keep != 30*24*time.Hour || c.KeepDead != 90*24*time.Hour || c.GiveUp != 24*time.Hour || c.Log != (Log{"info", "auto"}) {
		t.Errorf("defaults: %+v", c)
	}
	if c.Sinks[0].Name != "zulu" || c.Sinks[1].Name != "alpha" {
		t.Errorf("sinks are not in the order of the file: %v", c.Sinks)
	}
	if got := c.Routes[0].Events; !slices.Equal(got, []string{"EnrollmentCompletedByLearner", "Course*"}) {
		t.Errorf("events %v", got)
	}
}

func TestAPIDefaultsAndValues(t *testing.T) {
	oauth := parseText(t, strings.Replace(small, "secrets: [ s ]",
		"portal: https://acme.example.com/, secrets: [ s ], api: { region: us, key: k, oauth: { client_id: c, client_secret: s } }", 1)).Sources[0].API.OAuth
	if oauth.TokenURL != "https://acme.example.com/oauth/token" || !oauth.RefreshToken.Empty() {
		t.Errorf("%+v", oauth)
	}
	_, err := Parse("bridge.yaml", []byte(strings.Replace(small, "secrets: [ s ]", "secrets: [ s ], api: { region: us, key: k, oauth: { client_id: c } }", 1)), nil)
	for _, want := range []string{"oauth.token_url: required if the source has no portal; for example https://acme", "oauth.client_secret: required"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	api := parseText(t, strings.Replace(small, "secrets: [ s ]", "secrets: [ s ], api: { region: sandbox-eu, key: k, username: u, password: p }", 1)).Sources[0].API
	if api.Rate != 100 || api.Budget != 30*time.Second || api.Cache != 10*time.Minute || api.OnFailure != "send" || api.Scheme != "Bearer" {
		t.Errorf("defaults %+v", api)
	}
	api = parseText(t, strings.Replace(small, "secrets: [ s ]",
		"secrets: [ s ], api: { url: http://127.0.0.1:9, key: k, username: u, password: p, rate: 90/m, burst: 7, budget: 5s, cache: 1h, on_failure: hold, scheme: none }", 1)).Sources[0].API
	if api.Rate != 1.5 || api.Burst != 7 || api.Budget != 5*time.Second || api.Cache != time.Hour || api.OnFailure != "hold" || api.Scheme != "none" {
		t.Errorf("values %+v", api)
	}
}

func TestLimits(t *testing.T) {
	for text, want := range map[string]bridge.Limit{
		"none":                      {},
		"{ rate: 2/s }":             {Rate: 2, Burst: 1},
		"{ rate: 30/m, burst: 4 }":  {Rate: 0.5, Burst: 4},
		"{ rate: 36/h, burst: 10 }": {Rate: 0.01, Burst: 10},
	} {
		c := parseText(t, strings.Replace(small, "limit: none", "limit: "+text, 1))
		if got := c.Sinks[1].Limit; got != want {
			t.Errorf("limit %s: %+v, want %+v", text, got, want)
		}
	}
}

func TestReferences(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bridge.yaml")
	for text, want := range map[string]string{
		"${NAME}":              "value",
		"a${NAME}b${NAME}":     "avaluebvalue",
		"${MISSING:-fallback}": "fallback",
		"${EMPTY:-fallback}":   "fallback",
		"${WINDOWS}":           "value",
		"${MISSING:-}x":        "x",
		"$${NAME}":             "${NAME}",
		"${file:secret}":       "from file",
		"cost $5":              "cost $5",
	} {
		if err := os.WriteFile(file, []byte(strings.Replace(small, "[ s ]", "[ '"+text+"' ]", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file, []string{"NAME=value", "EMPTY=", "WINDOWS=value\r"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Sources[0].Secrets[0].Reveal(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		if want := filepath.Join(dir, "data/bridge.db"); c.Store.Reveal() != want {
			t.Errorf("store %s, want %s", c.Store, want)
		}
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	c := parseText(t, small, "BRIDGE_LISTEN=127.0.0.1:1", "BRIDGE_ADMIN__LISTEN=", "BRIDGE_LOG__LEVEL=debug",
		"BRIDGE_SOURCES__P__SECRETS=one of sixteen and more, two of sixteen and more", "BRIDGE_SINKS__NEW__TYPE=console", "BRIDGE_SINKS__ALPHA__LIMIT__BURST=3", "BRIDGE_SINKS__ALPHA__LIMIT__RATE=1/s",
		"BRIDGE_CONFIG=elsewhere", "BRIDGE_PORT_8080_TCP=tcp://10.0.0.1:8080", "BRIDGE_KEEP=1d")
	if c.Listen != "127.0.0.1:1" || c.Admin.Listen != "" || c.Log.Level != "debug" || c.Keep != 24*time.Hour {
		t.Errorf("overrides: %+v", c)
	}
	if got := c.Sources[0].Secrets; len(got) != 2 || got[0].Reveal() != "one of sixteen and more" || got[1].Reveal() != "two of sixteen and more" {
		t.Errorf("%d secrets", len(got))
	}
	if len(c.Sinks) != 3 || c.Sinks[1].Limit != (bridge.Limit{Rate: 1, Burst: 3}) || c.Sinks[2].Name != "new" {
		t.Errorf("sinks %+v", c.Sinks)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "BRIDGE_PORT_8080_TCP") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

// TestProblemsOfTheEnvironmentNameTheVariable, for the file may be in order.
func TestProblemsOfTheEnvironmentNameTheVariable(t *testing.T) {
	_, err := Parse("bridge.yaml", []byte("listen: ':1'\n"+small), []string{
		"BRIDGE_LISTEN=nonsense", "BRIDGE_SINKS__ZULU__TYPE=consol", "BRIDGE_SINKS__ALPHA__COLOUR=red", "BRIDGE_SOURCES__P__SECRETS=${NONE}",
		"BRIDGE_SOURCES__P__API__RATE=fast",
	})
	if err == nil {
		t.Fatal("no problem")
	}
	for _, want := range []string{
		"BRIDGE_LISTEN: listen: want an address", "BRIDGE_SINKS__ZULU__TYPE: sinks.zulu.type: want", "BRIDGE_SINKS__ALPHA__COLOUR: sinks.alpha.colour: unknown",
		"BRIDGE_SOURCES__P__SECRETS: sources.p.secrets[0]: the environment variable NONE is not set", "BRIDGE_SOURCES__P__API__RATE: sources.p.api.rate: want a rate",
		"BRIDGE_SOURCES__P__API__RATE: sources.p.api.key: required",
	} {
		if !strings.Contains("\n"+err.Error(), "\n"+want) {
			t.Errorf("no line begins with %q:\n%v", want, err)
		}
	}
}

// TestTheEnvironmentReachesEveryName has names that no shell lets a variable have.
func TestTheEnvironmentReachesEveryName(t *testing.T) {
	const text = "store: s.db\nsources: { main-portal: { path: /p, secrets: [ s ] } }\nsinks: { hr-mail: { type: console }, a-b: { type: console }, a_b: { type: console } }\nroutes: []\n"
	c := parseText(t, text, "BRIDGE_SINKS__HR_MAIL__LIMIT__RATE=2/s", "BRIDGE_SINKS__A_B__LIMIT__RATE=4/s", "BRIDGE_SOURCES__MAIN_PORTAL__PATH=/q")
	rates := map[string]float64{}
	for _, s := range c.Sinks {
		rates[s.Name] = s.Limit.Rate
	}
	if len(rates) != 3 || rates["hr-mail"] != 2 || rates["a_b"] != 4 || rates["a-b"] == 4 {
		t.Errorf("rates %v", rates)
	}
	if len(c.Sources) != 1 || c.Sources[0].Path != "/q" {
		t.Errorf("sources %+v", c.Sources)
	}
	_, err := Parse("bridge.yaml", []byte(text), []string{"BRIDGE_SINKS__HR_MIAL__LIMIT__RATE=2/s"})
	const want = "BRIDGE_SINKS__HR_MIAL__LIMIT__RATE: sinks.hr_mial.type: want"
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "(bridge.yaml has no sinks.hr_mial; did you mean \"hr-mail\"?)") {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestWhatStandsAroundASecret comes with files and variables, and fits no signature.
func TestWhatStandsAroundASecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	for content, want := range map[string]string{
		"value\n": "", "\ufeffvalue\r\n": "", "it's": "", `"`: "",
		" value\n": "blanks around it", "value \n": "blanks around it", "value\u00a0": "blanks around it", "\u200bvalue": "blanks around it",
		"\"value\"\n": "quotes around it", "'value'": "quotes around it", "v\x00a\x00l\x00": "UTF-16", "va\xffl": "UTF-8",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Parse("bridge.yaml", []byte(strings.Replace(small, "[ s ]", `[ "${file:`+file+`}" ]`, 1)), nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
	c := parseText(t, strings.Replace(small, "[ s ]", "[ sixteen-characters ]", 1)+"date_layout: ${LAYOUT}\n", "LAYOUT='2 Jan'")
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "date_layout: the variable LAYOUT has quotes around it") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestSyntaxErrorsHaveAPlace(t *testing.T) {
	for text, want := range map[string]string{
		"a: [1":                      "bridge.yaml:1:",
		"listen: x\n  bad: y":        "bridge.yaml:1:9:",
		"sinks:\n\tx: y":             "bridge.yaml:2:1: found character '\t' that cannot start any token; indent with spaces",
		"listen: ':1'\nlisten: ':2'": "bridge.yaml:2:1:",
		"sinks: { a: {}, a: {} }":    `bridge.yaml:1:17: mapping key "a" already defined`,
		"- a\n- b":                   "bridge.yaml:1:",
		"just words":                 "bridge.yaml:1:",
		"a: 1\n---\nb: 2":            "bridge.yaml:3:1: want one YAML document",
		"":                           "bridge.yaml",
	} {
		_, err := Parse("bridge.yaml", []byte(text), nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want it to begin with %s", text, err, want)
		}
	}
}

// TestPlacesInFilesOfWindows has a fault below comments, with the line breaks and
// the mark that editors on Windows write, and with those of an old Mac.
func TestPlacesInFilesOfWindows(t *testing.T) {
	text := "# one\n# two\n" + strings.Replace(small, "type: console }, alpha", "type: consol }, alpha", 1)
	const want = "bridge.yaml:5:24: sinks.zulu.type: want console"
	for _, lineBreak := range []string{"\n", "\r\n", "\r"} {
		_, err := Parse("bridge.yaml", []byte("\ufeff"+strings.ReplaceAll(text, "\n", lineBreak)), nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "\n    sinks: { zulu") {
			t.Errorf("%q: %v, want %s", lineBreak, err, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	c := parseText(t, strings.Replace(small, "[ s ]", "[]", 1))
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "has no secret yet") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

// A portal makes its Secret Keys, so a short one is not the bridge's to refuse. What
// hex or base64 decodes to few bytes is a wrong setting.
func TestShortSecrets(t *testing.T) {
	for _, secret := range []string{"s", "fifteen-letters"} {
		c := parseText(t, strings.Replace(small, "[ s ]", "[ "+secret+" ]", 1))
		if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "sources.p.secrets[0] has") || strings.Contains(c.Warnings[0], "fifteen") {
			t.Errorf("%q: warnings %q", secret, c.Warnings)
		}
	}
	for secret, encoding := range map[string]string{"ZmlmdGVlbg==": "base64", "AAAA": "base64", "666966": "hex"} {
		_, err := Parse("bridge.yaml", []byte(strings.Replace(small, "[ s ]", "[ \""+secret+"\" ], secret_encoding: "+encoding, 1)), nil)
		if err == nil || !strings.Contains(err.Error(), "bytes in "+encoding) || !strings.Contains(err.Error(), "use at least 16") {
			t.Errorf("%s: %v", encoding, err)
		}
	}
}

func TestASecretThatInitMadeUpIsTold(t *testing.T) {
	c := parseText(t, strings.Replace(small, "[ s ]", "[ "+MadeUp+" ]", 1))
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "sources.p.secrets[0]") || !strings.Contains(c.Warnings[0], "Secret Key") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestALimitThatDoesNotCountIsTold(t *testing.T) {
	const chat = `type: googlechat, webhook_url: "https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t"`
	two := "sinks: { one: { " + chat + " }, two: { " + chat + ", limit: { rate: 5/s, burst: 5 } }, "
	c := parseText(t, strings.Replace(strings.Replace(small, "[ s ]", "[ sixteen-characters ]", 1), "sinks: { ", two, 1))
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "sinks.two") || !strings.Contains(c.Warnings[0], "one") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestMissingFileSaysWhatToDo(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "bridge.yaml"), nil)
	if err == nil || !strings.Contains(err.Error(), "--config") || !strings.Contains(err.Error(), "absorb-bridge init") {
		t.Error(err)
	}
}

// FuzzParse looks for panics, and for problems that point outside of the file.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("\r# x\r\n\rsinks: { a: { type: 'b\r\nc' } }\r'"))
	for _, file := range []string{"testdata/wrong.yaml", "../../configs/bridge.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("bridge.yaml", data, environment())
		problems, ok := errors.AsType[bridge.Problems](err)
		if err != nil && !ok || err == nil && c == nil {
			t.Fatalf("error %v of type %T", err, err)
		}
		lines := yamlfile.Lines(yamlfile.Normalize(data))
		for _, p := range problems {
			if p.Line < 0 || p.Line > len(lines) || p.Column < 0 || p.Message == "" {
				t.Fatalf("problem %+v in %d lines", p, len(lines))
			}
			if p.Line > 0 && utf8.RuneCountInString(p.Excerpt) != utf8.RuneCountInString(lines[p.Line-1]) {
				t.Errorf("line %q is shown as %q", lines[p.Line-1], p.Excerpt)
			}
		}
	})
}

// TestManual loads every configuration in the manual, and finds every key of the
// configuration there.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := slices.Clone(text)
	for _, page := range []string{"conditions", "digests", "people", "catch-up", "privacy", "quickstart", "absorb-api", "monitoring"} {
		more, err := os.ReadFile("../../docs/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, more...)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "absorb-password"), []byte("p"), 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(pages, -1)
	for i, block := range blocks {
		file := filepath.Join(dir, "bridge.yaml")
		if err := os.WriteFile(file, block[1], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file, environment()); err != nil {
			t.Errorf("block %d: %v", i+1, err)
		}
	}
	if len(blocks) < 28 {
		t.Errorf("only %d blocks were found", len(blocks))
	}
	for _, of := range []any{&raw{}, &rawSource{}, &rawAPI{}, &rawRoute{}, &rawAdmin{}, &rawOIDC{}, &rawProxy{}, &rawLog{}, &rawTraces{}, &rawDigest{}, &rawCatchUp{}, &rawRedact{}, &rawQuiet{}, &rawUpdate{}} {
		for _, key := range tags(of, "") {
			if !regexp.MustCompile("[`.]"+key+"[`.]").Match(pages) && !regexp.MustCompile("(?m)^"+key+":").Match(text) {
				t.Errorf("the manual does not explain %s", key)
			}
		}
	}
}

func TestLocalization(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pt-BR"), 0o700); err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("templates: %q\nlocale: de-CH\nsources: { p: { path: /absorb, secrets: [ s ] } }\n", dir)
	c := parseText(t, head+`
sinks: { a: { type: console, locale: pt-BR, zone: America/Sao_Paulo }, b: { type: console } }
routes: [ { name: r, events: [ "*" ], to: [ a ], locale: en-GB } ]
`)
	sink, route := c.Sinks[0], c.Routes[0]
	if c.Locale != "de-CH" || sink.Localization.Locale != "pt-BR" || sink.Localization.Zone.String() != "America/Sao_Paulo" || len(sink.Settings) != 0 || c.Sinks[1].Localization != (Localization{}) {
		t.Errorf("%+v", c)
	}
	if both := route.Localization.Or(sink.Localization); both.Locale != "en-GB" || both.Zone.String() != "America/Sao_Paulo" {
		t.Errorf("%+v", both)
	}
	_, err := Parse("bridge.yaml", []byte(head+`
sinks: { a: { type: console, locale: deu, zone: Berlin }, b: { type: console, locale: 3 } }
routes: [ { name: r, events: [ "*" ], to: [ a ], locale: fr } ]
`), nil)
	for _, want := range []string{
		`sinks.a.zone: no time zone "Berlin"`, `sinks.b.locale: want a text`,
		`routes[0].locale: no templates in the language "fr"; there are en, de, pt-BR. To add a language, create a folder with its name in templates`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
