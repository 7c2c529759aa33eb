package sinktest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// UpdateVariable writes the golden files anew when the environment has it.
const UpdateVariable = "BRIDGE_TEST_UPDATE"

// Golden compares the payloads of an ordinary message and of one full of markup
// with those in testdata/golden, for people to read in a review.
func Golden(t *testing.T, sink bridge.Sink) {
	t.Helper()
	for _, c := range []Case{Ordinary()[0], Hostile()[0]} {
		p, err := sink.Encode(c.Message)
		if err != nil {
			t.Fatal(err)
		}
		var pretty bytes.Buffer
		if json.Indent(&pretty, p.Body, "", "  ") != nil {
			pretty.Write(p.Body)
		}
		pretty.WriteByte('\n')
		file := filepath.Join("testdata", "golden", c.Name+".json")
		if os.Getenv(UpdateVariable) != "" {
			if err := os.WriteFile(file, pretty.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if pretty.String() != string(want) {
			t.Errorf("%s differs; %s=1 writes it anew. Have:\n%s", file, UpdateVariable, pretty.String())
		}
	}
}
