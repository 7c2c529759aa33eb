package kit

import (
	"html"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/rivo/uniseg"
)

const family = "👩🏽‍👩🏽‍👧🏽‍👦🏽"

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		name, in string
		limit    int
		measure  Measure
		want     string
		cut      bool
	}{
		{"fits", "hello", 5, Runes, "hello", false},
		{"empty", "", 0, Runes, "", false},
		{"runes", "hello", 4, Runes, "hel…", true},
		{"bytes", "héllo", 5, Bytes, "h…", true},
		{"bytes that fit", "héllo", 6, Bytes, "héllo", false},
		{"UTF-16", "a😀b😀", 5, UTF16, "a😀b…", true},
		{"no space before the ellipsis", "one two three", 5, Runes, "one…", true},
		{"nor a line break", "one\n\ntwo", 6, Runes, "one…", true},
		{"emoji whole or not", "a" + family + family, 13, Runes, "a" + family + "…", true},
		{"emoji too long", family, 5, Runes, "…", true},
		{"accents", "e\u0301e\u0301e\u0301", 4, Runes, "e\u0301…", true},
		{"flag", "🇳🇴🇸🇪🇩🇰", 4, Runes, "🇳🇴…", true},
		{"room for the ellipsis only", "hello", 1, Runes, "…", true},
		{"no room", "hello", 0, Runes, "", true},
		{"no room for its bytes", "hello", 2, Bytes, "", true},
		{"negative", "hello", -1, Runes, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, cut := Shorten(c.in, c.limit, c.measure); got != c.want || cut != c.cut {
				t.Errorf("Shorten = %q, %v; want %q, %v", got, cut, c.want, c.cut)
			}
		})
	}
}

func TestShortenEscaped(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
		cut   bool
	}{
		{"a<b", 6, "a&lt;b", false},
		{"a<b", 5, "a…", true},
		{"a<bcd", 6, "a&lt;…", true},
		{"&&&&", 11, "&amp;&amp;…", true},
		{"<<", 4, "…", true},
	} {
		if got, cut := ShortenEscaped(c.in, c.limit, Runes, html.EscapeString); got != c.want || cut != c.cut {
			t.Errorf("ShortenEscaped(%q, %d) = %q, %v; want %q, %v", c.in, c.limit, got, cut, c.want, c.cut)
		}
	}
}

func FuzzShortenEscaped(f *testing.F) {
	for _, s := range []string{"", "plain words", "a<b&c>", family + family, "e\u0301\u0301\u0301", "\xff\xfe", "🇳🇴🇸🇪", "\u202Ex\n \n"} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		for name, measure := range map[string]Measure{"runes": Runes, "bytes": Bytes, "UTF-16": UTF16} {
			got, cut := ShortenEscaped(s, limit, measure, html.EscapeString)
			if measure(got) > max(limit, 0) {
				t.Errorf("%s: %q is longer than %d", name, got, limit)
			}
			if utf8.ValidString(s) && !utf8.ValidString(got) {
				t.Errorf("%s: %q is no UTF-8, though %q was", name, got, s)
			}
			if !cut && got != html.EscapeString(s) {
				t.Errorf("%s: uncut, %q became %q", name, s, got)
			}
			if kept, found := strings.CutSuffix(got, Ellipsis); cut && found {
				checkClusters(t, s, html.UnescapeString(kept))
			}
		}
	})
}

// checkClusters fails unless kept is made of the first characters of s, whole,
// but for spaces at its end. What looks like an entity in s itself reads
// differently once unescaped and is left alone.
func checkClusters(t *testing.T, s, kept string) {
	t.Helper()
	if !utf8.ValidString(s) || html.UnescapeString(s) != s || strings.ContainsRune(s, '\r') {
		return
	}
	var whole string
	for g := uniseg.NewGraphemes(s); g.Next(); whole += g.Str() {
		if strings.TrimRight(whole, " \n") == kept {
			return
		}
	}
	t.Errorf("%q is cut to %q, inside a character", s, kept)
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abc", 3, "abc"},
		{"abc", 2, "ab"},
		{"日本語", 9, "日本語"},
		{"日本語", 8, "日本"},
		{"日本語", 6, "日本"},
		{"日本語", 2, ""},
		{"😀😀", 7, "😀"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{"\x80\x80\x80", 2, ""},
		{strings.Repeat("語", 1000), 2048, strings.Repeat("語", 682)},
	} {
		if got := bridge.Cut(c.in, c.limit); got != c.want {
			t.Errorf("bridge.Cut(%.20q, %d) = %.20q, want %.20q", c.in, c.limit, got, c.want)
		}
	}
}

