package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	invocation = regexp.MustCompile(`(?:^|[\s/])absorb-bridge (\w[^|&;#>\n]*)`)
	argument   = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)
)

// shown is a command as a page shows it.
type shown struct {
	place string // page:line
	args  []string
	typed bool // it is in a block for the shell
}

func (s shown) String() string { return s.place + ": absorb-bridge " + strings.Join(s.args, " ") }

// TestCommandsOfTheManual: every command that a page shows exists, with its flags and
// as many arguments.
func TestCommandsOfTheManual(t *testing.T) {
	all := shownCommands(t)
	for _, s := range all {
		if err := understood(s.args); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	if len(all) < 100 {
		t.Errorf("only %d commands were found", len(all))
	}
}

// TestUnderstood: a command that is out of date is found.
func TestUnderstood(t *testing.T) {
	for line, fine := range map[string]bool{
		"deliveries show ID --json": true, "deliveries": true, "dead retry --help": true, "completion bash": true,
		"deliver": false, "deliveries showw ID": false, "store cpy": false, "dead show": true, "dead show ID ID": false, "check x": false, "events --sinc 2h": false, "send --event all": false, "completion tcsh": false,
	} {
		if err := understood(strings.Fields(line)); (err == nil) != fine {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestReadmeNamesEveryCommand, and no others.
func TestReadmeNamesEveryCommand(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "\n## Commands\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var named, there []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ").FindAllStringSubmatch(table, -1) {
		named = append(named, row[1])
	}
	root := rootCommand()
	root.InitDefaultCompletionCmd("help")
	for _, cmd := range root.Commands() {
		there = append(there, cmd.Name())
	}
	slices.Sort(named)
	slices.Sort(there)
	if !slices.Equal(named, there) {
		t.Errorf("README.md names %q; there are %q", named, there)
	}
}

// shownCommands finds the commands on all pages: in blocks for the shell, and in pieces
// of code.
func shownCommands(t *testing.T) (all []shown) {
	t.Helper()
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		block, begun := "", "" // the language of the block; a line that goes on in the next
		for i, line := range strings.Split(string(text), "\n") {
			add := func(code string, typed bool) {
				for _, args := range invoked(code) {
					all = append(all, shown{fmt.Sprintf("%s:%d", page[len("../../"):], i+1), args, typed})
				}
			}
			_, language, fence := strings.Cut(line, "```")
			switch {
			case fence && block == "":
				block = language + "block"
			case fence:
				block = ""
			case block == "shblock" && strings.HasSuffix(line, `\`):
				begun += strings.TrimSuffix(line, `\`)
			case block == "shblock":
				add(begun+line, true)
				begun = ""
			case block == "":
				for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
					add(span[1], false)
				}
			}
		}
	}
	return all
}

// invoked gives the arguments of each command in a line. In a piece of code a command
// that has further ones may stand without the program's name.
func invoked(code string) (all [][]string) {
	for _, found := range invocation.FindAllStringSubmatch(code, -1) {
		all = append(all, argument.FindAllString(found[1], -1))
	}
	if first, second, _ := strings.Cut(code, " "); second != "" && len(all) == 0 {
		for _, cmd := range rootCommand().Commands() {
			if cmd.Name() == first && cmd.HasSubCommands() {
				all = append(all, argument.FindAllString(code, -1))
			}
		}
	}
	return all
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
	if cmd.HasSubCommands() && !cmd.Runnable() {
		return fmt.Errorf("%s has no command %s", cmd.Name(), rest[0])
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}
