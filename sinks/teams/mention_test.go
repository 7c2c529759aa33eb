package teams

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

func TestMentions(t *testing.T) {
	s := suite()
	settings := s.Settings("https://example.com")
	settings["mentions"] = map[string]any{"ann@example.com": "ann@corp.example", "ann2@example.com": "00000000-0000-4000-a000-000000000001"}
	sink, err := New(kit.Setup{Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	m := bridge.Message{
		Title: bridge.MentionMark(0) + " and " + bridge.MentionMark(2), Fields: []bridge.Field{{Name: "By", Value: bridge.MentionMark(1)}},
		Mentions: []bridge.Person{
			{Name: "Ann <at>*Lee*</at>", Email: "Ann@example.com"}, {Name: "Ann atLeeat", Email: "ann2@example.com"}, {Name: "Bob", Email: "bob@example.com"},
		},
	}
	p, err := sink.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"entities":[{"type":"mention","text":"<at>Ann atLeeat</at>","mentioned":{"id":"ann@corp.example","name":"Ann atLeeat"}},` +
			`{"type":"mention","text":"<at>Ann atLeeat 2</at>","mentioned":{"id":"00000000-0000-4000-a000-000000000001","name":"Ann atLeeat 2"}}]`,
		`{"type":"TextBlock","text":"<at>Ann atLeeat</at> <at>Ann atLeeat 2</at>","wrap":true}`,
		`and Bob"`,
	} {
		if !strings.Contains(string(p.Body), want) {
			t.Errorf("%s is not in %s", want, p.Body)
		}
	}
	sinktest.Dump(t, "teams", "own-mentions", p)
	settings["mentions"] = map[string]any{"ann@example.com": "Ann"}
	if _, err := New(kit.Setup{Settings: settings}); err == nil {
		t.Error("a name is taken for an id")
	}
}
