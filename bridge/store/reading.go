package store

import (
	"context"
	"maps"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// stride is how many bytes of events are read at once, and strideRows how many rows
	// at most: they are in memory twice for a moment, as they are stored and decoded.
	stride     = 256 << 10
	strideRows = 64
)

// sized is a row's id and how many bytes it has, about.
type sized struct {
	id    string
	bytes int
}

func scanSized(row scanner) (z sized, err error) { return z, row.Scan(&z.id, &z.bytes) }

// selectSized reads the ids of deliveries with the bytes that their events have.
const selectSized = `SELECT d.id, length(e.body) + COALESCE(length(e.facts), 0) FROM deliveries d JOIN events e ON e.id = d.event_id`

// fitting are the first rows that have no more than so many bytes together, but for one
// at least.
func fitting(all []sized, bytes int) []sized {
	for i, z := range all {
		if bytes -= z.bytes; bytes < 0 {
			return all[:max(i, 1)]
		}
	}
	return all
}

func idsOf(all []sized) []string {
	ids := make([]string, len(all))
	for i, z := range all {
		ids[i] = z.id
	}
	return ids
}

// inOrder puts what was found into the order in which it was asked for.
func inOrder[T any](asked []sized, found []T, id func(T) string) []T {
	at := make(map[string]int, len(asked))
	for i, z := range asked {
		at[z.id] = i
	}
	slices.SortFunc(found, func(a, b T) int { return at[id(a)] - at[id(b)] })
	return found
}

// reading reads deliveries with their facts, a few at a time. Events that have the same
// part share it.
type reading struct {
	*Store
	room  int            // bytes of memory that the facts may take, about
	text  int            // bytes that are kept of a text; 0 for all
	parts map[string]any // shared parts that were read, by hash
}

// deliveries reads those that are asked for, in their order, until the room is taken, but
// one at least. Of the facts it keeps the fields that are read.
func (r *reading) deliveries(ctx context.Context, asked []sized, fields *bridge.Reads) (all []bridge.Delivery, err error) {
	r.parts = map[string]any{}
	for len(asked) > 0 && r.room > 0 {
		few := fitting(asked[:min(strideRows, len(asked))], stride)
		asked = asked[len(few):]
		rows, err := r.few(ctx, few, fields)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if r.room -= bridge.Weight(row.facts); r.room < 0 && len(all) > 0 {
				return all, nil
			}
			row.attach(r.parts)
			row.delivery.Facts = row.facts
			all = append(all, row.delivery)
		}
	}
	return all, nil
}

// deliveryRow is a delivery with its event while they are read.
type deliveryRow struct {
	factsRow
	delivery bridge.Delivery
}

func (r *reading) few(ctx context.Context, asked []sized, fields *bridge.Reads) ([]*deliveryRow, error) {
	c := &conditions{}
	c.in("d.id", "IN", idsOf(asked))
	c.add("d.state = 'pending'")
	rows, err := listNow(ctx, r.Store, scanDue, `SELECT d.id, d.route, d.sink, d.attempts, d.failing_since, d.not_before, COALESCE(e.routed_at, 0), `+factsColumns+`
		FROM deliveries d JOIN events e ON e.id = d.event_id`+c.where(), c.args...)
	if err != nil {
		return nil, err
	}
	var hashes []string
	for _, row := range rows {
		if err := row.open(); err != nil {
			return nil, err
		}
		row.facts, _ = r.kept(map[string]any(row.facts), fields).(map[string]any)
		hashes = slices.AppendSeq(hashes, maps.Values(row.names))
	}
	err = r.readParts(ctx, hashes, r.parts, func(part any) any {
		part = r.kept(part, fields)
		r.room -= bridge.Weight(part)
		return part
	})
	return inOrder(asked, rows, func(row *deliveryRow) string { return row.delivery.ID }), err
}

// kept is what is kept of decoded JSON.
func (r *reading) kept(v any, fields *bridge.Reads) any {
	if v = fields.Only(v); r.text > 0 {
		return bridge.CutTexts(v, r.text)
	}
	return v
}

func scanDue(row scanner) (*deliveryRow, error) {
	r := &deliveryRow{}
	d := &r.delivery
	var failing, due, routed int64
	err := row.Scan(append([]any{&d.ID, &d.Route, &d.Sink, &d.Attempts, &failing, &due, &routed}, r.into()...)...)
	if err != nil {
		return nil, err
	}
	d.EventID, d.EventType, d.Source, d.Traceparent = r.ID, r.Type, r.Source, r.Traceparent
	d.FailingSince, d.Due, d.Routed, d.Received = fromMicros(failing), fromMicros(due), fromMicros(routed), fromMicros(r.received)
	return r, nil
}
