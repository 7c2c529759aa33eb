package wall_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// judgement is a message and what a platform makes of it.
type judgement struct {
	name   string
	body   string
	status int
	words  string // in the answer
	note   string // in the verdict's notes, if the message is accepted
}

func (b *bench) judge(t *testing.T, platform string, cases []judgement) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b.Clear()
			got := b.post(t, b.urls[platform], c.body)
			if got.status != c.status || !strings.Contains(got.body, c.words) {
				t.Fatalf("answered %d %s, want %d with %s", got.status, got.body, c.status, c.words)
			}
			messages := b.Messages()
			if len(messages) != 1 || messages[0].Verdict.Accepted != (c.status < 300) || messages[0].Verdict.Status != c.status {
				t.Fatalf("recorded %+v", messages)
			}
			if c.note != "" && !strings.Contains(strings.Join(messages[0].Verdict.Notes, "; "), c.note) {
				t.Errorf("notes are %q, want one with %q", messages[0].Verdict.Notes, c.note)
			}
		})
	}
}

func repeat(n int, s string) string {
	return strings.Join(strings.Split(strings.Repeat(s+"\x00", n), "\x00")[:n], ",")
}

func TestSlackJudges(t *testing.T) {
	section := func(text string) string { return `{"type":"section","text":{"type":"mrkdwn","text":"` + text + `"}}` }
	blocks := func(list string) string { return `{"text":"x","blocks":[` + list + `]}` }
	button := func(text, url string) string {
		return `{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"` + text + `"},"url":"` + url + `"}]}`
	}
	start(t, wall.Options{}).judge(t, wall.Slack, []judgement{
		{"no JSON", `{`, 400, "invalid_payload", ""},
		{"a list", `[]`, 400, "invalid_payload", ""},
		{"text is a number", `{"text":1}`, 400, "invalid_payload", ""},
		{"nothing", `{}`, 400, "no_text", ""},
		{"blank", `{"text":" "}`, 400, "no_text", ""},
		{"attachments", `{"text":"x","attachments":[` + repeat(101, `{}`) + `]}`, 400, "too_many_attachments", ""},
		{"section", blocks(section("x")), 200, "ok", ""},
		{"section without anything", blocks(`{"type":"section"}`), 400, "invalid_blocks", ""},
		{"empty text", blocks(section("")), 400, "invalid_blocks", ""},
		{"text of 3000", blocks(section(strings.Repeat("x", 3000))), 200, "ok", ""},
		{"text of 3001", blocks(section(strings.Repeat("x", 3001))), 400, "invalid_blocks", ""},
		{"an unknown block", blocks(`{"type":"headline"}`), 400, "invalid_blocks", ""},
		{"an unknown key", blocks(`{"type":"divider","colour":"red"}`), 400, "invalid_blocks", ""},
		{"50 blocks", blocks(repeat(50, `{"type":"divider"}`)), 200, "ok", ""},
		{"51 blocks", blocks(repeat(51, `{"type":"divider"}`)), 400, "invalid_blocks", ""},
		{"header in mrkdwn", blocks(`{"type":"header","text":{"type":"mrkdwn","text":"x"}}`), 400, "invalid_blocks", ""},
		{"header of 151", blocks(`{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("x", 151) + `"}}`), 400, "invalid_blocks", ""},
		{"11 fields", blocks(`{"type":"section","fields":[` + repeat(11, `{"type":"mrkdwn","text":"x"}`) + `]}`), 400, "invalid_blocks", ""},
		{"button", blocks(button("Open", "https://example.com")), 200, "ok", ""},
		{"button text of 76", blocks(button(strings.Repeat("x", 76), "https://example.com")), 400, "invalid_blocks", ""},
		{"button to nowhere", blocks(button("Open", "javascript:alert(1)")), 400, "invalid_blocks", ""},
		{"same block_id twice", blocks(repeat(2, `{"type":"divider","block_id":"a"}`)), 400, "invalid_blocks", ""},
		{"bad block in an attachment", `{"text":"x","attachments":[{"blocks":[{"type":"section"}]}]}`, 400, "invalid_blocks", ""},
		{"five full sections", blocks(repeat(5, section(strings.Repeat("x", 2900)))), 400, "msg_blocks_too_long", ""},
		{"a live mention", `{"text":"<!channel>"}`, 200, "ok", "mentions @channel"},
		{"a dead mention", `{"text":"&lt;!channel&gt;"}`, 200, "ok", ""},
		{"a live mention in a block", blocks(section("<!here>")), 200, "ok", "mentions @here"},
		{"blocks without text", `{"blocks":[` + section("x") + `]}`, 200, "ok", "notifications"},
	})
}

func TestDiscordJudges(t *testing.T) {
	embed := func(parts string) string { return `{"embeds":[{` + parts + `}],"allowed_mentions":{"parse":[]}}` }
	long := func(n int) string { return strings.Repeat("x", n) }
	start(t, wall.Options{}).judge(t, wall.Discord, []judgement{
		{"no JSON", `{`, 400, `"code":50109`, ""},
		{"a list", `[]`, 400, `"code":50035`, ""},
		{"nothing", `{}`, 400, `"code":50006`, ""},
		{"content of 2001", `{"content":"` + long(2001) + `"}`, 400, `"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]}`, ""},
		{"astral characters count twice", `{"content":"` + strings.Repeat("😀", 1001) + `"}`, 400, `"code":50035`, ""},
		{"title of 256", embed(`"title":"` + long(256) + `"`), 200, `"id":"`, ""},
		{"title of 257", embed(`"title":"` + long(257) + `"`), 400, `"embeds":{"0":{"title":{"_errors":`, ""},
		{"26 fields", embed(`"fields":[` + repeat(26, `{"name":"a","value":"b"}`) + `]`), 400, "Must be 25 or fewer in length.", ""},
		{"a field without value", embed(`"fields":[{"name":"a","value":" "}]`), 400, `"value":{"_errors":[{"code":"BASE_TYPE_REQUIRED"`, ""},
		{"6001 in all", embed(`"description":"` + long(4000) + `","footer":{"text":"` + long(2001) + `"}`), 400, "MAX_EMBED_SIZE_EXCEEDED", ""},
		{"6000 in all", embed(`"description":"` + long(4000) + `","footer":{"text":"` + long(2000) + `"}`), 200, `"id":"`, ""},
		{"11 embeds", `{"embeds":[` + repeat(11, `{"title":"a"}`) + `]}`, 400, "Must be 10 or fewer in length.", ""},
		{"a link that is none", embed(`"title":"a","url":"javascript:alert(1)"`), 400, "URL_TYPE_INVALID", ""},
		{"colour too big", embed(`"title":"a","color":16777216`), 400, "NUMBER_TYPE_MAX", ""},
		{"a time that is none", embed(`"title":"a","timestamp":"yesterday"`), 400, "DATE_TIME_TYPE_PARSE", ""},
		{"a name not allowed", `{"content":"x","username":"Discord Bot"}`, 400, "USERNAME_INVALID_CONTAINS", ""},
		{"mentions on", `{"content":"x"}`, 200, `"id":"`, "allowed_mentions"},
		{"mentions of everyone", `{"content":"x","allowed_mentions":{"parse":["everyone"]}}`, 200, `"id":"`, "allowed_mentions"},
	})
}

func TestDiscordAnswersOnlyWhoWaits(t *testing.T) {
	b := start(t, wall.Options{})
	got := b.post(t, strings.TrimSuffix(b.urls[wall.Discord], "?wait=true"), good(wall.Discord))
	if got.status != 204 || got.body != "" || b.Count(wall.Discord) != 1 {
		t.Errorf("answered %d %q, counted %d", got.status, got.body, b.Count(wall.Discord))
	}
}

func TestGoogleChatJudges(t *testing.T) {
	cardOf := func(sections string) string {
		return `{"fallbackText":"x","cardsV2":[{"card":{"sections":[` + sections + `]}}]}`
	}
	paragraph := `{"textParagraph":{"text":"x"}}`
	start(t, wall.Options{}).judge(t, wall.GoogleChat, []judgement{
		{"no JSON", `hello`, 400, "Unexpected token.", ""},
		{"Absorb's own body", `{"body":"x"}`, 400,
			`{"error":{"code":400,"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message","description":"Invalid JSON payload received. Unknown name \"body\" at 'message': Cannot find field."}]}],` +
				`"message":"Invalid JSON payload received. Unknown name \"body\" at 'message': Cannot find field.","status":"INVALID_ARGUMENT"}}`, ""},
		{"an unknown key inside", cardOf(`{"widgets":[{"textParagraf":{}}]}`), 400,
			`Unknown name \"textParagraf\" at 'message.cards_v2[0].card.sections[0].widgets[0]': Cannot find field.`, ""},
		{"a wrong type", `{"text":1}`, 400, `Invalid value at 'message.text' (TYPE_STRING), 1`, ""},
		{"a wrong word", `{"text":"x","markupSyntax":"HTML"}`, 400, `(TYPE_ENUM), \"HTML\"`, ""},
		{"nothing", `{}`, 400, "Message cannot be empty.", ""},
		{"32,001 bytes", `{"text":"` + strings.Repeat("x", 32001-11) + `"}`, 400, "too long", ""},
		{"32,000 bytes", `{"text":"` + strings.Repeat("x", 32000-11) + `"}`, 200, `"name":"spaces/`, ""},
		{"a card", cardOf(`{"header":"h","widgets":[` + paragraph + `]}`), 200, `"cardsV2":`, ""},
		{"a section without widgets", cardOf(`{"header":"h"}`), 400, "at least one widget", ""},
		{"three columns", cardOf(`{"widgets":[{"columns":{"columnItems":[{},{},{}]}}]}`), 400, "at most 2", ""},
		{"101 widgets", cardOf(`{"widgets":[` + repeat(101, paragraph) + `]}`), 200, `"name":`, "the first 100"},
		{"a link to nowhere", cardOf(`{"widgets":[{"buttonList":{"buttons":[{"text":"x","onClick":{"openLink":{"url":"nowhere"}}}]}}]}`), 400, "Invalid URL", ""},
		{"a long thread key", `{"text":"x","thread":{"threadKey":"` + strings.Repeat("x", 4001) + `"}}`, 400, "thread_key", ""},
		{"a mention", `{"text":"<users/all>"}`, 200, `"name":`, "mentions somebody"},
	})
}

func TestGoogleChatWantsKeyAndToken(t *testing.T) {
	b := start(t, wall.Options{})
	base := b.url + "/v1/spaces/AAAA/messages"
	for query, want := range map[string]struct {
		status int
		words  string
	}{
		"":                                      {403, "PERMISSION_DENIED"},
		"?token=12345678abc":                    {403, "PERMISSION_DENIED"},
		"?key=x&token=12345678abc":              {400, "API key not valid"},
		"?key=12345678abc":                      {401, "UNAUTHENTICATED"},
		"?key=12345678abc&token=12345678&foo=x": {400, `Unknown name \"foo\": Cannot bind query parameter`},
		"?key=12345678abc&token=12345678&alt=json": {200, `"name"`},
	} {
		if got := b.post(t, base+query, good(wall.GoogleChat)); got.status != want.status || !strings.Contains(got.body, want.words) {
			t.Errorf("%q: answered %d %s, want %d with %s", query, got.status, got.body, want.status, want.words)
		}
	}
}

func TestGoogleChatKnowsARequestAgain(t *testing.T) {
	b := start(t, wall.Options{})
	url := b.urls[wall.GoogleChat] + "&requestId="
	refused := b.post(t, url+"1", `{}`)
	first, again := b.post(t, url+"1", good(wall.GoogleChat)), b.post(t, url+"1", good(wall.GoogleChat))
	other := b.post(t, url+"2", good(wall.GoogleChat))
	if refused.status != 400 || first.body != again.body || first.body == other.body {
		t.Errorf("answers: %s %s %s %s", refused.body, first.body, again.body, other.body)
	}
	if got, want := b.Counts(wall.GoogleChat), (wall.Counts{Accepted: 2, Repeated: 1, Refused: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestGoogleChatThreads(t *testing.T) {
	b := start(t, wall.Options{})
	reply := "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
	thread := func(query, key string) string {
		got := b.post(t, b.urls[wall.GoogleChat]+query, `{"text":"x","thread":{"threadKey":"`+key+`"}}`)
		var m struct{ Thread struct{ Name string } }
		if err := json.Unmarshal([]byte(got.body), &m); err != nil || m.Thread.Name == "" {
			t.Fatalf("no thread in %d %s", got.status, got.body)
		}
		return m.Thread.Name
	}
	a := thread(reply, "a")
	if thread(reply, "a") != a {
		t.Error("the same key led to another thread")
	}
	if thread(reply, "b") == a {
		t.Error("another key led to the same thread")
	}
	if thread("", "a") == a {
		t.Error("a key without the option to reply led to an old thread")
	}
}

func TestTeamsJudges(t *testing.T) {
	start(t, wall.Options{}).judge(t, wall.Teams, []judgement{
		{"no JSON", `{`, 400, "InvalidRequestContent", ""},
		{"attachments is an object", `{"attachments":{}}`, 400, "TriggerInputSchemaMismatch", ""},
		{"a card", card(`{"type":"TextBlock","text":"x"}`), 202, "", ""},
		{"no attachments", `{"text":"x"}`, 202, "", "is of type 'Null'"},
		{"another kind of card", `{"attachments":[{"contentType":"text/html"}]}`, 202, "", "no Adaptive Card"},
		{"no card", `{"attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{}}]}`, 202, "", "Property 'type' must be 'AdaptiveCard'"},
		{"a newer card", strings.Replace(card(""), `"1.4"`, `"1.6"`, 1), 202, "", "up to 1.5"},
		{"28 KB", card(`{"type":"TextBlock","text":"` + strings.Repeat("x", 28<<10) + `"}`), 202, "", "too large"},
		{"an unknown element", card(`{"type":"Heading"}`), 202, "", `unknown element "Heading"`},
		{"an element without its text", card(`{"type":"Container","items":[{"type":"TextBlock"}]}`), 202, "", "TextBlock without text"},
		{"a fact without value", card(`{"type":"FactSet","facts":[{"title":"a"}]}`), 202, "", "fact without"},
		{"an action that needs a bot", card(`{"type":"ActionSet","actions":[{"type":"Action.Submit","title":"a"}]}`), 202, "", "Action.Submit does not work"},
		{"columns", card(`{"type":"ColumnSet","columns":[{"items":[{"type":"TextBlock","text":"x"}]}]}`), 202, "", ""},
	})
}

func TestTeamsTellsWhatWouldFailUnseen(t *testing.T) {
	b := start(t, wall.Options{})
	b.post(t, b.urls[wall.Teams], good(wall.Teams))
	b.post(t, b.urls[wall.Teams], `{"text":"x"}`)
	if got, want := b.Counts(wall.Teams), (wall.Counts{Accepted: 2, Unposted: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	b := start(t, wall.Options{})
	for path, want := range map[string]string{
		"/services/X1/B1/abcdefghij":                                                "404 no_team",
		"/services/T1/X1/abcdefghij":                                                "404 no_service",
		"/services/T1/B1/short":                                                     "403 invalid_token",
		"/api/v10/webhooks/12/abcdefghij":                                           "400 50035",
		"/api/v10/webhooks/131000000000000001/x":                                    "401 50027",
		"/api/v3/webhooks/131000000000000001/abcdefghij":                            "400 50041",
		"/workflows/1/triggers/manual/paths/invoke":                                 "400 MissingApiVersionParameter",
		"/workflows/1/triggers/manual/paths/invoke?api-version=1":                   "401 DirectApiAuthorizationRequired",
		"/workflows/1/triggers/manual/paths/invoke?api-version=1&sp=a&sv=1.0&sig=x": "403 AuthorizationFailed",
	} {
		got := b.post(t, b.url+path, `{"text":"x","content":"x"}`)
		status, word, _ := strings.Cut(want, " ")
		if fmt.Sprint(got.status) != status || !strings.Contains(got.body, word) {
			t.Errorf("%s: answered %d %s, want %s", path, got.status, got.body, want)
		}
	}
}
