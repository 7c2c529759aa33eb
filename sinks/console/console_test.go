package console

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

func suite() sinktest.Suite {
	return sinktest.Suite{
		Type:     "console",
		New:      New,
		Settings: func(string) map[string]any { return map[string]any{"stream": "stderr"} },
		Check: func(t *testing.T, _ bridge.Message, p bridge.Payload) {
			if !utf8.Valid(p.Body) {
				t.Error("not UTF-8")
			}
			if i := bytes.IndexFunc(p.Body, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); i >= 0 {
				t.Errorf("control character %q reaches the terminal", p.Body[i])
			}
		},
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

func TestSendPrints(t *testing.T) {
	var out bytes.Buffer
	sink := &Sink{out: &out}
	p, err := sink.Encode(sinktest.Ordinary()[0].Message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sink.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Mira Halvorsen completed Working at Height", "Score: 92.5 %", "• Certificate (https://learning.example.com/c/1) awarded"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}
