package render

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
)

func body(t *testing.T, mediaType, template string, facts bridge.Facts) (string, error) {
	t.Helper()
	compiled, err := load(t, Options{}).Body("body", template, mediaType)
	if err != nil {
		t.Fatalf("%s: %s: %v", mediaType, template, err)
	}
	return compiled.Execute(t.Context(), facts)
}

// TestBody: the value stands in its place of the body and is nothing else.
func TestBody(t *testing.T) {
	facts := bridge.Facts{"x": "a&to=b <i c=\"d\" e='f'>\r\n]]>-->=1,2;\x00", "script": " javascript:alert(1)", "formula": "=1+1", "n": "-1"}
	for _, c := range []struct{ media, template, want string }{
		{"application/x-www-form-urlencoded", "text={{ .x }}&to=ops", "text=a%26to%3Db%20%3Ci%20c%3D%22d%22%20e%3D%27f%27%3E%0D%0A%5D%5D%3E--%3E%3D1%2C2%3B%00&to=ops"},
		{"application/x-www-form-urlencoded; charset=utf-8", "{{ .script }}=1", "%20javascript%3Aalert%281%29=1"},
		{"text/plain; charset=utf-8", "who: {{ .x }}\n", "who: a&to=b <i c=\"d\" e='f'> ]]>-->=1,2;\n"},
		{"application/xml", "<a>{{ .x }}</a>", "<a>a&amp;to=b &lt;i c=&#34;d&#34; e=&#39;f&#39;&gt;&#13;\n]]&gt;--&gt;=1,2;</a>"},
		{"text/xml", `<a b="{{ .x }}" c='{{ .x }}'/>`, "<a b=\"a&amp;to=b &lt;i c=&#34;d&#34; e=&#39;f&#39;&gt;&#13;\n]]&gt;--&gt;=1,2;\" c='a&amp;to=b &lt;i c=&#34;d&#34; e=&#39;f&#39;&gt;&#13;\n]]&gt;--&gt;=1,2;'/>"},
		{"application/soap+xml", "<a><![CDATA[{{ .x }}]]></a>", "<a><![CDATA[a&to=b <i c=\"d\" e='f'>\r\n]]]><![CDATA[]]]><![CDATA[>-->=1,2;]]></a>"},
		{"application/xml", "<a><!-- {{ .x }} --></a>", "<a><!-- a&amp;to=b &lt;i c=&#34;d&#34; e=&#39;f&#39;&gt;&#13;\n]]&gt;\u2010\u2010&gt;=1,2; --></a>"},
		{"text/html", `<{{ .x }}>`, "<atobicdef12>"},
		{"text/html", `<a href="{{ .script }}" title="{{ .script }}">{{ .formula }}</a>`, `<a href="#" title=" javascript:alert(1)">=1+1</a>`},
		{"text/html", `<script>f()</SCRIPT><p>{{ .formula }}</p>`, `<script>f()</SCRIPT><p>=1+1</p>`},
		{"text/csv", `{{ .x }},{{ .formula }},"{{ .x }}",{{ .n }}`, "\"a&to=b <i c=\"\"d\"\" e='f'>\r\n]]>-->=1,2;\x00\",'=1+1,\"a&to=b <i c=\"\"d\"\" e='f'>\r\n]]>-->=1,2;\x00\",-1"},
		{"application/x-ndjson", `{"a": {{ .formula }}}`, `{"a": "=1+1"}`},
		{"application/octet-stream", `{{ .x | urlquery }} {{ json .formula }} {{ "<fixed>" }}{{ $y := .x }}{{ line $y }}`, "a%26to%3Db%20%3Ci%20c%3D%22d%22%20e%3D%27f%27%3E%0D%0A%5D%5D%3E--%3E%3D1%2C2%3B%00 \"=1+1\" <fixed>a&to=b <i c=\"d\" e='f'> ]]>-->=1,2;"},
	} {
		if got, err := body(t, c.media, c.template, facts); err != nil || got != c.want {
			t.Errorf("%s: %s gives\n%q, %v; want\n%q", c.media, c.template, got, err, c.want)
		}
	}
	for _, template := range []string{"<script>{{ .x }}</script>", "<STYLE>a{{ .x }}", `<a onclick="f({{ .x }})">`, "<a style='{{ .x }}'>", "<a href={{ .x }}>"} {
		if got, err := body(t, "text/html", template, facts); err == nil {
			t.Errorf("%s gives %s", template, got)
		}
	}
	if _, err := body(t, "text/plain", `{{ repeat 2000 "0123456789012345678901234567890123456789" }}`, facts); err == nil {
		t.Error("a body that is too long is cut")
	}
}

func TestBodyOfAnotherType(t *testing.T) {
	_, err := load(t, Options{}).Body("body of crm", "a\n{{ .x }}", "application/octet-stream")
	if err == nil || !strings.Contains(err.Error(), "body of crm:2:") || !strings.Contains(err.Error(), "| json") {
		t.Errorf("the fault is reported as %v", err)
	}
}

// FuzzBody puts whatever comes into every place of a body: it stays one value.
func FuzzBody(f *testing.F) {
	set, err := Load(Options{})
	if err != nil {
		f.Fatal(err)
	}
	compile := func(text, media string) *engine.Text {
		compiled, err := set.Body("body", text, media)
		if err != nil {
			f.Fatal(err)
		}
		return compiled
	}
	form := compile("a={{ .x }}&b={{ .x }}", "application/x-www-form-urlencoded")
	markup := `<a b="{{ .x }}" c='{{ .x }}'>{{ .x }}<!--{{ .x }}--><d>]{{ .x }}`
	xmlBody := compile(markup+"<![CDATA[z]]{{ .x }}{{ .x }}z]]></d></a>", "application/xml")
	htmlBody := compile(markup+"</d></a>", "text/html")
	csvBody := compile(`{{ .x }},"{{ .x }}{{ .x }}",z`, "text/csv")
	for _, s := range []string{"x", "<!--", "-->", "--!>", "]]>", "]", ">", "]>", "<![CDATA[", `"'`, "&lt;", "\x00\xff", "a\n,b", "</d>", "&a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, x string) {
		run := func(text *engine.Text) string {
			s, err := text.Execute(t.Context(), bridge.Facts{"x": x})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if len(x) > 1000 {
			return
		}
		if values, err := url.ParseQuery(run(form)); err != nil || len(values) != 2 || len(values["a"]) != 1 {
			t.Errorf("form: %v, %v", values, err)
		}
		if n := elements(t, run(xmlBody)); n != 2 {
			t.Errorf("XML has %d elements: %s", n, run(xmlBody))
		}
		tokens := html.NewTokenizer(strings.NewReader(run(htmlBody)))
		tags := 0
		for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
			if token := tokens.Token(); kind == html.StartTagToken {
				tags += 1 + len(token.Attr)
			}
		}
		if tags != 4 {
			t.Errorf("HTML has %d tags and attributes: %s", tags, run(htmlBody))
		}
		if rows, err := csv.NewReader(strings.NewReader(run(csvBody))).ReadAll(); err != nil || len(rows) != 1 || len(rows[0]) != 3 {
			t.Errorf("CSV: %q, %v", rows, err)
		}
	})
}

func elements(t *testing.T, body string) (n int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if _, ok := token.(xml.StartElement); ok {
			n++
		}
	}
}
