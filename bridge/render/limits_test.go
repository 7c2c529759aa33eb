package render

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// TestLimits: a template that is made to use up the machine fails, and says why.
func TestLimits(t *testing.T) {
	set := load(t, Options{})
	huge := make([]any, 200_000)
	for i := range huge {
		huge[i] = "x"
	}
	facts := bridge.Facts{"list": huge, "long": strings.Repeat("é", value.MaxText)}
	const memory, steps = "of memory that a message may take", "steps that a message may take"
	for template, want := range map[string]string{
		`{{ range 1000000000 }}{{ end }}`:                                                            steps,
		`{{ range .list }}{{ range $.list }}{{ end }}{{ end }}`:                                      memory,
		`{{ range until 2000 }}{{ range 2000 }}{{ end }}{{ end }}`:                                   steps,
		`{{ repeat 1000000000 "x" }}`:                                                                "repeat takes more than the 32 MiB " + memory,
		`{{ repeat 1000000000000 .long }}`:                                                           memory,
		`{{ replace "é" (repeat 9999 "x") .long }}`:                                                  memory,
		`{{ regexReplaceAll "." .long (repeat 9999 "x") }}`:                                          memory,
		`{{ regexReplaceAll "(.*)" .long (repeat 9999 "$1") }}`:                                      memory,
		`{{ regexMatch "((a{100}){10}){10}" .long }}`:                                                "regexMatch the pattern",
		`{{ regexMatch (repeat 999 "a{9}") .long }}`:                                                 "regexMatch the pattern",
		`{{ printf "%1000000d" 1 }}`:                                                                 "width",
		`{{ printf "%*d" 100000 1 }}`:                                                                "width",
		`{{ printf (repeat 60000 "%999d") 1 }}`:                                                      memory,
		`{{ until 1000000000 }}`:                                                                     "takes more than the 1000000 " + steps,
		`{{ join .long .list }}`:                                                                     memory,
		`{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ json $x }}`:                "takes more than",
		`{{ $x := list 1 }}{{ range 60 }}{{ $x = concat $x $x }}{{ end }}{{ len $x }}`:               memory,
		`{{ $x := list 1 }}{{ range 99 }}{{ $x = list $x }}{{ end }}{{ $x }}`:                        "nested more than 64 deep",
		`{{ $x := list 1 }}{{ range 99 }}{{ $x = list $x }}{{ end }}{{ json $x }}`:                   "nested more than 64 deep",
		`{{ $x := list 1 }}{{ range 99 }}{{ $x = list $x }}{{ end }}{{ eq $x $x }}`:                  "nested more than 64 deep",
		`{{ $x := list }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ json $x }}`:                  "json takes more than",
		`{{ $x := dict }}{{ range 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ has $x (list $x) }}`: "takes more than",
		`{{ $x := list }}{{ range until 90000 }}{{ $x = append $x . }}{{ end }}`:                     memory,
		`{{ $x := "ab" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}{{ len $x }}`:                  memory,
		`{{ date "2026-08-24" (repeat 900000 "January") }}`:                                          "takes more than",
		strings.Repeat(`{{ $x := upper .long }}`, 120):                                               memory,
		`{{ pick "x" "y" }}`:                                                                         "wants a mapping",
		`{{ div 1 0 }}{{ mod 1 0 }}`:                                                                 "div divides by 0",
	} {
		text, err := set.Text("limits", template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		// In synthetic time, so that a busy machine does not run into maxTime first.
		synctest.Test(t, func(t *testing.T) { _, err = text.Execute(t.Context(), facts) })
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "limits:1: ") {
			t.Errorf("%.100s: %v, want an error that says %q", template, err, want)
		}
	}
}

