package plain_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge/plain"
)

// text has each kind of character that a terminal must not get.
const text = "a\x1b[2J\u009b2J\u0085\x7f\u202eb\u2066\u200e\u061c\u00ad\ufeff\u2028\u2029\U000e0041\rc"

func TestWriter(t *testing.T) {
	for in, want := range map[string]string{
		text:                     `a\u001b[2J\u009b2J\u0085\u007f\u202eb\u2066\u200e\u061c\u00ad\ufeff\u2028\u2029\udb40\udc41\u000dc`,
		"Müller\t李\nzwei\r\n":    "Müller\t李\nzwei\r\n",
		"می\u200cخواهم 👩\u200d🚀": "می\u200cخواهم 👩\u200d🚀",
		"\xff\xc3":               `\ufffd\ufffd`,
		"the end\r":              `the end\u000d`,
		"\ufffd":                 "\ufffd",
		strings.Repeat("ü", 999): strings.Repeat("ü", 999),
	} {
		for _, size := range []int{1, 2, 3, 1 << 10} { // a character may come in pieces
			var out bytes.Buffer
			w := plain.NewWriter(&out)
			for rest := []byte(in); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				if n, err := w.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
					t.Fatal(n, err)
				}
			}
			if err := w.Close(); err != nil || out.String() != want {
				t.Errorf("%q in pieces of %d: %s, %v", in, size, out.String(), err)
			}
		}
	}
}

// JSON means the same afterwards.
func TestJSONStaysTheSame(t *testing.T) {
	var out bytes.Buffer
	w := plain.NewWriter(&out)
	if err := json.NewEncoder(w).Encode(map[string]string{text: text}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(strings.TrimSpace(out.String()), unicode.IsControl) {
		t.Errorf("%q", out.String())
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back[text] != text {
		t.Errorf("%q, %v", back, err)
	}
}
