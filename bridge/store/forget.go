package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// Person is who Forget is about.
type Person struct {
	User  string `json:"user"`            // the id in the portal
	Email string `json:"email,omitempty"` // in addition to the addresses that events tell
}

// Removal is what Forget removed, or would.
type Removal struct {
	Rows      map[string]int `json:"rows"`      // removed rows, by table
	Blanked   map[string]int `json:"blanked"`   // rows about others in which the person was mentioned, by table
	Cancelled int            `json:"cancelled"` // messages among them that were not sent yet
}

// Total is the number of rows that were removed or blanked, or would be.
func (r Removal) Total() (n int) {
	for _, tables := range []map[string]int{r.Rows, r.Blanked} {
		for _, rows := range tables {
			n += rows
		}
	}
	return n
}

// forgotten stands where a person was mentioned.
const forgotten = "(forgotten)"

// shortest is how long a name or an address must be to be looked for in texts: a
// shorter one would be found in words.
const shortest = 4

// Forget removes a person: the events by and about them with their deliveries and
// attempts, their name, and what else holds their id, address or name; in what is
// about others it blanks the mention. Of an event a hash is left, so that it does not
// come in once more. Then nothing of it is in the file any more, as far as the engine
// can see to that.
func (s *Store) Forget(ctx context.Context, p Person, dry bool) (Removal, error) {
	f := &forgetting{Store: s, dry: dry, removal: Removal{Rows: map[string]int{}, Blanked: map[string]int{}}}
	f.look(p.User)
	f.look(p.Email)
	if s.arrivals != nil && !dry {
		s.arrivals.seen.invalidate() // what is forgotten becomes known by other keys
		defer s.arrivals.learn(s)
	}
	err := f.run(ctx, p.User)
	if err == nil && !dry {
		err = s.scrub(ctx)
	}
	if err != nil {
		err = fmt.Errorf("forget a person: %w (run it again to continue)", err)
	}
	return f.removal, err
}

// scrub has nothing left in the files of what was deleted.
func (s *Store) scrub(ctx context.Context) error {
	if err := s.engine.scrub(ctx); err != nil || s.arrivals == nil {
		return err
	}
	if err := s.settle(ctx); err != nil { // what came meanwhile
		return err
	}
	s.arrivals.adding.Lock()
	defer s.arrivals.adding.Unlock()
	for {
		if err := s.arrivals.move(ctx); err != nil {
			return err
		}
		if err := s.arrivals.log.Clear(); !errors.Is(err, inbox.ErrUnread) {
			return err
		}
	}
}

// forgetting is the state of one Forget.
type forgetting struct {
	*Store
	dry     bool
	words   []string // to look for: the id, addresses, names
	removal Removal
}

func (f *forgetting) look(word string) {
	if word = strings.TrimSpace(word); word != "" && !slices.ContainsFunc(f.words, func(w string) bool { return strings.EqualFold(w, word) }) {
		f.words = append(f.words, word)
	}
}

func (f *forgetting) run(ctx context.Context, user string) error {
	if err := f.learn(ctx, user); err != nil {
		return err
	}
	// What tells the person's name goes last: if this is interrupted, it is needed again.
	for _, step := range []func(context.Context, string) error{f.mentions, f.texts, f.audit, f.rows, f.names, f.events} {
		if err := step(ctx, user); err != nil {
			return err
		}
	}
	return nil
}

// person finds events by and about somebody.
const person = `(lower(e.user_id) = lower(?) OR lower(e.admin_id) = lower(?))`

