package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// EventLookups are the lookups of one event.
type EventLookups struct {
	Source string
	Event  string // its type
	Trace  LookupTrace
}

// UnansweredLookup is a lookup that Absorb never answers.
type UnansweredLookup struct {
	Source string `json:"source"`
	Event  string `json:"event"`  // the event type whose template needs it
	Part   string `json:"part"`   // the part of the facts that it would fill
	Path   string `json:"path"`   // each id is replaced by *
	Asked  int    `json:"asked"`  // number of recent requests
	Status int    `json:"status"` // HTTP status of the last answer
}

// Summary says what is wrong.
func (u UnansweredLookup) Summary() string {
	return fmt.Sprintf("Absorb never answers a lookup of %s: of the last %d requests for %s (part %s) none succeeded; the last status was %d", u.Event, u.Asked, u.Path, u.Part, u.Status)
}

// Remedy says how to fix it.
func (u UnansweredLookup) Remedy() string {
	if u.Status == 404 {
		return "The portal does not have this address. Add an alternative address to the template's lookup, or remove the lookup."
	}
	return "Give the API administrator's role the right to view it, or remove the lookup from the template."
}

const (
	// unansweredOf is the number of recent requests that count, and unansweredFrom the
	// number that a finding needs.
	unansweredOf   = 20
	unansweredFrom = 5
)

// UnansweredLookups returns the lookups whose last requests (five at least, 20 at most)
// were all refused or not found. The newest event must be first. Events about deletions
// do not count, because a deleted object cannot be looked up.
func UnansweredLookups(looked []EventLookups) []UnansweredLookup {
	type tally struct {
		UnansweredLookup
		answered bool
	}
	all := map[UnansweredLookup]*tally{}
	for _, l := range looked {
		if strings.HasSuffix(l.Event, "Deleted") {
			continue
		}
		for _, c := range l.Trace.Calls {
			key := UnansweredLookup{Source: l.Source, Event: l.Event, Part: c.Part, Path: resource(c.Path)}
			t := all[key]
			if t == nil {
				t = &tally{UnansweredLookup: key}
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
	never := []UnansweredLookup{}
	for _, t := range all {
		if !t.answered && t.Asked >= unansweredFrom {
			never = append(never, t.UnansweredLookup)
		}
	}
	slices.SortFunc(never, func(a, b UnansweredLookup) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Event, b.Event), strings.Compare(a.Part, b.Part), strings.Compare(a.Path, b.Path))
	})
	return never
}

// resource returns a path without its query, and with its ids replaced by *.
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
