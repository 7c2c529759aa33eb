package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// mentions blanks the person in what is about others: as a supervisor, for instance,
// or a member of a group.
func (f *forgetting) mentions(ctx context.Context, user string) error {
	c := f.mentioned("e.body", "e.facts", "e.trace", f.engine.bytes("e.entities"))
	c.add("NOT "+person, user, user)
	query := `SELECT e.id, e.body, COALESCE(e.facts, e.body), ` + f.engine.bytes("e.entities") + `, COALESCE(e.trace, e.body) FROM events e` + c.where()
	return f.pages(ctx, query, c.args, 4, func(id string, columns [][]byte) []statement {
		changed := false
		for i, column := range columns {
			left, blanked := f.blankJSON(column)
			columns[i], changed = left, changed || blanked
		}
		if !changed {
			return nil // it was found inside of another word
		}
		f.removal.Blanked["events"]++
		return []statement{change(`UPDATE events SET body = ?, facts = CASE WHEN facts IS NULL THEN facts ELSE ? END, entities = ?,
			trace = CASE WHEN trace IS NULL THEN trace ELSE ? END WHERE id = ?`, columns[0], columns[1], string(columns[2]), columns[3], id)}
	})
}

// jsonForms are the ways in which a text may stand inside JSON: as it is, with the
// characters escaped that mean something in HTML, and as .NET writes it, with nothing
// but plain letters.
func jsonForms(text string) []string {
	plain := &bytes.Buffer{}
	e := json.NewEncoder(plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(text)
	html, _ := json.Marshal(text) // texts can be encoded
	all := []string{strings.TrimSpace(plain.String()), string(html)}
	for i, form := range all {
		all[i] = form[1 : len(form)-1]
	}
	var net strings.Builder
	for _, r := range all[1] {
		if r < utf8.RuneSelf && !strings.ContainsRune("'+`", r) {
			net.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&net, `\u%04x`, unit)
		}
	}
	all = append(all, net.String())
	slices.Sort(all)
	return slices.Compact(all)
}

// blankJSON takes the person out of JSON, and tells whether they were in it.
func (f *forgetting) blankJSON(data []byte) (left []byte, blanked bool) {
	var v any
	if decode(data, &v) != nil {
		return []byte("{}"), true // it cannot be looked into
	}
	v, blanked = f.blank(v)
	if !blanked {
		return data, false
	}
	left, err := json.Marshal(v)
	if err != nil {
		return []byte("{}"), true
	}
	return left, true
}

// blank takes the person out of a value: an object with their id is theirs as a whole.
func (f *forgetting) blank(v any) (left any, blanked bool) {
	switch v := v.(type) {
	case string:
		left := f.blankText(v)
		return left, left != v
	case []any:
		for i := range v {
			inner, is := f.blank(v[i])
			v[i], blanked = inner, blanked || is
		}
	case map[string]any:
		if id, _ := v["id"].(string); id != "" && strings.EqualFold(id, f.words[0]) {
			return map[string]any{"name": forgotten}, true
		}
		for key := range v {
			inner, is := f.blank(v[key])
			v[key], blanked = inner, blanked || is
		}
	}
	return v, blanked
}

// blankText puts a word in the place of each mention, whatever its case.
func (f *forgetting) blankText(text string) string {
	for _, word := range f.words {
		for from := 0; ; {
			i := strings.Index(lowerASCII(text[from:]), lowerASCII(word))
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(word)
			if before, _ := utf8.DecodeLastRuneInString(text[:start]); inWord(before) {
				from = end
				continue
			}
			if after, _ := utf8.DecodeRuneInString(text[end:]); inWord(after) {
				from = end
				continue
			}
			text = text[:start] + forgotten + text[end:]
			from = start + len(forgotten)
		}
	}
	return text
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// lowerASCII lowers letters as both engines do, and leaves all at its place.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// mentioned is the condition that the person stands in one of some columns of bytes.
func (f *forgetting) mentioned(columns ...string) *conditions {
	c := &conditions{}
	for _, word := range f.words {
		for _, form := range jsonForms(word) {
			f.addText(c, form, columns...)
		}
	}
	c.parts = []string{"(" + strings.Join(c.parts, " OR ") + ")"}
	return c
}

// texts blanks the person in the platforms' words about others' messages.
func (f *forgetting) texts(ctx context.Context, user string) error {
	for _, of := range []struct{ table, column, own string }{
		{"attempts", "detail", `delivery_id IN (SELECT d.id FROM deliveries d JOIN events e ON e.id = d.event_id WHERE ` + person + `)`},
		{"deliveries", "last_error", `event_id IN (SELECT e.id FROM events e WHERE ` + person + `)`},
		{"deliveries", "receipt", `event_id IN (SELECT e.id FROM events e WHERE ` + person + `)`},
	} {
		c := f.mentioned(f.engine.bytes(of.column))
		c.add("NOT "+of.own, user, user)
		if err := f.clear(ctx, f.removal.Blanked, of.table, `UPDATE `+of.table+` SET `+of.column+` = '`+forgotten+`'`, c); err != nil {
			return err
		}
	}
	return nil
}

// audit blanks the person in what operators chose by.
func (f *forgetting) audit(ctx context.Context, _ string) error {
	return f.clear(ctx, f.removal.Blanked, "audit", `UPDATE audit SET target = '`+forgotten+`'`, f.mentioned(f.engine.bytes("target")))
}

// rows removes what is kept beside events: requests that were captured, what later
// messages would refer to, and what belongs together with the person's events.
func (f *forgetting) rows(ctx context.Context, _ string) error {
	for table, columns := range map[string][]string{
		"captures": {"body", f.engine.bytes("headers")}, "posts": {f.engine.bytes("key"), f.engine.bytes("ref")}, "parcels": {f.engine.bytes("key")},
	} {
		if err := f.clear(ctx, f.removal.Rows, table, `DELETE FROM `+table, f.mentioned(columns...)); err != nil {
			return err
		}
	}
	if f.dry {
		return nil
	}
	return f.tidy(ctx, time.Time{}) // deliveries of others whose parcel is gone
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
