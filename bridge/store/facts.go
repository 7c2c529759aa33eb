package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// sharedKey is where an event's stored facts have the hashes of its shared parts, by
	// part. No part can have this name.
	sharedKey = "="

	// leastShared is how many bytes a part must have to be stored once for many events: a
	// smaller one takes no more room in the events themselves.
	leastShared = 128
)

// given are the parts that an event gives by itself. They are not stored again, unless
// something was left out of them.
func given() []string { return []string{"event", "source", "inferred"} }

// packed are an event's facts as they are stored.
type packed struct {
	text   []byte            // JSON, without what the event's row says and without shared parts
	shared map[string][]byte // JSON of the shared parts, by hash
}

// pack prepares facts for the store: what the event's row says is left out, and parts
// that other events have, too, are named by their hashes.
func pack(e bridge.Event, facts bridge.Facts) (packed, error) {
	p := packed{shared: map[string][]byte{}}
	left, names := maps.Clone(facts), map[string]string{}
	for _, part := range e.Shared {
		body, err := json.Marshal(facts[part])
		if err != nil {
			return p, err
		}
		if facts[part] == nil || len(body) < leastShared {
			continue
		}
		names[part] = hashOf(e.Source, body)
		p.shared[names[part]] = body
		delete(left, part)
	}
	if saysItself(e, facts) {
		for _, part := range given() {
			delete(left, part)
		}
	} else if left["event"] == nil {
		left["event"] = nil // so that it is not taken from the row
	}
	if len(names) > 0 {
		left[sharedKey] = names
	}
	var err error
	p.text, err = json.Marshal(left)
	return p, err
}

// saysItself tells whether the event's row gives its own parts of the facts as they are.
func saysItself(e bridge.Event, facts bridge.Facts) bool {
	own := bridge.NewFacts(e)
	return !slices.ContainsFunc(given(), func(part string) bool { return !reflect.DeepEqual(own[part], facts[part]) })
}

func hashOf(source string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(source))
	h.Write([]byte{0})
	h.Write(body)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// keepParts stores shared parts that are not known to be there.
func (s *Store) keepParts(source string, p packed, now time.Time) (all []statement, hashes []string) {
	hashes = s.parts.unknown(slices.Sorted(maps.Keys(p.shared)), now)
	for _, hash := range hashes {
		all = append(all, change(`INSERT INTO parts (hash, source, body, used_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at`, hash, source, p.shared[hash], micros(now)))
	}
	return all, hashes
}

// partsFor is how long a part is known to be in the store without another look. It is
// much shorter than spareParts.
const partsFor = 10 * time.Minute

// maxParts bounds how many parts are known to be there.
const maxParts = 10_000

// knownParts are hashes of parts that were stored a moment ago.
type knownParts struct {
	mu sync.Mutex // guards at
	at map[string]time.Time
}

func (k *knownParts) unknown(hashes []string, now time.Time) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(hashes, func(hash string) bool { return now.Sub(k.at[hash]) < partsFor })
}

// note notes parts that were stored, unless there was an error.
func (k *knownParts) note(hashes []string, now time.Time, err error) {
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.at)+len(hashes) > maxParts {
		clear(k.at)
	}
	for _, hash := range hashes {
		k.at[hash] = now
	}
}

func (k *knownParts) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.at)
}

// storedColumns are what storedEvent reads of the table events, e.
const storedColumns = `e.id, e.source, e.type, e.user_id, e.admin_id, e.client_id, e.correlation_id, e.entities, e.occurred_at, e.received_at, e.caught_up,
	e.body, COALESCE(e.inferred, ''), e.traceparent`

// storedEvent is an event's row while it is read.
type storedEvent struct {
	bridge.Event
	entities, inferred string
	occurred, received int64
	caught             int
}

// into are the places for storedColumns.
func (r *storedEvent) into() []any {
	return []any{
		&r.ID, &r.Source, &r.Type, &r.UserID, &r.AdminID, &r.ClientID, &r.CorrelationID, &r.entities, &r.occurred, &r.received, &r.caught,
		&r.Raw, &r.inferred, &r.Traceparent,
	}
}

