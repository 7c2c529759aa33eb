package condition

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// check finds the errors in an expression: first all unknown names; then, if every name
// is known, wrong types. It returns the parts that the expression reads.
func (s Schema) check(text string, boolean bool) (parts []string, faults []Fault) {
	config := conf.CreateNew()
	for _, o := range languageOptions() {
		o(config)
	}
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return nil, []Fault{fault(err)}
	}
	read, faults := s.names(tree)
	if len(faults) > 0 {
		return nil, faults
	}
	kind := expr.AsAny()
	if boolean {
		kind = expr.AsBool()
	}
	options := append(languageOptions(), expr.Env(types.Map(read)), expr.Optimize(false), kind)
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, []Fault{fault(err)}
	}
	if !boolean && !fitForKey(program.Node().Type()) {
		return nil, []Fault{{0, "want a text or a number, such as course.id"}}
	}
	return slices.Sorted(maps.Keys(read)), nil
}

func fitForKey(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Struct:
		return false
	}
	return true
}

// languageOptions are the functions of the language, with their types.
func languageOptions() []expr.Option {
	options := []expr.Option{expr.DisableAllBuiltins()}
	for _, name := range predicates() {
		options = append(options, expr.EnableBuiltin(name))
	}
	for name, f := range functions() {
		options = append(options, expr.Function(name, func(...any) (any, error) { return nil, nil }, f.kind))
	}
	return options
}

// fault rewrites an error of the library in the words of this project.
func fault(err error) Fault {
	if m := expected.FindStringSubmatch(err.Error()); m != nil {
		return Fault{0, "want true or false, have " + typeName(m[1])}
	}
	e, ok := errors.AsType[*file.Error](err)
	if !ok {
		return Fault{0, "is not a valid expression"}
	}
	message := strings.TrimSpace(e.Message)
	if m := mismatched.FindStringSubmatch(message); m != nil {
		left, right := typeName(m[2]), typeName(m[3])
		message = fmt.Sprintf("%s does not fit %s and %s", m[1], left, right)
		if left != right && (left == "a time" || right == "a time") {
			message += "; date(…) makes a time of a text"
		}
		return Fault{e.From, message}
	}
	return Fault{e.From, typeWord.ReplaceAllStringFunc(message, typeName)}
}

var (
	mismatched = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types? (.+?)(?: and (.+))?\)$`)
	expected   = regexp.MustCompile(`^expected bool, but got (.+)$`)
	typeWord   = regexp.MustCompile(`\b(?:string|int|float64|bool|time\.Time|time\.Duration)\b|map\[string\]interface \{\}|\[\]interface \{\}`)
)

// typeName names a Go type as somebody who writes YAML would.
func typeName(t string) string {
	switch t {
	case "string":
		return "a text"
	case "int", "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "time.Time":
		return "a time"
	case "time.Duration":
		return "a duration"
	case "map[string]interface {}":
		return "a mapping"
	case "[]interface {}":
		return "a list"
	}
	return t
}
