// Package demo runs the bridge between an emulated portal and emulated chat
// platforms, all on loopback, with everything real in between.
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

// Options says how the demo runs.
type Options struct {
	Ports    Ports
	Manners  portal.Manners // of the emulated portal
	Webhooks portal.Profile // how its webhooks are written
	Alone    bool           // only what stands around a bridge, which is somebody's own
	Every    time.Duration  // between two events of the trickle
	Out      io.Writer      // where the demo says what it does
	Log      *slog.Logger   // the bridge's
}

// secret signs the demo's webhooks. Everybody may know it.
const secret = "demo-secret-of-nobody"

// Run runs the demo until the context ends, and leaves nothing behind.
func Run(ctx context.Context, o Options) (err error) {
	s := &stage{
		Options: o,
		portal:  portal.New(portal.Options{Seed: rand.Uint64(), Manners: o.Manners}),
		wall:    wall.New(wall.Options{}),
	}
	defer func() { err = errors.Join(err, s.wall.Close()) }()
	if err := s.listen(ctx); err != nil {
		return err
	}
	if o.Alone {
		return s.alone(ctx)
	}
	return s.withBridge(ctx)
}

// withBridge runs the demo's own bridge in the middle of it all.
func (s *stage) withBridge(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "absorb-bridge-demo-")
	if err != nil {
		return errors.Join(fmt.Errorf("make a place for the demo's store: %w", err), s.closeListeners())
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

	group, ctx := s.around(ctx)
	group.Go(func() error { return bridge.Run(ctx) })
	group.Go(func() error { return s.play(ctx) })
	return group.Wait()
}

// alone says how a bridge of one's own is set up for what stands around it.
func (s *stage) alone(ctx context.Context) error {
	text, err := s.lent()
	if err != nil {
		return errors.Join(err, s.closeListeners())
	}
	s.say("%s", text)
	group, _ := s.around(ctx)
	return group.Wait()
}

// around serves the portal and the platforms until the context ends.
func (s *stage) around(ctx context.Context) (*errgroup.Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	serve(ctx, group, s.wallListener, s.wall.Handler())
	serve(ctx, group, s.portalListener, s.portal.Handler())
	group.Go(func() error { return s.wall.ServeSMTP(s.mailListener) })
	group.Go(func() error { <-ctx.Done(); return s.wall.Close() })
	return group, ctx
}

// stage is what stands around the bridge.
type stage struct {
	Options
	portal *portal.Portal
	wall   *wall.Wall

	wallListener, mailListener, portalListener net.Listener

	posts string // URL that the portal posts to
	admin string // address of the bridge's own pages
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
			return errors.Join(fmt.Errorf("listen for the demo's %s: %w (choose another port by --%s-port)", l.what, err, l.what), s.closeListeners())
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
