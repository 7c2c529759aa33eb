package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// mentions blanks the person in what is about others: as a supervisor, for instance,
// or a member of a group.
func (f *forgetting) mentions(ctx context.Context, user string) error {
	shared, err := f.sharedMentions(ctx, user)
	if err != nil {
		return err
	}
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
		if !shared[id] {
			f.removal.Blanked["events"]++
		}
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
			i := wordIn(text, word, from)
			if i < 0 {
				break
			}
			text = text[:i] + forgotten + text[i+len(word):]
			from = i + len(forgotten)
		}
	}
	return text
}

// escaped ends what stands before a word in JSON, and is no part of the word.
var escaped = regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|[bfnrt])$`)

// wordIn gives where in a text a word begins, from some place on, whatever its case,
// or -1. Inside of another word it does not count.
func wordIn(text, word string, from int) int {
	low, word := lowerASCII(text), lowerASCII(word)
	for {
		i := strings.Index(low[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if !inWord(after) && (!inWord(before) || escaped.MatchString(text[:i])) {
			return i
		}
		from = i + 1
	}
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// lowerASCII lowers letters as both engines do, and leaves all at its place.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
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
