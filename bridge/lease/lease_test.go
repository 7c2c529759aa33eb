package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// table is a Table in memory, by the clock of the test.
type table struct {
	mu   sync.Mutex
	rows map[string]row
	down bool
	told func() // called when something was given up
}

type row struct {
	owner   string
	note    string
	expires time.Time
}

var errDown = errors.New("the database is down")

func (t *table) each(names []string, change func(name string, r row, has bool) bool) (had []string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return nil, errDown
	}
	for _, name := range names {
		if r, has := t.rows[name]; change(name, r, has) {
			had = append(had, name)
		}
	}
	return had, nil
}

func (t *table) Leases(context.Context) (all []store.Lease, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return nil, errDown
	}
	for name, r := range t.rows {
		all = append(all, store.Lease{Name: name, Owner: r.owner, Note: r.note, Left: time.Until(r.expires)})
	}
	return all, nil
}

func (t *table) Acquire(_ context.Context, owner, note string, d time.Duration, names ...string) ([]string, error) {
	return t.each(names, func(name string, r row, has bool) bool {
		if has && r.owner != owner && time.Now().Before(r.expires) {
			return false
		}
		t.rows[name] = row{owner, note, time.Now().Add(d)}
		return true
	})
}

func (t *table) Renew(_ context.Context, owner string, d time.Duration, names ...string) ([]string, error) {
	return t.each(names, func(name string, r row, _ bool) bool {
		if r.owner != owner {
			return false
		}
		t.rows[name] = row{owner, r.note, time.Now().Add(d)}
		return true
	})
}

func (t *table) Release(_ context.Context, owner string, names ...string) error {
	_, err := t.each(names, func(name string, r row, _ bool) bool {
		if r.owner == owner {
			delete(t.rows, name)
		}
		return true
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.told != nil {
		t.told()
	}
	return err
}

func (t *table) setDown(down bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down = down
}

// watch notes who does what, and that nobody does what another one does.
type watch struct {
	t   *testing.T
	mu  sync.Mutex
	who map[string]string
}

// by gives who does a piece of work, and how many pieces are done.
func (w *watch) by(work string) (who string, done int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.who[work], len(w.who)
}

func (w *watch) owners() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for _, by := range w.who {
		n[by]++
	}
	return n
}

// process is a replica with some work.
type process struct {
	*Keeper
	stop func() // as asked
	die  func() // at once: nothing is given back
}

func begin(w *watch, tb *table, name string, works ...string) *process {
	ctx, cancel := context.WithCancel(context.Background())
	dead := &mortal{Table: tb}
	k := New(dead, slog.New(slog.DiscardHandler))
	var wg sync.WaitGroup
	wg.Go(func() { _ = k.Run(ctx) })
	for _, work := range works {
		wg.Go(func() {
			_ = k.Hold(ctx, work, func(ctx context.Context, l *Lease) error {
				w.work(ctx, l, name, work)
				return nil
			})
		})
	}
	return &process{
		Keeper: k,
		stop:   func() { cancel(); wg.Wait() },
		die:    func() { dead.kill(); cancel(); wg.Wait() },
	}
}

// work is a step every ten milliseconds for as long as the lease is valid.
func (w *watch) work(ctx context.Context, l *Lease, by, work string) {
	for ctx.Err() == nil {
		if l.Valid() {
			w.mu.Lock()
			if other := w.who[work]; other != "" && other != by {
				w.t.Errorf("%s does %s, which %s does", by, work, other)
			}
			w.who[work] = by
			w.mu.Unlock()
		} else {
			w.rest(by, work)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	w.rest(by, work)
}

func (w *watch) rest(by, work string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.who[work] == by {
		delete(w.who, work)
	}
}

// mortal is the table as a process sees it that may die.
type mortal struct {
	Table
	mu   sync.Mutex
	dead bool
}

func (m *mortal) kill() { m.mu.Lock(); defer m.mu.Unlock(); m.dead = true }

func (m *mortal) Release(ctx context.Context, owner string, names ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return nil
	}
	return m.Table.Release(ctx, owner, names...)
}

func newWatch(t *testing.T) (*watch, *table) {
	return &watch{t: t, who: map[string]string{}}, &table{rows: map[string]row{}}
}

var six = []string{"router", "sink a", "sink b", "sink c", "sink d", "sink e"}

func (w *watch) want(when string, want map[string]int) {
	w.t.Helper()
	if got := w.owners(); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s: %v, want %v", when, got, want)
	}
}

func TestWorkIsSharedEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tb := newWatch(t)
		a := begin(w, tb, "a", six...)
		time.Sleep(time.Second)
		w.want("alone", map[string]int{"a": 6})
		b := begin(w, tb, "b", six...)
		c := begin(w, tb, "c", six...)
		time.Sleep(3 * Life)
		w.want("with three", map[string]int{"a": 2, "b": 2, "c": 2})
		d := begin(w, tb, "d", six...)
		time.Sleep(3 * Life)
		most := 0
		for _, n := range w.owners() {
			most = max(most, n)
		}
		if got := w.owners(); len(got) != 4 || most > 2 || got["a"]+got["b"]+got["c"]+got["d"] != 6 {
			t.Errorf("with four: %v", got)
		}
		d.stop()
		c.stop()
		time.Sleep(2 * renewEvery)
		w.want("after two stopped", map[string]int{"a": 3, "b": 3})
		a.stop()
		b.stop()
		if len(tb.rows) != 0 {
			t.Errorf("leases left behind: %v", tb.rows)
		}
	})
}

