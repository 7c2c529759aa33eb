package absorb

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	visible "github.com/absorb-bridge/absorb-bridge/bridge/plain"
)

// maxPath bounds the length of a path with its query, in bytes.
const maxPath = 8 << 10

// pathFault says why a path is not asked for, or "". The ids in it come from webhooks:
// one that a server between us and Absorb could take for several steps of the path, or
// for its end, must not lead to another resource.
func pathFault(path string) string {
	if len(path) > maxPath {
		return fmt.Sprintf("a path of %d bytes is not asked for: an id in it is none of Absorb's", len(path))
	}
	steps, _, _ := strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(steps, `\#`) {
		return fmt.Sprintf("%q is not a path below the API's address", path)
	}
	for step := range strings.SplitSeq(steps, "/") {
		id, err := url.PathUnescape(step)
		if err != nil {
			return fmt.Sprintf("%q is not a path below the API's address", path)
		}
		if id == "." || id == ".." || strings.ContainsAny(id, `/\%?#`) || strings.ContainsFunc(id, hidden) {
			return fmt.Sprintf("%q is no id of Absorb's, so it is not asked for", id)
		}
	}
	return ""
}

// hidden tells whether a character is not one that an id has.
func hidden(r rune) bool { return visible.Hidden(r) || r == unicode.ReplacementChar }
