// Package demo runs a real bridge between an emulated portal and emulated platforms,
// all on loopback. With Options.NoBridge it runs the emulators only.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// Ports are the TCP ports of the demo on loopback; 0 takes a free one.
type Ports struct {
	Bridge, Admin, Wall, Mail, Portal int
}

// Options configures the demo.
type Options struct {
	Ports    Ports
	Quirks   portal.Quirks  // of the emulated portal
	Webhooks portal.Profile // the form of its webhooks
	NoBridge bool           // run the emulators only
	Every    time.Duration  // time between two events after the first round
	Out      io.Writer      // receives what the demo prints
	Log      *slog.Logger   // of the bridge
}

// secret signs the demo's webhooks. It is public.
const secret = "demo-secret-of-nobody"

// Run runs the demo until the context ends. It leaves no files behind.
func Run(ctx context.Context, o Options) (err error) {
	s := &stage{
		Options: o,
		portal:  portal.New(portal.Options{Seed: rand.Uint64(), Quirks: o.Quirks}),
		wall:    wall.New(wall.Options{}),
	}
	defer func() { err = errors.Join(err, s.wall.Close()) }()
	if err := s.listen(ctx); err != nil {
		return err
	}
	if o.NoBridge {
		return s.withoutBridge(ctx)
	}
	return s.withBridge(ctx)
}

// withBridge runs the emulators and a bridge.
func (s *stage) withBridge(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "absorb-bridge-demo-")
	if err != nil {
		return errors.Join(fmt.Errorf("create a temporary folder for the demo's store: %w", err), s.closeListeners())
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := s.config(dir)
	if err != nil {
		return errors.Join(err, s.closeListeners())
	}
	bridge, err := gateway.New(ctx, c, s.Log)
	if err != nil {
		return errors.Join(err, s.closeListeners())
	}
	s.posts = "http://" + bridge.Addr().String() + sourcePath
	s.admin = bridge.AdminAddr().String()

	group, ctx := s.emulate(ctx)
	group.Go(func() error { return bridge.Run(ctx) })
	group.Go(func() error { return s.play(ctx) })
	return group.Wait()
}

// withoutBridge prints a configuration for the user's own bridge.
func (s *stage) withoutBridge(ctx context.Context) error {
	text, err := s.ownBridge()
	if err != nil {
		return errors.Join(err, s.closeListeners())
	}
	s.say("%s", text)
	group, _ := s.emulate(ctx)
	return group.Wait()
}

// emulate serves the portal and the platforms until the context ends.
func (s *stage) emulate(ctx context.Context) (*errgroup.Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	serve(ctx, group, s.wallListener, s.wall.Handler())
	serve(ctx, group, s.portalListener, s.portal.Handler())
	group.Go(func() error { return s.wall.ServeSMTP(s.mailListener) })
	group.Go(func() error { <-ctx.Done(); return s.wall.Close() })
	return group, ctx
}

// stage is the emulated portal and the emulated platforms.
type stage struct {
	Options
	portal *portal.Portal
	wall   *wall.Wall

	wallListener, mailListener, portalListener net.Listener

	posts string // URL to which the portal posts
	admin string // address of the admin pages
}

func (s *stage) listen(ctx context.Context) error {
	for _, l := range []struct {
		listener *net.Listener
		port     int
		what     string
	}{
		{&s.wallListener, s.Ports.Wall, "wall"},
		{&s.mailListener, s.Ports.Mail, "mail"},
		{&s.portalListener, s.Ports.Portal, "portal"},
	} {
		var err error
		if *l.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", loopback(l.port)); err != nil {
			return errors.Join(fmt.Errorf("listen for the demo's %s: %w (choose another port with --%s-port)", l.what, err, l.what), s.closeListeners())
		}
	}
	return nil
}

func (s *stage) closeListeners() error {
	var all []error
	for _, l := range []net.Listener{s.wallListener, s.mailListener, s.portalListener} {
		if l != nil {
			all = append(all, l.Close())
		}
	}
	return errors.Join(all...)
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

func serve(ctx context.Context, group *errgroup.Group, l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { <-ctx.Done(); return server.Close() })
}
