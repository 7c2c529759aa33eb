// Package gateway builds all parts from a configuration, connects them, runs and
// reloads them, and stops them in order. It contains no logic of events or messages.
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

// drain is how long running requests may take after the process is asked to stop.
const drain = 5 * time.Second

// Gateway is a bridge that is built and listens. It can run once.
type Gateway struct {
	log    *slog.Logger
	store  *store.Store
	leases *lease.Keeper
	intake *intake.Handler
	tests  *intake.Windows
	gate   *access.Gate
	router *dispatch.Router
	events net.Listener
	people net.Listener // nil without an admin address
	load   func() (*config.Config, error)

	version string
	metrics *metrics.Metrics
	tracer  *tracing.Tracer // nil without an exporter
	parcels chan struct{}   // has room for the one parcel whose facts are in memory

	reloading sync.Mutex // held during a reload

	mu      sync.Mutex // guards the fields below
	config  *config.Config
	started *config.Config // the configuration of the listeners and the store
	reload  reload         // the last one
	parts   *Parts
	senders map[string]*dispatch.Sender // by sink
	retire  context.CancelFunc          // stops the senders
	group   *errgroup.Group             // nil before the gateway runs and while it stops
	ctx     context.Context             // of group
}

// New builds a bridge from a configuration. It opens the store and the listeners, so
// that a second bridge or an address in use is an error now.
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
		log.Error("the disk lost accepted events; run absorb-bridge catch-up to create those that Absorb can list", "err", fmt.Errorf("%d bytes of the inbox of %s cannot be read", n, store.Label(c.Store.Reveal())))
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
		return fmt.Errorf("listen for webhooks: %w (choose another address in listen)", err)
	}
	if c.Admin.Listen != "" {
		if g.people, err = net.Listen("tcp", c.Admin.Listen); err != nil {
			return fmt.Errorf("listen for the admin pages: %w (choose another address in admin.listen)", err)
		}
	}
	return nil
}

// Addr returns the address that receives webhooks.
func (g *Gateway) Addr() net.Addr { return g.events.Addr() }

// AdminAddr returns the address of the admin pages, or nil.
func (g *Gateway) AdminAddr() net.Addr {
	if g.people == nil {
		return nil
	}
	return g.people.Addr()
}

// Store returns the gateway's store, for tests and benchmarks.
func (g *Gateway) Store() *store.Store { return g.store }

// Run receives and delivers events until the context ends. Then it waits for running
// work, and closes the store. It returns nil if it was asked to stop.
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

// peopleMemory limits the bodies of requests to the pages and the API, in bytes.
const peopleMemory = 16 << 20

// serve answers a listener's requests, within the limits of the configuration.
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
			_ = server.Close() // some requests did not end in time
		}
		return nil
	})
}

func (g *Gateway) close() error {
	for _, l := range []net.Listener{g.events, g.people} {
		if l != nil {
			_ = l.Close() // the server has closed it, unless it never ran
		}
	}
	g.endTraces()
	return g.store.Close()
}
