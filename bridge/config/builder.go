package config

import (
	"fmt"
	"maps"
	"net"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// builder converts the file's values to a Config, and collects every error.
type builder struct {
	*document
	dir    string
	config *Config
	built  map[string]bridge.Sink // the valid ones, by name

	// Set when the first expression is compiled.
	templates *render.Set
	schema    condition.Schema
	guess     bool // the templates have errors, so the schema is incomplete
}

func (b *builder) build(values map[string]any) {
	r := defaults()
	b.decode("", values, &r)
	c := b.config
	c.Listen = b.address("listen", r.Listen)
	c.Intake = b.intake(r.Intake)
	c.Admin = b.admin(r.Admin)
	c.Proxies = b.networks("trusted_proxies", r.Proxies)
	c.Store, c.StoreKeys = b.store(r.Store), b.storeKeys(r.StoreKeys)
	if r.Templates != "" {
		c.Templates = b.relative(r.Templates)
	}
	c.Timezone = b.zone("timezone", r.Timezone)
	c.Locale = b.locale("locale", r.Locale)
	c.DateLayout = r.DateLayout
	c.Keep, c.KeepDead, c.GiveUp = b.duration("keep", r.Keep), b.duration("keep_dead", r.KeepDead), b.duration("give_up", r.GiveUp)
	c.Log = Log{
		Level:  b.oneOf("log.level", r.Log.Level, "debug", "info", "warn", "error"),
		Format: b.oneOf("log.format", r.Log.Format, "auto", "text", "json"),
	}
	if c.Traces.Endpoint = r.Traces.Endpoint; !c.Traces.Endpoint.Empty() {
		b.url("traces.endpoint", c.Traces.Endpoint.Reveal())
	}
	c.Traces.Trust = b.trust("traces", kit.Trust{CA: r.Traces.CA, ClientCert: r.Traces.ClientCert, ClientKey: r.Traces.ClientKey})
	b.sources(r.Sources)
	b.sinks(r.Sinks)
	b.redact(r.Redact)
	b.routes(r.Routes)
	b.retention()
	b.unstored()
	b.readable()
}

// decode fills a struct strictly, and reports unknown keys and wrong types.
func (b *builder) decode(at string, value, into any) {
	values, ok := value.(map[string]any)
	if !ok && value != nil {
		b.atValue(at, "want a mapping of keys to values")
		return
	}
	for _, fault := range kit.SettingErrors(kit.Decode(values, into)) {
		key := join(at, dotted(fault.Key))
		if fault.Problem == "unknown setting" {
			unknown := leaf(dotted(fault.Key))
			b.atKey(key, "unknown key%s", bridge.DidYouMean(unknown, tags(into, fault.Key)))
			continue
		}
		b.atValue(key, "%s", fault.Problem)
	}
}

// nameInBrackets is how the decoder names an element of a mapping.
var nameInBrackets = regexp.MustCompile(`\[([^\]0-9][^\]]*|[0-9]+[^\]0-9][^\]]*)\]`)

func dotted(key string) string { return nameInBrackets.ReplaceAllString(key, ".$1") }

// tags returns the keys of a struct, or of the inner struct that a path leads to.
func tags(of any, path string) []string {
	t := reflect.TypeOf(of).Elem()
	if outer, _, nested := strings.Cut(path, "."); nested {
		for f := range t.Fields() {
			if f.Tag.Get("koanf") == outer && f.Type.Kind() == reflect.Struct {
				t = f.Type
			}
		}
	}
	var all []string
	for f := range t.Fields() {
		all = append(all, f.Tag.Get("koanf"))
	}
	return all
}

func (b *builder) address(key, text string) string {
	if _, port, err := net.SplitHostPort(text); err != nil || port == "" {
		b.atValue(key, "want an address such as :8080 or 127.0.0.1:8080, have %q", text)
	}
	return text
}

func (b *builder) store(text string) bridge.Secret {
	if err := store.Check(text); err != nil {
		b.atValue("store", "%v", err)
	}
	if store.IsShared(text) {
		return bridge.Secret(text)
	}
	return bridge.Secret(b.relative(text))
}

// relative resolves a path relative to the configuration's folder.
func (b *builder) relative(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(b.dir, p)
}

func (b *builder) zone(key, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		b.atValue(key, "no time zone %q; write a name such as Europe/Berlin or UTC", name)
		return time.UTC
	}
	return zone
}

// locale checks that the templates support a language.
func (b *builder) locale(key, name string) string {
	known := render.Languages(b.config.Templates)
	tag, err := language.Parse(name)
	base, _ := tag.Base()
	if err != nil || !slices.Contains(known, base.String()) && !slices.Contains(known, name) {
		b.atValue(key, "no templates in the language %q; there are %s. To add a language, create a folder with its name in templates%s",
			name, strings.Join(known, ", "), bridge.DidYouMean(name, known))
	}
	return name
}

// localization reads the language and the time zone of a sink or a route.
func (b *builder) localization(key, locale, zone string) (l Localization) {
	if locale != "" {
		l.Locale = b.locale(key+".locale", locale)
	}
	if zone != "" {
		l.Zone = b.zone(key+".zone", zone)
	}
	return l
}

// duration reads "30s", "10m", "2h" and "30d".
func (b *builder) duration(key, text string) time.Duration {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n > 0 && n < 36500 {
			return time.Duration(n * 24 * float64(time.Hour))
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		b.atValue(key, "want a duration such as 30s, 10m, 24h or 30d, have %q", text)
	}
	return d
}

// rate reads "1/s", "30/m" and "100/h", also with "min" and "hour". The result is per
// second.
func (b *builder) rate(key, text string) float64 {
	per := map[string]float64{"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600}
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	seconds := per[strings.TrimSpace(unit)]
	if err != nil || n <= 0 || n > 1e6 || seconds == 0 {
		b.atValue(key, "want a rate such as 1/s, 30/m or 100/h, have %q", text)
		return 1
	}
	return n / seconds
}

func (b *builder) oneOf(key, have string, options ...string) string {
	if !slices.Contains(options, have) {
		b.atValue(key, "want %s, have %q%s", strings.Join(options, ", "), have, bridge.DidYouMean(have, options))
	}
	return have
}

// glob checks a pattern of package path.
func (b *builder) glob(key, pattern string) {
	if _, err := path.Match(pattern, ""); err != nil {
		b.atValue(key, "the pattern %q has a [ without a ]", pattern)
	}
}

// validName matches the names of sources and sinks. They are safe in the name of a
// variable, a URL and a metric.
var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// named calls each for every entry of a mapping, in the order of the file.
func (b *builder) named(at string, all map[string]any, each func(name, key string, value any)) {
	for _, name := range b.names(at, slices.Collect(maps.Keys(all))) {
		key := join(at, name)
		if !validName.MatchString(name) {
			b.atKey(key, "a name has at most 64 characters: lower-case letters, digits, - and _")
		}
		each(name, key, all[name])
	}
}

func element(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
