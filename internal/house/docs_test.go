package house

import (
	"encoding/xml"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var (
	code     = regexp.MustCompile("(?s)```.*?```")
	span     = regexp.MustCompile("`[^`\n]*`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	codePath = regexp.MustCompile("`((?:bridge|sinks|cmd|internal|e2e|deploy)(?:/[\\w.-]+)*)`")
	step     = regexp.MustCompile("(?m)^\\| .+ \\| \\[(\\S+)\\]\\(\\S+\\)(?:, and so on)? \\| (`.+`) \\|$")
	inCode   = regexp.MustCompile("`(\\w+)`")
	drawn    = regexp.MustCompile(`class="term[^>]*>([^<]+)<`)
	defined  = regexp.MustCompile(`(?m)^\*\*([^*]+)\.\*\* `)
	created  = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)
)

// TestLinksOfTheDocuments finds every place that a page links to or names: files,
// folders, and headings.
func TestLinksOfTheDocuments(t *testing.T) {
	pages := 0
	eachPage(t, func(name, text string) {
		pages++
		text = code.ReplaceAllString(text, "")
		spans := codePath.FindAllStringSubmatch(text, -1)
		text = span.ReplaceAllString(text, "")
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			to := path.Join(path.Dir(name), target)
			if target == "" {
				to = name
			}
			if !exists(to) {
				t.Errorf("%s links to %s, which is not there", name, found[1])
			} else if anchor != "" && !hasHeading(t, to, anchor) {
				t.Errorf("%s links to %s: there is no such heading", name, found[1])
			}
		}
		for _, found := range spans {
			if !exists(found[1]) {
				t.Errorf("%s names %s, which is not there", name, found[1])
			}
		}
	})
	if pages < 15 {
		t.Errorf("only %d pages were found", pages)
	}
}

// TestReadmeNamesEveryPage: a page that nobody finds is not read.
func TestReadmeNamesEveryPage(t *testing.T) {
	readme := read(t, "README.md")
	eachPage(t, func(name, _ string) {
		if path.Dir(name) == "docs" && !strings.Contains(readme, "("+name+")") {
			t.Errorf("README.md does not link to %s", name)
		}
	})
}

// TestArchitecture holds the page to the code: the steps of an event's walk, the
// layers, and the tables.
func TestArchitecture(t *testing.T) {
	page := read(t, "docs/architecture.md")
	steps := step.FindAllStringSubmatch(page, -1)
	for _, s := range steps {
		code := read(t, s[1])
		for _, name := range inCode.FindAllStringSubmatch(s[2], -1) {
			if !strings.Contains(code, "func "+name[1]+"(") && !strings.Contains(code, ") "+name[1]+"(") {
				t.Errorf("%s has no function %s", s[1], name[1])
			}
		}
	}
	if len(steps) < 15 {
		t.Errorf("only %d steps were found", len(steps))
	}
	for i, layer := range layers {
		_, row, _ := strings.Cut(page, "\n| "+strconv.Itoa(i+1)+" | ")
		row, _, _ = strings.Cut(row, "\n")
		for _, pkg := range layer {
			if !strings.Contains(row, "`"+pkg+"`") {
				t.Errorf("%s is not in layer %d of the page", pkg, i+1)
			}
		}
	}
	files, err := fs.Glob(os.DirFS(top()), "bridge/store/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for _, table := range created.FindAllStringSubmatch(read(t, file), -1) {
			if !strings.Contains(page, "\n| `"+table[1]+"` | ") {
				t.Errorf("the table %s is not on the page", table[1])
			}
		}
	}
}

// TestConcepts: each word in the drawing has its paragraph.
func TestConcepts(t *testing.T) {
	drawing := read(t, "docs/concepts.svg")
	if err := xml.Unmarshal([]byte(drawing), new(struct{})); err != nil {
		t.Error(err)
	}
	words := regexp.MustCompile(`, | and `)
	var explained []string
	for _, found := range defined.FindAllStringSubmatch(read(t, "docs/concepts.md"), -1) {
		explained = append(explained, words.Split(strings.ToLower(found[1]), -1)...)
	}
	terms := drawn.FindAllStringSubmatch(drawing, -1)
	for _, found := range terms {
		for _, term := range words.Split(found[1], -1) {
			if !slices.Contains(explained, term) {
				t.Errorf("docs/concepts.md does not explain %s", term)
			}
		}
	}
	if len(terms) < 20 {
		t.Errorf("only %d words are in the drawing", len(terms))
	}
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(top(), filepath.FromSlash(name)))
	return err == nil
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top(), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// eachPage visits every page of the project, by its path from the top.
func eachPage(t *testing.T, visit func(name, text string)) {
	t.Helper()
	walk(t, ".md", func(name string) { visit(name, read(t, name)) })
}

// hasHeading tells whether a page has a heading of an anchor, as the usual hosts
// of repositories make anchors.
func hasHeading(t *testing.T, page, anchor string) bool {
	t.Helper()
	for _, h := range heading.FindAllStringSubmatch(code.ReplaceAllString(read(t, page), ""), -1) {
		made := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, h[1])
		if made == anchor {
			return true
		}
	}
	return false
}
