package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// AttemptRow is one try to send a delivery.
type AttemptRow struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took_ns"`
	Outcome string        `json:"outcome"` // sent, or the kind of failure
	Status  int           `json:"status,omitempty"`
	Detail  string        `json:"detail,omitempty"`
}

// lineOf is the line of an attempt in the column tries. The line of one that succeeded has
// no time: nothing changes the delivery's updated_at afterwards.
func lineOf(a bridge.Attempt) string {
	at := ""
	if a.State != bridge.Sent {
		at = strconv.FormatInt(micros(a.At), 10)
	}
	return fmt.Sprintf("%s\t%d\t%s\t%d\t%s\n", at, a.Took.Microseconds(), a.Outcome, a.Status, separators.Replace(a.Detail))
}

// separators are the characters that separate fields and lines, each as a space.
var separators = strings.NewReplacer("\r", " ", "\n", " ", "\t", " ")

// attemptsOf reads the column tries of a delivery, and leaves out what is not a line of it.
// updated is the delivery's updated_at.
func attemptsOf(tries string, updated int64) (all []AttemptRow) {
	for line := range strings.Lines(tries) {
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 5)
		if len(part) != 5 {
			continue
		}
		at, err := strconv.ParseInt(part[0], 10, 64)
		if err != nil {
			at = updated
		}
		took, _ := strconv.ParseInt(part[1], 10, 64)
		status, _ := strconv.Atoi(part[3])
		all = append(all, AttemptRow{fromMicros(at), time.Duration(took) * time.Microsecond, part[2], status, part[4]})
	}
	return all
}

// isNew is the condition that a line is not the last one in tries. It has the line twice
// as its values.
const isNew = ` AND substr(tries, length(tries) - length(CAST(? AS TEXT)) + 1) <> CAST(? AS TEXT)`

// Attempts lists the tries to send a delivery, oldest first.
func (s *Store) Attempts(ctx context.Context, delivery string) ([]AttemptRow, error) {
	all, err := list(ctx, s, func(row scanner) (a AttemptRow, err error) {
		var at, took int64
		err = row.Scan(&at, &took, &a.Outcome, &a.Status, &a.Detail)
		a.At, a.Took = fromMicros(at), time.Duration(took)*time.Microsecond
		return a, err
	}, `SELECT at, took, outcome, status, detail FROM attempts WHERE delivery_id = ? ORDER BY at`, delivery)
	if err != nil {
		return nil, err
	}
	_, err = list(ctx, s, func(row scanner) (none struct{}, err error) {
		var tries string
		var updated int64
		err = row.Scan(&tries, &updated)
		all = append(all, attemptsOf(tries, updated)...)
		return none, err
	}, `SELECT tries, updated_at FROM deliveries WHERE id = ?`, delivery)
	return all, err
}

// Tally is how many attempts ended in one way, in one slice of time.
type Tally struct {
	Slice   int    // how many slices after the first
	Sink    string // "" for an event that was accepted
	Outcome string // accepted, sent, or the kind of failure
	N       int
}

// talliesFor is how long attempts are counted.
const talliesFor = 48 * time.Hour

const addTally = ` ON CONFLICT (at, sink, outcome) DO UPDATE SET n = tallies.n + excluded.n`

// tallied counts attempts by the minute. One that is recorded twice, because the database
// could not say that it had been, is counted twice.
func tallied(attempts []bridge.Attempt) (all []statement) {
	type key struct {
		at            int64
		sink, outcome string
	}
	counts := map[key]int{}
	for _, a := range attempts {
		if a.Parcel == "" {
			counts[key{micros(a.At.Truncate(time.Minute)), a.Sink, a.Outcome}]++
		}
	}
	inOrder := func(a, b key) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.sink, b.sink), cmp.Compare(a.outcome, b.outcome))
	}
	for _, k := range slices.SortedFunc(maps.Keys(counts), inOrder) { // so that replicas never wait for each other's rows in a circle
		all = append(all, change(`INSERT INTO tallies (at, sink, outcome, n) VALUES (?, ?, ?, ?)`+addTally, k.at, k.sink, k.outcome, counts[k]))
	}
	return all
}

// Tallies counts what happened since a time, in slices of some minutes.
func (s *Store) Tallies(ctx context.Context, since time.Time, slice time.Duration) ([]Tally, error) {
	from := micros(since.Truncate(time.Minute))
	attempts, err := list(ctx, s, func(row scanner) (t Tally, err error) { return t, row.Scan(&t.Slice, &t.Sink, &t.Outcome, &t.N) },
		fmt.Sprintf(`SELECT (at - %[1]d) / %[2]d, sink, outcome, CAST(sum(n) AS BIGINT) FROM (
			SELECT at, sink, outcome, n FROM tallies WHERE at >= ? UNION ALL SELECT at, sink, outcome, 1 FROM attempts WHERE at >= ?) t GROUP BY 1, 2, 3`, from, slice.Microseconds()), from, from)
	if err != nil {
		return nil, err
	}
	// The first eight digits of an id count in steps of about a minute.
	events, err := list(ctx, s, func(row scanner) (t Tally, err error) {
		var id string
		err = row.Scan(&id, &t.N)
		t.Slice, t.Outcome = max(0, int(Arrival(id+"-0000").Sub(since)/slice)), "accepted"
		return t, err
	}, `SELECT substr(id, 1, 8), count(*) FROM events WHERE id >= ? GROUP BY 1`, firstID(since))
	return append(attempts, events...), err
}
