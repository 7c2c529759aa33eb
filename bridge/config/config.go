// Package config reads and checks bridge.yaml and the environment variables that
// override it. It reports every error with its position in the file. It does not start
// anything: package gateway builds the parts from a Config.
package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/bridge/schedule"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a valid configuration.
type Config struct {
	Listen     string // address that receives webhooks
	Intake     Intake
	Admin      Admin
	Proxies    peer.Proxies    // proxies that may state the client's address
	Store      bridge.Secret   // path of the SQLite file, or URL of the PostgreSQL database
	StoreKeys  []bridge.Secret // encrypt the tokens in Store; the newest is first
	Sources    []Source
	Sinks      []Sink
	Routes     []Route
	Templates  string // directory with templates that replace the built-in ones, or ""
	Timezone   *time.Location
	Locale     string        // language of messages, and of the files directly in Templates
	DateLayout string        // layout of package time, or ""
	Keep       time.Duration // how long finished events and deliveries are kept
	KeepDead   time.Duration // how long dead letters are kept
	GiveUp     time.Duration // how long failed deliveries are retried
	Redact     []string      // paths of facts that are never stored
	Log        Log
	Traces     Traces
	Warnings   []string // settings that are valid but probably not intended
	Files      []string // files that were read: the configuration, then those of ${file:…}
	Loaded     string   // the Fingerprint at loading
	Settings   []Setting
}

// Admin configures the admin pages and the API: their address, and who may use them.
type Admin struct {
	Listen    string
	URL       string // how browsers reach it, or ""
	Token     bridge.Secret
	ViewToken bridge.Secret
	Session   time.Duration
	OIDC      *OIDC  // or nil
	Proxy     *Proxy // or nil
}

// OIDC is the OpenID Connect provider for logins to the admin pages.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret bridge.Secret
	Scopes       []string
	Claim        string
	View         []string // patterns of the claim's values
	Operate      []string
	Trust        kit.Trust
}

// Proxy is a proxy that authenticates people for the admin pages.
type Proxy struct {
	From    []netip.Prefix
	Header  string
	View    []string // patterns of people's names
	Operate []string
}

// Source is an Absorb portal that sends webhooks.
type Source struct {
	Name           string
	Path           string
	Secrets        []bridge.Secret
	SecretEncoding string              // text, hex or base64
	Signature      string              // the only form of signature accepted, or ""
	UserAgent      string              // glob pattern, or ""
	Portal         string              // base URL of the portal, for links, or ""
	Links          engine.Links        // addresses of the portal's pages that differ from the defaults
	Fields         map[string][]string // JSON paths by field; the first path that finds a value counts
	Events         map[string]string   // names of events, by the portal's codes for them
	API            *API                // nil: no lookups
	CatchUp        *CatchUp            // nil: only the command catches up …
	Asked          CatchUp             // … with these settings
	Family         string              // name of the first of the sources that share a secret
	Dedupe         *Dedupe             // nil: only requests with the same bytes are duplicates
	MaxAge         time.Duration       // oldest event to accept, by its own time; 0 means as old as events are kept
	Keep           time.Duration       // overrides Config.Keep, or 0
	KeepDead       time.Duration       // overrides Config.KeepDead, or 0
	Redact         []string            // paths of facts that are never stored, in addition to Config.Redact
}

// API is an Integration API.
type API struct {
	Region    string
	URL       string // overrides Region
	Key       bridge.Secret
	Username  string
	Password  bridge.Secret
	OAuth     *OAuth  // replaces Username and Password, or nil
	Scheme    string  // of the Authorization header; none sends the token alone
	Rate      float64 // requests per second
	Burst     int
	Budget    time.Duration // maximum time of one lookup with all its retries
	OnFailure string        // send or hold
	Cache     time.Duration
	Trust     kit.Trust
}

// OAuth configures access to an Integration API without a password.
type OAuth struct {
	TokenURL     string
	ClientID     string
	ClientSecret bridge.Secret
	RefreshToken bridge.Secret // "" if the login command gets it
}

// Sink is a destination of messages.
type Sink struct {
	Name         string
	Type         string
	Limit        bridge.Limit
	Localization Localization
	Redact       []string       // paths of facts that the bridge never sends to it
	Settings     map[string]any // the settings of the sink's type
}

// Route says which events go to which sinks.
type Route struct {
	Name         string
	Events       []string // canonical names and patterns
	Sources      []string // none: all
	When         *condition.Condition
	To           []string
	Localization Localization
	Digest       *dispatch.Digest
	Story        bool
	Quiet        *schedule.Quiet
	Thread       *dispatch.Thread
	Update       *dispatch.Update
}

// Localization is the language and the time zone of messages of a sink or a route.
type Localization struct {
	Locale string         // such as de or de-CH; "" inherits it
	Zone   *time.Location // nil inherits it
}

// Or returns l with its unset values taken from other.
func (l Localization) Or(other Localization) Localization {
	if l.Locale == "" {
		l.Locale = other.Locale
	}
	if l.Zone == nil {
		l.Zone = other.Zone
	}
	return l
}

// Log configures the log.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // auto, text or json
}

// Traces configures the export of OpenTelemetry traces.
type Traces struct {
	Endpoint bridge.Secret // OTLP over HTTP, or ""; the URL may contain a key
	Trust    kit.Trust
}

// Load reads the configuration from the file at path. environ is the environment in the
// form of os.Environ. The error of an invalid file is a bridge.Problems with all errors.
func Load(path string, environ []string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w (set --config or BRIDGE_CONFIG to the path of the file, or run absorb-bridge init to create one)", err)
	}
	return parse(path, filepath.Dir(path), data, environ)
}

// Parse reads a configuration from memory. Its relative paths are relative to the
// working directory.
func Parse(name string, data []byte, environ []string) (*Config, error) {
	return parse(name, "", data, environ)
}

func parse(name, dir string, data []byte, environ []string) (*Config, error) {
	data = yamlfile.Normalize(data)
	d, ok := readDocument(name, data)
	if !ok {
		return nil, d.problems.Err()
	}
	e := &expander{document: d, dir: dir, env: envMap(environ), read: []string{name}}
	values, variables, warnings, err := merge(data, environ)
	if err != nil {
		d.syntax(err)
		return nil, d.problems.Err()
	}
	d.variables = variables
	expanded, _ := e.expand("", values).(map[string]any)
	b := &builder{document: d, dir: dir, config: &Config{Warnings: append(warnings, e.warnings...)}, built: map[string]bridge.Sink{}}
	b.build(expanded)
	if err := d.problems.Err(); err != nil {
		return nil, err
	}
	b.config.Files = e.read
	b.config.Settings = d.settings(values)
	b.config.Loaded = b.config.Fingerprint()
	return b.config, nil
}

// LoadTemplates loads the built-in templates, and the configured ones that replace them,
// for a language and a time zone.
func (c *Config) LoadTemplates(l Localization) (*render.Set, error) {
	escape := map[string]func(string) string{}
	check := map[string]func(map[string]any) []render.Fault{}
	for name, t := range sinks.Types() {
		escape[name] = t.Escape
		check[name] = nativeFaults(t)
	}
	links := map[string]engine.Links{}
	for _, s := range c.Sources {
		links[s.Name] = s.Links
	}
	l = l.Or(Localization{c.Locale, c.Timezone})
	return render.Load(render.Options{
		Dir: c.Templates, Home: c.Locale, Locale: l.Locale, Zone: l.Zone, DateLayout: c.DateLayout, Links: links, Escape: escape, Check: check,
	})
}