// TestValuesAreCut: one value, and a whole message, are cut.
func TestValuesAreCut(t *testing.T) {
	facts := bridge.Facts{"event": map[string]any{"x": strings.Repeat("é", value.MaxText)}}
	set := load(t, Options{})
	text, err := set.Text("cut", `{{ .event.x }}{{ .event.x }}`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := text.Execute(t.Context(), facts)
	if err != nil || len(got) > value.MaxText+len("…") || !strings.HasSuffix(got, "é…") {
		t.Errorf("a long value: %d bytes, %v", len(got), err)
	}
	source := "event: Own\nmessage:\n  title: x\n  fields:\n" + strings.Repeat("  - { name: n, value: '{{ .event.x }}' }\n", 10)
	m, err := ownTemplate(t, source, nil).Message(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	length := 0
	for _, f := range m.Fields {
		length += len(f.Value)
	}
	if length < engine.MaxMessage-value.MaxText || length > engine.MaxMessage+maxFields {
		t.Errorf("the fields have %d bytes", length)
	}
}

// TestTooManyFields: what no platform shows is refused when it is loaded.
func TestTooManyFields(t *testing.T) {
	source := "event: Own\nmessage:\n  title: x\n  fields:\n" + strings.Repeat("  - { name: n, value: v }\n", 101)
	dir := folder(t, map[string]string{"own.yaml": source})
	if _, err := Load(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "own.yaml:4:3: message.fields: are 101, and may be 100 at most") {
		t.Errorf("have %v", err)
	}
}

// TestOneBudget: what is made of several events is made of one budget.
func TestOneBudget(t *testing.T) {
	set := load(t, Options{Dir: folder(t, map[string]string{"own.yaml": "event: Own\nmessage: { title: '{{ repeat 2500000 .event.x }}' }\ndigest: { title: x, group: '{{ repeat 2500000 .event.x }}' }\nstory: { lead: 1, fields: [ { name: n, value: '{{ repeat 2500000 .event.x }}' } ] }\n"})})
	e := bridge.Facts{"event": map[string]any{"type": "Own", "x": "a"}}
	events := make([]bridge.Facts, 40)
	for i := range events {
		events[i] = e
	}
	if _, err := set.Template("Own").Message(t.Context(), e); err != nil {
		t.Errorf("one event: %v", err)
	}
	for what, f := range map[string]func([]bridge.Facts) (bridge.Message, error){
		"digest": func(all []bridge.Facts) (bridge.Message, error) { return set.Together(t.Context(), all, nil) },
		"story":  func(all []bridge.Facts) (bridge.Message, error) { return set.Story(t.Context(), all) },
	} {
		if _, err := f(events); err == nil || !strings.Contains(err.Error(), "of memory that a "+map[string]string{"digest": "digest", "story": "message"}[what]+" may take") {
			t.Errorf("a %s of 40: %v", what, err)
		}
	}
}

// TestLookupsAreSmall: what a lookup consists of may take little, as it may run
// for each entry of a list.
func TestLookupsAreSmall(t *testing.T) {
	source := "event: Own\nlookups:\n  x:\n    try:\n      - { list: /x, where: '{{ range until 9000 }}{{ add 1 2 3 4 5 }}{{ end }}true', match: { id: xId } }\nmessage: { title: x }\n"
	_, err := Load(Options{Dir: folder(t, map[string]string{"own.yaml": source})})
	if err == nil || !strings.Contains(err.Error(), "that a lookup may take") {
		t.Errorf("have %v", err)
	}
	if l := budget.Lookup(); l.Bytes > budget.Message().Bytes/10 || l.Steps > budget.Message().Steps/10 {
		t.Errorf("lookups may take %+v", l)
	}
}

// TestDigestsOfManyEvents: what each event takes of a digest by the built-in templates is
// far less than what it adds to the budget, so that no number of events is too many.
func TestDigestsOfManyEvents(t *testing.T) {
	const n = 200
	limits, adds := budget.Digest(n), budget.Digest(n).Bytes-budget.Message().Bytes
	set := load(t, Options{})
	for _, event := range set.Events() {
		events := make([]bridge.Facts, n)
		for i := range events {
			events[i] = occurrence(event, i, i, fmt.Sprint("A Learner With a Long Name ", i), fmt.Sprint("A Course With a Long Name ", i))
		}
		ctx := budget.With(t.Context(), limits)
		_, err := set.Together(ctx, events, nil)
		bytes, steps := budget.From(ctx).Left()
		if took := limits.Bytes - bytes; err != nil || took > adds*2/3 {
			t.Errorf("%s: %v, %d bytes for each event", event, err, took/n)
		}
		if took := limits.Steps - steps; took > n*100 {
			t.Errorf("%s: %d steps for each event", event, took/n)
		}
	}
}
