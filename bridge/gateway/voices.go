package gateway

import (
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// voices loads the templates once for every language and zone that is used.
type voices struct {
	config *config.Config
	loaded map[[2]string]*render.Set // by locale and zone
}

func newVoices(c *config.Config, usual *render.Set) voices {
	v := voices{c, map[[2]string]*render.Set{}}
	v.loaded[v.key(config.Voice{})] = usual
	return v
}

func (v voices) key(voice config.Voice) [2]string {
	voice = voice.Or(config.Voice{Locale: v.config.Locale, Zone: v.config.Timezone})
	return [2]string{voice.Locale, voice.Zone.String()}
}

func (v voices) templates(voice config.Voice) (*render.Set, error) {
	key := v.key(voice)
	if set := v.loaded[key]; set != nil {
		return set, nil
	}
	set, err := v.config.LoadTemplates(voice)
	v.loaded[key] = set
	return set, err
}

// wording is that of a sink: its own voice, unless a route to it has another.
func (v voices) wording(s config.Sink) (w dispatch.Wording, err error) {
	if w.Templates, err = v.templates(s.Voice); err != nil {
		return w, err
	}
	w.ByRoute = map[string]*render.Set{}
	for _, r := range v.config.Routes {
		if r.Voice == (config.Voice{}) || !slices.Contains(r.To, s.Name) {
			continue
		}
		if w.ByRoute[r.Name], err = v.templates(r.Voice.Or(s.Voice)); err != nil {
			return w, err
		}
	}
	return w, nil
}
