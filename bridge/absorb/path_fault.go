package absorb

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	visible "github.com/absorb-bridge/absorb-bridge/bridge/plain"
)

// maxPath limits a path with its query, in bytes.
const maxPath = 8 << 10

// pathFault says why a path is not requested, or "". Its ids come from webhooks. An id
// that a server on the way could read as several steps of the path, or as its end, must
// not lead to another resource.
func pathFault(path string) string {
	if len(path) > maxPath {
		return fmt.Sprintf("the path has %d bytes, so an id in it is not Absorb's", len(path))
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
			return fmt.Sprintf("%q is not an id of Absorb's", id)
		}
	}
	return ""
}

// hidden reports whether a character cannot be part of an id.
func hidden(r rune) bool { return visible.Hidden(r) || r == unicode.ReplacementChar }
