package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Looked is how an event was looked up.
type Looked struct {
	Source string
	Event  string // its type
	Trace  Trace
}

// Unanswered is a lookup to which Absorb never has an answer.
type Unanswered struct {
	Source string `json:"source"`
	Event  string `json:"event"`  // whose template asks
	Part   string `json:"part"`   // which it would fill
	Path   string `json:"path"`   // with * in place of each id
	Asked  int    `json:"asked"`  // how often lately
	Status int    `json:"status"` // of the last answer
}

// Words say what is wrong.
func (u Unanswered) Words() string {
	return fmt.Sprintf("Absorb never answers a lookup of %s: 0 of the last %d requests for %s (part %s) had an answer, the last one %d", u.Event, u.Asked, u.Path, u.Part, u.Status)
}

// Remedy says what to do about it.
func (u Unanswered) Remedy() string {
	if u.Status == 404 {
		return "The portal does not know this address. Add another one to try in the template's lookup, or remove the lookup."
	}
	return "Give the integration's role the right to see it, or remove the lookup from the template."
}

const (
	// unansweredOf is how many of the last questions count, and unansweredFrom how
	// many there must be.
	unansweredOf   = 20
	unansweredFrom = 5
)

// NeverAnswered finds the lookups that Absorb refused, or did not know, each of the
// last 20 times that it was asked, and at least five times. The looked are newest
// first. What was deleted cannot be known, so events of deletions do not count.
func NeverAnswered(looked []Looked) []Unanswered {
	type tally struct {
		Unanswered
		answered bool
	}
	all := map[Unanswered]*tally{}
	for _, l := range looked {
		if strings.HasSuffix(l.Event, "Deleted") {
			continue
		}
		for _, c := range l.Trace.Calls {
			key := Unanswered{Source: l.Source, Event: l.Event, Part: c.Part, Path: resource(c.Path)}
			t := all[key]
			if t == nil {
				t = &tally{Unanswered: key}
				t.Status = c.Status
				all[key] = t
			}
			refused := 400 <= c.Status && c.Status < 500
			switch {
			case t.Asked >= unansweredOf, !refused && c.Status != 200:
				continue // old, or Absorb gave no answer at all
			case !refused:
				t.answered = true
			}
			t.Asked++
		}
	}
	never := []Unanswered{}
	for _, t := range all {
		if !t.answered && t.Asked >= unansweredFrom {
			never = append(never, t.Unanswered)
		}
	}
	slices.SortFunc(never, func(a, b Unanswered) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Event, b.Event), strings.Compare(a.Part, b.Part), strings.Compare(a.Path, b.Path))
	})
	return never
}

// resource is a path with * in place of its ids, and without its query.
func resource(path string) string {
	path, _, _ = strings.Cut(path, "?")
	steps := strings.Split(path, "/")
	for i, step := range steps {
		if strings.ContainsFunc(step, unicode.IsDigit) {
			steps[i] = "*"
		}
	}
	return strings.Join(steps, "/")
}
