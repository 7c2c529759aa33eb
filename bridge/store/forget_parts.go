package store

import (
	"bytes"
	"context"
	"slices"
)

// sharedMentions blanks the person in parts that events of others share. A part's hash is
// that of what it says, so the events name the blanked ones from then on. It gives the ids
// of those events.
func (f *forgetting) sharedMentions(ctx context.Context, user string) (events map[string]bool, err error) {
	events = map[string]bool{}
	blanked, err := f.blankParts(ctx)
	if err != nil || len(blanked) == 0 {
		return events, err
	}
	others := &conditions{}
	others.add("e.facts IS NOT NULL AND NOT "+person, user, user)
	err = f.pages(ctx, `SELECT e.id, e.facts FROM events e`+others.where(), others.args, 1, func(id string, columns [][]byte) []statement {
		r := factsRow{text: columns[0]}
		if r.readNames() != nil {
			return nil
		}
		text := columns[0]
		for _, hash := range r.names {
			if left := blanked[hash]; left != "" {
				text = bytes.ReplaceAll(text, []byte(hash), []byte(left))
			}
		}
		if bytes.Equal(text, columns[0]) {
			return nil
		}
		events[id] = true
		f.removal.Blanked["events"]++
		return []statement{change(`UPDATE events SET facts = ? WHERE id = ?`, text, id)}
	})
	if err != nil || f.dry {
		return events, err
	}
	f.parts.forget()
	for hash := range blanked {
		if _, err := f.write(ctx, change(`DELETE FROM parts WHERE hash = ?`, hash)); err != nil {
			return events, err
		}
	}
	return events, nil
}

// blankParts stores the parts that mention the person without them, and gives the hashes
// of the new ones by those of the old ones.
func (f *forgetting) blankParts(ctx context.Context) (map[string]string, error) {
	blanked := map[string]string{}
	c := f.mentioned("p.body")
	hashes, err := list(ctx, f.Store, func(row scanner) (hash string, err error) { return hash, row.Scan(&hash) }, `SELECT p.hash FROM parts p`+c.where(), c.args...)
	if err != nil {
		return nil, err
	}
	type part struct {
		hash, source string
		body         []byte
		used         int64
	}
	for some := range slices.Chunk(hashes, strideRows) {
		c := &conditions{}
		c.in("hash", "IN", some)
		parts, err := list(ctx, f.Store, func(row scanner) (p part, err error) { return p, row.Scan(&p.hash, &p.source, &p.body, &p.used) },
			`SELECT hash, source, body, used_at FROM parts`+c.where(), c.args...)
		if err != nil {
			return nil, err
		}
		var all []statement
		for _, p := range parts {
			left, is := f.blankJSON(p.body)
			if !is {
				continue // it was found inside of another word
			}
			blanked[p.hash] = hashOf(p.source, left)
			all = append(all, change(`INSERT INTO parts (hash, source, body, used_at) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING`, blanked[p.hash], p.source, left, p.used))
		}
		if len(all) > 0 && !f.dry {
			if _, err := f.write(ctx, all...); err != nil {
				return nil, err
			}
		}
	}
	return blanked, nil
}
