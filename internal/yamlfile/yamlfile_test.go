package yamlfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
)

// TestPlacesAreTheSameWithEveryLineBreak parses what the library itself counts
// wrongly when lines end in \r\n: comments, and texts over several lines.
func TestPlacesAreTheSameWithEveryLineBreak(t *testing.T) {
	const text = "# one\n\na: x # two\nb: 'y\n  z'\nc: \"y\\\n  z\"\nd: |\n  y\n\n  z\n\n# three\nlast: 1\n"
	for name, lineBreak := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
		for _, mark := range []string{"", "\ufeff"} {
			data := Normalize([]byte(mark + strings.ReplaceAll(text, "\n", lineBreak)))
			body, err := Parse(data)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			values := body.(*ast.MappingNode).Values
			last := Start(values[len(values)-1])
			if last.Line != 14 || last.Column != 1 || Lines(data)[last.Line-1] != "last: 1" {
				t.Errorf("%s: the last key is at %d:%d", name, last.Line, last.Column)
			}
			if second := values[1].Value.(*ast.StringNode).Value; second != "y z" {
				t.Errorf("%s: a text over two lines is %q", name, second)
			}
		}
	}
}

func TestUTF16IsNamed(t *testing.T) {
	_, err := Parse(Normalize([]byte("\xff\xfea\x00:\x00 \x001\x00")))
	if err == nil || !strings.Contains(err.Error(), "save it as UTF-8") {
		t.Error(err)
	}
}

// TestNothingIsReadForLong parses what the library's parser would take seconds for.
func TestNothingIsReadForLong(t *testing.T) {
	for name, text := range map[string]string{
		"brackets": "a: " + strings.Repeat("[", 30_000), "with brackets in quotes": "a: " + strings.Repeat(`["]",`, 10_000), "on lines": "a:\n" + strings.Repeat(" [\n", 20_000),
		"maps": "a: " + strings.Repeat("{a: ", 12_000), "dashes": "a:\n" + strings.Repeat("- ", 30_000), "keys": strings.Repeat("? ", 30_000), "colons": strings.Repeat("a: ", 20_000),
		"anchors": "a: " + strings.Repeat("&a ", 20_000), "anchors on lines": "a:\n" + strings.Repeat(" &a\n", 15_000), "anchors in brackets": "a: [" + strings.Repeat("&a ", 20_000) + "]", "tags": "a: " + strings.Repeat("!a ", 20_000), "tags on lines": "a:\n" + strings.Repeat(" !a\n", 15_000),
	} {
		_, err := Parse([]byte(text))
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if at, message := Fault(err); at == nil || !strings.Contains(message, "nested deeper than 64 levels") {
			t.Errorf("%s: %v, %.100s", name, at, message)
		}
	}
	for name, text := range map[string]string{
		"wide": "a: [" + strings.Repeat("1,", 5000) + "1]", "pairs": "a: {" + strings.Repeat("x: y, ", 500) + "last: 1}", "long": strings.Repeat("- {a: 1}\n", 2000), "templates": "a: '" + strings.Repeat("{{ [", 500) + "'",
	} {
		if _, err := Parse([]byte(text)); err != nil && strings.Contains(err.Error(), "nested") {
			t.Errorf("%s: %.200s", name, err)
		}
	}
}

func TestOneDocument(t *testing.T) {
	for text, want := range map[string]string{
		"---\na: 1\n": "", "# words\n---\na: 1\n---\n# more\n": "", "a: |\n  ---\n": "", "---\n---\na: 1\n": "", "": "",
		"a: 1\n---\nb: 2\n": "3:1", "a: 1\n---\n- b\n": "3:1", "a: 1\n...\n---\nwords\n": "4:1",
	} {
		_, err := Parse([]byte(text))
		place := ""
		if err != nil {
			at, message := Fault(err)
			place = fmt.Sprintf("%d:%d", at.Line, at.Column)
			if !strings.Contains(message, "one YAML document") {
				t.Errorf("%q: %s", text, message)
			}
		}
		if place != want {
			t.Errorf("%q: a fault at %q, want %q", text, place, want)
		}
	}
}
