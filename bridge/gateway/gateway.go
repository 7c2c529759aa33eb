// Package gateway puts the parts together: it builds everything from a
// configuration, runs it, changes it while it runs, and ends it in order.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/bounds"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/lease"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

// drain is how long requests under way may take when the process is told to
// stop.
const drain = 5 * time.Second

// Gateway is a bridge that was built and listens, and can run once.
type Gateway struct {
	log    *slog.Logger
	store  *store.Store
	leases *lease.Keeper
	intake *intake.Handler
	tests  *intake.Windows
	gate   *access.Gate
	router *dispatch.Router
	events net.Listener
	people net.Listener // nil when the configuration has no admin address
	load   func() (*config.Config, error)

	version string
	metrics *metrics.Metrics
	tracer  *tracing.Tracer // nil when no traces are exported
	parcels chan struct{}   // has a place for the parcel whose facts are in memory

	reloading sync.Mutex // held by the one that reloads

	mu      sync.Mutex // guards what follows
	config  *config.Config
	started *config.Config // what the listeners and the store are of
	reload  reload         // the last one
	parts   *Parts
	senders map[string]*dispatch.Sender // by sink
	retire  context.CancelFunc          // ends the senders
	group   *errgroup.Group             // nil before it runs and when it ends
	ctx     context.Context             // of the group
}

// New builds a bridge from a configuration. It opens the store and the
// listeners, so a second bridge, or an address that is taken, is found now.
func New(ctx context.Context, c *config.Config, log *slog.Logger) (*Gateway, error) {
	parts, err := Build(c)
	if err != nil {
		return nil, err
	}
	trust, err := c.Traces.Trust.TLS()
	if err != nil {
		return nil, err
	}
	tracer, err := tracing.Open(ctx, c.Traces.Endpoint.Reveal(), trust, log)
	if err != nil {
		return nil, err
	}
	counted := metrics.New()
	s, err := store.OpenMeasured(ctx, c.Store.Reveal(), counted)
	if err != nil {
		return nil, errors.Join(err, tracer.Close(ctx))
	}
	if n := s.Damaged(); n > 0 {
		log.Error("the disk has lost events that were accepted; catch-up finds those that Absorb can list", "err", fmt.Errorf("%d bytes of the inbox of %s cannot be read", n, store.Label(c.Store.Reveal())))
	}
	if err := s.InUse(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", store.Label(c.Store.Reveal()), err), s.Close(), tracer.Close(ctx))
	}
	g := &Gateway{log: log, store: s, leases: lease.New(nil, log), retire: func() {}, metrics: counted, tracer: tracer, parcels: make(chan struct{}, 1)}
	if s.Shared() {
		g.leases = lease.New(s, log)
	}
	if err := g.assemble(ctx, c, parts); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

func (g *Gateway) assemble(ctx context.Context, c *config.Config, p *Parts) (err error) {
	if g.tests, err = intake.NewWindows(ctx, g.store); err != nil {
		return err
	}
	if err := useKeys(ctx, g.store, c, g.log); err != nil {
		return err
	}
	p.metrics = g.metrics
	plan, err := p.plan(g.store)
	if err != nil {
		return err
	}
	g.router = dispatch.NewRouter(g.store, plan, g.wake, g.log)
	g.intake = intake.New(p.Intake, g.store, g.accepted, g.log)
	g.intake.Bound(intake.Bounds{Memory: c.Intake.Memory, Body: bounds.Body{Max: c.Intake.MaxBody, Time: c.Intake.BodyTime}})
	g.intake.Use(p.Intake, c.Proxies)
	g.intake.WithWindows(g.tests)
	g.started, g.reload.loaded = c, time.Now()
	g.observe()
	g.gate = g.newGate(c)
	g.use(c, p)
	g.remind(ctx, p)

	if g.events, err = net.Listen("tcp", c.Listen); err != nil {
		return fmt.Errorf("listen for webhooks: %w (choose another address by listen)", err)
	}
	if c.Admin.Listen != "" {
		if g.people, err = net.Listen("tcp", c.Admin.Listen); err != nil {
			return fmt.Errorf("listen for people: %w (choose another address by admin.listen)", err)
		}
	}
	return nil
}

// Addr is where webhooks are taken.
func (g *Gateway) Addr() net.Addr { return g.events.Addr() }

// AdminAddr is where people look at the bridge, or nil.
func (g *Gateway) AdminAddr() net.Addr {
	if g.people == nil {
		return nil
	}
	return g.people.Addr()
}

// Store is the gateway's store, for those who watch it.
func (g *Gateway) Store() *store.Store { return g.store }

// Run takes events and delivers them until the context ends; then it lets what
// is under way end, and closes the store. It returns nil when it ended as asked.
func (g *Gateway) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, g.close()) }()
	group, ctx := errgroup.WithContext(ctx)
	g.serve(ctx, group, "webhooks", g.intake, g.events)
	if g.people != nil {
		g.serve(ctx, group, "people", bounds.NewBudget(peopleMemory).Guard(g.admin(ctx)), g.people)
	}
	group.Go(func() error { return g.leases.Run(ctx) })
	group.Go(func() error { return g.leases.Hold(ctx, "router", g.lead) })
	group.Go(func() error { return g.store.Listen(ctx, g.heard) })
	group.Go(func() error { return g.followWindows(ctx) })
	if g.load != nil {
		group.Go(func() error { return g.watch(ctx) })
	}
	sinks := g.begin(ctx, group)
	g.log.Info("absorb-bridge is ready", "listen", g.events.Addr().String(), "sinks", sinks)
	err = group.Wait()
	g.log.Info("absorb-bridge has stopped")
	return err
}

// peopleMemory is for the bodies of requests to the pages and the API, in bytes.
const peopleMemory = 16 << 20

// serve answers the requests of a listener, within the bounds of the configuration.
func (g *Gateway) serve(ctx context.Context, group *errgroup.Group, name string, handler http.Handler, l net.Listener) {
	i := g.started.Intake
	server := bounds.NewServer(handler, i.BodyTime)
	server.ErrorLog = slog.NewLogLogger(g.log.Handler(), slog.LevelWarn)
	l = bounds.Connections{
		Max: i.Connections, PerAddress: i.PerAddress, Trusted: letIn(g.started).Proxies,
		Closed: func(why bounds.Reason) { g.metrics.GaveWay(name, string(why)) },
	}.Limit(server, l)
	group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if server.Shutdown(late) != nil {
			_ = server.Close() // somebody would not finish
		}
		return nil
	})
}

func (g *Gateway) close() error {
	for _, l := range []net.Listener{g.events, g.people} {
		if l != nil {
			_ = l.Close() // the server closed it already, unless it never ran
		}
	}
	g.endTraces()
	return g.store.Close()
}
