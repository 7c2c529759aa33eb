package gateway

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/redact"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// attemptTimeout limits one attempt to send one message.
const attemptTimeout = 30 * time.Second

// Parts are built from a configuration, without I/O. The commands use them for previews
// and test messages.
type Parts struct {
	Templates *render.Set
	Order     []string // names of the sinks, as in the file
	Sinks     map[string]bridge.Sink
	Types     map[string]string // by sink
	Composers map[string]*dispatch.Composer
	Limiters  map[string]*dispatch.Limiter
	Routes    []dispatch.Route
	Intake    []intake.Source
	Settings  map[string]string // by sink: identifies its settings

	sources []config.Source
	giveUp  time.Duration // how long events and deliveries are retried
	redact  []string      // paths of facts of all sources that are never stored
	clients []apiClient
	metrics *metrics.Metrics
}

// apiClient is a client of an Integration API, with its settings.
type apiClient struct {
	api    config.API
	client *absorb.Client
}

// Build builds the parts. Its error lists everything that is wrong.
func Build(c *config.Config) (*Parts, error) {
	templates, err := c.LoadTemplates(config.Localization{})
	if err != nil {
		return nil, err
	}
	p := &Parts{
		Templates: templates,
		Sinks:     map[string]bridge.Sink{},
		Types:     map[string]string{},
		Composers: map[string]*dispatch.Composer{},
		Limiters:  map[string]*dispatch.Limiter{},
		sources:   c.Sources,
		giveUp:    c.GiveUp,
		redact:    c.Redact,
		Settings:  map[string]string{},
	}
	faults := []error{p.buildSinks(c), p.buildIntake(c)}
	for _, r := range c.Routes {
		p.Routes = append(p.Routes, dispatch.Route{
			Name: r.Name, Events: r.Events, Sources: r.Sources, When: r.When, To: r.To,
			Digest: r.Digest, Story: r.Story, Quiet: r.Quiet, Thread: r.Thread, Update: r.Update,
		})
	}
	return p, errors.Join(faults...)
}

func (p *Parts) buildSinks(c *config.Config) error {
	client := kit.NewClient(transport(), attemptTimeout)
	messages, sets := dispatch.NewMessageCache(), newTemplateSets(c, p.Templates)
	var faults []error
	for _, s := range c.Sinks {
		sink, err := sinks.Types()[s.Type].New(kit.Setup{Name: s.Name, Settings: s.Settings, Client: client})
		if err != nil {
			faults = append(faults, fmt.Errorf("sinks.%s: %w", s.Name, err))
			continue
		}
		wording, err := sets.wording(s)
		if err != nil {
			return err // an error of a translation, the same for all sinks that use it
		}
		wording.Redact = redact.New(s.Redact)
		composer, err := dispatch.NewComposer(messages, wording, s.Name, sink)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		p.Order = append(p.Order, s.Name)
		p.Sinks[s.Name], p.Types[s.Name], p.Composers[s.Name] = sink, s.Type, composer
		p.addLimiter(s, sink)
	}
	return errors.Join(faults...)
}

// addLimiter gives a sink its limiter. Sinks that share a bucket share the limiter of the
// first of them.
func (p *Parts) addLimiter(s config.Sink, sink bridge.Sink) {
	p.Settings[s.Name] = fingerprint(s)
	c := dispatch.LimiterConfig{Name: "sink " + s.Name, Destination: p.Settings[s.Name], Limit: s.Limit}
	if b, ok := sink.(bridge.Bucketed); ok {
		c.Name, c.Destination = "bucket "+s.Type+" "+b.Bucket(), ""
	}
	for _, other := range p.Limiters {
		if other.Name == c.Name {
			p.Limiters[s.Name] = other
			return
		}
	}
	p.Limiters[s.Name] = dispatch.NewLimiter(c)
}

// routesTo returns the routes to a sink, by name.
func (p *Parts) routesTo(sink string) map[string]dispatch.Route {
	all := map[string]dispatch.Route{}
	_, verbatim := p.Sinks[sink].(bridge.Verbatim)
	for _, r := range p.Routes {
		if !slices.Contains(r.To, sink) {
			continue
		}
		if verbatim {
			r.Digest, r.Quiet = &dispatch.Digest{Off: true}, nil
		}
		all[r.Name] = r
	}
	return all
}

// bulk returns the event types that arrive in bulk.
func (p *Parts) bulk() (all []string) {
	for _, event := range p.Templates.Events() {
		if p.Templates.Template(event).Bulk() {
			all = append(all, event)
		}
	}
	return all
}

// fingerprint identifies a sink's settings without revealing them.
func fingerprint(s config.Sink) string {
	text, err := json.Marshal(s.Settings)
	if err != nil { // they were decoded from YAML, so they encode
		text = fmt.Append(nil, s.Settings)
	}
	sum := sha256.Sum256(append(text, s.Type...))
	return hex.EncodeToString(sum[:6])
}

