package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/sinks"
)

// result is what a run printed and how it ended.
type result struct {
	code        int
	out, errors string
}

// do runs the program with arguments that have no blanks.
func do(t *testing.T, line string) result {
	t.Helper()
	return doContext(t.Context(), strings.Fields(line)...)
}

func doContext(ctx context.Context, args ...string) result {
	var out, errs bytes.Buffer
	code := run(ctx, args, &out, &errs)
	return result{code, out.String(), errs.String()}
}

// want checks how a run ended and what it printed, in either place.
func (r result) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, code, r.out, r.errors)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.errors, text) {
			t.Errorf("%q is not in:\n%s%s", text, r.out, r.errors)
		}
	}
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bridge.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUsage(t *testing.T) {
	do(t, "").want(t, 0, "demo", "serve", "emit")
	do(t, "help").want(t, 0, "Usage:")
	do(t, "srve").want(t, 2, `unknown command "srve"`, "serve", "--help")
	do(t, "check --confg x").want(t, 2, "unknown flag: --confg", `did you mean "config"?`, "See absorb-bridge check --help.")
	do(t, "check extra").want(t, 2)
	do(t, "send").want(t, 2, `"sink" not set`)
	do(t, "emit --url nonsense --secret x").want(t, 2, "whole URL")
	do(t, "emit --url http://127.0.0.1:1 --secret x --event Nothing").want(t, 2, `no event named "Nothing"`, "CertificateAwarded")
	do(t, "emit --url http://127.0.0.1:1 --secret x --rate often").want(t, 2, "20/s")
	do(t, "emit --url http://127.0.0.1:1 --secret x --encoding rot13").want(t, 2, "hex or base64")
	do(t, "emit --url http://127.0.0.1:1 --secret x --webhooks thin").want(t, 2, "lean or full")
	do(t, "emit --url http://127.0.0.1:1 --secret x --portal nonsense").want(t, 2, "--portal: want the URL of an emulated portal")
	do(t, "demo --webhooks thin").want(t, 2, "lean or full")
	do(t, "demo --portal-profile slow-tokens,shy").want(t, 2, `"shy"`, "slow-tokens, denied-departments")
	do(t, "demo --portal-profile bare-tokens,bearer-tokens").want(t, 2, "choose one")
	do(t, "emit --url http://127.0.0.1:1 --secret x --count -1").want(t, 2, "above 0")
	do(t, "demo --every 0s").want(t, 2, "above 0")
	do(t, "demo --no-bridge --bridge-port 8080").want(t, 2, "no-bridge", "bridge-port")
	do(t, "preview --json --html x").want(t, 2)
	do(t, "version").want(t, 0, "absorb-bridge ", "go1.")
}

