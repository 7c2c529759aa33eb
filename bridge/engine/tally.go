package engine

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// What a line of a list weighs, and how many there are that only have an id.
const (
	MaxLine    = 160 // of a name
	maxWide    = 260 // of a line with names in it
	PerLine    = 14  // for a line's mark and those of bold text
	ForRest    = 60  // for the line that counts the rest
	maxUnnamed = 5
	MaxLines   = 20 // of a list, before the rest is a number
)

// MaxList is the weight of all lists of a message together: less than the text
// that any platform takes, so that none of them cuts off the count of the rest.
const MaxList = 1900

// RoomPart is the part of a digest's facts that has the weight of its lists. No
// template can name it.
const RoomPart = " room"

// Weight is how much a text takes of a platform's bounds at most: some count
// bytes, some characters, and all of them escape.
func Weight(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r > 0xffff || strings.ContainsRune(`&<>"'`, r):
			n += 5
		case r > unicode.MaxLatin1:
			n += 3
		case r > unicode.MaxASCII || unicode.IsPunct(r) || unicode.IsSymbol(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// Shorten cuts a text to a weight.
func Shorten(s string, most int) string {
	for n := most; Weight(s) > most; n -= 8 {
		s = truncate(max(n, 1), s)
	}
	return s
}

// moreThan gives the function that says how many events are behind the first n of a list of events or
// groups, and nothing if there are none.
func moreThan(v *locale.Language) func(n int, list any) string {
	return func(n int, list any) string {
		all := value.Items(list)
		rest := 0
		for _, item := range all[max(0, min(n, len(all))):] {
			rest += countOf(item)
		}
		if rest == 0 {
			return ""
		}
		return v.Rest(rest)
	}
}

// countOf is how many events a group has; anything else is one.
func countOf(item any) int {
	if n, ok := value.Number(value.Get(item, "len")); ok {
		return int(n)
	}
	return 1
}

// tally gives the function that lists groups, the largest first: how many events each has, and the names
// of what they are about if these are few. What finds no room is counted in the
// last line. The nouns stand for what has no name, one for each of the digest's
// ways of grouping.
func tally(v *locale.Language) func(s *Scope, groups any, nouns ...string) (any, error) {
	return func(s *Scope, groups any, nouns ...string) (any, error) { return tallyOf(v, s, groups, nouns) }
}

func tallyOf(v *locale.Language, s *Scope, groups any, nouns []string) (any, error) {
	all := value.Items(groups)
	if err := cmp.Or(s.budget.Steps(16*len(all)), s.budget.Bytes(len(all), 128)); err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b any) int { return cmp.Compare(countOf(b), countOf(a)) })
	total, unnamed := 0, 0
	for _, g := range all {
		total += countOf(g)
		if isUnnamed(g) {
			unnamed++
		}
	}
	left := MaxList
	if room, ok := value.Number(value.Get(s, RoomPart)); ok {
		left = int(room)
	}
	most := max(3, MaxLines*left/MaxList)
	left -= ForRest
	var lines []Markdown
	for _, g := range all {
		if isUnnamed(g) && unnamed > maxUnnamed {
			continue
		}
		line, err := groupLine(v, s, g, nouns)
		if err != nil {
			return nil, err
		}
		if line.source == "" {
			continue
		}
		left -= Weight(line.plain) + PerLine
		if left < 0 || len(lines) == most {
			break
		}
		lines = append(lines, line)
		total -= countOf(g)
	}
	if len(lines) == 0 {
		return nil, nil
	}
	if total > 0 {
		lines = append(lines, inline(v.Rest(total)))
	}
	return listing(lines), nil
}

// isUnnamed tells whether all that a group is called by is an id.
func isUnnamed(g any) bool { return partOf(g, "name") == "" && partOf(g, "key") != "" }

// partOf is the name or the key of a group.
func partOf(g any, key string) string {
	m, _ := value.Plain(g).(map[string]any)
	return value.ScalarOf(m, key)
}

func listing(lines []Markdown) Markdown {
	var all Markdown
	for i, line := range lines {
		if i > 0 {
			all.source += "\n"
			all.plain += "\n"
		}
		all.source += "- " + line.source
		all.plain += line.plain
	}
	return all
}

// label is what a group is called.
func label(v *locale.Language, g any, nouns []string) Markdown {
	if name := bridge.CleanLine(partOf(g, "name")); name != "" {
		return Bold(Shorten(name, MaxLine)).(Markdown)
	}
	noun := v.Other
	if way, ok := value.Number(value.Get(g, "way")); ok && way >= 0 && len(nouns) > 0 {
		noun = nouns[min(int(way), len(nouns)-1)]
	}
	key := bridge.CleanLine(partOf(g, "key"))
	if key == "" {
		return inline(noun)
	}
	id := code(Shorten(key, MaxLine)).(Markdown)
	before := inline(noun)
	return Markdown{source: before.source + " " + id.source, plain: before.plain + " " + id.plain}
}

// groupLine is a group's label, its number of events unless that is one, and names. It is
// empty when the group is called nothing.
func groupLine(v *locale.Language, s *Scope, g any, nouns []string) (Markdown, error) {
	names, err := namesBeside(s, g)
	if err != nil {
		return Markdown{}, err
	}
	label := label(v, g, nouns)
	if label.source == "" {
		return Markdown{}, nil
	}
	before, after := "", ""
	if count := countOf(g); count > 1 {
		before = ": " + v.Number(count)
	}
	list := inline(v.Sentence(names))
	switch {
	case list.source == "" || Weight(label.plain+list.plain) > maxWide:
		list = Markdown{}
	case before == "":
		before = ": "
	default:
		before, after = before+" (", ")"
	}
	return Markdown{source: label.source + before + list.source + after, plain: label.plain + before + list.plain + after}, nil
}

// namesBeside takes the cost of a group's line, and gives the names of what else its
// events are about, unless they are too long for a line.
func namesBeside(s *Scope, g any) ([]any, error) {
	const aCharacter = 4 // bytes at most
	for _, part := range []string{partOf(g, "name"), partOf(g, "key")} {
		if _, err := value.ReadText(s.budget, part, 16); err != nil {
			return nil, err
		}
	}
	names := value.Items(value.Get(g, "names"))
	if len(names) > maxWide {
		return nil, nil
	}
	if length, err := value.ReadTexts(s.budget, names, 0); err != nil || length > aCharacter*maxWide {
		return nil, err
	}
	_, err := value.ReadTexts(s.budget, names, 16)
	return names, err
}
