package bridge

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Mira Halvorsen", "Mira Halvorsen"},
		{"spaces around", " \n a \t ", "a"},
		{"line ends", "a\r\nb\rc\nd\u2028e\u2029f\vg\fh\u0085i", "a\nb\nc\nd\ne\nf\ng\nh\ni"},
		{"tab", "a\tb", "a b"},
		{"control characters", "a\x00\x1b[31mb\x7f\u009b", "a[31mb"},
		{"invalid UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"overrides of direction", "\u202Eevil\u202C \u2066x\u2069\uFEFF", "evil x"},
		{"plain marks of direction", "\u200Fשלום\u200E", "\u200Fשלום\u200E"},
		{"joiners", "👩\u200D🚀 क्\u200Dष", "👩\u200D🚀 क्\u200Dष"},
		{"nothing is left", "\u202E\x00 ", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := CleanText(c.in); got != c.want {
				t.Errorf("CleanText = %q, want %q", got, c.want)
			}
		})
	}
	if got, want := CleanLine("a\r\n b\u2028\tc "), "a b c"; got != want {
		t.Errorf("CleanLine = %q, want %q", got, want)
	}
}

func FuzzCleanText(f *testing.F) {
	for _, s := range []string{"a\r\nb", "\u202Ex", MentionMark(3), "\xff", "\r\u202E\n", " a "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanText(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q is no UTF-8", got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool {
			return r != '\n' && (unicode.IsControl(r) || reordersText(r) || isMentionMark(r, 0))
		}); i >= 0 {
			t.Errorf("%q keeps the character at %d", got, i)
		}
		if again := CleanText(got); again != got {
			t.Errorf("cleaning %q again gives %q", got, again)
		}
		if strings.Contains(CleanLine(s), "\n") {
			t.Errorf("%q is more than a line", CleanLine(s))
		}
	})
}

func TestCleanURL(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"https://example.com/a?b=c#d", "https://example.com/a?b=c#d"},
		{" HTTP://Example.com ", "http://Example.com"},
		{"https://example.com/a%20b%2Fc", "https://example.com/a%20b%2Fc"},
		{"https://example.com/a b/ö", "https://example.com/a%20b/%C3%B6"},
		{`https://example.com/?q=<a|b>"(c)` + "`\\", "https://example.com/?q=%3Ca%7Cb%3E%22%28c%29%60%5C"},
		{"https://example.com/?q=ö\u202E", "https://example.com/?q=%C3%B6%E2%80%AE"},
		{"https://example.com/?q=\xff", "https://example.com/?q=%FF"},
		{"https://example.com/#ö\u202E b", "https://example.com/#%C3%B6%E2%80%AE%20b"},
		{"https://bücher.example/", "https://b%C3%BCcher.example/"},
		{"https://a\u202Eb.example/", ""},
		{`https://a"b.example/`, ""},
		{"https://a%22b.example/", ""},
		{"https://a<b>.example/", ""},
		{"https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"},
		{"https://[2001:db8::1]?a[0]=b#[c]", "https://[2001:db8::1]?a%5B0%5D=b#%5Bc%5D"},
		{"https://example.com/[a](https://b.example)", "https://example.com/%5Ba%5D%28https://b.example%29"},
		{"https://:443/", ""},
		{"https://user:pass@example.com/", ""},
		{"https://user@example.com/", ""},
		{"javascript:alert(1)", ""},
		{"data:text/html,x", ""},
		{"file:///etc/passwd", ""},
		{"mailto:a@example.com", ""},
		{"//example.com/", ""},
		{"/admin", ""},
		{"example.com", ""},
		{"https://", ""},
		{"https:example.com", ""},
		{"https://exa mple.com/", ""},
		{"https://example.com/\nx", ""},
		{"https://example.com/%zz", ""},
		{"", ""},
	} {
		if got := cleanURL(c.in); got != c.want {
			t.Errorf("cleanURL(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzCleanURL(f *testing.F) {
	for _, s := range []string{"https://example.com/?q=<x>", "http://a\u202Eb/", "javascript:x", "https://u:p@h/", "https://[::1]:80/", "http://%41/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanURL(s)
		if got == "" {
			return
		}
		if !strings.HasPrefix(got, "https://") && !strings.HasPrefix(got, "http://") {
			t.Errorf("cleanURL(%q) = %q", s, got)
		}
		if strings.ContainsAny(got, "<>\"|()`\\ \n\r") || CleanText(got) != got {
			t.Errorf("cleanURL(%q) = %q, which can leave its place", s, got)
		}
		if again := cleanURL(got); again != got {
			t.Errorf("cleaning %q again gives %q", got, again)
		}
	})
}

func TestMessageClean(t *testing.T) {
	given := Message{
		ID: "id", Level: LevelDanger, Title: "a\nb\u202E", URL: "javascript:x", Text: "one\r\n\x00two ", ImageURL: "https://example.com/i.png",
		Footer: "f\tg", ThreadKey: "k\nl", To: []string{"a@example.com"},
		Fields:  []Field{{Name: "n\nm", Value: " v\nw ", Short: true}, {Name: "empty", Value: "\u202E"}, {Name: "", Value: "x"}},
		Actions: []Action{{Label: "l\nm", URL: "https://example.com/"}, {Label: "bad", URL: "ftp://example.com"}, {Label: " ", URL: "https://example.com/x"}},
		Native:  map[string]map[string]any{"slack": {"text": "raw"}},
	}
	before := fmt.Sprintf("%#v", given)
	want := given
	want.Title, want.URL, want.Text, want.Footer, want.ThreadKey = "a b", "", "one\ntwo", "f g", "k l"
	want.Fields = []Field{{Name: "n m", Value: "v\nw", Short: true}, {Name: "", Value: "x"}}
	want.Actions = []Action{{Label: "l m", URL: "https://example.com/"}, {Label: "https://example.com/x", URL: "https://example.com/x"}}
	if got := given.Clean(); !reflect.DeepEqual(got, want) {
		t.Errorf("Clean gives\n%+v, want\n%+v", got, want)
	}
	if after := fmt.Sprintf("%#v", given); after != before {
		t.Error("Clean changed the message that it was given")
	}
}
