package admin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Cause is a group of dead letters: all that one sink has for the same reason.
type Cause struct {
	ID      string    `json:"id"` // identifies the group
	Sink    string    `json:"sink"`
	Status  int       `json:"status,omitempty"` // HTTP or SMTP status of the newest
	Words   string    `json:"words"`            // how the platform's error begins, for the newest
	Count   int       `json:"count"`
	First   time.Time `json:"first"` // when the oldest and the newest were routed
	Last    time.Time `json:"last"`
	Newest  string    `json:"newest"`   // id of the newest delivery
	Begins  []string  `json:"begins"`   // how the errors of all begin, for Filter.Words
	NoSink  bool      `json:"orphaned"` // its sink is not in the configuration
	Outcome string    `json:"outcome"`  // rejected, or temporary if it was given up
}

// numbers matches what differs between errors of the same cause: ids, ports, addresses,
// times.
var numbers = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)

// Causes groups the dead letters, by sink, the largest group first.
func (svc *Service) Causes(ctx context.Context) ([]Cause, error) {
	found, err := svc.Store.Causes(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]*Cause{}
	all := []*Cause{}
	for _, c := range found {
		id := causeID(c)
		group := byID[id]
		if group == nil {
			group = &Cause{ID: id, Sink: c.Sink, First: c.First, NoSink: !slices.Contains(svc.Sinks(), c.Sink)}
			byID[id] = group
			all = append(all, group)
		}
		group.add(c)
	}
	slices.SortStableFunc(all, func(a, b *Cause) int { return cmp.Or(cmp.Compare(a.Sink, b.Sink), cmp.Compare(b.Count, a.Count)) })
	causes := make([]Cause, len(all))
	for i, group := range all {
		if err := svc.lookAtNewest(ctx, group); err != nil {
			return nil, err
		}
		causes[i] = *group
	}
	return causes, nil
}

func causeID(c store.Cause) string {
	sum := sha256.Sum256([]byte(c.Sink + "\x00" + numbers.ReplaceAllString(c.Words, "#")))
	return hex.EncodeToString(sum[:6])
}

func (c *Cause) add(more store.Cause) {
	c.Count += more.N
	c.Begins = append(c.Begins, more.Words)
	if more.First.Before(c.First) {
		c.First = more.First
	}
	if more.ID > c.Newest {
		c.Newest, c.Last, c.Words = more.ID, more.Last, bridge.CleanLine(more.Words)
	}
}

// lookAtNewest reads the status of the group's newest last attempt.
func (svc *Service) lookAtNewest(ctx context.Context, c *Cause) error {
	tries, err := svc.Store.Attempts(ctx, c.Newest)
	if err == nil && len(tries) > 0 {
		last := tries[len(tries)-1]
		c.Status, c.Outcome = last.Status, last.Outcome
	}
	return err
}

// Title returns the cause in a few words.
func (c Cause) Title() string {
	if c.Status > 0 {
		return strconv.Itoa(c.Status) + " " + c.Words
	}
	return c.Words
}

// Cause returns the group with an id.
func (svc *Service) Cause(ctx context.Context, id string) (Cause, error) {
	all, err := svc.Causes(ctx)
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return Cause{}, cmp.Or(err, store.ErrNotFound)
}
