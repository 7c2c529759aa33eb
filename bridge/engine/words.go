package engine

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// portal is a link into the source's portal: its base URL and the path, in which
// each %s is one of the values, escaped. It is nothing without the base URL or
// one of the values.
func portal(s *Scope, path string, args ...any) (string, error) {
	if strings.Count(path, "%s") != len(args) {
		return "", fmt.Errorf("has %d values for %d times %%s", len(args), strings.Count(path, "%s"))
	}
	if !strings.HasPrefix(path, "/") {
		return "", errors.New("wants a path that starts with /")
	}
	base := strings.TrimRight(value.TextOf(value.Get(s, "portal")), "/")
	if base == "" {
		return "", nil
	}
	var b strings.Builder
	b.WriteString(base)
	for i, part := range strings.Split(path, "%s") {
		if i > 0 {
			value := value.TextOf(args[i-1])
			if value == "" || value == "." || value == ".." {
				return "", nil
			}
			b.WriteString(PercentEscape(value))
		}
		b.WriteString(part)
	}
	return b.String(), nil
}

// truncate shortens a text to at most n characters, at a word's end if one is
// near, with an ellipsis.
func truncate(n int, s string) string {
	if n < 1 || utf8.RuneCountInString(s) <= n {
		return s
	}
	kept := string([]rune(s)[:n-1])
	if i := strings.LastIndexFunc(kept, unicode.IsSpace); i > len(kept)*3/4 {
		kept = kept[:i]
	}
	return strings.TrimRightFunc(kept, unicode.IsSpace) + "…"
}
