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

// Cause is a group of dead letters: of one sink, and of one reason.
type Cause struct {
	ID      string    `json:"id"` // tells it from the others
	Sink    string    `json:"sink"`
	Status  int       `json:"status,omitempty"` // HTTP or SMTP, of the newest of them
	Words   string    `json:"words"`            // how the platform's words begin, of the newest of them
	Count   int       `json:"count"`
	First   time.Time `json:"first"` // when the oldest and the newest were routed
	Last    time.Time `json:"last"`
	Newest  string    `json:"newest"`   // id of the newest delivery
	Begins  []string  `json:"begins"`   // the beginnings of the words of all: a filter's words
	NoSink  bool      `json:"orphaned"` // its sink is not configured
	Outcome string    `json:"outcome"`  // rejected, or temporary when it was given up
}

// numbers differ between errors of one cause: ids, ports, addresses, times.
var numbers = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)

// Causes groups the dead letters, the largest groups first.
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

// lookAtNewest takes the status from the newest letter's last attempt.
func (svc *Service) lookAtNewest(ctx context.Context, c *Cause) error {
	tries, err := svc.Store.Attempts(ctx, c.Newest)
	if err == nil && len(tries) > 0 {
		last := tries[len(tries)-1]
		c.Status, c.Outcome = last.Status, last.Outcome
	}
	return err
}

// Title is the cause in few words.
func (c Cause) Title() string {
	if c.Status > 0 {
		return strconv.Itoa(c.Status) + " " + c.Words
	}
	return c.Words
}

// Cause gives the group of an id.
func (svc *Service) Cause(ctx context.Context, id string) (Cause, error) {
	all, err := svc.Causes(ctx)
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return Cause{}, cmp.Or(err, store.ErrNotFound)
}
