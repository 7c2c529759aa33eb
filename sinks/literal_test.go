package sinks_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// data is what names and titles may hold: each would do something somewhere.
func data() []string {
	return []string{
		"*Stars*", "a *b* c", "**bold**", "_low_", "__under__", "snake_case_name", "~tilde~", "~~struck~~", "`code`", "```block```", "> quote", ">>> quotes", "# heading", "#channel",
		"-# small", "- item", "+ item", "* item", "1. first", "2) second", "---", "===", "Heading\n===", "Heading\n---", "x\n> y\n- z\n1. w", "[label](https://evil.example)", "![picture](https://evil.example/x.png)",
		"||secret||", ":smile:", ":100:", ":+1:", ":)", ":D", "<!channel>", "<!here|x>", "<@U012AB3CD>", "<@&1>", "<#1>", "<t:1>", "</run:1>", "<:a:1>", "@here", "@everyone", "@all", "<users/all>",
		"https://evil.example/path?a=b", "http://10.0.0.1/x", "HTTPS://EVIL.EXAMPLE", "ftp://evil.example", "www.evil.com", "evil.com", "evil.com/path", "a.b@evil.com", "mailto:a@evil.com", "tel:+15551234567", "+15551234567", "+1(555)1234567",
		"discord://x/y", "<https://evil.example>", "<https://evil.example|Payroll>", "<b>bold</b>", "<script>", "&lt;b&gt;", "&amp;", "\\*x\\*", "\\", "| a | b |\n|---|---|\n| c | d |", "$x$", "$$x$$", "\\(x\\)", "#fff", "color:#fff",
		"Dr. Mira Halvorsen-Lund, B.Sc.", "14:02", "92.5 %", "Version 2.0: What's new?", "C++ & C#", "a*b*c", "2*3*4", "5 > 3", "O'Neil & Sons (Ltd.)", "100%", "q/a", "Größe – ½", "日本語：テスト",
	}
}

// seen is a text as a reader sees it: without spaces of no width, and with the
// characters for which others stand.
var seen = strings.NewReplacer(kit.ZeroWidth, "", "∗", "*", "∼", "~", "ˋ", "`", "ˍ", "_", "｜", "|", "＼", `\`, "‹", "<", "›", ">")

// TestDataIsLiteralOnSlackAndGoogle is the same by what Slack documents of its markup,
// and by an HTML parser for Google's cards.
func TestDataIsLiteralOnSlackAndGoogle(t *testing.T) {
	live := regexp.MustCompile("[*~`<>]|(?:^|[^\\pL\\pN])_|_(?:$|[^\\pL\\pN])|(?m:^\\s*&gt;)|:[a-z0-9_+-]+:|@[a-z]|https?://|[a-z]\\.[a-z]")
	slack, google := sinks.Types()["slack"].Escape, sinks.Types()["googlechat"].Escape
	for _, s := range data() {
		escaped := slack(s)
		if found := live.FindString(escaped); found != "" || seen.Replace(html.UnescapeString(escaped)) != seen.Replace(s) {
			t.Errorf("slack: %q is written as %q, in which %q is live", s, escaped, found)
		}
		escaped = google(s)
		tokens, text := html.NewTokenizer(strings.NewReader(escaped)), ""
		for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
			if text += tokens.Token().Data; kind != html.TextToken {
				t.Errorf("google: %q is written as %q, which has %v", s, escaped, kind)
			}
		}
		if found := regexp.MustCompile(`https?://|[a-z]\.[a-z]`).FindString(escaped); found != "" || seen.Replace(text) != seen.Replace(s) {
			t.Errorf("google: %q is written as %q and read as %q", s, escaped, text)
		}
	}
}

// TestDataIsLiteral reads data with the parsers of the platforms' markup, or with the
// nearest that there is: it is text, and the text is the data's.
func TestDataIsLiteral(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed; it runs the platforms' parsers")
	}
	folder := filepath.Join("testdata", "markup")
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		t.Skip("run npm ci in sinks/testdata/markup to read data with the platforms' parsers")
	}
	var in bytes.Buffer
	var asked [][3]string
	for _, platform := range []string{"discord", "rocketchat", "mattermost", "teams"} {
		escape := sinks.Types()[platform].Escape
		for _, s := range data() {
			asked = append(asked, [3]string{platform, s, escape(s)})
			line, _ := json.Marshal(asked[len(asked)-1][:]) // any text can be written
			in.Write(append(line, '\n'))
		}
	}
	cmd := exec.CommandContext(t.Context(), node, "check.mjs")
	cmd.Dir, cmd.Stdin = folder, &in
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.Bytes())
	}
	answers := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(answers) != len(asked) {
		t.Fatalf("%d answers to %d texts", len(answers), len(asked))
	}
	for i, answer := range answers {
		var read struct {
			More []string
			Text string
		}
		if err := json.Unmarshal([]byte(answer), &read); err != nil {
			t.Fatal(err)
		}
		platform, s, escaped := asked[i][0], asked[i][1], asked[i][2]
		if len(read.More) > 0 || seen.Replace(strings.TrimSpace(read.Text)) != seen.Replace(s) {
			t.Errorf("%s: %q is written as %q and read as %q, with %v", platform, s, escaped, read.Text, read.More)
		}
	}
}
