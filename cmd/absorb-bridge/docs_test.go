package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	anyBlock   = regexp.MustCompile("(?s)```.*?```")
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	invocation = regexp.MustCompile(`(?:^|[\s/])absorb-bridge (\w[^|&;#>\n]*)`)
	argument   = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)
)

// TestCommandsOfTheManual: every command that a page shows exists, with its flags and
// as many arguments.
func TestCommandsOfTheManual(t *testing.T) {
	commands := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range shown(string(text)) {
			for _, found := range invocation.FindAllStringSubmatch(line, -1) {
				commands++
				if err := understood(argument.FindAllString(found[1], -1)); err != nil {
					t.Errorf("%s: absorb-bridge %s: %v", page, found[1], err)
				}
			}
		}
	}
	if commands < 60 {
		t.Errorf("only %d commands were found", commands)
	}
}

// pages are those of the project itself.
func pages(t *testing.T) (all []string) {
	t.Helper()
	const top = "../.."
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != top && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			all = append(all, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// shown gives the lines of a page's shell blocks, and its pieces of code.
func shown(page string) (lines []string) {
	for _, block := range shellBlock.FindAllStringSubmatch(page, -1) {
		lines = append(lines, strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n")...)
	}
	for _, span := range codeSpan.FindAllStringSubmatch(anyBlock.ReplaceAllString(page, ""), -1) {
		lines = append(lines, span[1])
	}
	return lines
}

// understood runs a command line as far as its work. A command alone is its name.
func understood(args []string) error {
	root := rootCommand()
	root.InitDefaultCompletionCmd(args...)
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if len(rest) == 0 || slices.Contains(rest, "--help") {
		return nil
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if err := cmd.ValidateRequiredFlags(); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}
