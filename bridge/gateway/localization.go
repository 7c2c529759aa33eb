package gateway

import (
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// templateSets loads the templates once for each language and time zone in use.
type templateSets struct {
	config *config.Config
	loaded map[[2]string]*render.Set // by locale and zone
}

func newTemplateSets(c *config.Config, usual *render.Set) templateSets {
	t := templateSets{c, map[[2]string]*render.Set{}}
	t.loaded[t.key(config.Localization{})] = usual
	return t
}

func (t templateSets) key(l config.Localization) [2]string {
	l = l.Or(config.Localization{Locale: t.config.Locale, Zone: t.config.Timezone})
	return [2]string{l.Locale, l.Zone.String()}
}

func (t templateSets) templates(l config.Localization) (*render.Set, error) {
	key := t.key(l)
	if set := t.loaded[key]; set != nil {
		return set, nil
	}
	set, err := t.config.LoadTemplates(l)
	t.loaded[key] = set
	return set, err
}

// wording returns the templates of a sink. A route's language and zone override the
// sink's.
func (t templateSets) wording(s config.Sink) (w dispatch.Wording, err error) {
	if w.Templates, err = t.templates(s.Localization); err != nil {
		return w, err
	}
	w.ByRoute = map[string]*render.Set{}
	for _, r := range t.config.Routes {
		if r.Localization == (config.Localization{}) || !slices.Contains(r.To, s.Name) {
			continue
		}
		if w.ByRoute[r.Name], err = t.templates(r.Localization.Or(s.Localization)); err != nil {
			return w, err
		}
	}
	return w, nil
}
