package config

import (
	"strings"
	"testing"
)

// TestNoSecretIsShown has secrets in every style of YAML, next to faults: of the
// configuration, and of YAML itself, when nothing says what is a secret.
func TestNoSecretIsShown(t *testing.T) {
	const source = "sources:\n  p:\n    path: /absorb\n    "
	for _, text := range []string{
		source + "secrets: [ literal-a }\n",
		"store: host=db user=b password=literal-a\n" + source + "x: 1\n",
		"store: postgres:b:literal-a@db/bridge\n" + source + "x: 1\n",
		"store: mysql://b:literal-a@db/bridge\n" + source + "x: 1\n",
		"store: Server=db;Pwd=literal-a\n" + source + "x: 1\n",
		"traces: { endpoint: \"https://literal-a.example.com:x\" }\n" + source + "x: 1\n",
		source + "secrets: [ \"literal-b ]\n",
		source + "secrets: 'literal-c\n",
		source + "pasword: literal-d: literal-e\n",
		source + "pasword: literal-d literal-e: literal-f\n",
		source + "pasword: \"x\" literal-e: literal-f\n",
		source + "pasword: @literal-f\n",
		source + "user_agent: lms\n    pasword:literal-g\n",
		source + "user_agent: lms\n    pasword:literal-g\n    x: 1\n",
		source + "user_agent: lms\n      literal-g\n    x: 1\n",
		source + "x: !!str literal-h\n    y: &literal-h literal-i\n",
		source + "x: 'don''t literal-j'\n    y: \"\\tliteral-k\"\n",
		source + "x: |\n      literal-l\n    y: { pasword: >\n      literal-m }\n",
		source + "x: literal-n # literal-o\n",
		source + "x: literal\n      literal-p\n",
		source + "x: ${A:-literal-q}${literal\n",
		source + "fields: { x: literal-r, x: literal-s }\n",
		source + "portal: https://u:literal-t@example.com/ x: y\n",
		"store: postgres://u:literal/t@db/x",
		"store: postgres://db/x?password=literal-t",
		"? literal-u\n: [\n",
		"literal-v\n",
		"- literal-w\n- x: literal-w: y",
	} {
		for line := range strings.Lines(strings.Join(maskedLines([]byte(text)), "\n")) {
			if strings.Contains(line, "literal") {
				t.Errorf("%q:\nshown as %q", text, line)
			}
		}
	}
}

func TestWhatIsNoSecretIsShown(t *testing.T) {
	for _, text := range []string{
		"listen: ':8080'\nsources: { p: { path: /absorb, secrets: [ \"${ABSORB_SECRET}\", '${file:/run/secrets/x}' ] } }",
		"routes:\n  - name: all\n    events: [ \"*\", UserCreated ]\n    to:\n      - academy # and more\n      - leaders",
		"sinks:\n  hr: { type: email, smtp: smtps://mail.example.com, from: lms@example.com, limit: { rate: 1/s, burst: 4 } }",
	} {
		if got := strings.Join(maskedLines([]byte(text)), "\n"); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}
