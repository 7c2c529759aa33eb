// Package shoutrrr reads the URLs of the library of that name
// (shoutrrr.nickfedor.com), which the bridge once sent by, and builds the sinks that
// are in its place.
package shoutrrr

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a shoutrrr sink's settings.
type Config struct {
	URL bridge.Secret `koanf:"url" need:"always" ask:"URL of the service, such as ntfy://ntfy.sh/topic"`
}

// Builders build sinks by the name of their type.
type Builders map[string]func(kit.Setup) (bridge.Sink, error)

// Type describes shoutrrr sinks, which are those of the services.
func Type(services Builders) kit.Type {
	return kit.Type{
		New:         services.build,
		Limit:       bridge.Limit{Rate: 1, Burst: 5},
		Escape:      bridge.CleanText,
		CheckNative: kit.NoNative,
		Config:      Config{},
		Example:     map[string]any{"url": "ntfy://ntfy.sh/example"},
	}
}

const like = "ntfy://ntfy.sh/topic"

// build gives the sink that a URL is about.
func (b Builders) build(setup kit.Setup) (bridge.Sink, error) {
	var c Config
	if err := setup.Decode(&c); err != nil {
		return nil, err
	}
	if c.URL.Empty() {
		return nil, kit.Setting("url", "required: the URL of a service, such as %s", like)
	}
	u, err := url.Parse(c.URL.Reveal())
	if err != nil || u.Scheme == "" {
		return nil, kit.Setting("url", "want the URL of a service, such as %s", like)
	}
	service, _, _ := strings.Cut(u.Scheme, "+")
	translate, known := translations()[service]
	if _, built := b[service]; !known || !built {
		return nil, b.unknown(service)
	}
	q := newQuery(u)
	places := translate(u, q)
	if err := q.fault(service); err != nil {
		return nil, err
	}
	var all []bridge.Sink
	for _, settings := range places {
		sink, err := b[service](kit.Setup{Name: setup.Name, Settings: settings, Client: setup.Client})
		if err != nil {
			return nil, inURL(service, err)
		}
		all = append(all, sink)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return newEach(all), nil
}

// inURL is the faults of a service's own settings as one of the URL.
func inURL(service string, err error) error {
	var faults []error
	for _, f := range kit.SettingErrors(err) {
		faults = append(faults, kit.Setting("url", "%s for %s: %s", f.Key, service, f.Problem))
	}
	return errors.Join(faults...)
}

// unknown is the fault of a service that has no sink by its URL.
func (b Builders) unknown(service string) error {
	own := map[string]string{
		"slack": "slack", "discord": "discord", "teams": "teams", "googlechat": "googlechat", "hangouts": "googlechat", "mattermost": "mattermost",
		"rocketchat": "rocketchat", "smtp": "email", "logger": "console", "generic": "webhook",
	}
	known := slices.Sorted(maps.Keys(b))
	if name, ok := own[service]; ok {
		return kit.Setting("url", "%s has a sink of its own: write type: %s, with its settings", service, name)
	}
	return kit.Setting("url", "the bridge knows the URLs of %s, not of %q%s; for another service, write type: webhook, with the service's API as its url and a body",
		strings.Join(known, ", "), service, bridge.DidYouMean(service, known))
}

// query is a URL's parameters. Their names are read in any case.
type query struct {
	values map[string]string
	faults []string
}

func newQuery(u *url.URL) *query {
	q := &query{values: map[string]string{}}
	values, err := url.ParseQuery(strings.ReplaceAll(u.RawQuery, ";", "%3B"))
	if err != nil {
		q.faults = append(q.faults, "its parameters cannot be read")
	}
	for key, all := range values {
		q.values[strings.ToLower(key)] = all[0]
	}
	return q
}

// take gives the parameter that has one of some names, and notes that it was used.
func (q *query) take(names ...string) (value string) {
	for _, name := range names {
		if v, ok := q.values[name]; ok {
			value = v
			delete(q.values, name)
		}
	}
	return value
}

// yes reads a parameter as a choice.
func (q *query) yes(name string, otherwise bool) bool {
	switch v := strings.ToLower(q.take(name)); v {
	case "":
		return otherwise
	case "yes", "y", "true", "1":
		return true
	case "no", "n", "false", "0":
		return false
	default:
		q.faults = append(q.faults, name+": want yes or no")
		return otherwise
	}
}

// list reads a parameter as several.
func (q *query) list(separator string, names ...string) []any {
	var all []any
	for part := range strings.SplitSeq(q.take(names...), separator) {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// fault is what is wrong with a URL, or nil.
func (q *query) fault(service string) error {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		q.faults = append(q.faults, fmt.Sprintf("no parameter %q", bridge.CleanLine(name)))
	}
	if len(q.faults) == 0 {
		return nil
	}
	return kit.Setting("url", "the URL for %s: %s", service, strings.Join(q.faults, "; "))
}
