package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// JoinWait is how long a parcel that was opened by Collect waits for more after the
// last one that joined.
const JoinWait = 10 * time.Second

// Parcel is a set of deliveries that go out as one message.
type Parcel struct {
	ID     string // UUIDv7
	Route  string
	Key    string    // see Gather
	Closes time.Time // when it is due …
	Latest time.Time // … and when at the latest, however much joins
}

// DueParcels gives the parcels that a sink should send now, at most limit.
func (s *Store) DueParcels(ctx context.Context, sink string, now time.Time, limit int) ([]Parcel, error) {
	all, err := listNow(ctx, s, func(row scanner) (p Parcel, err error) {
		var closes, latest int64
		err = row.Scan(&p.ID, &p.Route, &p.Key, &closes, &latest)
		p.Closes, p.Latest = fromMicros(closes), fromMicros(latest)
		return p, err
	}, `SELECT id, route, key, closes_at, latest FROM parcels WHERE sink = ? AND closes_at <= ? ORDER BY closes_at, id LIMIT ?`, sink, micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("read due parcels of %s: %w", sink, err)
	}
	return all, nil
}

const (
	// parcelSpace is how many bytes of memory the facts of one parcel take, about.
	parcelSpace = 8 << 20

	// In a parcel of more than fewEvents, shortText is how many bytes of each text are
	// read: a message of so many events quotes no more of it.
	fewEvents = 100
	shortText = 512
)

// CloseParcel lets nothing more into a parcel, and gives its deliveries that wait,
// in the order of their events. If there are more than limit, or more than the memory
// should hold, the others become a parcel of their own. The facts
// of all but the first have no more than the fields that are read, see Read, and of many
// deliveries no long texts.
func (s *Store) CloseParcel(ctx context.Context, parcel string, limit int) ([]bridge.Delivery, error) {
	if _, err := s.write(ctx, change(`UPDATE parcels SET closed = 1 WHERE id = ?`, parcel)); err != nil {
		return nil, fmt.Errorf("close parcel %s: %w", parcel, err)
	}
	waiting, err := listNow(ctx, s, scanSized, selectSized+` WHERE d.digest_key = ? AND d.state = 'pending' ORDER BY d.not_before, d.event_id, d.id LIMIT ?`, parcel, limit+1)
	var all, rest []bridge.Delivery
	r := &reading{Store: s, room: parcelSpace}
	some := waiting[:min(limit, len(waiting))]
	if err == nil {
		all, err = r.deliveries(ctx, some[:min(1, len(some))], nil)
	}
	if len(some) > fewEvents {
		r.text = shortText
	}
	if err == nil {
		rest, err = r.deliveries(ctx, some[min(1, len(some)):], s.reads.Load())
	}
	if err != nil {
		return nil, fmt.Errorf("read parcel %s: %w", parcel, err)
	}
	if all = append(all, rest...); len(all) == 0 || all[len(all)-1].ID == waiting[len(waiting)-1].id {
		return all, nil
	}
	last := all[len(all)-1]
	others, err := splitWhere(parcel, "(not_before, event_id, id) > (?, ?, ?)", micros(last.Due), last.EventID, last.ID)
	return all, s.split(ctx, parcel, others, err)
}

// SplitParcel makes a closed parcel's deliveries of these ids a parcel of their own,
// which is due now.
func (s *Store) SplitParcel(ctx context.Context, parcel string, deliveries []string) error {
	all, err := splitOff(parcel, deliveries)
	return s.split(ctx, parcel, all, err)
}

func (s *Store) split(ctx context.Context, parcel string, all []statement, err error) error {
	if err == nil {
		_, err = s.write(ctx, all...)
	}
	if err != nil {
		return fmt.Errorf("split parcel %s: %w", parcel, err)
	}
	return nil
}

// splitOff makes some of a parcel's deliveries a parcel of their own.
func splitOff(parcel string, deliveries []string) ([]statement, error) {
	c := &conditions{}
	c.in("id", "IN", deliveries)
	return splitWhere(parcel, c.parts[0], c.args...)
}

func splitWhere(parcel, which string, args ...any) ([]statement, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	return []statement{
		change(`UPDATE deliveries SET digest_key = ? WHERE digest_key = ? AND state = 'pending' AND `+which, append([]any{id.String(), parcel}, args...)...),
		change(`INSERT INTO parcels (id, sink, route, key, closes_at, latest, room, closed)
			SELECT ?, sink, route, key, closes_at, latest, 0, 1 FROM parcels WHERE id = ? AND EXISTS (SELECT 1 FROM deliveries WHERE digest_key = ?)`, id.String(), parcel, id.String()),
	}, nil
}

// PostponeParcel has a parcel stay open until then.
func (s *Store) PostponeParcel(ctx context.Context, parcel string, until time.Time) error {
	if _, err := s.write(ctx, change(`UPDATE parcels SET closes_at = ? WHERE id = ?`, micros(until), parcel)); err != nil {
		return fmt.Errorf("postpone parcel %s: %w", parcel, err)
	}
	return nil
}

// DropParcel forgets a parcel. What still waits in it becomes messages of their own.
func (s *Store) DropParcel(ctx context.Context, parcel string) error {
	if _, err := s.write(ctx, drop(parcel)...); err != nil {
		return fmt.Errorf("drop parcel %s: %w", parcel, err)
	}
	return nil
}

func drop(parcel string) []statement {
	return []statement{
		change(`UPDATE deliveries SET digest_key = NULL WHERE digest_key = ? AND state = 'pending'`, parcel),
		change(`DELETE FROM parcels WHERE id = ?`, parcel),
	}
}

