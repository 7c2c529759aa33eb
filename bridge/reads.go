package bridge

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"
)

// Reads says which fields of the facts somebody reads: the templates, conditions and
// keys in use. It goes by names: a field counts as read if an expression has its name
// anywhere. Any number of goroutines may use it.
type Reads struct {
	mu    sync.RWMutex // guards what follows: texts are compiled while others are in use
	all   bool
	names map[string]bool
}

var (
	identifier = regexp.MustCompile(`[\pL_][\pL\pN_]*`)

	// whole finds what takes a mapping as it is, whatever fields it has.
	whole = regexp.MustCompile(`\b(?:json|toJson|keys|omit|pick|dict)\b|\brange\s+\$\w+\s*,`)
)

// usualReads are fields that the bridge itself reads, to name things and people, and
// to tell what an object is.
func usualReads() []string {
	return []string{"name", "type", "occurredAt", "receivedAt", "caughtUp", "body", "source", "portal", "incomplete", "emailAddress", "acquiredDate", "progress"}
}

// NewReads makes the reads of nobody.
func NewReads() *Reads {
	r := &Reads{names: map[string]bool{}}
	for _, name := range usualReads() {
		r.names[name] = true
	}
	return r
}

// Note adds what an expression reads.
func (r *Reads) Note(expression string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range identifier.FindAllString(expression, -1) {
		r.names[name] = true
	}
	r.all = r.all || whole.MatchString(expression)
}

// All adds every field there may be.
func (r *Reads) All() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = true
}

// Add adds what others read.
func (r *Reads) Add(others *Reads) {
	r.mu.Lock()
	defer r.mu.Unlock()
	others.mu.RLock()
	defer others.mu.RUnlock()
	r.all = r.all || others.all
	for name := range others.names {
		r.names[name] = true
	}
}

// Field tells whether a field of this name is read.
func (r *Reads) Field(name string) bool {
	if r == nil || strings.HasSuffix(name, "Name") || name == "id" || strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "Ids") {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.all || r.names[name]
}

// everything tells whether every field is read.
func (r *Reads) everything() bool {
	if r == nil {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.all
}

const (
	// longText is how many bytes a text may have that nobody reads, before the first
	// shownText of it are kept, and readText how many of one that somebody reads.
	longText  = 512
	shownText = 200
	readText  = 4 << 10
)

// Shorten cuts the long texts of decoded JSON, those that nobody reads more than the
// others. The value itself is changed.
func (r *Reads) Shorten(v any) any { return r.shorten(v, r.Field("")) }

func (r *Reads) shorten(v any, read bool) any {
	switch v := v.(type) {
	case string:
		return shortened(v, read)
	case []any:
		for i := range v {
			v[i] = r.shorten(v[i], read)
		}
	case map[string]any:
		for key := range v {
			v[key] = r.shorten(v[key], r.Field(key))
		}
	}
	return v
}

func shortened(s string, read bool) string {
	switch {
	case read:
		return cutText(s, readText)
	case len(s) <= longText:
		return s
	}
	return cutText(s, shownText)
}

// CutTexts cuts the texts of decoded JSON to so many bytes each. The value itself is
// changed.
func CutTexts(v any, most int) any {
	switch v := v.(type) {
	case string:
		return cutText(v, most)
	case []any:
		for i := range v {
			v[i] = CutTexts(v[i], most)
		}
	case map[string]any:
		for key := range v {
			v[key] = CutTexts(v[key], most)
		}
	}
	return v
}

func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…" // the copy lets go of the rest
}

// Only gives a copy of decoded JSON with the fields that are read, and nothing else. Nil
// reads leave all as it is.
func (r *Reads) Only(v any) any {
	if r.everything() {
		return v
	}
	switch v := v.(type) {
	case []any:
		left := make([]any, len(v))
		for i, element := range v {
			left[i] = r.Only(element)
		}
		return left
	case map[string]any:
		left := map[string]any{} // of a large object it may be little
		for key, value := range v {
			switch inner := value.(type) {
			case []any:
				if len(inner) > 0 {
					left[key] = r.Only(inner)
				}
			case map[string]any:
				if only, _ := r.Only(inner).(map[string]any); len(only) > 0 {
					left[key] = only
				}
			default:
				if value != nil && r.Field(key) {
					left[key] = value
				}
			}
		}
		return left
	}
	return v
}

// Weight is about how many bytes of memory decoded JSON takes.
func Weight(v any) int {
	switch v := v.(type) {
	case string:
		return 32 + len(v)
	case json.Number:
		return 32 + len(v)
	case Facts:
		return Weight(map[string]any(v))
	case []any:
		n := 24 + 16*len(v)
		for _, element := range v {
			n += Weight(element)
		}
		return n
	case map[string]any:
		n := 64 + 64*len(v)
		for key, value := range v {
			n += len(key) + Weight(value)
		}
		return n
	}
	return 16
}
