package engine

import (
	"reflect"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

func TestEscapedTextReadsAsItWas(t *testing.T) {
	for _, data := range []string{
		"plain", "a *b* _c_ `d` [e](https://evil.example) <f> &amp; ~g~ \\h !i", "1. one", "2) two", "- dash", "+ plus", "# title", "> quote", "=== ---",
		"https://evil.example/", "a\\", "&#42;x&#42;", "snake_case_name", "Zoë's «Kit» 100 % 👩‍🚒",
	} {
		blocks := kit.ParseMarkdown(escapeMarkdown(data))
		if want := []kit.Block{{Spans: []kit.Span{{Text: data}}}}; !reflect.DeepEqual(blocks, want) {
			t.Errorf("%q reads as %+v", data, blocks)
		}
	}
	for data, want := range map[string]string{"\n\n   - x": "\n\n\\- x", "a\r\n\t# b": "a\n\\# b", "a\u2028 \u200b+ b": "a\n\\+ b", "\x00\x1b[1m": "\\[1m"} {
		if got := escapeMarkdown(data); got != want {
			t.Errorf("%q becomes %q, want %q", data, got, want)
		}
	}
}
