package draw

import (
	"fmt"
	"html/template"
	"strings"
	"testing"
	"time"
)

// spell writes lines so that a test can compare them: styles before each run.
func spell(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		if l.Kind != "text" {
			fmt.Fprintf(&b, "%s%s: ", l.Kind, l.Marker)
		}
		for _, r := range l.Runs {
			if r.Class() != "" || r.URL != "" {
				fmt.Fprintf(&b, "{%s|%s|%s}", r.Class(), r.Text, r.URL)
				continue
			}
			b.WriteString(r.Text)
		}
		b.WriteString("/")
	}
	return b.String()
}

func TestDialects(t *testing.T) {
	for name, c := range map[string]struct {
		layout   layout
		in, want string
	}{
		"slack styles":       {slackLayout(), "*a* _b_ ~c~ `d*e*`", "{b|a|} {i|b|} {s|c|} {code|d*e*|}/"},
		"slack in words":     {slackLayout(), "a*b*c snake_case_name 2 * 3 * 4", "a*b*c snake_case_name 2 * 3 * 4/"},
		"slack nested":       {slackLayout(), "*a _b_*", "{b|a |}{b i|b|}/"},
		"slack links":        {slackLayout(), "<https://x.example/?a=1&amp;b=2|A &lt;b&gt;> <https://y.example>", "{|A <b>|https://x.example/?a=1&b=2} {|https://y.example|https://y.example}/"},
		"slack mentions":     {slackLayout(), "<!channel> <@U1> <!date^1^{date}|noon>", "{ping|@channel|} {ping|@U1|} noon/"},
		"slack escaped":      {slackLayout(), "&lt;!channel&gt; &amp;lt;", "<!channel> &lt;/"},
		"slack quote":        {slackLayout(), "a\n&gt; b", "a/quote: b/"},
		"slack fence":        {slackLayout(), "a\n```\n*b*\n```\nc", "a/code: *b*/c/"},
		"slack link in bold": {slackLayout(), "*<https://x.example|a>*", "{b|a|https://x.example}/"},
		"discord styles":     {discordLayout(), "**a** *b* _c_ __d__ ~~e~~ ||f||", "{b|a|} {i|b|} {i|c|} {u|d|} {s|e|} {spoiler|f|}/"},
		"discord escapes":    {discordLayout(), `\*a\* \<@1\> \[x](y) a\_b`, "*a* <@1> [x](y) a_b/"},
		"discord both":       {discordLayout(), "***a***", "{b i|a|}/"},
		"discord link":       {discordLayout(), "[**a**](https://x.example)", "{b|a|https://x.example}/"},
		"discord bad link":   {discordLayout(), "[a](javascript:x)", "[a](javascript:x)/"},
		"discord mention":    {discordLayout(), "<@1> <https://x.example> <b>", "{ping|@1|} {|https://x.example|https://x.example} <b>/"},
		"discord lines":      {discordLayout(), "# a\n-# b\n> c\n- d\n2. e\nf\ng", "h1: a/small: b/quote: c/item•: d/item2.: e/f\ng/"},
		"discord snake":      {discordLayout(), "snake_case_name", "snake_case_name/"},
		"chat":               {chatLayout(), "*a* _b_ <https://x.example|c> <users/all> <b>", "{b|a|} {i|b|} {|c|https://x.example} {ping|@all|} <b>/"},
		"teams":              {markdownLayout(), `**a** _b_ \*c\* [d](https://x.example)` + "\n1. e\n- f", "{b|a|} {i|b|} *c* {|d|https://x.example}/item1.: e/item•: f/"},
		"unclosed":           {discordLayout(), "**a *b `c [d](", "**a *b `c [d](/"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spell(c.layout.lines(c.in)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTeamsMentions(t *testing.T) {
	if got := spell(teamsElement{Text: "<at>Ann Lee</at>, **<at>Bob</at>** <b>"}.Lines()); got != "{ping|@Ann Lee|}, {b ping|@Bob|} <b>/" {
		t.Errorf("got %s", got)
	}
}

func TestChatHTML(t *testing.T) {
	for in, want := range map[string]string{
		`<b>a</b> <i>b<u>c</u></i>`:              "{b|a|} {i|b|}{i u|c|}/",
		`a<br>b &lt;c&gt; &amp;`:                 "a\nb <c> &/",
		`<a href="https://x.example">a</a>`:      "{|a|https://x.example}/",
		`<script>x</script><blink>y</blink></b>`: "xy/",
		`<b>a`:                                   "{b|a|}/",
	} {
		if got := spell(chatHTML(in).Lines()); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", in, got, want)
		}
	}
}

// TestLongMarkupEnds draws texts that a careless parser needs minutes for.
func TestLongMarkupEnds(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, piece := range []string{"*", "**", "_a", "[", "](", "`", "<", "\\", "*a _b ~c [d](", "||"} {
			text := strings.Repeat(piece, 20000)
			for _, l := range []layout{slackLayout(), discordLayout(), chatLayout(), markdownLayout()} {
				l.lines(text)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("still parsing")
	}
}

func TestPayloadsOfAnotherForm(t *testing.T) {
	for platform, draw := range map[string]func([]byte) (template.HTML, error){
		"slack": Slack, "discord": Discord, "googlechat": GoogleChat, "teams": Teams, "mattermost": Mattermost, "rocketchat": RocketChat,
	} {
		for _, body := range []string{"", "{", "[]", `"x"`, `{"blocks":1,"embeds":1,"cardsV2":1,"attachments":1}`} {
			if got, err := draw([]byte(body)); err == nil {
				t.Errorf("%s: %q was drawn: %s", platform, body, got)
			}
		}
	}
	if got, err := Text([]byte("<b>\xff")); err != nil || !strings.Contains(string(got), "&lt;b&gt;\uFFFD") {
		t.Errorf("a platform without drawing: %s, %v", got, err)
	}
}

func TestDrawings(t *testing.T) {
	for name, c := range map[string]struct {
		draw func([]byte) (template.HTML, error)
		body string
		want []string
	}{
		"slack": {Slack, `{"text":"unseen","blocks":[{"type":"header","text":{"type":"plain_text","text":"*head*"}},{"type":"section","text":{"type":"mrkdwn","text":"*x*"},"accessory":{"type":"button","text":{"type":"plain_text","text":"press"},"url":"https://x.example"}},
			{"type":"image","image_url":"https://x.example","alt_text":"a picture"},{"type":"markdown","text":"**m**"},{"type":"rich_text","elements":[{"type":"rich_text_list","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"r","style":{"bold":true}}]}]}]}]}`,
			[]string{">*head*<", `<span class="b">x</span>`, `href="https://x.example"`, "a picture", `<span class="b">m</span>`, `<span class="b">r</span>`}},
		"slack attachment": {Slack, `{"attachments":[{"color":"danger","title":"t","title_link":"https://x.example","text":"a","fields":[{"title":"f","value":"v"}],"footer":"foot"}]}`,
			[]string{`fill="#a30200"`, ">t</a>", ">f<", "foot"}},
		"mattermost": {Mattermost, `{"username":"who","attachments":[{"color":"#0000ff","title":"**t**","title_link":"https://x.example","text":"**b** \\*a\\*","fields":[{"title":"f","value":"_v_"}],"footer":"foot"}]}`,
			[]string{`fill="#0000ff"`, ">**t**</a>", `<span class="b">b</span> *a*`, ">f<", `<span class="i">v</span>`, "foot", ">who<"}},
		"rocket.chat": {RocketChat, `{"text":"# h","attachments":[{"color":"red;x","title":"t","text":"**b** \\a [l](https://x.example)"}]}`,
			[]string{`fill="#dddddd"`, "<b>t</b>", `<span class="b">b</span> \a`, `href="https://x.example"`}},
		"webhook": {JSON, `{"type":"<b>"}`, []string{"{\n  &#34;type&#34;: &#34;&lt;b&gt;&#34;\n}"}},
		"discord": {Discord, `{"content":"c","embeds":[{"title":"t","color":255,"fields":[{"name":"n","value":"v","inline":true}],"timestamp":"2026-11-23T14:02:31Z","image":{"url":"https://x.example/i"}}]}`,
			[]string{`fill="#0000ff"`, `class="inline"`, "23/11/2026 14:02", "https://x.example/i"}},
		"google chat": {GoogleChat, `{"cardsV2":[{"card":{"header":{"title":"t","subtitle":"s"},"sections":[{"header":"h","widgets":[{"decoratedText":{"topLabel":"l","text":"<b>v</b>"}},{"columns":{"columnItems":[{"widgets":[{"textParagraph":{"text":"col"}}]}]}},{"divider":{}},{"buttonList":{"buttons":[{"text":"go","onClick":{"openLink":{"url":"https://x.example"}}}]}}]}]}}]}`,
			[]string{">t<", ">s<", ">h<", `<span class="b">v</span>`, ">col<", "<hr>", `href="https://x.example"`}},
		"teams": {Teams, `{"attachments":[{"content":{"body":[{"type":"Container","style":"good","items":[{"type":"TextBlock","text":"**x**","size":"Large","weight":"Bolder"}]},{"type":"ColumnSet","columns":[{"width":"auto","items":[{"type":"RichTextBlock","inlines":["plain",{"type":"TextRun","text":"**lit**","color":"Good"}]}]}]},{"type":"FactSet","facts":[{"title":"t","value":"v"}]}],"actions":[{"type":"Action.OpenUrl","title":"go","url":"https://x.example"}]}}]}`,
			[]string{"box-good", "size-large weight-bolder", `<span class="b">x</span>`, `plain<span class="tint-good">**lit**</span>`, ">t<", ">v<", `href="https://x.example"`}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.draw([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(string(got), want) {
					t.Errorf("no %q in %s", want, got)
				}
			}
			if strings.Contains(string(got), "unseen") {
				t.Error("the fallback text is shown beside the blocks")
			}
		})
	}
}