// Expected tells whether events of a user's transaction wait to be routed.
func (s *Store) Expected(ctx context.Context, correlation, user string) (bool, error) {
	var n int
	err := s.row(ctx, `SELECT count(*) FROM (SELECT 1 AS one FROM events
		WHERE routed_at IS NULL AND correlation_id = ? AND user_id = ? LIMIT 1) e`, correlation, user).Scan(&n)
	return n > 0, err
}

// Choice says which of a sink's waiting deliveries Collect puts into a parcel.
type Choice struct {
	Sink, Route string
	Types       []string // of events; none means all
	From        string   // prefix of the keys of open parcels whose deliveries are taken, too; "" for none
	Failed      bool     // also what was tried already
}

// rows are the chosen deliveries in SQL: those that are a message of their own, and
// those in parcels, each by an index.
func (c Choice) rows() (query string, args []any) {
	w := &conditions{}
	w.add("d.state = 'pending' AND d.sink = ? AND d.route = ?", c.Sink, c.Route)
	if !c.Failed {
		w.add("d.attempts = 0")
	}
	if len(c.Types) > 0 {
		t := &conditions{}
		t.in("e.type", "IN", c.Types)
		w.add("EXISTS (SELECT 1 FROM events e WHERE e.id = d.event_id AND "+t.parts[0]+")", t.args...)
	}
	const columns = "SELECT d.id, d.not_before, d.event_id FROM deliveries d"
	query, args = columns+w.where()+" AND d.digest_key IS NULL", w.args
	if c.From != "" {
		query += " UNION ALL " + columns + w.where() + ` AND d.digest_key IN (SELECT p.id FROM parcels p
			WHERE p.sink = ? AND p.route = ? AND p.closed = 0 AND substr(p.key, 1, ?) = ?)`
		args = append(slices.Concat(args, args), c.Sink, c.Route, len(c.From), c.From)
	}
	return query, args
}

// Waiting counts the deliveries of a choice, up to limit.
func (s *Store) Waiting(ctx context.Context, c Choice, limit int) (n int, err error) {
	rows, args := c.rows()
	err = s.rowNow(ctx, `SELECT count(*) FROM (SELECT 1 AS one FROM (`+rows+`) w LIMIT ?) n`, append(args, limit)...).Scan(&n)
	return n, err
}

// Collect opens a parcel, if it is not open, and puts deliveries that wait into it,
// the oldest first, no more than it has room for.
func (s *Store) Collect(ctx context.Context, c Choice, g Gather) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	const open = `(SELECT o.id FROM parcels o WHERE o.sink = ? AND o.route = ? AND o.key = ? AND o.closed = 0)`
	rows, args := c.rows()
	args = slices.Concat([]any{c.Sink, c.Route, g.Key}, args, []any{g.Room})
	now := micros(time.Now())
	_, err = s.write(ctx,
		change(`INSERT INTO parcels (id, sink, route, key, closes_at, latest, room, closed) VALUES (?, ?, ?, ?, ?, ?, ?, 0)
			ON CONFLICT (sink, route, key) WHERE closed = 0 DO NOTHING`,
			id.String(), c.Sink, c.Route, g.Key, micros(g.Closes), micros(g.Latest), g.Room),
		change(`UPDATE deliveries SET digest_key = `+open+` WHERE id IN (SELECT w.id FROM (`+rows+`) w ORDER BY w.not_before, w.event_id LIMIT ?)`, args...),
		change(`UPDATE parcels SET room = ? - (SELECT count(*) FROM deliveries d WHERE d.digest_key = parcels.id) WHERE id = `+open, g.Room, c.Sink, c.Route, g.Key),
		change(`UPDATE parcels SET closed = 1, closes_at = CASE WHEN closes_at < ? THEN closes_at ELSE CAST(? AS BIGINT) END WHERE room <= 0 AND id = `+open,
			now, now, c.Sink, c.Route, g.Key))
	if err != nil {
		return fmt.Errorf("collect deliveries of %s: %w", c.Sink, err)
	}
	return nil
}

// tidy forgets what nothing refers to any more, and has deliveries whose parcel is
// gone go out by themselves.
func (s *Store) tidy(ctx context.Context, before time.Time) error {
	_, err := s.write(ctx,
		forgetLikes(time.Now()),
		change(`DELETE FROM tallies WHERE at < ?`, micros(time.Now().Add(-talliesFor))),
		change(`DELETE FROM posts WHERE at < ?`, micros(before)),
		change(`DELETE FROM known WHERE at < ?`, micros(before)),
		change(`DELETE FROM parcels WHERE closes_at < ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.digest_key = parcels.id AND d.state = 'pending')`, micros(before)),
		change(`UPDATE deliveries SET digest_key = NULL WHERE digest_key IS NOT NULL AND state = 'pending'
		AND NOT EXISTS (SELECT 1 FROM parcels p WHERE p.id = deliveries.digest_key)`))
	return err
}

// Post gives what was kept of an earlier message: the platform's id, and when that
// was; "" when there is nothing.
func (s *Store) Post(ctx context.Context, sink string, kind bridge.PostKind, key string) (ref string, at time.Time, err error) {
	var posted int64
	err = s.rowNow(ctx, `SELECT ref, at FROM posts WHERE sink = ? AND kind = ? AND key = ?`, sink, string(kind), key).Scan(&ref, &posted)
	if notThere(err) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("read what was posted to %s: %w", sink, err)
	}
	return ref, fromMicros(posted), nil
}

func keepPost(sink string, p bridge.Post, at int64) statement {
	return change(`INSERT INTO posts (sink, kind, key, ref, at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (sink, kind, key) DO UPDATE SET ref = excluded.ref, at = excluded.at`, sink, string(p.Kind), p.Key, p.Ref, at)
}
