package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/plain"
)

// odd has each kind of character that a terminal must not get.
const odd = "\u009b2J\u0085\x7f\u202e\u2066\u200e\u061c\u00ad\ufeff\u2028\u2029\U000e0041"

// What a webhook brings reaches a terminal and a log without anything that cannot be
// seen, by whatever command, as a table and as JSON that means the same.
func TestNothingDrivesATerminal(t *testing.T) {
	path := writeConfig(t, anywhere)
	bridge := serveInProcess(t, path)
	body, err := json.Marshal(map[string]string{"eventName": "Odd" + odd + "\x1b[2J", "userId": "u" + odd, "courseId": odd, "k" + odd: odd + "\r"})
	if err != nil {
		t.Fatal(err)
	}
	sum := hmac.New(sha256.New, []byte("x"))
	sum.Write(body)
	for _, signature := range []string{hex.EncodeToString(sum.Sum(nil)), odd} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, bridge.url+"/a", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Absorb-Signature", strings.ReplaceAll(signature, "\x7f", ""))
		r.Header.Set("User-Agent", "agent"+strings.ReplaceAll(odd, "\x7f", ""))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	bridge.stop()
	ids := map[string]string{}
	for command, into := range map[string]string{"events": "EVENT", "deliveries": "DELIVERY", "inspect": "CAPTURE"} {
		line, _, _ := strings.Cut(do(t, command+" --json -c "+path).out, "\n")
		var row struct{ ID string }
		if err := json.Unmarshal([]byte(line), &row); err == nil {
			ids[into] = row.ID
		}
	}
	lines := []string{
		"events", "events --json", "events show EVENT", "events show EVENT --json", "inspect EVENT", "inspect EVENT --json", "deliveries", "deliveries --json",
		"deliveries --text " + odd, "deliveries cancel --text " + odd, "events show " + odd, "dead --json", "audit", "audit --json", odd, "check -c " + odd,
	}
	if ids["CAPTURE"] != "" {
		lines = append(lines, "inspect", "inspect --json", "inspect CAPTURE", "inspect CAPTURE --json")
	}
	for _, line := range lines {
		for name, id := range ids {
			line = strings.ReplaceAll(line, name, id)
		}
		if !strings.Contains(line, "-c ") {
			line += " -c " + path
		}
		r := doContext(t.Context(), strings.Split(line, " ")...)
		if clean(t, line, r.out+r.errors); r.out+r.errors == "" && !strings.Contains(line, "--text") && !strings.HasPrefix(line, "dead") {
			t.Errorf("%q prints nothing", line)
		}
		for part := json.NewDecoder(strings.NewReader(r.out)); strings.Contains(line, "--json") && part.More(); {
			var value any
			if err := part.Decode(&value); err != nil {
				t.Errorf("%q: %v", line, err)
				break
			}
		}
	}
	wrong := strings.Replace(anywhere, "type: console", "type: console, \"k"+odd+"\": \"v"+odd+"\"", 1)
	r := do(t, "check -c "+writeConfig(t, wrong))
	clean(t, "check", r.out+r.errors)
	r.want(t, 1, "unknown setting")
}

func clean(t *testing.T, what, text string) {
	t.Helper()
	text = strings.NewReplacer("\n", "", "\t", "").Replace(text)
	if strings.ContainsFunc(text, plain.Hidden) {
		t.Errorf("%q prints %q", what, text)
	}
}

// The log is the same in both forms, and so is what libraries write to Go's own.
func TestNothingOddIsLogged(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		l := newLog(plain.NewWriter(&out), config.Log{Format: format})
		end := collect(l)
		l.Warn("message"+odd, "path", odd)
		log.Printf("http: Unsolicited response %q, and %s", odd, odd)
		end()
		clean(t, format, out.String())
		if lines := strings.Count(out.String(), "\n"); lines != 2 || !strings.Contains(out.String(), "Unsolicited") || !strings.Contains(strings.ToUpper(out.String()), "WARN") {
			t.Errorf("%s: %s", format, out.String())
		}
		if format == "json" {
			for line := range strings.Lines(out.String()) {
				var row map[string]any
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Errorf("%s: %v", line, err)
				}
			}
		}
	}
}
