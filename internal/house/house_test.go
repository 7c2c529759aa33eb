// Package house holds the tests of the code's own order: which way imports
// point, and how long files and functions are.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/absorb-bridge/absorb-bridge/"

// layers are the packages from the ground up. One may import those below it, and
// none beside or above it.
var layers = [][]string{
	{"bridge", "bridge/budget", "bridge/inbox", "bridge/metrics", "bridge/peer", "bridge/plain", "bridge/schedule", "bridge/timestamp", "bridge/tracing", "templates", "configs", "internal/wall/draw", "internal/wall/platform", "internal/certificates", "internal/locked", "internal/loopback", "internal/pgtest", "internal/jsonschema", "deploy/notices"},
	{"bridge/absorb", "bridge/bounds", "bridge/redact", "bridge/value", "internal/yamlfile", "sinks/kit", "internal/wall/slacklike", "internal/jsonschema/schematest"},
	{"bridge/condition", "bridge/locale"},
	{
		"bridge/engine", "bridge/store",
		"internal/wall/discord", "internal/wall/email", "internal/wall/googlechat", "internal/wall/gotify", "internal/wall/matrix", "internal/wall/mattermost", "internal/wall/ntfy",
		"internal/wall/pushover", "internal/wall/rocketchat", "internal/wall/slack", "internal/wall/teams", "internal/wall/telegram", "internal/wall/webhook", "internal/wall/zulip",
	},
	{
		"bridge/catchup", "bridge/admin/access", "bridge/enrich", "bridge/intake", "bridge/lease", "bridge/render", "internal/portal", "internal/wall",
		"sinks/console", "sinks/discord", "sinks/email", "sinks/googlechat", "sinks/slack", "sinks/teams", "sinks/telegram",
		"sinks/gotify", "sinks/matrix", "sinks/mattermost", "sinks/ntfy", "sinks/pushover", "sinks/rocketchat", "sinks/shoutrrr", "sinks/webhook", "sinks/zulip", "docs/examples/ntfy",
	},
	{"bridge/dispatch", "bridge/admin", "sinks", "sinks/sinktest"},
	{"bridge/admin/workshop"},
	{"bridge/admin/pages", "bridge/config"},
	{"bridge/gateway"},
	{"internal/demo", "bridge/setup", "bridge/doctor"},
	{"cmd/absorb-bridge"},
}

// The most lines that a reader is asked to hold in mind.
const (
	maxFile     = 300
	maxTestFile = 500
	maxFunction = 50
)

func TestImportsPointDown(t *testing.T) {
	height := map[string]int{}
	for i, layer := range layers {
		for _, pkg := range layer {
			height[pkg] = i
		}
	}
	eachFile(t, func(name string, _ *token.FileSet, file *ast.File) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		from := path.Dir(name)
		own, known := height[from]
		if !known {
			t.Errorf("%s is in no layer", from)
		}
		for _, i := range file.Imports {
			to, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module)
			if ours && height[to] >= own {
				t.Errorf("%s imports %s, which is not below it", name, to)
			}
		}
	})
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	eachFile(t, func(name string, set *token.FileSet, file *ast.File) {
		test := strings.HasSuffix(name, "_test.go")
		most := maxFile
		if test {
			most = maxTestFile
		}
		if lines := set.Position(file.End()).Line; lines > most {
			t.Errorf("%s has %d lines, more than %d", name, lines, most)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || test {
				continue
			}
			if lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; lines > maxFunction {
				t.Errorf("%s: %s has %d lines, more than %d", name, f.Name.Name, lines, maxFunction)
			}
			if f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: func init: what it does belongs where somebody can see it called", name)
			}
		}
	})
}

// An emulator that took a limit or an error from the client would prove nothing: it
// imports no sink, and what the emulators share knows no platform.
func TestEmulatorsKnowNoSink(t *testing.T) {
	eachFile(t, func(name string, _ *token.FileSet, file *ast.File) {
		if !strings.HasPrefix(name, "internal/wall/") || strings.HasSuffix(name, "_test.go") {
			return
		}
		for _, i := range file.Imports {
			if to := strings.Trim(i.Path.Value, `"`); strings.HasPrefix(to, module+"sinks") {
				t.Errorf("%s imports %s", name, to)
			}
		}
	})
}

// eachFile visits every Go file of the project, by its path from the top.
func eachFile(t *testing.T, visit func(name string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	files := 0
	walk(t, ".go", func(name string) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, filepath.Join(top(), filepath.FromSlash(name)), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files++
		visit(name, set, file)
	})
	if files < 100 {
		t.Fatalf("walked %d files", files)
	}
}

// walk visits the project's own files of an ending, by their paths from the top.
func walk(t *testing.T, ending string, visit func(name string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(top()), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || name != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case strings.HasSuffix(name, ending):
			visit(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func top() string { return filepath.Join("..", "..") }
