package sinktest

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// maxSeed is the largest message to begin with, in bytes: small ones are mutated
// more often in the same time.
const maxSeed = 2000

// Fuzz encodes messages made of whatever comes: data in every field, as a template
// would put it there, and a text in Markdown that an admin wrote.
func Fuzz(f *testing.F, s Suite) {
	f.Helper()
	sink, err := s.New(kit.Setup{Name: s.Type, Settings: s.Settings(anyBase)})
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range append(Ordinary(), Hostile()...) {
		if len(c.Message.Title)+len(c.Message.Text) < maxSeed {
			f.Add(c.Message.Title, c.Message.Text, uint8(len(c.Message.Fields)))
		}
	}
	f.Fuzz(func(t *testing.T, data, text string, fields uint8) {
		encoded(t, s, sink, everywhere(data, EscapeMarkdown(data)))
		m := everywhere("x", text)
		for range fields {
			m.Fields = append(m.Fields, bridge.Field{Name: data, Value: data})
		}
		encoded(t, s, sink, m)
	})
}

// encoded checks the payload of a message. A text with links of its own may link
// wherever its admin likes, which no check could tell from an attack.
func encoded(t *testing.T, s Suite, sink bridge.Sink, m bridge.Message) {
	t.Helper()
	p, err := sink.Encode(m)
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	if !strings.Contains(strings.ReplaceAll(m.Text, "https://example.com/", ""), "://") {
		s.Check(t, m, p)
	}
}
