package render

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// platforms are options with all that the sinks know of native parts.
func platforms() Options {
	o := Options{Escape: map[string]func(string) string{}, Check: map[string]func(map[string]any) []Fault{}}
	for name, kind := range sinks.Types() {
		o.Escape[name] = kind.Escape
		if kind.CheckNative == nil {
			continue
		}
		o.Check[name] = func(part map[string]any) []Fault {
			var faults []Fault
			for _, e := range kit.SettingErrors(kind.CheckNative(part)) {
				faults = append(faults, Fault{Key: e.Key, Message: e.Problem})
			}
			return faults
		}
	}
	return o
}

// TestManualNative sends every native part that the manual shows to its sink:
// there is one for every sink that has a format of its own.
func TestManualNative(t *testing.T) {
	source, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, block := range fenced.FindAllStringSubmatch(string(source), -1) {
		if !strings.Contains(block[2], "  native:") {
			continue
		}
		o := platforms()
		o.Dir = folder(t, map[string]string{"certificate-awarded.yaml": strings.Replace(block[2], "UserCreated", "CertificateAwarded", 1)})
		set := load(t, o)
		m, err := set.Template("CertificateAwarded").Message(t.Context(), occurrence("CertificateAwarded", 1, 1, "Mira <b>", "Ropes"))
		if err != nil {
			t.Fatal(err)
		}
		m.To = []string{"mira@example.com"}
		for name := range m.Native {
			shown[name] = true
			kind := sinks.Types()[name]
			sink, err := kind.New(kit.Setup{Name: name, Settings: kind.Example})
			if err != nil {
				t.Fatal(err)
			}
			p, err := sink.Encode(m)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			neutral := m
			neutral.Native = nil
			if q, err := sink.Encode(neutral); err != nil || string(q.Body) == string(p.Body) {
				t.Errorf("%s: the native part changes nothing, %v", name, err)
			}
		}
	}
	for name, kind := range sinks.Types() {
		if none := kind.CheckNative != nil && kind.CheckNative(nil) != nil; !none && !shown[name] {
			t.Errorf("the manual has no native part for %s", name)
		}
	}
}