// Who stops gives up at once what it does, and takes nothing of it back.
func TestAReplicaThatStopsIsReplacedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tb := newWatch(t)
		a, b := begin(w, tb, "a", six...), begin(w, tb, "b", six...)
		tb.mu.Lock()
		tb.told = b.Wake
		tb.mu.Unlock()
		time.Sleep(10 * time.Second)
		w.want("two replicas", map[string]int{"a": 3, "b": 3})
		a.stop()
		time.Sleep(soonest)
		w.want("one stopped a moment ago", map[string]int{"b": 6})
		b.stop()
	})
}

func TestADeadReplicaIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tb := newWatch(t)
		a, b := begin(w, tb, "a", six...), begin(w, tb, "b", six...)
		time.Sleep(3 * Life)
		a.die()
		time.Sleep(Life + renewEvery)
		w.want("after a death", map[string]int{"b": 6})
		b.stop()
	})
}

// A replica that cannot reach the database stops before its lease is somebody
// else's, and goes on when it can.
func TestWithoutTheDatabaseWorkRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tb := newWatch(t)
		a := begin(w, tb, "a", six...)
		time.Sleep(Life)
		w.want("before", map[string]int{"a": 6})
		if !a.Has("router") || a.Has("sink x") {
			t.Error("a process does not know what it does")
		}
		tb.setDown(true)
		time.Sleep(Life)
		if a.Has("router") {
			t.Error("a process takes itself for the owner after its lease has ended")
		}
		w.want("while it is down", map[string]int{})
		tb.setDown(false)
		time.Sleep(renewEvery)
		w.want("afterwards", map[string]int{"a": 6})
		a.stop()
	})
}

// What only one replica knows of is done although that is more than its part.
func TestWorkThatOthersDoNotKnowIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tb := newWatch(t)
		old := begin(w, tb, "old", "router", "sink a")
		time.Sleep(Life)
		newer := begin(w, tb, "new", slices.Concat([]string{"router", "sink a"}, []string{"sink x", "sink y", "sink z"})...)
		time.Sleep(4 * Life)
		for range 40 { // and stays so
			if who, done := w.by("sink z"); done != 5 || who != "new" {
				t.Errorf("%d are done, sink z by %q", done, who)
			}
			time.Sleep(time.Second)
		}
		old.stop()
		newer.stop()
	})
}

// Within one process, too, the same work is done by one at a time, and the lease is
// kept meanwhile.
func TestWorkIsHandedOver(t *testing.T) {
	for name, tb := range map[string]*table{"shared": {rows: map[string]row{}}, "alone": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var k *Keeper
				if tb == nil {
					k = New(nil, slog.New(slog.DiscardHandler))
				} else {
					k = New(tb, slog.New(slog.DiscardHandler))
				}
				var wg sync.WaitGroup
				wg.Go(func() { _ = k.Run(ctx) })
				var mu sync.Mutex
				var order []int
				for generation := range 3 {
					mine, retire := context.WithCancel(ctx)
					wg.Go(func() {
						_ = k.Hold(mine, "sink a", func(ctx context.Context, _ *Lease) error {
							mu.Lock()
							order = append(order, generation)
							mu.Unlock()
							<-ctx.Done()
							time.Sleep(3 * time.Second) // a message under way
							mu.Lock()
							order = append(order, generation)
							mu.Unlock()
							return nil
						})
					})
					time.Sleep(4 * time.Second)
					retire()
				}
				time.Sleep(4 * time.Second)
				cancel()
				wg.Wait()
				if got := fmt.Sprint(order); got != "[0 0 1 1 2 2]" {
					t.Errorf("began and ended: %s", got)
				}
			})
		})
	}
}

// A paused process finds that its lease is not valid before anybody tells it.
func TestAPausedOwnerKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Lease{until: time.Now().Add(Life - margin)}
		with := &Lease{until: time.Now().Add(time.Second), with: l}
		if !l.Valid() || !with.Valid() || !(*Lease)(nil).Valid() {
			t.Error("a new lease is not valid")
		}
		time.Sleep(Life - margin)
		with.prolong(time.Now().Add(time.Hour))
		if l.Valid() || with.Valid() {
			t.Error("a lease is valid after its end, or after that of the work it belongs to")
		}
	})
}
