package sinktest

import (
	"fmt"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Case is a message to encode.
type Case struct {
	Name    string
	Message bridge.Message
}

// All are the ordinary and the hostile messages.
func All() []Case { return append(Ordinary(), Hostile()...) }

// Ordinary are messages as the built-in templates make them.
func Ordinary() []Case {
	full := bridge.Message{
		ID:    "0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d",
		Level: bridge.LevelSuccess,
		Title: "Mira Halvorsen completed Working at Height",
		URL:   "https://learning.example.com/admin/courses/20000000-0000-4000-a000-000000000001",
		Text:  "**Well done!** She passed with *92.5 %* in `47 min`.\n\n- [Certificate](https://learning.example.com/c/1) awarded\n- next: Rescue from Height",
		Fields: []bridge.Field{
			{Name: "Score", Value: "92.5 %", Short: true},
			{Name: "Time spent", Value: "47 min", Short: true},
			{Name: "Department", Value: "Quay & Cranes"},
		},
		Footer:  "Absorb · production",
		Time:    time.Date(2026, 11, 23, 14, 2, 31, 0, time.UTC),
		Actions: []bridge.Action{{Label: "Open in Absorb", URL: "https://learning.example.com/admin"}},
		To:      []string{"hr@example.com"},
	}
	bare := bridge.Message{ID: full.ID, Title: "User created", To: full.To}
	return []Case{{"full", full}, {"title only", bare}}
}

// Hostile are messages that try to mention, to link, to break the layout, or to
// pass a platform's limits.
func Hostile() []Case {
	attack := "<!channel> <!here|x> @everyone @here <users/all> <@U012AB3CD> <@&1> <at>Boss</at> **bold** [click](https://evil.example) " +
		`<https://evil.example|Payroll> <script>alert(1)</script> <img src=x onerror=alert(1)> & &amp; \ ` + "` ``` ~~x~~ | > # - + _u_ *s* {{ .x }} %s ${HOME}"
	family := "👩🏽‍👩🏽‍👧🏽‍👦🏽"
	zalgo := strings.Repeat("Z\u0351\u034b\u0310\u0327", 400)

	return []Case{
		{"markup", everywhere(attack, EscapeMarkdown(attack))},
		{"line breaks", everywhere("a\r\nBcc: spy@evil.example\r\n\r\n.\r\nQUIT\u2028\u0085b\v\f", "a\r\nb\n\n\n.\n")},
		{"writing direction", everywhere("\u202Eevil\u202C \u2066x\u2069 \u200Fשלום\u200F مرحبا", "\u202Eabc")},
		{"invalid UTF-8", everywhere("a\xff\xfeb\xc3\x28\x00\x1b[31m\x07", "x\xf0\x28\x8c\x28")},
		{"long text", everywhere(strings.Repeat("word ", 8000), strings.Repeat("word ", 8000))},
		{"long without spaces", everywhere(strings.Repeat("&", 40000), strings.Repeat("<", 40000))},
		{"emoji on the edge", everywhere(strings.Repeat(family, 2000), strings.Repeat(family, 2000))},
		{"combining marks", everywhere(zalgo, zalgo)},
		{"many fields", manyFields(200, "name", "value")},
		{"many long fields", manyFields(60, strings.Repeat("n", 400), strings.Repeat("v&<>*", 1000))},
		{"many actions", manyActions(60)},
		{"many list items", bridge.Message{ID: "m", Title: "List", Text: strings.Repeat("- **item** [x](https://example.com/)\n", 3000), To: []string{"hr@example.com"}}},
		{"all parts full", allFull()},
		{"bad links", badLinks()},
		{"blank", bridge.Message{ID: "m", Title: " \n ", Text: "\u202E", To: []string{"hr@example.com"}}},
		{"mentions", mentions(attack)},
		{"nested markdown", bridge.Message{ID: "m", Title: "x", Text: strings.Repeat("*", 500) + strings.Repeat("[", 500) + "x" + strings.Repeat("](https://example.com)", 200), To: []string{"hr@example.com"}}},
	}
}

// EscapeMarkdown is a text as package render would put it into a message's Text.
func EscapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func everywhere(data, text string) bridge.Message {
	inAddress := strings.ReplaceAll(data, "%", "%25") // an address with other escapes is none
	return bridge.Message{
		ID: "0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5e", Level: bridge.Level(data), Title: data, URL: "https://example.com/?q=<" + inAddress,
		Text:      text + "\n\n[label](https://example.com/) " + text,
		Fields:    []bridge.Field{{Name: data, Value: data, Short: true}, {Name: "", Value: data}, {Name: data, Value: " "}},
		ImageURL:  "https://example.com/" + inAddress,
		Footer:    data,
		Actions:   []bridge.Action{{Label: data, URL: "https://example.com/"}},
		ThreadKey: data,
		To:        []string{"hr@example.com"},
	}
}

// Mentioned is the address of the person whom the message "mentions" of Hostile
// mentions besides others.
const Mentioned = "mira@example.com"

// mentions are marks of people wherever one can stand, some of nobody, between data.
// The people's names are data too.
func mentions(attack string) bridge.Message {
	marks := bridge.MentionMark(0) + "\u0301" + bridge.MentionMark(1) + bridge.MentionMark(2) + bridge.MentionMark(7) + attack
	m := everywhere(marks, "**"+bridge.MentionMark(0)+"** ["+bridge.MentionMark(1)+"](https://example.com/) "+EscapeMarkdown(marks))
	m.Mentions = []bridge.Person{
		{Name: "Mira Halvorsen", Email: Mentioned}, {Name: attack, Email: "other@example.com"}, {Name: strings.Repeat("long name ", 400), Email: "long@example.com"},
	}
	return m
}

func manyFields(n int, name, value string) bridge.Message {
	m := bridge.Message{ID: "m", Title: "Many fields", To: []string{"hr@example.com"}}
	for i := range n {
		m.Fields = append(m.Fields, bridge.Field{Name: fmt.Sprintf("%d %s", i, name), Value: value, Short: i%2 == 0})
	}
	return m
}

func manyActions(n int) bridge.Message {
	m := bridge.Message{ID: "m", Title: "Many actions", To: []string{"hr@example.com"}}
	for i := range n {
		m.Actions = append(m.Actions, bridge.Action{Label: fmt.Sprintf("Open %d", i), URL: fmt.Sprintf("https://example.com/%d?%s", i, strings.Repeat("x", 4000*(i%2)))})
	}
	return m
}

// allFull has as much as can be of everything at once, links of a length that
// every platform still takes included.
func allFull() bridge.Message {
	link := "https://example.com/?" + strings.Repeat("a&", 240)
	m := manyFields(60, strings.Repeat("&", 100), strings.Repeat("<>", 400))
	m.Title, m.URL, m.ImageURL = strings.Repeat("&", 1000), link+strings.Repeat("&", 900), link
	m.Text = strings.Repeat("& [label]("+link+")\n", 100)
	m.Footer, m.ThreadKey = strings.Repeat("&", 2000), strings.Repeat("🎓", 2000)
	m.Time = time.Date(2026, 11, 23, 14, 2, 31, 0, time.UTC)
	for range 10 {
		m.Actions = append(m.Actions, bridge.Action{Label: strings.Repeat("&", 200), URL: link})
	}
	return m
}

func badLinks() bridge.Message {
	return bridge.Message{
		ID: "m", Title: "Links", URL: "javascript:alert(1)", ImageURL: "data:image/png;base64,AAAA",
		Text:    "[a](javascript:alert(1)) [b](http://u:p@evil.example/) [c](https://example.com/|x>y) [d](<https://example.com/ \"q\">)",
		Actions: []bridge.Action{{Label: "x", URL: "file:///etc/passwd"}, {Label: "y", URL: "//evil.example"}, {Label: "", URL: "https://example.com/"}},
		To:      []string{"hr@example.com"},
	}
}
