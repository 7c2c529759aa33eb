package gateway

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// The source of samples, and its portal's address, if no source is configured.
const (
	sampleSource = "sample"
	samplePortal = "https://learning.example.com"
)

// Sampler makes sample events for previews and test messages. It looks them up in an
// emulated portal in this process, without a network.
type Sampler struct {
	templates *render.Set
	enricher  *enrich.Enricher
	source    string // the source of the events
}

// NewSampler returns a sampler of the templates' samples. Its events come from the
// first of the sources, so that they link to that portal.
func NewSampler(templates *render.Set, sources []config.Source) (*Sampler, error) {
	source, address := sampleSource, samplePortal
	if len(sources) > 0 {
		source, address = sources[0].Name, cmp.Or(sources[0].Portal, samplePortal)
	}
	emulated := portal.New(portal.Options{})
	settings := emulated.Settings("http://portal.invalid")
	text := func(key string) string { return fmt.Sprint(settings[key]) }
	client, err := absorb.NewClient(absorb.ClientOptions{
		BaseURL: text("url"), Key: bridge.Secret(text("key")),
		Username: text("username"), Password: bridge.Secret(text("password")),
		HTTP: &http.Client{Transport: emulated.RoundTripper()},
	})
	if err != nil {
		return nil, err
	}
	return &Sampler{
		templates: templates, source: source,
		enricher: enrich.New(enrich.Options{Client: client, Portal: address}),
	}, nil
}

// with returns a sampler of other templates' samples.
func (s *Sampler) with(templates *render.Set) *Sampler {
	return &Sampler{templates: templates, enricher: s.enricher, source: s.source}
}

// sampleTime is when every sample happens, so that previews are the same in every run.
func sampleTime() time.Time { return time.Date(2026, 11, 23, 14, 2, 31, 0, time.UTC) }

// Facts returns the facts of an event type's sample.
func (s *Sampler) Facts(ctx context.Context, eventType string) (bridge.Facts, error) {
	return s.FactsOf(ctx, SampleEvent(eventType, s.templates.Sample(eventType)))
}

// FactsOf returns an event's facts, looked up in the emulated portal.
func (s *Sampler) FactsOf(ctx context.Context, e bridge.Event) (bridge.Facts, error) {
	e.Source = cmp.Or(e.Source, s.source)
	facts, outcome := s.enricher.Facts(ctx, e, s.templates.Template(e.Type).Lookups())
	for part, err := range outcome.Failed {
		return nil, fmt.Errorf("look up %s of the sample: %w", part, err)
	}
	return facts, nil
}

// SampleEvent returns an event as its template's sample describes it, without a source.
func SampleEvent(eventType string, sample map[string]any) bridge.Event {
	e := bridge.Event{
		ID: SampleID(eventType), Type: eventType,
		Entities: map[string]string{}, OccurredAt: sampleTime(), ReceivedAt: sampleTime(), Body: sample,
	}
	for key, value := range sample {
		id, ok := value.(string)
		switch {
		case !ok:
		case key == "userId":
			e.UserID = id
		case key == "adminId":
			e.AdminID = id
		case key == "clientId":
			e.ClientID = id
		case key == "correlationId":
			e.CorrelationID = id
		default:
			e.Entities[key] = id
		}
	}
	return e
}

// SampleID returns the id of a sample's event and delivery: always the same for a name.
func SampleID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("absorb-bridge sample "+name)).String()
}