// TestFaultsOfNativeParts: what a platform would refuse is found at load, at its
// place.
func TestFaultsOfNativeParts(t *testing.T) {
	for part, want := range map[string][]string{
		// Unknown platforms and keys.
		`slak: { text: x }`:              {`4:5: message.native.slak: no sink type "slak"; did you mean "slack"?`},
		`slack: { blokcs: [], text: x }`: {`4:14: message.native.slack.blokcs: unknown key; did you mean "blocks"?`},
		`discord: { embed: {} }`:         {`4:16: message.native.discord.embed: unknown key; did you mean "embeds"?`},
		`googlechat: { cards_v2: [] }`:   {`4:19: message.native.googlechat.cards_v2: unknown key; did you mean "cardsV2"?`},
		`teams: { bdy: [] }`:             {`4:14: message.native.teams.bdy: unknown key; did you mean "body"?`},
		`email: { htm: x }`:              {`4:14: message.native.email.htm: unknown key; did you mean "html"?`},
		`mattermost: { txt: x }`:         {`4:19: message.native.mattermost.txt: unknown key; did you mean "text"?`},
		`rocketchat: { txt: x }`:         {`4:19: message.native.rocketchat.txt: unknown key; did you mean "text"?`},
		`slack: null`:                    nil,
		`shoutrrr: { text: x }`:          {`4:5: message.native.shoutrrr: this type of sink has no format of its own`},

		// Slack's blocks.
		`slack: { blocks: {} }`: {`4:14: message.native.slack.blocks: want a list, have a mapping`},
		`slack: { blocks: [ { type: sectoin, text: { type: mrkdwn, text: x } } ] }`: {`4:26: message.native.slack.blocks[0].type: no type "sectoin"; did you mean "section"?`},
		`slack: { blocks: [ { type: divider }, { type: section }, { text: x } ] }`: {
			`4:43: message.native.slack.blocks[1]: section wants text or fields`, `4:62: message.native.slack.blocks[2]: wants a type, such as actions`,
		},
		`slack: { blocks: [ { type: section, text: { type: mrkdwn, text: [ x ] } } ] }`:                                                                             {`message.native.slack.blocks[0].text.text: want a text, have a list`},
		`slack: { blocks: [ { type: actions, elements: [ { type: buton } ] } ] }`:                                                                                   {`message.native.slack.blocks[0]: unsupported block element type buton`},
		`slack: { blocks: [ { type: header, text: 5 } ] }`:                                                                                                          {`message.native.slack.blocks[0].text: want a mapping, have a number`},
		`slack: { blocks: [ { type: '{{ .event.kind }}' }, { type: brand_new_thing, x: [ 1 ] }, { type: actions, elements: [ { type: '{{ .event.kind }}' } ] } ] }`: nil, // not known, or not known yet

		// Discord's embeds.
		`discord: { embeds: [ { title: 5, color: red, fields: [ { name: a, inline: "no" } ], colour: 1 } ] }`: {
			`4:38: message.native.discord.embeds[0].color: want a number, have a text`, `message.native.discord.embeds[0].colour: unknown key; did you mean "color"?`,
			`message.native.discord.embeds[0].fields[0].inline: want true or false, have a text`, `message.native.discord.embeds[0].title: want a text, have a number`,
		},
		`discord: { embeds: [ { title: '{{ .event.x }}', color: 5 } ], components: null, tts: true }`: nil,

		// Google Chat's cards.
		`googlechat: { cardsV2: [ { card: { header: { titel: x }, sections: [ { widgets: [ { textParagraf: {} }, { divider: {} } ] } ] } } ] }`: {
			`message.native.googlechat.cardsV2[0].card.header.titel: unknown key; did you mean "title"?`,
			`message.native.googlechat.cardsV2[0].card.sections[0].widgets[0].textParagraf: unknown key; did you mean "textParagraph"?`,
		},

		// Teams' cards.
		`teams: { body: [ { type: Container, items: [ { type: TextBlok, text: x } ] }, { type: Image } ], actions: [ { type: Action.OpenUrl } ] }`: {
			`message.native.teams.actions[0]: Action.OpenUrl wants url`, `message.native.teams.body[0].items[0].type: no type "TextBlok"; did you mean "TextBlock"?`,
			`message.native.teams.body[1]: Image wants url`,
		},
		`teams: { body: [ { type: ColumnSet, columns: [ { type: Column, items: [ { text: x } ] } ] } ] }`: {`message.native.teams.body[0].columns[0].items[0]: wants a type, such as ActionSet`},
	} {
		o := platforms()
		o.Dir = folder(t, map[string]string{"own.yaml": head + "message: { title: x,\n  native: {\n    " + part + " } }\n"})
		_, err := Load(o)
		var have []string
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if _, place, ok := strings.Cut(line, "own.yaml:"); ok {
					have = append(have, strings.TrimSpace(place))
				}
			}
		}
		if len(have) != len(want) || slices.ContainsFunc(want, func(w string) bool {
			return !slices.ContainsFunc(have, func(h string) bool { return strings.Contains(h, w) })
		}) {
			t.Errorf("%s:\n%v\nwant %q", part, err, want)
		}
	}
}

// TestWhatSinksMakePasses: no check refuses what its own sink sends.
func TestWhatSinksMakePasses(t *testing.T) {
	for name, kind := range sinks.Types() {
		if !slices.Contains([]string{"slack", "discord", "googlechat", "teams", "mattermost", "rocketchat"}, name) {
			continue // these send no JSON of their platform
		}
		sink, err := kind.New(kit.Setup{Name: name, Settings: kind.Example})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range append(sinktest.Ordinary(), sinktest.Hostile()...) {
			p, err := sink.Encode(c.Message)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]any(decode(t, string(p.Body)))
			if name == "teams" {
				part = part["attachments"].([]any)[0].(map[string]any)["content"].(map[string]any)
			}
			if err := kind.CheckNative(plainNumbers(part).(map[string]any)); err != nil {
				t.Errorf("%s, %s: %v", name, c.Name, err)
			}
		}
	}
}

// plainNumbers makes numbers of those that were read with all digits.
func plainNumbers(v any) any {
	switch v := value.Plain(v).(type) {
	case map[string]any:
		for key, element := range v {
			v[key] = plainNumbers(element)
		}
		return v
	case []any:
		for i, element := range v {
			v[i] = plainNumbers(element)
		}
		return v
	default:
		return v
	}
}
