package render

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// listFunctions make lists, and texts of them. A list is never changed: others may
// be reading it.
func listFunctions(words *vocabulary) map[string]function {
	return map[string]function{
		"list":  {func(all ...any) []any { return all }, nothing},
		"items": {items, pages}, "limit": {limit, pages}, "column": {column, perElement(32)}, "find": {find, finding},
		"first":   {func(all []any) any { return index(all, 0) }, nothing},
		"last":    {func(all []any) any { return index(all, len(all)-1) }, nothing},
		"rest":    {func(all []any) []any { return all[min(1, len(all)):] }, nothing},
		"initial": {func(all []any) []any { return all[:max(0, len(all)-1)] }, nothing},
		"slice":   {slice, nothing}, "until": {until, nothing},
		"reverse": {reversed, perElement(16)},
		"append":  {func(all []any, v any) []any { return slices.Concat(all, []any{v}) }, perElement(16)},
		"prepend": {func(all []any, v any) []any { return slices.Concat([]any{v}, all) }, perElement(16)},
		"concat":  {func(all ...[]any) []any { return slices.Concat(all...) }, perElement(16)},
		"compact": {compact, perElement(32)},
		"uniq":    {uniq, perElement(256)}, "without": {without, perElement(160)}, "has": {has, perElement(0)},
		"join": {joinWith, joining}, "splitList": {splitList, nothing}, "sortAlpha": {sortAlpha, sorting},
		"sentence": {words.sentence, allTexts(8)}, "oneOf": {words.oneOfThem, allTexts(8)},
		"tally": {words.tally, nothing}, "more": {words.moreThan, perElement(0)},
	}
}

// pages is the cost of finding the list in an answer.
func pages(b *budget.Budget, args []any) error {
	for _, arg := range args {
		if m, ok := plain(arg).(map[string]any); ok {
			if err := cmp.Or(b.Steps(len(m)), b.Bytes(len(m), 64)); err != nil {
				return err
			}
		}
	}
	return nil
}

// finding is the cost of looking at all keys of an answer's things.
func finding(b *budget.Budget, args []any) error {
	if len(args) < 2 {
		return nil
	}
	if err := cmp.Or(pages(b, args[:1]), texts(2)(b, args[1:])); err != nil {
		return err
	}
	for _, item := range items(args[0]) {
		m, _ := item.(map[string]any)
		if err := cmp.Or(b.Steps(1+len(m)/4), b.Bytes(len(m), 32)); err != nil {
			return err
		}
	}
	return nil
}

// items is the list in an answer of the Integration API, which is either the
// list itself or a page that holds it beside its counts.
func items(answer any) []any { return bridge.Entries(plain(answer)) }

// find is the first thing in an answer that goes by an id: its own, or that of
// what it is about, such as competencyDefinitionId.
func find(answer, id any) any {
	want := text(id)
	if want == "" {
		return nil
	}
	for _, item := range items(answer) {
		m, _ := item.(map[string]any)
		for key, v := range m {
			if (key == "id" || strings.HasSuffix(key, "Id")) && isScalar(v) && strings.EqualFold(text(v), want) {
				return m
			}
		}
	}
	return nil
}

func isScalar(v any) bool {
	switch plain(v).(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// limit is at most the first n elements.
func limit(n int, list any) []any {
	all := items(list)
	return all[:max(0, min(n, len(all)))]
}

// column is one key's value of every element, without the empty ones.
func column(key string, answer any) []any {
	list := items(answer)
	all := make([]any, 0, len(list))
	for _, item := range list {
		if v := get(item, key); truth(v) {
			all = append(all, v)
		}
	}
	return all
}

// sentence puts a list into words: "a, b and c".
func (v *vocabulary) sentence(list any) string {
	var words []string
	for _, item := range items(list) {
		if w := text(item); w != "" {
			words = append(words, w)
		}
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + v.and + " " + words[len(words)-1]
}

// oneOfThem says that one of several things is meant, and which they are; nothing when
// one of them has no name, or there are none.
func (v *vocabulary) oneOfThem(list any) string {
	all := items(list)
	names := make([]string, len(all))
	for i, item := range all {
		if names[i] = nameIn(item); names[i] == "" {
			return ""
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.ReplaceAll(v.oneOf, "%s", strings.Join(names, ", "))
}

// slice is the part of a list from a position, or between two.
func slice(all []any, bounds ...any) []any {
	from, to := 0, len(all)
	if len(bounds) > 0 {
		from = int(min(max(0, integerOf(bounds[0])), int64(len(all))))
	}
	if len(bounds) > 1 {
		to = int(min(max(0, integerOf(bounds[1])), int64(len(all))))
	}
	return all[from:max(from, to)]
}

func until(s *scope, n int) ([]any, error) {
	if err := cmp.Or(s.budget.Steps(max(0, n)/4), s.budget.Bytes(n, 24)); err != nil {
		return nil, err
	}
	all := make([]any, max(0, n))
	for i := range all {
		all[i] = int64(i)
	}
	return all, nil
}

func reversed(all []any) []any {
	other := slices.Clone(all)
	slices.Reverse(other)
	return other
}

// compact is a list without what is empty.
func compact(all []any) []any {
	kept := make([]any, 0, len(all))
	for _, v := range all {
		if truth(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// joining is the cost of joinWith.
func joining(b *budget.Budget, args []any) error {
	if len(args) < 2 {
		return nil
	}
	list, isList := plain(args[1]).([]any)
	if !isList {
		return texts(8)(b, args)
	}
	between, err := readText(b, args[0], 1, 0)
	if err == nil {
		_, err = readTexts(b, list, 8)
	}
	return cmp.Or(err, b.Bytes(len(list), 8*between))
}

func joinWith(between string, list any) string {
	all, ok := list.([]any)
	if !ok {
		return text(list)
	}
	return joined(all, between, func(s string) string { return s })
}

func splitList(s *scope, by, in string) ([]any, error) {
	if err := cmp.Or(s.budget.Read(len(in), 4), s.budget.Bytes(strings.Count(in, by)+1, 64)); err != nil {
		return nil, err
	}
	return listOf(strings.Split(in, by)), nil
}

// sorting is the cost of sortAlpha: a text is compared as often as the number of
// texts has binary digits.
func sorting(b *budget.Budget, args []any) error {
	if len(args) == 0 {
		return nil
	}
	list, _ := plain(args[0]).([]any)
	length, err := readTexts(b, list, 2)
	return cmp.Or(err, perElement(96)(b, args), b.Read(length, bits.Len(uint(len(list)))))
}

func sortAlpha(all []any) []any {
	sorted := make([]string, 0, len(all))
	for _, v := range all {
		if v != nil {
			sorted = append(sorted, text(v))
		}
	}
	slices.Sort(sorted)
	return listOf(sorted)
}
