package dispatch

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// refusingSink is a sink whose payload lists the parts of the message. Its platform refuses
// some parts.
type refusingSink struct {
	fakeSink
	draws    string // what the platform can show
	dislikes string
	kind     bridge.Kind // of the answer to anything simpler, if it is not taken
}

func (s *refusingSink) Encode(m bridge.Message) (bridge.Payload, error) {
	var parts []string
	for part, has := range map[string]bool{"native": m.Native != nil, "picture": m.ImageURL != "", "link": m.URL != "", "bold": strings.Contains(m.Text, "*")} {
		if has && strings.Contains(s.draws, part) {
			parts = append(parts, part)
		}
	}
	slices.Sort(parts)
	return bridge.Payload{MessageID: m.ID, Body: []byte(strings.Join(append(parts, "title"), " "))}, nil
}

func (s *refusingSink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	s.script = func(n int, body string) error {
		for part := range strings.FieldsSeq(body) {
			if strings.Contains(s.dislikes, part) {
				return &bridge.SendError{Kind: bridge.MessageRejected, Status: 400, Detail: "no " + part}
			}
		}
		if s.kind != bridge.Temporary && n > 0 {
			return fails(s.kind, 0)
		}
		return nil
	}
	return s.fakeSink.Send(ctx, p)
}

type (
	pickyMail    struct{ refusingSink }
	pickyProgram struct{ refusingSink }
)

func (*pickyMail) NoSimplerForm() {}
func (*pickyProgram) Verbatim()   {}

// A refused message is retried in simpler forms. Its attempt says what was left out, and why.
func TestARefusedMessageIsTriedInSimplerForms(t *testing.T) {
	const all = "native picture link bold"
	for _, c := range []struct {
		name   string
		sink   bridge.Sink
		sent   string // bodies
		state  bridge.State
		detail string
	}{
		{"nothing", &refusingSink{draws: all}, "bold link native picture title", bridge.Sent, ""},
		{"the native part", &refusingSink{draws: all, dislikes: "native"}, "bold link native picture title, bold link picture title", bridge.Sent, "sent without its native part: no native"},
		{
			"the picture", &refusingSink{draws: all, dislikes: "picture"}, "bold link native picture title, bold link picture title, bold link title",
			bridge.Sent, "sent without its native part, its picture: no picture",
		},
		{"the link, of what has no more", &refusingSink{draws: "link", dislikes: "link"}, "link title, title", bridge.Sent, "sent without its links: no link"},
		{"formatting", &refusingSink{draws: "picture bold", dislikes: "bold"}, "bold picture title, bold title, title", bridge.Sent, "sent without its picture, its formatting: no bold"},
		{"all of it", &refusingSink{draws: "picture", dislikes: "title"}, "picture title, title", bridge.Dead, "no title (also without its picture)"},
		{"what has no simpler form", &refusingSink{dislikes: "title"}, "title", bridge.Dead, "no title"},
		{"the picture, and is then overloaded", &refusingSink{draws: "picture", dislikes: "picture", kind: bridge.DestinationBroken}, "picture title, title", bridge.Pending, "the platform's words"},
		{"the picture of a mail", &pickyMail{refusingSink{draws: all, dislikes: "picture"}}, "bold link native picture title, bold link picture title", bridge.Dead, "no picture (also without its native part)"},
		{"the picture of data", &pickyProgram{refusingSink{draws: "picture", dislikes: "picture"}}, "picture title", bridge.Dead, "no picture"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSyntheticTime(t, func(t *testing.T, r *fixture) {
				l := &pipeline{fixture: r, routes: digested(nil), sinks: map[string]bridge.Sink{"a": c.sink}}
				l.start()
				l.event("DepartmentCreated", "u", "1")
				time.Sleep(50 * time.Second) // before a broken sink is probed
				l.stop()
				if got := strings.Join(c.sink.(interface{ got() []string }).got(), ", "); got != c.sent || l.counts("a")[c.state] != 1 {
					t.Errorf("sent %s, %v; want %s", got, l.counts("a"), c.sent)
				}
				list, err := l.store.Deliveries(t.Context(), store.Filter{})
				if err != nil || len(list) != 1 {
					t.Fatal(list, err)
				}
				tries, err := l.store.Attempts(t.Context(), list[0].ID)
				if err != nil || len(tries) != 1 || tries[0].Detail != c.detail {
					t.Errorf("attempts %+v, %v; want %q", tries, err, c.detail)
				}
			})
		})
	}
}
