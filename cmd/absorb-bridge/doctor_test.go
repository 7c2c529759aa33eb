package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/doctor"
)

func TestDoctor(t *testing.T) {
	path := writeConfig(t, `
listen: 127.0.0.1:0
admin: { listen: "" }
sources: { p: { path: /absorb, secrets: [ s3cret-of-the-test ] } }
sinks: { a: { type: console } }
routes: [ { name: r, events: [ "*" ], to: [ a ] } ]
`)
	do(t, "doctor --config "+path).want(t, 0, "ok    version", "ok    configuration", "ok    sink a")
	r := do(t, "doctor --json --url https://nowhere.invalid/absorb --config "+path)
	r.want(t, 1, "1 check failed")
	seen := map[doctor.Status]int{}
	for line := range strings.Lines(r.out) {
		var f doctor.Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil || f.Check == "" || f.Found == "" || f.Status == doctor.Fail && f.Remedy == "" {
			t.Errorf("%v: %s", err, line)
		}
		seen[f.Status]++
	}
	if seen[doctor.Fail] != 1 || seen[doctor.OK] < 8 || strings.Contains(r.out, "s3cret") {
		t.Errorf("%v\n%s", seen, r.out)
	}
	do(t, "doctor --config nowhere.yaml").want(t, 1, "fail  configuration", "nowhere.yaml")
	do(t, "doctor now").want(t, 2)
}
