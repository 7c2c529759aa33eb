package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

const (
	// namedFor is how long it is believed that no webhook of a kind names its thing. Only
	// another process may have accepted one that does.
	namedFor = 2 * time.Second

	// lookBack is how much earlier than its date a thing's webhook may have come, by
	// clocks that differ.
	lookBack = 5 * time.Minute

	// claimTries is how often an event tries for what is free, before it is looked up
	// again later.
	claimTries = 3

	// mostPeers bounds how many events that may share some candidates are read.
	mostPeers = 1000
)

// Claim gives an event the thing that it is about: one of the candidates, which are the
// event itself with the ids and the date of a thing each, in the order of their dates.
// It takes one that no other event is about: none that named it, that claimed it, or
// that was created because no webhook came. It gives the candidate's index, or -1, and
// the indexes of all that are free.
//
// Events that wait with the same bytes get free candidates in the order of their
// arrival. When fewer such events wait than candidates are free, nothing is claimed: it
// is not certain which of the candidates the event is about.
func (s *Store) Claim(ctx context.Context, e bridge.Event, candidates []bridge.Event) (claimed int, free []int, err error) {
	for range claimTries {
		if free, err = s.unclaimed(ctx, e, candidates); err != nil || len(free) == 0 {
			return -1, free, err
		}
		order := slices.Clone(free)
		if len(free) > 1 || e.Repeats != "" {
			peers, err := s.peers(ctx, e)
			// The first of the events begins with the first candidate, and so on. Those
			// that came too late for one wait until the others have theirs.
			rank := max(0, slices.Index(peers, e.ID))
			if err != nil || len(free) > 1 && len(peers) < len(free) || rank >= len(free) {
				return -1, free, err
			}
			order = append(order[rank:], order[:rank]...)
		}
		if claimed, err = s.claim(ctx, e, candidates, order); err != nil || claimed >= 0 {
			return claimed, free, err
		}
		// Other events were faster with all of them, or the event was routed meanwhile.
	}
	return -1, free, nil
}

// unclaimed are the candidates that no other event is about.
func (s *Store) unclaimed(ctx context.Context, e bridge.Event, candidates []bridge.Event) (free []int, err error) {
	claims, named := keyed{}, keyed{}
	oldest := time.Now()
	for i, c := range candidates {
		claims.add(claimKey(c), i)
		for _, key := range occurrenceOf(c).keys {
			named.add(key, i)
		}
		if c.OccurredAt.Before(oldest) {
			oldest = c.OccurredAt
		}
	}
	taken := map[int]bool{}
	if err := s.take(ctx, taken, claims, `SELECT key FROM claims WHERE event_id <> ? AND key IN`, e.ID); err != nil {
		return nil, err
	}
	if err := s.take(ctx, taken, named, `SELECT key FROM known WHERE event_id <> '' AND event_id <> ? AND at > ? AND key IN`, e.ID, micros(oldest.Add(-sameWithin))); err != nil {
		return nil, err
	}
	since := oldest.Add(-lookBack)
	came, err := s.anyNamed(ctx, e, since)
	if err == nil && came {
		err = s.take(ctx, taken, named, `SELECT o.occurrence FROM events o WHERE o.source = ? AND o.id > ? AND o.id <> ? AND o.occurrence IN`, e.Source, firstID(since), e.ID)
	}
	for i := range candidates {
		if !taken[i] {
			free = append(free, i)
		}
	}
	return free, err
}

// keyed are the indexes of candidates by what names their thing.
type keyed map[string][]int

func (k keyed) add(key []byte, i int) { k[string(key)] = append(k[string(key)], i) }

// take notes the candidates whose keys a query finds. The query ends where the keys
// follow.
func (s *Store) take(ctx context.Context, taken map[int]bool, by keyed, query string, args ...any) error {
	if len(by) == 0 {
		return nil
	}
	for key := range by {
		args = append(args, []byte(key))
	}
	found, err := list(ctx, s, func(row scanner) (key []byte, err error) { return key, row.Scan(&key) }, query+` (`+marks(len(by))+`)`, args...)
	if err != nil {
		return fmt.Errorf("look for what other events are about: %w", err)
	}
	for _, key := range found {
		for _, i := range by[string(key)] {
			taken[i] = true
		}
	}
	return nil
}

// claimKey is the hash of a thing and of its date.
func claimKey(e bridge.Event) []byte {
	return hashed(e.Source, absorb.ThingOf(e)+" "+e.OccurredAt.UTC().Format(time.RFC3339))
}

