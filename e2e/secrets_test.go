package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
)

// secrets are all that a full configuration holds, each a text of its own.
func secrets() map[string]string {
	all := map[string]string{}
	for _, name := range []string{
		"SOURCE_SECRET", "OLD_SECRET", "API_KEY", "API_PASSWORD", "OAUTH_SECRET", "OAUTH_REFRESH", "SLACK_PART", "DISCORD_PART",
		"CHAT_KEY", "CHAT_TOKEN", "TEAMS_SIG", "SMTP_PASSWORD", "ADMIN_TOKEN", "HOOK_PART", "HOOK_HEADER", "ROCKET_PART", "MATTER_PART", "NTFY_PART", "GOTIFY_PART", "DISCORD_TOKEN",
	} {
		all[name] = strings.ToLower(name) + "-Zq7vX2"
		if !strings.HasSuffix(name, "_PART") && !strings.HasPrefix(name, "CHAT_") && name != "TEAMS_SIG" {
			all[name] += awkward
		}
	}
	all["SLACK_TOKEN"] = "xoxb-slack_token-Zq7vX2" + awkward
	all["STORE_KEY"] = "store_key-Zq7vX2 which takes 32 characters" + awkward
	all["HOOK_SECRET"] = "whsec_" + base64.StdEncoding.EncodeToString([]byte("hook_secret-Zq7vX2 of the test"))
	return all
}

// awkward ends the secrets that are no part of a URL: forms and JSON encode it, so
// that who looks for the whole does not find it.
const awkward = `+/="&<`

// traces are what gives a secret away: all of it but its awkward end, and all of it
// as SMTP and HTTP send passwords.
func traces(secret string) []string {
	return []string{
		strings.TrimSuffix(secret, awkward),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("\x00lms\x00" + secret)),
	}
}

const secretive = `
listen: %s
admin: { listen: %s, token: "${ADMIN_TOKEN}" }
store: ./data/bridge.db
store_keys: [ "${STORE_KEY}" ]
sources:
  one:
    path: /one
    secrets: [ "${SOURCE_SECRET}", "${OLD_SECRET}" ]
    api: { url: %[3]s, key: "${API_KEY}", username: bridge, password: "${API_PASSWORD}", budget: 1s }
  two:
    path: /two
    secrets: [ "${SOURCE_SECRET}" ]
    api: { url: %[3]s, key: "${API_KEY}", budget: 1s, oauth: { token_url: "%[3]s/oauth/token", client_id: bridge, client_secret: "${OAUTH_SECRET}", refresh_token: "${OAUTH_REFRESH}" } }
sinks:
  slack: { type: slack, webhook_url: "%[3]s/services/T0/B0/${SLACK_PART}", limit: none }
  discord: { type: discord, webhook_url: "%[3]s/api/webhooks/1310000000000000001/${DISCORD_PART}", limit: none }
  chat: { type: googlechat, webhook_url: "%[3]s/v1/spaces/AAAA/messages?key=${CHAT_KEY}&token=${CHAT_TOKEN}", limit: none }
  teams: { type: teams, webhook_url: "%[3]s/workflows/abc/triggers/manual/paths/invoke?api-version=1&sig=${TEAMS_SIG}", limit: none }
  hook: { type: webhook, url: "%[3]s/hook/${HOOK_PART}", secrets: [ "${HOOK_SECRET}" ], headers: { X-Key: "Bearer ${HOOK_HEADER}" }, allow_private: true, limit: none }
  plain: { type: webhook, url: "%[3]s/plain/${HOOK_PART}?to=localhost", body: "{{ .message.title }}", content_type: text/plain, allow_private: true, limit: none }
  rocket: { type: rocketchat, webhook_url: "%[3]s/hooks/abc/${ROCKET_PART}", limit: none }
  matter: { type: mattermost, webhook_url: "%[3]s/hooks/${MATTER_PART}", limit: none }
  ntfy: { type: shoutrrr, url: "ntfy://user:${NTFY_PART}@%[4]s/topic?scheme=http", limit: none }
  gotify: { type: gotify, server: "%[3]s", token: "${GOTIFY_PART}", limit: none }
  slackbot: { type: slack, token: "${SLACK_TOKEN}", channel: "@ann@example.com", api_url: "%[3]s/api/", limit: none }
  discordbot: { type: discord, token: "${DISCORD_TOKEN}", channel_id: "1330000000000000001", api_url: "%[3]s/api/v10", limit: none }
  gone: { type: slack, webhook_url: "http://127.0.0.1:1/services/T0/B0/${SLACK_PART}", limit: none }
  mail: { type: email, smtp: "smtps://127.0.0.1:1", username: lms, password: "${SMTP_PASSWORD}", from: lms@example.com, to: [ hr@example.com ], limit: none }
routes: [ { name: everything, events: [ "*" ], to: [ slack, discord, chat, teams, gone, mail, hook, plain, rocket, matter, ntfy, gotify, slackbot, discordbot ] } ]
log: { level: debug, format: json }
`

