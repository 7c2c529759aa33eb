package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// place is where a person may be mentioned: columns of text, or of bytes, of a table.
type place struct {
	table   string
	key     []string // tells one row from another
	columns []string
}

// texts blanks the person in the platforms' words about others' messages.
func (f *forgetting) texts(ctx context.Context, user string) error {
	const ofEvents = `event_id IN (SELECT e.id FROM events e WHERE ` + person + `)`
	for _, of := range []struct{ table, key, column, own string }{
		{"attempts", "delivery_id at", "detail", `delivery_id IN (SELECT d.id FROM deliveries d JOIN events e ON e.id = d.event_id WHERE ` + person + `)`},
		{"deliveries", "id", "last_error", ofEvents},
		{"deliveries", "id", "receipt", ofEvents},
	} {
		others := &conditions{}
		others.add("NOT "+of.own, user, user)
		at := place{of.table, words(of.key), []string{f.engine.bytes(of.column)}}
		if err := f.clearFound(ctx, f.removal.Blanked, at, `UPDATE `+of.table+` SET `+of.column+` = '`+forgotten+`'`, others); err != nil {
			return err
		}
	}
	return f.tries(ctx, ofEvents, user)
}

// tries blanks the words of attempts in which the person is mentioned, but for those of
// their own events.
func (f *forgetting) tries(ctx context.Context, ofEvents, user string) error {
	c := f.mentioned(f.engine.bytes("tries"))
	c.add("NOT "+ofEvents, user, user)
	found, err := list(ctx, f.Store, scanAll(2), `SELECT id, tries FROM deliveries`+c.where(), c.args...)
	if err != nil {
		return err
	}
	var all []statement
	for _, row := range found {
		tries, blanked := fmt.Sprintf("%s", row[1]), 0
		var left strings.Builder
		for line := range strings.Lines(tries) {
			if part := strings.SplitN(line, "\t", 5); len(part) == 5 && f.tells(part[4]) {
				line = strings.Join(append(part[:4], forgotten), "\t") + "\n"
				blanked++
			}
			left.WriteString(line)
		}
		if f.removal.Blanked["attempts"] += blanked; blanked > 0 {
			all = append(all, change(`UPDATE deliveries SET tries = ? WHERE id = ? AND tries = ?`, left.String(), row[0], tries))
		}
	}
	if f.dry {
		return nil
	}
	for some := range slices.Chunk(all, atOnce) {
		if _, err := f.write(ctx, some...); err != nil {
			return err
		}
	}
	return nil
}

// audit blanks the person in what operators chose by.
func (f *forgetting) audit(ctx context.Context, _ string) error {
	at := place{"audit", words("id"), []string{f.engine.bytes("target")}}
	return f.clearFound(ctx, f.removal.Blanked, at, `UPDATE audit SET target = '`+forgotten+`'`, &conditions{})
}

// rows removes what is kept beside events: requests that were captured, what later
// messages would refer to, and what belongs together with the person's events.
func (f *forgetting) rows(ctx context.Context, _ string) error {
	bytes := f.engine.bytes
	for _, at := range []place{
		{"captures", words("id"), []string{"body", bytes("headers")}},
		{"posts", words("sink kind key"), []string{bytes("key"), bytes("ref")}},
		{"parcels", words("id"), []string{bytes("key")}},
	} {
		if err := f.clearFound(ctx, f.removal.Rows, at, `DELETE FROM `+at.table, &conditions{}); err != nil {
			return err
		}
	}
	if f.dry {
		return nil
	}
	return f.tidy(ctx, time.Time{}) // deliveries of others whose parcel is gone
}

// clearFound is clear for the rows of a place in which the person is mentioned, and
// which some more conditions choose. The engine finds names inside of other words,
// too; those rows stay.
func (f *forgetting) clearFound(ctx context.Context, into map[string]int, at place, verb string, c *conditions) error {
	m := f.mentioned(at.columns...)
	m.parts, m.args = append(m.parts, c.parts...), append(m.args, c.args...)
	n := len(at.key)
	all := slices.Concat(at.key, at.columns)
	keys, err := list(ctx, f.Store, func(row scanner) (key []any, err error) {
		values, err := scanAll(len(all))(row)
		if err == nil && slices.ContainsFunc(values[n:], f.tells) {
			key = slices.Clone(values[:n])
		}
		return key, err
	}, `SELECT `+strings.Join(all, ", ")+` FROM `+at.table+m.where(), m.args...)
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(key []any) bool { return key == nil })
	into[at.table] += 0 // it was looked at
	for some := range slices.Chunk(keys, atOnce) {
		same := `(` + strings.Join(at.key, ", ") + `) = (` + marks(n) + `)`
		one := &conditions{}
		one.add("("+same+strings.Repeat(" OR "+same, len(some)-1)+")", slices.Concat(some...)...)
		if err := f.clear(ctx, into, at.table, verb, one); err != nil {
			return err
		}
	}
	return nil
}

// tells tells whether a text mentions the person: by the id anywhere, or by a word.
func (f *forgetting) tells(text any) bool {
	of := fmt.Sprintf("%s", text)
	for i, word := range f.words {
		for _, form := range jsonForms(word) {
			if wordIn(of, form, 0) >= 0 || i == 0 && strings.Contains(lowerASCII(of), lowerASCII(form)) {
				return true
			}
		}
	}
	return false
}

// names removes the person's name.
func (f *forgetting) names(ctx context.Context, user string) error {
	c := &conditions{}
	c.add(`kind = 'users' AND lower(id) = lower(?)`, user)
	return f.clear(ctx, f.removal.Rows, "names", `DELETE FROM names`, c)
}

// clear does a change to the rows of a condition, or counts them.
func (f *forgetting) clear(ctx context.Context, into map[string]int, table, verb string, c *conditions) error {
	var n int64
	if f.dry {
		if err := f.row(ctx, `SELECT count(*) FROM `+table+c.where(), c.args...).Scan(&n); err != nil {
			return err
		}
	} else {
		changed, err := f.write(ctx, change(verb+c.where(), c.args...))
		if err != nil {
			return err
		}
		n = changed[0]
	}
	into[table] += int(n)
	return nil
}
