package email

import (
	"bytes"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
	"golang.org/x/net/html"
)

func TestEncodeOrdinary(t *testing.T) {
	m := sinktest.Ordinary()[0].Message
	m.ThreadKey = "user-1"
	m.To = []string{"HR Größe <hr@example.com>", "mira@EXAMPLE.com"}
	p := encode(t, newSink(t, map[string]any{"reply_to": "help@example.com"}), m)
	l := read(t, p.Body)
	for key, want := range map[string]string{
		"From":           "=?utf-8?q?L=C3=A4s_Tj=C3=A4nst?= <lms@example.com>",
		"To":             "=?utf-8?q?HR_Gr=C3=B6=C3=9Fe?= <hr@example.com>, <mira@example.com>",
		"Reply-To":       "<help@example.com>",
		"Date":           "Mon, 23 Nov 2026 14:02:31 +0000",
		"Message-Id":     "<0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d@example.com>",
		"Auto-Submitted": "auto-generated",
		"In-Reply-To":    l.header.Get("References"),
		"Bcc":            "", "User-Agent": "", "X-Mailer": "",
	} {
		if got := l.header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if l.subject != m.Title {
		t.Errorf("subject = %q, want %q", l.subject, m.Title)
	}
	want := `Mira Halvorsen completed Working at Height
https://learning.example.com/admin/courses/20000000-0000-4000-a000-000000000001

Well done! She passed with 92.5 % in 47 min.

• Certificate (https://learning.example.com/c/1) awarded
• next: Rescue from Height

Score: 92.5 %
Time spent: 47 min
Department: Quay & Cranes

Open in Absorb: https://learning.example.com/admin

Absorb · production · 23 November 2026, 14:02 UTC
`
	if l.text != want {
		t.Errorf("text part:\n%s\nwant:\n%s", l.text, want)
	}
	if !slices.Equal(p.To, []string{"hr@example.com", "mira@example.com"}) || len(p.Shortened) != 0 {
		t.Errorf("To = %q, Shortened = %q", p.To, p.Shortened)
	}
}

func TestCardShowsEverything(t *testing.T) {
	m := sinktest.Ordinary()[0].Message
	m.ImageURL = "https://learning.example.com/i.png"
	m.Text += "\n\nline one\nline two [mail](mailto:hr@example.com)"
	l := read(t, encode(t, newSink(t, nil), m).Body)
	root, err := html.Parse(strings.NewReader(l.html))
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	var links, pictures []string
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode:
			shown.WriteString(n.Data)
		case n.Data == "br":
			shown.WriteString("⏎")
		case n.Data == "a":
			links = append(links, attribute(n, "href"))
		case n.Data == "img":
			pictures = append(pictures, attribute(n, "src")+" "+attribute(n, "alt"))
		}
	}
	for _, want := range []string{m.Title, "Well done! She passed with 92.5 % in 47 min.", "• Certificate awarded", "Quay & Cranes", "Open in Absorb", "line one⏎line two mail", "14:02 UTC"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, shown.String())
		}
	}
	if want := []string{m.URL, "https://learning.example.com/c/1", "mailto:hr@example.com", m.Actions[0].URL}; !slices.Equal(links, want) {
		t.Errorf("links = %q, want %q", links, want)
	}
	if want := []string{m.ImageURL + " " + m.Title}; !slices.Equal(pictures, want) {
		t.Errorf("pictures = %q, want %q", pictures, want)
	}
	if !strings.Contains(l.html, "background-color:#2e9e6b") {
		t.Error("the bar has not the colour of the level")
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// Data must come out as it went in, since what is inert may still be wrong.
func TestEncodeKeepsHostileTextWhole(t *testing.T) {
	m := sinktest.Hostile()[0].Message
	m.Title = `=?utf-8?q?=0D=0ABcc:_x?= <b>&amp; "quoted" 日本語 👩🏽‍🚀`
	m.Fields[0].Name = "<b>"
	clean := m.Clean()
	l := read(t, encode(t, newSink(t, nil), m).Body)
	if want := strings.ReplaceAll(m.Title, "=?", "= ?"); l.subject != want {
		t.Errorf("subject = %q, want %q", l.subject, want)
	}
	for _, want := range []string{m.Title, clean.Fields[0].Name + ": " + clean.Fields[0].Value, clean.Footer} {
		if !strings.Contains(l.text, want) {
			t.Errorf("%q is missing in the text part", want)
		}
		if !strings.Contains(textOf(t, l.html), clean.Fields[0].Value) {
			t.Error("the field's value is missing in the HTML part")
		}
	}
}

func textOf(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func TestEncodeCannotBeInjectedInto(t *testing.T) {
	evil := "x\r\nBcc: spy@evil.example\r\n\r\nbody"
	m := bridge.Message{
		ID: evil, Title: evil, ThreadKey: evil, Footer: evil, To: []string{"hr@example.com", evil, "a@example.com\r\nBcc: b@evil.example"},
	}
	p := encode(t, newSink(t, nil), m)
	checkLines(t, p.Body)
	l := read(t, p.Body)
	if l.header.Get("Bcc") != "" || !slices.Equal(p.To, []string{"hr@example.com"}) {
		t.Errorf("Bcc = %q, recipients = %q", l.header.Get("Bcc"), p.To)
	}
	if want := "x Bcc: spy@evil.example body"; l.subject != want {
		t.Errorf("subject = %q, want %q", l.subject, want)
	}
	if strings.Contains(l.header.Get("Message-Id"), "evil") {
		t.Errorf("Message-ID = %q holds the id", l.header.Get("Message-Id"))
	}
}

func TestEncodeRecipients(t *testing.T) {
	many := make([]string, maxRecipients+7)
	for i := range many {
		many[i] = fmt.Sprintf("u%d@example.com", i)
	}
	for _, c := range []struct {
		name   string
		to     []string
		want   []string
		cut    int    // notes in Shortened
		refuse string // part of the refusal
	}{
		{"named and bare", []string{"A B <a@example.com>", "b@example.com"}, []string{"a@example.com", "b@example.com"}, 0, ""},
		{"twice", []string{"a@example.com", "A <A@Example.COM>", "b@example.com", "a@example.com"}, []string{"a@example.com", "b@example.com"}, 0, ""},
		{"one is bad", []string{"nobody", "a@example.com", "two@example.com, three@example.com"}, []string{"a@example.com"}, 2, ""},
		{"own script", []string{"a@bücher.example"}, []string{"a@xn--bcher-kva.example"}, 0, ""},
		{"none of the event's", nil, []string{"hr@example.com"}, 0, ""},
		{"too many", many, many[:maxRecipients], 1, ""},
		{"all bad", []string{"nobody", "büro@example.com", `"a b"@example.com`, "x@exa mple.com", strings.Repeat("l", 65) + "@example.com"}, nil, 0, `"nobody", "büro@example.com"`},
		{"empty", []string{}, nil, 0, "no recipient"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := newSink(t, map[string]any{"to": []any{"hr@example.com", "{{ .user.emailAddress }}"}})
			p, err := sink.Encode(bridge.Message{ID: "m", Title: "x", To: c.to})
			if c.refuse != "" {
				if se := bridge.AsSendError(err); se.Kind != bridge.MessageRejected || !strings.Contains(se.Detail, c.refuse) {
					t.Fatalf("Encode = %v, want a refusal that says %q", err, c.refuse)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(p.To, c.want) || len(p.Shortened) != c.cut {
				t.Errorf("To = %q, Shortened = %q; want %q and %d notes", p.To, p.Shortened, c.want, c.cut)
			}
		})
	}
}

// TestNamesOfRecipients: a name comes from Absorb, and is the name of the one address
// that the template writes, whatever it holds.
func TestNamesOfRecipients(t *testing.T) {
	sink := newSink(t, map[string]any{"to": []any{"{{ .x }} <{{ .y }}>"}})
	for _, name := range []string{
		"Mira", "Halvorsen, Mira", "Mira (Contractor)", "Dr. A. B. [ext]", "A@B Training: Lab", `back\slash`, `Mira "Mi" H`, `"`, "<spy@evil.example>", "spy@evil.example,",
		"x: spy@evil.example;", "(", ")", "Läs; Tjänst", "a= ?utf-8?q?b?=", "spy@evil.example (", "",
	} {
		for _, address := range []string{"m@example.com", " m@example.com\t"} {
			p := encode(t, sink, bridge.Message{ID: "m", Title: "x", To: []string{name + " <" + address + ">"}})
			all, err := mail.ParseAddressList(read(t, p.Body).header.Get("To"))
			if err != nil || len(all) != 1 || all[0].Name != name || all[0].Address != "m@example.com" || !slices.Equal(p.To, []string{"m@example.com"}) {
				t.Errorf("%q <%s> is written to %v (%v), by %q", name, address, all, err, p.To)
			}
		}
	}
	if p := encode(t, sink, bridge.Message{ID: "m", Title: "x", To: []string{"\"Halvorsen, \\\"M\\\"\" <m@example.com>"}}); !strings.Contains(string(p.Body), `"Halvorsen, \"M\""`) {
		t.Errorf("a name in quotes is written as %s", p.Body)
	}
}

func TestEncodeDate(t *testing.T) {
	event := time.Date(2026, 11, 23, 16, 2, 31, 5, time.FixedZone("", 7200))
	const v7 = "019310c4-7a10-7c3e-9b1e-5f1f2a3b4c5d" // made at 1731097426448 ms
	for _, c := range []struct {
		name string
		m    bridge.Message
		want time.Time
	}{
		{"of the event", bridge.Message{ID: v7, Time: event}, event.Truncate(time.Second)},
		{"of the id", bridge.Message{ID: v7}, time.UnixMilli(0x019310c47a10).Truncate(time.Second)},
		{"event out of bounds", bridge.Message{ID: v7, Time: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}, time.UnixMilli(0x019310c47a10).Truncate(time.Second)},
		{"of nothing", bridge.Message{ID: "m"}, time.Unix(0, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.Title = "x"
			got, err := read(t, encode(t, newSink(t, nil), c.m).Body).header.Date()
			if err != nil || !got.Equal(c.want) {
				t.Errorf("Date = %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestEncodeIdentity(t *testing.T) {
	sink := newSink(t, nil)
	id := func(m bridge.Message) string {
		return read(t, encode(t, sink, m).Body).header.Get("Message-Id")
	}
	if a, b := id(bridge.Message{Title: "a"}), id(bridge.Message{Title: "b"}); a == b {
		t.Error("two messages without an id have the same Message-ID, so one would be lost")
	}
	thread := func(key string) string {
		return read(t, encode(t, sink, bridge.Message{ID: "m", Title: key, ThreadKey: key}).Body).header.Get("References")
	}
	first := thread("a")
	if again, other := thread("a"), thread("b"); again != first || other == first {
		t.Error("threads are not told by their keys")
	}
	if thread("") != "" {
		t.Error("a message without a thread refers to one")
	}
}

func TestEncodeNative(t *testing.T) {
	m := sinktest.Ordinary()[0].Message
	native := map[string]any{"subject": "own\nsubject", "text": "own text\nof two lines", "html": "<p>own &amp; html</p>"}
	m.Native = map[string]map[string]any{"email": native, "slack": {"text": "elsewhere"}}
	l := read(t, encode(t, newSink(t, nil), m).Body)
	if l.subject != "own subject" || l.text != "own text\nof two lines\n" || l.html != "<p>own &amp; html</p>\n" {
		t.Errorf("native parts came out as %q, %q, %q", l.subject, l.text, l.html)
	}
	for key, value := range map[string]any{"html": []any{"x"}, "bcc": "spy@evil.example", "text": strings.Repeat("x", maxMail)} {
		m.Native = map[string]map[string]any{"email": {key: value}}
		_, err := newSink(t, nil).Encode(m)
		if se := bridge.AsSendError(err); err == nil || se.Kind != bridge.MessageRejected {
			t.Errorf("native part %s: Encode = %v, want a refusal", key, err)
		}
	}
}

func TestEncodeNotesWhatItCuts(t *testing.T) {
	long := strings.Repeat("word ", 10000)
	m := bridge.Message{
		ID: "m", Title: long, Text: long, Footer: long, URL: "https://example.com/" + strings.Repeat("x", maxURL),
		Fields: slices.Repeat([]bridge.Field{{Name: "n", Value: long}}, maxFields+2),
	}
	p := encode(t, newSink(t, nil), m)
	want := []string{"title", "text", "the text of 49 fields", "3 fields", "link of the title", "footer"}
	if !slices.Equal(p.Shortened, want) {
		t.Errorf("Shortened = %q, want %q", p.Shortened, want)
	}
	if !bytes.Contains(p.Body, []byte("and 3 more")) {
		t.Error("the reader is not told that fields are missing")
	}
}
