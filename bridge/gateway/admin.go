package gateway

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/pages"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/workshop"
	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// admin returns the handler of the pages and the API of a running bridge. Streams to
// the pages end with the context.
func (g *Gateway) admin(ctx context.Context) http.Handler {
	parts := func() *Parts { _, p := g.current(); return p }
	o := options(g.started, g.store, parts)
	o.Log = g.log
	o.Changed = func() {
		g.heard(store.TopicMended)
		g.store.Tell(store.TopicMended)
	}
	o.OpenWindow = g.tests.Open
	o.CatchUp = func(ctx context.Context, r admin.CatchUp) (catchup.Report, error) {
		return parts().catchUpOf(ctx, r, g.store, g.accepted, g.log)
	}
	o.Metrics = g.metrics.Handler(g.log)
	if g.load != nil {
		o.Reload = g.Reload
	}
	o.Running = admin.Running{
		Version: g.version,
		SinkStatus: func(ctx context.Context, sink string) (bridge.SinkStatus, error) {
			p := parts()
			if p.Limiters[sink] == nil { // the sink was just removed
				return bridge.SinkStatus{State: bridge.Healthy}, nil
			}
			return dispatch.ReadSinkStatus(ctx, g.store, sink, p.Settings[sink], p.Limiters[sink])
		},
		Owner: g.owners, Self: replicaName(g.leases.Self()), Refusals: g.intake.Refusals, FirstContact: g.tests.FirstContact,
		HasAPI:        func(source string) bool { return parts().api(source) != nil },
		TryAPI:        func(ctx context.Context, source string) error { return parts().tryAPI(ctx, source) },
		Configuration: g.configuration,
	}
	service := admin.NewService(o)
	o.Gate = g.gate
	o.Pages = pages.New(pages.Options{Service: service, Gate: g.gate, Log: g.log, Done: ctx.Done(), Workshop: workshop.New(workshop.Options{Service: service, Place: newWorkshopPlaces(g.current).place})})
	return admin.New(o)
}

// newGate returns the gate of a configuration.
func (g *Gateway) newGate(c *config.Config) *access.Gate {
	return access.New(access.Options{
		Sessions: g.store, Log: g.log, Login: pages.Login, Noted: g.noted, Refused: g.metrics.AdminRefused,
	}, letIn(c))
}

// noted writes an entry of the audit trail.
func (g *Gateway) noted(ctx context.Context, who, action, target string, times int) {
	admin.Record(ctx, g.store, g.log, who, action, target, times)
}

// letIn returns the gate's settings. A proxy that names people is also trusted to name
// their addresses.
func letIn(c *config.Config) access.Settings {
	a := c.Admin
	s := access.Settings{URL: a.URL, Token: a.Token, ViewToken: a.ViewToken, Life: a.Session, Proxies: c.Proxies}
	if o := a.OIDC; o != nil {
		s.OIDC = &access.OIDC{
			Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Scopes: o.Scopes, Claim: o.Claim,
			Rights: access.Rights{Operate: o.Operate, View: o.View},
			HTTP:   trusting(&http.Client{Timeout: attemptTimeout}, o.Trust),
		}
	}
	if p := a.Proxy; p != nil {
		s.Proxy = &access.Proxy{From: p.From, Header: p.Header, Rights: access.Rights{Operate: p.Operate, View: p.View}}
		s.Proxies = slices.Concat(s.Proxies, p.From)
	}
	return s
}

// owners returns the replica that sends to each sink; nothing if the bridge runs alone.
func (g *Gateway) owners(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	if !g.store.Shared() {
		return all, nil
	}
	leases, err := g.store.Leases(ctx)
	for _, l := range leases {
		if sink, ok := strings.CutPrefix(l.Name, "sink "); ok && l.Left > 0 {
			all[sink] = replicaName(l.Owner)
		}
	}
	return all, err
}

// tryAPI calls the Integration API of a source.
func (p *Parts) tryAPI(ctx context.Context, name string) error {
	api := p.api(name)
	if api == nil {
		return admin.ErrNoAPI
	}
	asked := *api
	asked.OnFailure, asked.Cache = "", 0 // as in client
	for _, c := range p.clients {
		if reflect.DeepEqual(c.api, asked) {
			return c.client.Probe(ctx)
		}
	}
	return admin.ErrNoAPI
}

// api returns the Integration API of a source, or nil.
func (p *Parts) api(name string) *config.API {
	for _, source := range p.sources {
		if source.Name == name {
			return source.API
		}
	}
	return nil
}

// reload is the result of the last reload.
type reload struct {
	loaded time.Time // when the configuration in use was read
	at     time.Time // when a configuration was last read
	err    error     // why that configuration is not in use, or nil
}

// tried notes the result of a reload.
func (g *Gateway) tried(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reload.at, g.reload.err = time.Now(), err
	if err == nil {
		g.reload.loaded = g.reload.at
	}
}

// later lists the changed settings that take effect at the next start.
func (g *Gateway) later(c *config.Config) []string {
	var all []string
	for _, s := range []struct {
		name     string
		now, new any
	}{
		{"listen", g.started.Listen, c.Listen}, {"intake", g.started.Intake, c.Intake}, {"admin", g.started.Admin.Listen, c.Admin.Listen},
		{"store", g.started.Store, c.Store}, {"log", g.started.Log, c.Log},
		{"traces", g.started.Traces, c.Traces},
	} {
		if !reflect.DeepEqual(s.now, s.new) {
			all = append(all, s.name)
		}
	}
	return all
}

// configuration returns the configuration in use, without secrets.
func (g *Gateway) configuration() admin.Configuration {
	g.mu.Lock()
	c, last := g.config, g.reload
	g.mu.Unlock()
	all := admin.Configuration{
		Files: c.Files, Warnings: c.Warnings, Loaded: last.loaded.UTC(), Tried: last.at, Faults: admin.Faults(last.err), Later: g.later(c),
	}
	for _, s := range c.Settings {
		all.Settings = append(all.Settings, admin.Setting(s))
	}
	return all
}

// replicaName shortens a replica's name for people: its host, and the beginning of its
// random part.
func replicaName(self string) string {
	host, id, _ := strings.Cut(self, "/")
	return fmt.Sprintf("%s/%.4s", host, id)
}
