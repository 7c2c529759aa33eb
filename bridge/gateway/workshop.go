package gateway

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/workshop"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// workshopPlaces gives the workshop what it needs from the configuration in use, and computes it
// once per configuration.
type workshopPlaces struct {
	current func() (*config.Config, *Parts)

	mu   sync.Mutex // guards the fields below
	of   *Parts
	made workshop.Place
	sets templateSets
}

func newWorkshopPlaces(current func() (*config.Config, *Parts)) *workshopPlaces {
	return &workshopPlaces{current: current}
}

func (b *workshopPlaces) place() workshop.Place {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c, p := b.current(); p != b.of {
		b.of, b.sets, b.made = p, newTemplateSets(c, p.Templates), placeOf(c, p)
	}
	place, parts := b.made, b.of
	place.Load = func(locale string) (*render.Set, error) { return b.load(parts, locale) }
	return place
}

// load returns the templates in a language, as long as their configuration is in use.
func (b *workshopPlaces) load(parts *Parts, locale string) (*render.Set, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sets := b.sets
	if parts != b.of {
		c, _ := b.current()
		sets = newTemplateSets(c, parts.Templates)
	}
	return sets.templates(config.Localization{Locale: locale})
}

func placeOf(c *config.Config, p *Parts) workshop.Place {
	sampler, err := NewSampler(p.Templates, c.Sources)
	place := workshop.Place{
		Dir: c.Templates, Home: cmp.Or(c.Locale, "en"), Languages: render.Languages(c.Templates), Parse: p.parse,
		Sample: func(ctx context.Context, templates *render.Set, event string) (bridge.Facts, error) {
			if err != nil {
				return nil, err
			}
			return sampler.with(templates).Facts(ctx, event)
		},
	}
	if !slices.Contains(place.Languages, place.Home) {
		place.Languages = append(place.Languages, place.Home)
	}
	types := sinks.Types()
	for _, name := range p.Order {
		place.Sinks = append(place.Sinks, workshop.Sink{
			Name: name, Type: p.Types[name], Sink: p.Sinks[name], Composer: p.Composers[name], Limiter: p.Limiters[name], Gauges: types[p.Types[name]].Gauges,
		})
	}
	for _, platform := range wall.Platforms() {
		if sink, ok := shown(platform, place.Sinks, p.Templates); ok {
			place.Platforms = append(place.Platforms, sink)
		}
	}
	return place
}

// shown returns the sink that represents a platform: the first configured one, or an
// example.
func shown(platform string, configured []workshop.Sink, templates *render.Set) (s workshop.Sink, ok bool) {
	if i := slices.IndexFunc(configured, func(s workshop.Sink) bool { return s.Type == platform }); i >= 0 {
		return configured[i], true
	}
	t, ok := sinks.Types()[platform]
	if !ok {
		return s, false
	}
	sink, err := t.New(kit.Setup{Name: platform, Settings: t.Example})
	if err != nil {
		return s, false
	}
	composer, err := dispatch.NewComposer(dispatch.NewMessageCache(), dispatch.Wording{Templates: templates}, platform, sink)
	return workshop.Sink{Name: platform, Type: platform, Sink: sink, Composer: composer, Gauges: t.Gauges}, err == nil
}

// parse reads the body of a source's webhook.
func (p *Parts) parse(source string, body []byte) ([]bridge.Event, error) {
	for _, s := range p.Intake {
		if s.Name == source {
			return s.Parser.Parse(body)
		}
	}
	return nil, nil
}