// read makes an event of what was read.
func (r *storedEvent) read() error {
	r.CaughtUp = r.caught == 1
	r.OccurredAt, r.ReceivedAt = fromMicros(r.occurred), fromMicros(r.received)
	if err := json.Unmarshal([]byte(r.entities), &r.Entities); err != nil {
		return err
	}
	if r.inferred != "" {
		if err := json.Unmarshal([]byte(r.inferred), &r.Inferred); err != nil {
			return err
		}
	}
	if decode(r.Raw, &r.Body) != nil {
		// It was understood when it was accepted. Whatever has changed since, one
		// event must not keep the others from being routed.
		r.Body = map[string]any{}
	}
	return nil
}

// factsRow is what the facts of an event are made of.
type factsRow struct {
	storedEvent
	text  []byte // as packed; empty when there are none
	facts bridge.Facts
	names map[string]string // hashes of its shared parts
}

// factsColumns are what factsRow reads of the table events, e.
const factsColumns = storedColumns + `, e.facts`

func (r *factsRow) into() []any { return append(r.storedEvent.into(), &r.text) }

// open reads the event and its facts, all but the shared parts.
func (r *factsRow) open() error {
	if err := r.read(); err != nil {
		return fmt.Errorf("event %s: %w", r.ID, err)
	}
	if len(r.text) == 0 {
		return nil
	}
	if err := r.readNames(); err != nil {
		return err
	}
	if event, there := r.facts["event"]; !there {
		maps.Copy(r.facts, bridge.NewFacts(r.Event))
	} else if event == nil {
		delete(r.facts, "event")
	}
	r.text = nil // it was read
	return nil
}

// readNames reads what is stored of the facts.
func (r *factsRow) readNames() error {
	if err := decode(r.text, &r.facts); err != nil {
		return fmt.Errorf("the facts of event %s: %w", r.ID, err)
	}
	names, _ := r.facts[sharedKey].(map[string]any)
	delete(r.facts, sharedKey)
	r.names = make(map[string]string, len(names))
	for part, hash := range names {
		r.names[part], _ = hash.(string)
	}
	return nil
}

// unpack reads the event and all of its facts.
func (s *Store) unpack(ctx context.Context, r *factsRow) error {
	if err := r.open(); err != nil {
		return err
	}
	parts := map[string]any{}
	err := s.readParts(ctx, slices.Collect(maps.Values(r.names)), parts, func(part any) any { return part })
	r.attach(parts)
	return err
}

// readParts adds the shared parts of these hashes to those that are known already, each
// as it is kept.
func (s *Store) readParts(ctx context.Context, hashes []string, known map[string]any, kept func(part any) any) error {
	hashes = slices.DeleteFunc(hashes, func(hash string) bool {
		_, is := known[hash]
		if !is {
			known[hash] = nil // it may be there twice
		}
		return is
	})
	for some := range slices.Chunk(hashes, strideRows) {
		c := &conditions{}
		c.in("hash", "IN", some)
		_, err := listNow(ctx, s, func(row scanner) (hash string, err error) {
			var body []byte
			if err := row.Scan(&hash, &body); err != nil {
				return hash, err
			}
			var part any
			if err := decode(body, &part); err != nil {
				return hash, fmt.Errorf("part %s: %w", hash, err)
			}
			known[hash] = kept(part)
			return hash, nil
		}, `SELECT hash, body FROM parts`+c.where(), c.args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// attach adds the shared parts. Where one is gone, the message says that it is lean.
func (r *factsRow) attach(parts map[string]any) {
	for part, hash := range r.names {
		if r.facts[part] = parts[hash]; parts[hash] == nil {
			delete(r.facts, part)
			r.facts["incomplete"] = true
		}
	}
}

// byteOrderMark may stand before a body, as some .NET writers put it.
const byteOrderMark = "\xef\xbb\xbf"

// decode reads JSON with its numbers' digits kept.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte(byteOrderMark))))
	d.UseNumber()
	return d.Decode(into)
}