// peers are the ids of the events that could as well be about the event's candidates,
// itself among them, in the order of their arrival.
func (s *Store) peers(ctx context.Context, e bridge.Event) ([]string, error) {
	row, err := newEventRow(e)
	if err != nil {
		return nil, err
	}
	all, err := list(ctx, s, func(row scanner) (id string, err error) { return id, row.Scan(&id) },
		`SELECT o.id FROM events o WHERE o.routed_at IS NULL AND o.inferred IS NULL AND o.source = ? AND o.type = ? AND o.user_id = ? AND o.admin_id = ? AND o.entities = ?
		ORDER BY o.received_at, o.id LIMIT ?`, e.Source, e.Type, e.UserID, e.AdminID, string(row.entities), mostPeers)
	if err != nil {
		return nil, fmt.Errorf("look for events that wait with the same bytes: %w", err)
	}
	return all, nil
}

// claim makes the event one about the first candidate of the order that is still free;
// -1 when none is, or when the event was routed meanwhile.
func (s *Store) claim(ctx context.Context, e bridge.Event, candidates []bridge.Event, order []int) (int, error) {
	var all []statement
	for _, i := range order {
		key := claimKey(candidates[i])
		named, err := infer(candidates[i], key)
		if err != nil {
			return -1, fmt.Errorf("claim for event %s: %w", e.ID, err)
		}
		all = append(all, change(`INSERT INTO claims (key, event_id) SELECT COALESCE(?, dedupe_key), id FROM events WHERE id = ? AND routed_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.event_id = ?) ON CONFLICT DO NOTHING`, key, e.ID, e.ID), named)
	}
	changed, err := s.write(ctx, all...)
	if err != nil {
		return -1, fmt.Errorf("claim for event %s: %w", e.ID, err)
	}
	for n, i := range order {
		if changed[2*n] == 1 {
			return i, nil
		}
	}
	return -1, nil
}

// infer stores the ids that a list gave for an event, and by them what it is about. With
// a claim's key, only if the event has the claim.
func infer(e bridge.Event, claim []byte) (statement, error) {
	row, err := newEventRow(e)
	if err != nil {
		return statement{}, err
	}
	inferred, err := json.Marshal(e.Inferred)
	if err != nil {
		return statement{}, err
	}
	const update = `UPDATE events SET entities = ?, inferred = ?, occurrence = COALESCE(?, occurrence) WHERE id = ? AND routed_at IS NULL`
	args := []any{string(row.entities), string(inferred), row.name(), e.ID}
	if claim == nil {
		return change(update, args...), nil
	}
	return change(update+` AND EXISTS (SELECT 1 FROM claims c WHERE c.key = ? AND c.event_id = ?)`, append(args, claim, e.ID)...), nil
}

// names remembers when webhooks came that name their thing, by source and kind: only
// where some do must they be looked for.
type names struct {
	mu    sync.Mutex           // guards what follows
	came  map[string]time.Time // the last one, as far as is known
	asked map[string]time.Time // until when the store was asked
}

func newNames() *names { return &names{came: map[string]time.Time{}, asked: map[string]time.Time{}} }

// note notes events that were accepted.
func (n *names) note(rows []eventRow) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range rows {
		if len(r.keys) > 0 {
			n.came[r.event.Source+" "+r.kind] = time.Now()
		}
	}
}

// since tells whether one is known to have come since a time, and, if not, from when on
// the store must be asked: what came before that is known.
func (n *names) since(key string, t time.Time) (came bool, ask time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if before := n.asked[key].Add(-underWay); before.After(t) {
		return n.came[key].After(t), before
	}
	return n.came[key].After(t), t
}

// answer notes what the store said.
func (n *names) answer(key string, came bool, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[key] = at
	if came {
		n.came[key] = at
	}
}

// anyNamed reports whether a webhook of the event's source and kind that names its thing
// came since a time.
func (s *Store) anyNamed(ctx context.Context, e bridge.Event, since time.Time) (bool, error) {
	key := e.Source + " " + absorb.OccurrenceOf(e).Kind
	now := time.Now()
	came, from := s.names.since(key, since)
	if came || now.Sub(from) < underWay+namedFor && from.After(since) {
		return came, nil
	}
	kinds := absorb.SameKinds(e.Type)
	args := []any{e.Source, firstID(from)}
	for _, kind := range kinds {
		args = append(args, kind)
	}
	err := s.row(ctx, `SELECT EXISTS (SELECT 1 FROM events o WHERE o.source = ? AND o.id > ? AND o.type IN (`+marks(len(kinds))+`) AND length(o.occurrence) = 16 AND o.inferred IS NULL)`, args...).Scan(&came)
	if err != nil {
		return false, fmt.Errorf("look for webhooks that name a thing: %w", err)
	}
	s.names.answer(key, came, now)
	return came, nil
}
