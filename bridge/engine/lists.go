package engine

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// listFunctions make lists, and texts of them. A list is never changed: others may
// be reading it.
func listFunctions(words *locale.Language) map[string]function {
	return map[string]function{
		"list":  {func(all ...any) []any { return all }, value.Free},
		"items": {value.Items, pages}, "limit": {limit, pages}, "column": {column, value.PerElement(32)}, "find": {value.Find, finding},
		"first":   {func(all []any) any { return value.Index(all, 0) }, value.Free},
		"last":    {func(all []any) any { return value.Index(all, len(all)-1) }, value.Free},
		"rest":    {func(all []any) []any { return all[min(1, len(all)):] }, value.Free},
		"initial": {func(all []any) []any { return all[:max(0, len(all)-1)] }, value.Free},
		"slice":   {slice, value.Free}, "until": {until, value.Free},
		"reverse": {reversed, value.PerElement(16)},
		"append":  {func(all []any, v any) []any { return slices.Concat(all, []any{v}) }, value.PerElement(16)},
		"prepend": {func(all []any, v any) []any { return slices.Concat([]any{v}, all) }, value.PerElement(16)},
		"concat":  {func(all ...[]any) []any { return slices.Concat(all...) }, value.PerElement(16)},
		"compact": {compact, value.PerElement(32)},
		"uniq":    {uniq, value.PerElement(256)}, "without": {without, value.PerElement(160)}, "has": {has, value.PerElement(0)},
		"join": {joinWith, joining}, "splitList": {splitList, value.Free}, "sortAlpha": {sortAlpha, sorting},
		"sentence": {words.Sentence, value.AllTexts(8)}, "oneOf": {words.OneOfThem, value.AllTexts(8)},
		"tally": {tally(words), value.Free}, "more": {moreThan(words), value.PerElement(0)},
	}
}

// pages is the cost of finding the list in an answer.
func pages(b *budget.Budget, args []any) error {
	for _, arg := range args {
		if m, ok := value.Plain(arg).(map[string]any); ok {
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
	if err := cmp.Or(pages(b, args[:1]), value.Texts(2)(b, args[1:])); err != nil {
		return err
	}
	for _, item := range value.Items(args[0]) {
		m, _ := item.(map[string]any)
		if err := cmp.Or(b.Steps(1+len(m)/4), b.Bytes(len(m), 32)); err != nil {
			return err
		}
	}
	return nil
}

// limit is at most the first n elements.
func limit(n int, list any) []any {
	all := value.Items(list)
	return all[:max(0, min(n, len(all)))]
}

// column is one key's value of every element, without the empty ones.
func column(key string, answer any) []any {
	list := value.Items(answer)
	all := make([]any, 0, len(list))
	for _, item := range list {
		if v := value.Get(item, key); value.Truth(v) {
			all = append(all, v)
		}
	}
	return all
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

func until(s *Scope, n int) ([]any, error) {
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
		if value.Truth(v) {
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
	list, isList := value.Plain(args[1]).([]any)
	if !isList {
		return value.Texts(8)(b, args)
	}
	between, err := value.ReadText(b, args[0], 1)
	if err == nil {
		_, err = value.ReadTexts(b, list, 8)
	}
	return cmp.Or(err, b.Bytes(len(list), 8*between))
}

func joinWith(between string, list any) string {
	all, ok := list.([]any)
	if !ok {
		return value.TextOf(list)
	}
	return joined(all, between, func(s string) string { return s })
}

func splitList(s *Scope, by, in string) ([]any, error) {
	if err := cmp.Or(s.budget.Read(len(in), 4), s.budget.Bytes(strings.Count(in, by)+1, 64)); err != nil {
		return nil, err
	}
	return value.ListOf(strings.Split(in, by)), nil
}

// sorting is the cost of sortAlpha: a text is compared as often as the number of
// texts has binary digits.
func sorting(b *budget.Budget, args []any) error {
	if len(args) == 0 {
		return nil
	}
	list, _ := value.Plain(args[0]).([]any)
	length, err := value.ReadTexts(b, list, 2)
	return cmp.Or(err, value.PerElement(96)(b, args), b.Read(length, bits.Len(uint(len(list)))))
}

func sortAlpha(all []any) []any {
	sorted := make([]string, 0, len(all))
	for _, v := range all {
		if v != nil {
			sorted = append(sorted, value.TextOf(v))
		}
	}
	slices.Sort(sorted)
	return value.ListOf(sorted)
}
