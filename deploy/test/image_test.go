package test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// maxImage is the largest allowed size of the compressed image.
const maxImage = 25_000_000

// dockerfile parses the Dockerfile with BuildKit: the build stage and the image. BuildKit's
// warnings are errors.
func dockerfile(t *testing.T) (build, image instructions.Stage) {
	t.Helper()
	file, err := parser.Parse(strings.NewReader(read(t, "../../Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range file.Warnings {
		t.Error(w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(name, _, _, message string, _ []parser.Range) { t.Errorf("%s: %s", name, message) }})
	stages, _, err := instructions.Parse(file.AST, lint)
	if err != nil || len(stages) != 2 {
		t.Fatalf("%d stages, %v", len(stages), err)
	}
	return stages[0], stages[1]
}

// commands returns the commands of a type.
func commands[T instructions.Command](s instructions.Stage) (found []T) {
	for _, c := range s.Commands {
		if command, ok := c.(T); ok {
			found = append(found, command)
		}
	}
	return found
}

// TestDockerfile checks that the image builds for every platform and has an unprivileged
// user.
func TestDockerfile(t *testing.T) {
	build, image := dockerfile(t)
	var args []string
	for _, c := range commands[*instructions.ArgCommand](build) {
		for _, a := range c.Args {
			args = append(args, a.Key)
		}
	}
	// The compiler runs here, whatever it compiles for.
	if build.Platform != "$BUILDPLATFORM" || !slices.Contains(args, "TARGETOS") || !slices.Contains(args, "TARGETARCH") {
		t.Errorf("built on %q, with %q", build.Platform, args)
	}
	if image.BaseName != "scratch" || image.Platform != "" {
		t.Errorf("the image is made from %s %s", image.BaseName, image.Platform)
	}
	user := commands[*instructions.UserCommand](image)
	// Kubernetes cannot tell whether a name is root's.
	if len(user) != 1 || user[0].User != "65532:65532" {
		t.Errorf("it runs as %v", user)
	}
	for _, c := range commands[*instructions.CopyCommand](image) {
		if c.DestPath == "/data" && c.Chown != user[0].User {
			t.Errorf("%s belongs to %q", c.DestPath, c.Chown)
		}
	}
}

// TestImageIsSmall runs the Dockerfile's build with the files that Docker would get, and
// packs the result as registries store it.
func TestImageIsSmall(t *testing.T) {
	build, image := dockerfile(t)
	out := filepath.Join(t.TempDir(), "out")
	buildAs(t, build, out)
	program := filepath.Join(out, "absorb-bridge")
	if f, err := elf.Open(program); err != nil {
		t.Error(err)
	} else if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 || f.Section(".interp") != nil {
		t.Errorf("the program needs %q, %v", libraries, err)
	}
	size := 0
	for _, c := range commands[*instructions.CopyCommand](image) {
		for _, source := range c.SourcePaths {
			n := packed(t, strings.Replace(source, "/out", out, 1))
			t.Logf("%s: %d bytes", source, n)
			size += n
		}
	}
	if size > maxImage || size < 1_000_000 {
		t.Errorf("the image has %d bytes, want at most %d", size, maxImage)
	}
}

// buildAs runs a stage's build in a folder without the files of .dockerignore.
func buildAs(t *testing.T, build instructions.Stage, out string) {
	t.Helper()
	var script string
	for _, c := range commands[*instructions.RunCommand](build) {
		if line := strings.Join(c.CmdLine, " "); strings.Contains(line, "go build") {
			script = strings.ReplaceAll(line, "/out", out)
		}
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = buildContext(t)
	cmd.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH="+runtime.GOARCH, "VERSION=v0.0.0")
	if text, err := cmd.CombinedOutput(); err != nil || script == "" {
		t.Fatalf("%s: %v\n%s", script, err, text)
	}
}

// buildContext creates a folder with the files that Docker gets.
func buildContext(t *testing.T) string {
	t.Helper()
	const root = "../.."
	patterns, err := ignorefile.ReadAll(strings.NewReader(read(t, root+"/.dockerignore")))
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	list, err := run("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range strings.Split(strings.TrimSuffix(list, "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if out, matching := ignored.MatchesOrParentMatches(name); out || matching != nil || os.IsNotExist(err) {
			continue // left out, or deleted and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(data))
	}
	return dir
}

// packed returns the size of a file or an empty folder as a layer.
func packed(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	layer := &bytes.Buffer{}
	z := gzip.NewWriter(layer) // at the usual level, as Docker does it
	w := tar.NewWriter(z)
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if info.Mode().IsRegular() {
		if _, err := io.WriteString(w, read(t, path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return layer.Len()
}