// Every command has an example, and its flags exist.
func TestExamples(t *testing.T) {
	root := rootCommand()
	for todo := root.Commands(); len(todo) > 0; todo = todo[1:] {
		c := todo[0]
		todo = append(todo, c.Commands()...)
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s has no example or no short help", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "absorb-bridge" {
				t.Errorf("%s: the example is %q", c.CommandPath(), line)
				continue
			}
			shown, args, err := root.Find(words[1:])
			if err == nil {
				err = shown.ParseFlags(args)
			}
			if err != nil {
				t.Errorf("%s: %q: %v", c.CommandPath(), line, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for name, value := range map[string]string{ // as a newcomer would set them
		"ABSORB_SECRET": "s", "ABSORB_API_KEY": "k", "ABSORB_USER": "u", "ABSORB_PASSWORD": "p",
		"SLACK_URL": "https://hooks.slack.com/services/T0/B0/x",
	} {
		t.Setenv(name, value)
	}
	do(t, "check --config ../../configs/bridge.yaml").want(t, 0, "is valid: 1 source, 1 sink, 1 route, 24 templates")
	t.Setenv("BRIDGE_CONFIG", "../../configs/examples/console.yaml")
	do(t, "check").want(t, 0, "console.yaml is valid")
	do(t, "check -c nowhere.yaml").want(t, 1, "nowhere.yaml")
	faulty := writeConfig(t, "listn: :8080\nsources: { a: { path: absorb } }\n")
	do(t, "check -c "+faulty).want(t, 1, "bridge.yaml:1:1", "listen", "bridge.yaml:2")
}

func TestSecretsAreNotPrinted(t *testing.T) {
	const hidden = "hidden-value-0123456789"
	path := writeConfig(t, strings.ReplaceAll(`
sources:
  a: { path: /a, secrets: [ HIDDEN ], api: { key: HIDDEN, username: u, password: HIDDEN, regon: eu } }
sinks:
  s: { type: slack, webhook_url: "HIDDEN" }
  m: { type: email, host: [ HIDDEN ], password: HIDDEN }
routes: [ { name: r, events: [ "*" ], to: [ s, nobody ] } ]
`, "HIDDEN", hidden))
	r := do(t, "check -c "+path)
	r.want(t, 1, "regon")
	if strings.Contains(r.out+r.errors, hidden) {
		t.Errorf("a secret is printed:\n%s%s", r.out, r.errors)
	}
}

func TestPreview(t *testing.T) {
	t.Chdir(t.TempDir()) // no bridge.yaml here
	r := do(t, "preview --event all --sink all --json")
	r.want(t, 0)
	seen := map[string]int{}
	for line := range strings.Lines(r.out) {
		var p struct {
			Event, Sink, Type string
			Payload           json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil || len(p.Payload) == 0 {
			t.Fatalf("%v: %s", err, line)
		}
		seen[p.Type]++
	}
	for name := range sinks.Types() {
		if seen[name] != 24 {
			t.Errorf("%s: %d previews, want 24", name, seen[name])
		}
	}
	do(t, "preview --event certificate.awarded --sink slack").want(t, 0, "CertificateAwarded to slack", "Working at Height")
	do(t, "preview --html page.html --event all").want(t, 0)
	page, err := os.ReadFile("page.html")
	if err != nil || !bytes.Contains(page, []byte("Working at Height")) {
		t.Errorf("the page: %v", err)
	}
	do(t, "preview --html no/such/folder/page.html").want(t, 1, "no/such/folder")
	do(t, "preview --event Nothing").want(t, 2, "CertificateAwarded")
	do(t, "preview --sink telex").want(t, 2, "googlechat")
	do(t, "preview --config nowhere.yaml").want(t, 1, "nowhere.yaml")
}

func TestSend(t *testing.T) {
	answer := "ok"
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if answer != "ok" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer slack.Close()
	path := writeConfig(t, `
sources: { a: { path: /a, secrets: [ x ] } }
sinks: { academy: { type: slack, webhook_url: "`+slack.URL+`/services/T0/B0/s3cr3t-part" } }
routes: [ { name: r, events: [ "*" ], to: [ academy ] } ]
`)
	do(t, "send --sink academy --event all -c "+path).want(t, 0, "UserCreated to academy: accepted, answered 200 ok")
	do(t, "send --sink acadmy -c "+path).want(t, 2, `no sink named "acadmy"`, "academy")
	answer = "no_service"
	r := do(t, "send --sink academy -c "+path)
	r.want(t, 1, "no_service")
	if strings.Contains(r.errors, "s3cr3t-part") {
		t.Errorf("the webhook's URL is printed: %s", r.errors)
	}
}

// signed accepts what is signed with a secret, by the standard library's hand.
func signed(secret string, decode func(string) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		claimed, err := decode(r.Header.Get("absorb-signature"))
		if err != nil || !hmac.Equal(claimed, mac.Sum(nil)) {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "yes\x1b[2J") // a receiver cannot write on the terminal
	}
}

func TestEmit(t *testing.T) {
	inHex := httptest.NewServer(signed("right", hex.DecodeString))
	defer inHex.Close()
	inBase64 := httptest.NewServer(signed("right", base64.StdEncoding.DecodeString))
	defer inBase64.Close()

	do(t, "emit --secret right --url "+inHex.URL).want(t, 0, "EnrollmentCompletedByLearner: 200 yes", "1 accepted, 0 refused")
	t.Setenv(secretVariable, "")
	do(t, "emit --url http://127.0.0.1:1").want(t, 2, "--source", "--secret-file", "ABSORB_SECRET")
	do(t, "emit --secret right").want(t, 2, "set --url or --source")
	do(t, "emit --secret right --source production").want(t, 2, "secret", "source")
	t.Setenv(secretVariable, "right")
	do(t, "emit --url "+inHex.URL).want(t, 0, "1 accepted")
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("right\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, "emit --secret-file "+file+" --url "+inHex.URL).want(t, 0, "1 accepted")
	do(t, "emit --secret-file "+file+".none --url "+inHex.URL).want(t, 1, "--secret-file", "no such file")
	do(t, "emit --secret-file "+os.DevNull+" --url "+inHex.URL).want(t, 2, "is empty")
	c := writeConfig(t, `
listen: ":`+inHex.URL[strings.LastIndex(inHex.URL, ":")+1:]+`"
sources: { production: { path: /a, secrets: [ right, wrong ] }, fresh: { path: /b } }
sinks: { c: { type: console } }
routes: [ { name: all, events: [ "*" ], to: [ c ] } ]
`)
	do(t, "emit --source production --config "+c).want(t, 0, "1 accepted")
	do(t, "emit --source fresh --config "+c).want(t, 2, "fresh has no secret yet")
	do(t, "emit --source sandbox --config "+c).want(t, 2, `no source "sandbox"`)
	do(t, "emit --secret right --encoding base64 --event all --url "+inBase64.URL).want(t, 0, "24 accepted")
	do(t, "emit --secret right --count 30 --rate 1000/s --event all --url "+inHex.URL).want(t, 0, "30 accepted")
	lms := httptest.NewServer(portal.New(portal.Options{}).Handler())
	defer lms.Close()
	do(t, "emit --secret right --webhooks lean --event all --portal "+lms.URL+" --url "+inHex.URL).want(t, 0, "24 accepted, 0 refused")
	do(t, "emit --secret right --portal "+inHex.URL+" --url "+inHex.URL).want(t, 1, "is not an emulated portal", "set --portal to the portal's URL")
	r := do(t, "emit --secret wrong --url "+inHex.URL)
	r.want(t, 1, ": 401 no", "0 accepted, 1 refused")
	if r := do(t, "emit --secret right --url "+inHex.URL); strings.Contains(r.out, "\x1b") {
		t.Errorf("an escape sequence reaches the terminal: %q", r.out)
	}
	inHex.Close()
	do(t, "emit --secret right --url "+inHex.URL).want(t, 1, "connection refused", "does a bridge run there?")
}

// anywhere is a configuration whose bridge is in nobody's way.
const anywhere = `
listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
store: ./bridge.db
sources: { a: { path: /a, secrets: [ x ] } }
sinks: { screen: { type: console } }
routes: [ { name: r, events: [ "*" ], to: [ screen ] } ]
`

func TestServe(t *testing.T) {
	do(t, "serve --config nowhere.yaml").want(t, 1, "nowhere.yaml")
	path := writeConfig(t, anywhere)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	// Told to stop as soon as it says that it is ready.
	log := &watched{word: "is ready", seen: stop}
	if code := run(ctx, []string{"serve", "--config", path}, io.Discard, log); code != 0 || !strings.Contains(log.String(), "has stopped") {
		t.Errorf("ended with %d: %s", code, log)
	}
}

// watched keeps what is written and calls seen when a word comes by.
type watched struct {
	bytes.Buffer
	mu   sync.Mutex
	word string
	seen func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Contains(p, []byte(w.word)) {
		w.seen()
	}
	return w.Buffer.Write(p)
}