func TestParseMarkdown(t *testing.T) {
	plain := func(s string) []Span { return []Span{{Text: s}} }
	for _, c := range []struct {
		name, in string
		want     []Block
	}{
		{"nothing", " \n ", nil},
		{"styles", "a **b** *c* `d` ***e***", []Block{{Spans: []Span{
			{Text: "a "}, {Text: "b", Bold: true}, {Text: " "}, {Text: "c", Italic: true}, {Text: " "}, {Text: "d", Code: true}, {Text: " "}, {Text: "e", Bold: true, Italic: true},
		}}}},
		{"paragraphs", "a\n\nb", []Block{{Spans: plain("a")}, {Spans: plain("b")}}},
		{"line break", "a\nb  \nc", []Block{{Spans: plain("a\nb\nc")}}},
		{"list", "- a\n- b\n  1. c\n  2. d\n", []Block{
			{Item: true, Marker: "•", Spans: plain("a")}, {Item: true, Marker: "•", Spans: plain("b")},
			{Item: true, Depth: 1, Marker: "1.", Spans: plain("c")}, {Item: true, Depth: 1, Marker: "2.", Spans: plain("d")},
		}},
		{"list from a number", "7. a\n8. b", []Block{{Item: true, Marker: "7.", Spans: plain("a")}, {Item: true, Marker: "8.", Spans: plain("b")}}},
		{"item of two paragraphs", "- a\n\n  b", []Block{{Item: true, Marker: "•", Spans: plain("a")}, {Item: true, Spans: plain("b")}}},
		{"link", "[a **b**](https://example.com/x?y=1)", []Block{{Spans: []Span{
			{Text: "a ", URL: "https://example.com/x?y=1"}, {Text: "b", Bold: true, URL: "https://example.com/x?y=1"},
		}}}},
		{"mail link", "[a](mailto:a@example.com)", []Block{{Spans: []Span{{Text: "a", URL: "mailto:a@example.com"}}}}},
		{"links that are none", "[a](javascript:alert) [b](/c) [c](<mailto:a b|c>)", []Block{{Spans: plain("a b c")}}},
		{"raw HTML", "<b>x</b> <script>", []Block{{Spans: plain("<b>x</b> <script>")}}},
		{"no headings, quotes, rules, code blocks", "# a\n> b\n---\n    c", []Block{{Spans: plain("# a\n> b\n---\nc")}}},
		{"no reference", "[a]: https://example.com\n\n[a]", []Block{{Spans: plain("[a]: https://example.com")}, {Spans: plain("[a]")}}},
		{"escapes", `\*a\* \[b\](c) \\ \q`, []Block{{Spans: plain(`*a* [b](c) \ \q`)}}},
		{"entities", "&lt; &#33; &copy; &nosuch; a&nbsp;b & &;", []Block{{Spans: plain("< ! © &nosuch; a\u00a0b & &;")}}},
		{"an escaped entity is text", `\&lt\; \&amp; \&\#33\; &\#33;`, []Block{{Spans: plain("&lt; &amp; &#33; &#33;")}}},
		{"an entity brings no control character", "a&#27;[31m&#x202E;b&#0;", []Block{{Spans: plain("a[31mb\uFFFD")}}},
		{"code keeps its text", "`\\* &lt; **a**`", []Block{{Spans: []Span{{Text: `\* &lt; **a**`, Code: true}}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ParseMarkdown(c.in)
			equal := slices.EqualFunc(got, c.want, func(a, b Block) bool {
				return a.Item == b.Item && a.Depth == b.Depth && a.Marker == b.Marker && slices.Equal(a.Spans, b.Spans)
			})
			if !equal {
				t.Errorf("ParseMarkdown =\n%+v\nwant\n%+v", got, c.want)
			}
		})
	}
}

func FuzzParseMarkdown(f *testing.F) {
	for _, s := range []string{
		"**a** *b* `c` [d](https://example.com)", "- a\n  - b\n1. c", `\&\#x202E\;`, "[a](mailto:x@y)", "&#1;", "***[[](<", strings.Repeat("- ", 50), "`" + family,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, b := range ParseMarkdown(s) {
			if len(b.Spans) == 0 || b.Depth < 0 {
				t.Errorf("block %+v shows nothing", b)
			}
			for _, span := range b.Spans {
				if span.Text == "" {
					t.Errorf("span %+v shows nothing", span)
				}
				if span.URL != linkURL(span.URL) {
					t.Errorf("link %q is not one that a message may lead to", span.URL)
				}
			}
		}
	})
}
