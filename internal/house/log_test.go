package house

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// logCalls are the methods that log, by how many arguments come before the keys.
var logCalls = map[string]int{"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "With": 0, "say": 2}

// TestLogKeys holds the log's keys to one list, that of the manual.
func TestLogKeys(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| key | meaning |\n")
	if !ok {
		t.Fatal("the manual has no table of keys")
	}
	known := map[string]bool{}
	for _, row := range strings.Split(table, "\n") {
		if cells := strings.Split(row, "|"); len(cells) > 2 {
			for _, key := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
				known[key[1]] = true
			}
		}
	}
	calls := 0
	eachFile(t, func(name string, set *token.FileSet, file *ast.File) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, key := range keys(n) {
				calls++
				if !known[key] {
					t.Errorf("%s: %q is no key of docs/monitoring.md", set.Position(n.Pos()), key)
				}
			}
			return true
		})
	})
	if calls < 40 {
		t.Errorf("only %d keys were found", calls)
	}
}

// keys gives the keys of a call that logs.
func keys(n ast.Node) (all []string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	first, ok := logCalls[method.Sel.Name]
	on := ""
	switch x := method.X.(type) {
	case *ast.Ident:
		on = x.Name
	case *ast.SelectorExpr:
		on = x.Sel.Name
	}
	if !ok || !strings.EqualFold(on, "log") && on != "refusals" {
		return nil
	}
	for i := first; i < len(call.Args); i += 2 {
		if lit, ok := call.Args[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			key, _ := strconv.Unquote(lit.Value)
			all = append(all, key)
		}
	}
	return all
}
