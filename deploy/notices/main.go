// Command notices prints the licences and notices of all modules linked into a program.
// Their authors require them with every distributed copy:
//
//	go run ./deploy/notices ./cmd/absorb-bridge linux/arm64 > NOTICES.txt
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: notices PACKAGE SYSTEM/ARCHITECTURE")
		os.Exit(2)
	}
	if err := write(os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// write prints the texts of Go and of all modules that a package links for a platform,
// such as linux/arm64.
func write(w io.Writer, pkg, platform string) error {
	linked, err := list(platform, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", pkg)
	if err != nil {
		return err
	}
	root, err := list(platform, "env", "GOROOT")
	if err != nil {
		return err
	}
	if err := notice(w, "Go and its standard library", root[0]); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, line := range linked {
		if seen[line] {
			continue
		}
		seen[line] = true
		name, dir, _ := strings.Cut(line, "\t")
		if err := notice(w, name, dir); err != nil {
			return err
		}
	}
	return nil
}

// list returns the lines that the go command prints for a platform.
func list(platform string, args ...string) ([]string, error) {
	system, architecture, _ := strings.Cut(platform, "/")
	command := exec.Command("go", args...) //nolint:gosec // the arguments are those of the release
	command.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+architecture)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }), nil
}

// legal matches the names of files that must be distributed.
var legal = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents|authors)([-.].*)?$`)

// notice prints the files of one module's folder. A module without a licence is an
// error, because nobody may distribute it.
func notice(w io.Writer, name, dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%s: %w (run go mod download)", name, err)
	}
	licensed := false
	for _, file := range files {
		if file.IsDir() || !legal.MatchString(file.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !strings.HasPrefix(strings.ToLower(file.Name()), "authors") {
			licensed = true
		}
		if _, err := fmt.Fprintf(w, "%s\n%s: %s\n\n%s\n\n", strings.Repeat("=", 80), name, file.Name(), bytes.TrimSpace(text)); err != nil {
			return err
		}
	}
	if !licensed {
		return fmt.Errorf("%s has no licence in %s", name, dir)
	}
	return nil
}
