package lease

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// replica is the prefix of the leases by which replicas find each other. The note of
// such a lease lists the work that the replica could do.
const replica = "replica "

// roster lists the replicas and the work.
type roster struct {
	able  map[string][]string // by work: the replicas that could do it, sorted
	owner map[string]string   // by work: the replica that does it
	load  map[string]int      // by replica: how much it does
}

// readRoster reads the table of leases.
func readRoster(all []store.Lease) roster {
	r := roster{able: map[string][]string{}, owner: map[string]string{}, load: map[string]int{}}
	slices.SortFunc(all, func(a, b store.Lease) int { return strings.Compare(a.Name, b.Name) })
	for _, l := range all {
		if l.Left <= 0 || !strings.HasPrefix(l.Name, replica) {
			continue
		}
		var knows []string
		if json.Unmarshal([]byte(l.Note), &knows) != nil {
			continue // of another version
		}
		r.load[l.Owner] = 0
		for _, work := range knows {
			r.able[work] = append(r.able[work], l.Owner)
		}
	}
	for _, l := range all {
		if _, shared := r.able[l.Name]; shared && l.Left > 0 {
			r.owner[l.Name] = l.Owner
			r.load[l.Owner]++
		}
	}
	return r
}

// divide decides who does what. Every replica computes the same result. It moves
// nothing without need, and no replica has two pieces of work more than another that
// could do one of them.
func (r roster) divide() map[string]string {
	work := slices.Sorted(maps.Keys(r.able))
	for _, name := range work {
		if r.owner[name] == "" {
			r.give(name, r.idlest(name))
		}
	}
	for moved := true; moved; {
		moved = false
		for _, name := range slices.Backward(work) {
			if to := r.idlest(name); r.load[r.owner[name]] > r.load[to]+1 {
				r.give(name, to)
				moved = true
			}
		}
	}
	return r.owner
}

// idlest returns the first of the replicas that could do some work and do the least.
func (r roster) idlest(work string) string {
	return slices.MinFunc(r.able[work], func(a, b string) int { return r.load[a] - r.load[b] })
}

func (r roster) give(work, to string) {
	if from := r.owner[work]; from != "" {
		r.load[from]--
	}
	r.owner[work] = to
	r.load[to]++
}
