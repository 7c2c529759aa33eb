package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Statements of different jobs are put together; those of one job stay in their order, and
// no two that may be one statement change the same row.
func TestArranged(t *testing.T) {
	kinds := map[byte]*rows{'a': {}, 'b': {}, 'c': {}}
	for batch, want := range map[string]string{
		"a1 b1|a2 b2|a3 b3":    "a1 a2 a3|b1 b2 b3",
		"a1 b1 b2|a2 b3":       "a1 a2|b1 b2 b3",
		"a1 b1|a1 b2":          "a1|b1|a1|b2",
		"a1|a1|a2":             "a1|a1 a2",
		"b1 a1|a2 b2":          "b1|a1 a2|b2",
		"a1 -1 b1|a2 b2":       "a1 a2|-1|b1 b2",
		"-1|a1|-2|a2":          "-1|a1 a2|-2",
		"a1 b1 c1|c2|a2 c3|b2": "a1 a2|b1 b2|c1 c2 c3",
	} {
		var jobs []*job
		var flat []string
		for words := range strings.SplitSeq(batch, "|") {
			j := &job{}
			for _, word := range strings.Fields(words) {
				flat = append(flat, word)
				j.statements = append(j.statements, statement{query: word, rows: kinds[word[0]], args: []any{word[1:]}})
			}
			jobs = append(jobs, j)
		}
		all, was := arranged(jobs)
		var got []string
		for rest := all; len(rest) > 0; rest = rest[run(rest):] {
			var one []string
			for _, s := range rest[:run(rest)] {
				one = append(one, s.query)
			}
			got = append(got, strings.Join(one, " "))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s became %s, want %s", batch, strings.Join(got, "|"), want)
		}
		for i, s := range all {
			if flat[was[i]] != s.query {
				t.Errorf("%s: statement %d was %s, not %s", batch, i, flat[was[i]], s.query)
			}
		}
	}
}

// Many events that are fanned out, sent and recorded at the same time, some of them twice,
// become one delivery each with one attempt.
func TestManyAtOnce(t *testing.T) { both(t, testManyAtOnce) }

func testManyAtOnce(t *testing.T, s *Store) {
	const events = 20
	var stored []bridge.Event
	for i := range events {
		accept(t, s, event(i))
	}
	for _, u := range unrouted(t, s) {
		stored = append(stored, u.Event)
	}
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	var batch []*job
	for range 2 {
		for _, e := range stored {
			j := &job{statements: []statement{s.changes.routed.with(e.ID, []byte(nil), []byte("{}"), micros(noon)+int64(len(batch)))}, done: make(chan error, 1)}
			for i := range 2 {
				j.statements = append(j.statements, s.changes.deliver.with(fmt.Sprint("d", len(batch), "-", i), e.ID, "r", fmt.Sprint("sink", i), micros(noon)+int64(len(batch))))
			}
			batch = append(batch, j)
		}
	}
	commit := func(batch []*job) {
		t.Helper()
		writer{engine: s.engine}.commit(batch)
		for _, j := range batch {
			if err := <-j.done; err != nil {
				t.Fatal(err)
			}
		}
	}
	commit(batch)
	for i, j := range batch {
		want := []int64{1, 1, 1}
		if i >= events { // the second time
			want = []int64{0, 0, 0}
		}
		if !slices.Equal(j.changed, want) {
			t.Errorf("fan-out %d changed %v, want %v", i, j.changed, want)
		}
	}
	due, err := s.Due(t.Context(), "sink1", noon.AddDate(1, 0, 0), events+1)
	if err != nil || len(due) != events {
		t.Fatalf("%d deliveries are due, %v", len(due), err)
	}
	var attempts []bridge.Attempt
	for i, d := range due {
		a := bridge.Attempt{DeliveryID: d.ID, Sink: "sink1", At: noon, Outcome: "sent", State: bridge.Sent, Counted: true, Status: 200 + i, Receipt: fmt.Sprint(i)}
		if i == 0 {
			a.Outcome, a.State = "temporary", bridge.Pending
		}
		attempts = append(attempts, a)
	}
	for range 2 {
		if err := s.Record(t.Context(), attempts...); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range attempts {
		var n, status, tries int
		var state string
		if err := s.row(t.Context(), `SELECT length(tries) - length(replace(tries, '`+"\n"+`', '')), attempts, state FROM deliveries WHERE id = ?`, a.DeliveryID).Scan(&n, &tries, &state); err != nil {
			t.Fatal(err)
		}
		all, err := s.Attempts(t.Context(), a.DeliveryID)
		if len(all) > 0 {
			status = all[len(all)-1].Status
		}
		if err != nil || n != 1 || status != 200+i || tries != 1 || state != string(a.State) {
			t.Errorf("delivery %d: %d attempts, the last %d, counted %d, %s, %v", i, n, status, tries, state, err)
		}
	}
}