// learn finds out how the person is called, from the names that were kept and from
// what was looked up.
func (f *forgetting) learn(ctx context.Context, user string) error {
	known, err := list(ctx, f.Store, func(row scanner) (name string, err error) { return name, row.Scan(&name) },
		`SELECT name FROM names WHERE kind = 'users' AND lower(id) = lower(?)`, user)
	for _, name := range known {
		f.name(name)
	}
	if err != nil {
		return err
	}
	theirs := &conditions{}
	theirs.add("e.facts IS NOT NULL AND "+person, user, user)
	parts := map[string]any{}
	err = f.eachFacts(ctx, theirs, func(r *factsRow) {
		f.called(map[string]any(r.facts), user)
		for _, hash := range r.names {
			parts[hash] = nil
		}
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Collect(maps.Keys(parts)), strideRows) {
		read := map[string]any{}
		if err := f.readParts(ctx, some, read, func(part any) any { return part }); err != nil {
			return err
		}
		f.called(read, user)
	}
	return nil
}

func (f *forgetting) name(name string) {
	if utf8.RuneCountInString(name) >= shortest {
		f.look(name)
	}
}

// called looks for the person's own part, and what they are called in it.
func (f *forgetting) called(v any, user string) {
	switch v := v.(type) {
	case map[string]any:
		text := func(key string) string { s, _ := v[key].(string); return s }
		switch {
		case strings.EqualFold(text("id"), user):
			f.look(text("emailAddress"))
			f.name(text("username"))
			f.name(strings.TrimSpace(text("firstName") + " " + text("lastName")))
		case strings.EqualFold(text("userId"), user):
			f.name(text("fullName"))
		}
		for _, inner := range v {
			f.called(inner, user)
		}
	case []any:
		for _, inner := range v {
			f.called(inner, user)
		}
	}
}

// pages reads rows, an id and n columns of bytes, page by page, and does the
// statements that each gives.
func (f *forgetting) pages(ctx context.Context, query string, args []any, n int, each func(id string, columns [][]byte) []statement) error {
	for after := ""; ; {
		type found struct {
			id      string
			columns [][]byte
		}
		rows, err := list(ctx, f.Store, func(row scanner) (r found, err error) {
			r.columns = make([][]byte, n)
			into := []any{&r.id}
			for i := range r.columns {
				into = append(into, &r.columns[i])
			}
			return r, row.Scan(into...)
		}, query+` AND e.id > ? ORDER BY e.id LIMIT ?`, append(slices.Clone(args), after, atOnce)...)
		if err != nil || len(rows) == 0 {
			return err
		}
		var all []statement
		for _, r := range rows {
			all = append(all, each(r.id, r.columns)...)
		}
		if len(all) > 0 && !f.dry {
			if _, err := f.write(ctx, all...); err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].id
	}
}

// events removes the events by and about the person, and leaves a hash of each.
func (f *forgetting) events(ctx context.Context, user string) error {
	for table, query := range map[string]string{
		"events":     `SELECT count(*) FROM events e WHERE ` + person,
		"deliveries": `SELECT count(*) FROM deliveries d JOIN events e ON e.id = d.event_id WHERE ` + person,
		"attempts": `SELECT COALESCE(CAST(sum((SELECT count(*) FROM attempts a WHERE a.delivery_id = d.id) + length(d.tries) - length(replace(d.tries, '` + "\n" + `', ''))) AS BIGINT), 0)
			FROM deliveries d JOIN events e ON e.id = d.event_id WHERE ` + person,
		"": `SELECT count(*) FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.state = 'pending' AND ` + person,
	} {
		var n int
		if err := f.row(ctx, query, user, user).Scan(&n); err != nil {
			return err
		}
		if f.removal.Rows[table] = n; table == "" {
			f.removal.Cancelled = n
			delete(f.removal.Rows, table)
		}
	}
	return f.pages(ctx, `SELECT e.id FROM events e WHERE `+person, []any{user, user}, 0, func(id string, _ [][]byte) []statement {
		const at = `CASE WHEN occurred_at > 0 THEN occurred_at ELSE received_at END`
		return []statement{
			change(`INSERT INTO known (key, event_id, at) SELECT dedupe_key, '', `+at+` FROM events WHERE id = ? ON CONFLICT DO NOTHING`, id),
			change(`INSERT INTO known (key, event_id, at) SELECT occurrence, '', `+at+` FROM events WHERE id = ? AND occurrence IS NOT NULL ON CONFLICT DO NOTHING`, id),
			change(`DELETE FROM events WHERE id = ?`, id),
		}
	})
}
