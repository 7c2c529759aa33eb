package config

import (
	"strings"
	"testing"
	"time"
)

func TestIntake(t *testing.T) {
	const rest = "sources: { p: { path: /a, secrets: [ sixteen-characters ] } }\nsinks: { c: { type: console } }\nroutes: [ { name: r, events: [ '*' ], to: [ c ] } ]\n"
	c, err := Parse("bridge.yaml", []byte("intake: { memory: 1GiB, body_time: 3s }\n"+rest), nil)
	if err != nil || c.Intake != (Intake{Memory: 1 << 30, MaxBody: 256 << 10, BodyTime: 3 * time.Second, Connections: 1000, PerAddress: 250}) {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]string{
		"memory: 32MB":                          "intake.memory: want a size such as 256KiB, 32MiB or 1GiB",
		"memory: 0MiB":                          "intake.memory: want a size",
		"memory: 1MiB":                          "intake.memory: want at least 4096KiB, which is 16 times intake.max_body",
		"max_body: 100GiB":                      "intake.memory: want at least",
		"max_body: 99999999999GiB":              "intake.max_body: want a size",
		"max_body: -1KiB":                       "intake.max_body: want a size",
		"body_time: 0s":                         "intake.body_time: want a duration",
		"connections: 0":                        "intake.connections: want a number from 1 to 2048",
		"connections: 5000":                     "intake.connections: want a number from 1 to 2048",
		"connections: 100":                      "intake.per_address: want a number from 1 to intake.connections, which is 100",
		"per_address: 0":                        "intake.per_address: want a number from 1",
		"peraddress: 3":                         "did you mean \"per_address\"?",
		"connections: 5000, memory: 100000000B": "intake.memory: want a size",
	} {
		_, err := Parse("bridge.yaml", []byte("intake: { "+text+" }\n"+rest), nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "bridge.yaml:1:") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
