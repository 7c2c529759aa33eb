package render

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

const manual = "../../docs/templates.md"

var (
	fenced  = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")
	example = regexp.MustCompile("(?m)^\\| `(\\{\\{.*?\\}\\})` \\| (`` .*? ``|`.*?`) \\| ")
	heading = regexp.MustCompile(`(?m)^### `)
	words   = regexp.MustCompile(`[a-zA-Z0-9]+`)
)

// TestManualExamples runs every example of the manual's tables of functions.
func TestManualExamples(t *testing.T) {
	source, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, block := range fenced.FindAllStringSubmatch(string(source), -1) {
		blocks[block[1]] = block[2]
	}
	facts := decode(t, blocks["json"])
	c := engine.NewCompiler(locale.NewClock(english(t), time.UTC, ""), nil, nil)
	shown := map[string]bool{}
	for _, part := range heading.Split(string(source), -1)[1:] {
		printing := engine.PlainPrinting
		if strings.HasPrefix(part, "Formatting") {
			printing = engine.MarkdownPrinting
		}
		for _, row := range example.FindAllStringSubmatch(part, -1) {
			call, want := strings.ReplaceAll(row[1], `\|`, "|"), strings.Trim(strings.Trim(row[2], "`"), " ")
			if strings.HasPrefix(row[2], "``") {
				want = strings.TrimSuffix(strings.TrimPrefix(row[2], "`` "), " ``")
			}
			for _, word := range words.FindAllString(call, -1) {
				shown[word] = true
			}
			r := &yamlfile.Reader{File: manual, Lines: []string{call}}
			text := c.Compile(r, yamlfile.Scalar{Text: call, At: &token.Position{Line: 1, Column: 1}}, printing, nil)
			if err := r.Problems.Err(); err != nil {
				t.Error(err)
				continue
			}
			if got, err := text.Execute(t.Context(), facts); err != nil || got != want {
				t.Errorf("%s: %q, %v; the manual says %q", call, got, err, want)
			}
		}
	}
	for _, name := range c.Functions() {
		if !shown[name] {
			t.Errorf("the manual has no example of %s", name)
		}
	}
}

// TestManualFiles loads every template file that the manual shows.
func TestManualFiles(t *testing.T) {
	source, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, block := range fenced.FindAllStringSubmatch(string(source), -1) {
		if block[1] != "yaml" {
			continue
		}
		files++
		name := "shown.yaml"
		if strings.HasPrefix(block[2], "# de/") {
			name = "de/shown.yaml"
		}
		dir := folder(t, map[string]string{name: block[2]})
		o := platforms()
		o.Dir, o.Locale = dir, "de"
		if _, err := Load(o); err != nil {
			t.Error(err)
		}
	}
	if files == 0 {
		t.Error("the manual shows no template file")
	}
}