// TestNoSecretIsTold fails in every way, against a server that repeats whatever it
// was sent, and looks for the secrets in all that the process prints, answers and
// stores.
func TestNoSecretIsTold(t *testing.T) {
	statuses := []int{500, 400, 404, 429, 302, 200, 401}
	var asked atomic.Int64
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		status := statuses[int(asked.Add(1))%len(statuses)] // which status whom meets is of no matter
		if r.URL.Path == "/oauth/token" {
			status = http.StatusBadRequest // a refused refresh token has an error of its own
		}
		w.Header().Set("Location", r.URL.String())
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s %s\n%v\n%s", r.Method, r.URL, r.Header, data)
	}))
	defer echo.Close()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bridge.yaml"), fmt.Sprintf(secretive, loopback.Address(t), loopback.Address(t), echo.URL, strings.TrimPrefix(echo.URL, "http://")))
	for name, value := range secrets() {
		t.Setenv(name, value)
	}
	p := start(t, dir)
	base := strings.TrimSuffix(p.url, "/absorb")
	var seen strings.Builder
	say := func(args ...string) { fmt.Fprintln(&seen, command(t, dir, args...)) }
	emit := func(path, secret string) {
		for _, line := range []string{"all", "UserCreated"} {
			out, err := runBinary("emit", "--url", base+path, "--secret", secret, "--event", line)
			fmt.Fprintln(&seen, out, err)
		}
	}
	emit("/one", "wrong")
	emit("/one", os.Getenv("SOURCE_SECRET"))
	emit("/two", os.Getenv("OLD_SECRET"))
	emit("/two", os.Getenv("SOURCE_SECRET"))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		failed := map[string]bool{}
		for _, d := range deliveries(t, dir) {
			if d.Error != "" {
				failed[d.Sink] = true
			}
		}
		if len(failed) == 14 && strings.Contains(p.log.String(), "the refresh ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("within a minute only these sinks failed: %v", failed)
		}
	}
	say("check")
	say("events", "--limit", "100")
	say("deliveries", "--limit", "1000", "--json")
	say("dead")
	say("inspect")
	for i, d := range deliveries(t, dir) {
		if i%10 == 0 {
			say("deliveries", "show", d.ID)
		}
	}
	for _, path := range []string{"/api/sources", "/api/deliveries", "/healthz"} { // without the token
		res, err := http.Get("http://" + adminAddress(t, dir) + path)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		seen.Write(data)
	}
	out, err := runBinary("send", "--sink", "slack", "--config", filepath.Join(dir, "bridge.yaml"))
	fmt.Fprintln(&seen, out, err)
	p.stop(t)

	places := map[string]string{"the log": p.log.String(), "the commands and the API": seen.String()}
	files, err := filepath.Glob(filepath.Join(dir, "data", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		places[filepath.Base(file)] = string(data)
	}
	if n := strings.Count(places["the log"], "(redacted)"); n == 0 {
		t.Errorf("nothing was repeated to the process and redacted in its log: the test tests nothing")
	}
	for where, text := range places {
		if len(text) == 0 && !strings.Contains(where, ".db-") && !strings.HasSuffix(where, ".lock") {
			t.Errorf("%s is empty", where)
		}
		for name, value := range secrets() {
			for _, trace := range traces(value) {
				if i := strings.Index(text, trace); i >= 0 {
					t.Errorf("%s tells %s: …%s…", where, name, text[max(0, i-150):min(len(text), i+60)])
				}
			}
		}
	}
}

// runBinary runs absorb-bridge and gives all that it printed.
func runBinary(args ...string) (string, error) {
	out, err := exec.Command(binary, args...).CombinedOutput()
	return string(out), err
}

// adminAddress is the second address in a configuration.
func adminAddress(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "bridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "admin: { listen: ")
	return rest[:strings.IndexAny(rest, ", }")]
}
