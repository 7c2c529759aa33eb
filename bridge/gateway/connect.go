package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func options(c *config.Config, s *store.Store, parts func() *Parts) admin.Options {
	return admin.Options{
		Store: s, Path: identity(c.Store.Reveal()),
		Message: func(ctx context.Context, d store.DeliveryDetail) (admin.Message, error) {
			return parts().message(ctx, d)
		},
		Explain: func(e bridge.Event, facts bridge.Facts) []bridge.Verdict {
			return dispatch.Explain(parts().Routes, e, facts)
		},
		Sinks:   func() []string { return parts().Order },
		Sources: func() []intake.Source { return parts().Intake },
		Lookups: func(source, event string) []bridge.Lookup {
			if parts().api(source) == nil {
				return nil
			}
			return parts().Templates.Template(event).Lookups()
		},
		Changed: func() { s.Tell(store.TopicMended) }, OpenWindow: s.OpenWindow,
		KeepLogin: func(ctx context.Context, source string, l admin.Login) error {
			return parts().keepLogin(ctx, source, l, s)
		},
		CatchUp: func(ctx context.Context, r admin.CatchUp) (catchup.Report, error) {
			return parts().catchUpOf(ctx, r, s, func(int) {}, slog.New(slog.DiscardHandler))
		},
	}
}

// message renders a stored delivery with the current templates.
func (p *Parts) message(ctx context.Context, d store.DeliveryDetail) (admin.Message, error) {
	sink := p.Sinks[d.Sink]
	if sink == nil {
		return admin.Message{}, fmt.Errorf("there is no sink %q in the configuration", d.Sink)
	}
	m, err := p.Composers[d.Sink].Message(ctx, bridge.Delivery{
		ID: d.ID, EventID: d.EventID, EventType: d.Event, Source: d.Source, Route: d.Route, Sink: d.Sink, Facts: d.Facts,
	})
	if err != nil {
		return admin.Message{}, err
	}
	payload, err := sink.Encode(m)
	return admin.Message{ContentType: payload.ContentType, Body: string(payload.Body), Type: p.Types[d.Sink], Shortened: payload.Shortened}, err
}

// Connect returns a client of the bridge of a configuration. If the bridge runs, the
// client uses its admin address; otherwise it uses the store. The caller closes it.
func Connect(ctx context.Context, c *config.Config) (client *admin.Client, closer func() error, err error) {
	nothing := func() error { return nil }
	running, _, asked := findRunning(ctx, c)
	if running != nil {
		return running, nothing, nil
	}
	parts, err := Build(c)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, c.Store.Reveal())
	if errors.Is(err, store.ErrLocked) {
		return nil, nil, fmt.Errorf("a running bridge uses the store %s, but does not answer: %w", store.Label(c.Store.Reveal()), asked)
	}
	if err == nil {
		if err = useKeys(ctx, s, c, slog.New(slog.DiscardHandler)); err != nil {
			err = errors.Join(err, s.Close())
		}
	}
	if err != nil {
		return nil, nil, err
	}
	o := options(c, s, func() *Parts { return parts })
	o.Changed = func() {
		for _, sink := range parts.Order {
			_ = dispatch.Forget(ctx, s, sink) // otherwise the sink waits for its next probe
		}
		s.Tell(store.TopicMended)
	}
	handler := admin.New(o)
	return admin.InProcess(handler), s.Close, nil
}

// findRunning returns a client of the bridge at a configuration's admin address, or why
// there is none.
func findRunning(ctx context.Context, c *config.Config) (*admin.Client, admin.About, error) {
	base, err := adminURL(c)
	if err != nil {
		return nil, admin.About{}, err
	}
	client := &admin.Client{Base: base, Token: c.Admin.Token, HTTP: &http.Client{}}
	probe, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	about, err := client.About(probe)
	if err != nil {
		return nil, about, err
	}
	if about.Store != identity(c.Store.Reveal()) {
		return nil, about, fmt.Errorf("another bridge, with the store %s, answers at admin.listen (%s)", about.Store, c.Admin.Listen)
	}
	return client, about, nil
}

// adminURL returns the URL at which this machine reaches the bridge of a configuration.
func adminURL(c *config.Config) (string, error) {
	if c.Admin.Listen == "" {
		return "", errors.New("the configuration has no admin.listen")
	}
	host, port, err := net.SplitHostPort(c.Admin.Listen)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// Ready reports whether the bridge that runs with a configuration accepts events.
func Ready(ctx context.Context, c *config.Config) error {
	base, err := adminURL(c)
	if err != nil {
		return fmt.Errorf("cannot reach the bridge: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("call the bridge: %w", err)
	}
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		return fmt.Errorf("call the bridge: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the bridge is not ready: %s; its log has the reason", res.Status)
	}
	return nil
}

// identity identifies a store.
func identity(where string) string {
	if store.IsShared(where) {
		return store.Label(where)
	}
	if whole, err := filepath.Abs(where); err == nil {
		return whole
	}
	return where
}