// keepClients keeps the clients of the previous parts: two clients that refresh the
// same token would invalidate each other's.
func (p *Parts) keepClients(before *Parts) { p.clients = before.clients }

// keepLimiters keeps the previous limiters of unchanged sinks, because the old and the new
// senders may run at the same time for a moment.
func (p *Parts) keepLimiters(before *Parts) {
	for name, limiter := range p.Limiters {
		for _, kept := range before.Limiters {
			if kept.LimiterConfig == limiter.LimiterConfig {
				p.Limiters[name] = kept
			}
		}
	}
}

func (p *Parts) buildIntake(c *config.Config) error {
	var faults []error
	for _, s := range c.Sources {
		source := intake.Source{Name: s.Name, Path: s.Path, Form: absorb.Form(s.Signature), UserAgent: s.UserAgent, Redact: p.unstored(s), Family: s.Family, MaxAge: cmp.Or(s.MaxAge, s.Keep, c.Keep)}
		if d := s.Dedupe; d != nil {
			source.Dedupe = &intake.Dedupe{By: d.By, Within: d.Within}
		}
		for i, secret := range s.Secrets {
			key, err := absorb.NewKey(secret, s.SecretEncoding)
			if err != nil {
				faults = append(faults, fmt.Errorf("sources.%s.secrets[%d]: %w", s.Name, i, err))
			}
			source.Keys = append(source.Keys, key)
		}
		parser, err := absorb.NewParser(s.Fields)
		if err != nil {
			faults = append(faults, fmt.Errorf("sources.%s.fields: %w", s.Name, err))
		}
		source.Parser = parser.Naming(s.Events)
		p.Intake = append(p.Intake, source)
	}
	return errors.Join(faults...)
}

// reads returns the fields of the facts that somebody reads: in messages of several
// events, and in all messages. Programs that receive messages get every field.
func (p *Parts) reads() (together, all *bridge.Reads) {
	together, all = bridge.NewReads(), bridge.NewReads()
	together.Add(p.Templates.Reads())
	for name, composer := range p.Composers {
		composer.AddReads(together)
		if _, verbatim := p.Sinks[name].(bridge.Verbatim); verbatim {
			all.All()
		}
	}
	for _, r := range p.Routes {
		together.Note(r.Expressions())
	}
	all.Add(together)
	return together, all
}

// plan returns what the router needs; names and tokens are in the store.
func (p *Parts) plan(s *store.Store) (dispatch.Plan, error) {
	sources, err := p.lookups(s)
	plan := dispatch.Plan{Routes: p.Routes, Sources: sources, Templates: p.Templates, Verbatim: map[string]bool{}}
	for name, sink := range p.Sinks {
		_, plan.Verbatim[name] = sink.(bridge.Verbatim)
	}
	return plan, err
}

// lookups returns the enrichers of the sources.
func (p *Parts) lookups(s *store.Store) (map[string]dispatch.Source, error) {
	all := map[string]dispatch.Source{}
	var used []apiClient
	together, reads := p.reads()
	s.Read(together)
	for _, source := range p.sources {
		rules := p.unstored(source)
		o := enrich.Options{Source: source.Name, Portal: source.Portal, Names: s, Claims: s, Reads: reads, Metrics: p.metrics.Source(source.Name)}
		if rules.Names() {
			o.Names = nameless{s}
		}
		hold := time.Duration(0)
		if api := source.API; api != nil {
			c, err := p.client(source.Name, *api, s)
			if err != nil {
				return nil, fmt.Errorf("sources.%s.api: %w", source.Name, err)
			}
			used = append(used, c)
			o.Client, o.CacheFor = c.client, api.Cache
			if api.OnFailure == "hold" {
				hold = p.giveUp
			}
		}
		all[source.Name] = dispatch.Source{Enricher: enrich.New(o), Hold: hold, Redact: rules}
	}
	p.clients = used
	return all, nil
}

// client returns the client of a source's API. Sources with the same settings share it,
// because Absorb gives each user one token, and each portal one rate limit.
func (p *Parts) client(source string, api config.API, s *store.Store) (apiClient, error) {
	api.OnFailure, api.Cache = "", 0 // these do not concern the client
	for _, c := range p.clients {
		if reflect.DeepEqual(c.api, api) {
			return c, nil
		}
	}
	o := clientOptions(source, api, s)
	o.Metrics = p.metrics.Source(source)
	client, err := absorb.NewClient(o)
	if err != nil {
		return apiClient{}, err
	}
	p.clients = append(p.clients, apiClient{api, client})
	return apiClient{api, client}, nil
}

// transport returns the default transport, except that it keeps a connection for each
// sink on the same host, as all Slack channels are.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 64
	return t
}
