// Package config reads bridge.yaml: over it the environment, strictly, and with
// every fault reported at its place in the file.
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
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/bridge/schedule"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a configuration that was checked.
type Config struct {
	Listen     string // address that takes webhooks
	Intake     Intake
	Admin      Admin
	Proxies    peer.Proxies    // that are trusted to say where a request came from
	Store      bridge.Secret   // path of the SQLite file, or URL of the PostgreSQL database
	StoreKeys  []bridge.Secret // encrypt the tokens in Store; the newest is the first
	Sources    []Source
	Sinks      []Sink
	Routes     []Route
	Templates  string // directory with templates that replace the built-in ones, or ""
	Timezone   *time.Location
	Locale     string        // of messages, and of the files in Templates itself
	DateLayout string        // layout of package time, or ""
	Keep       time.Duration // how long what is finished is kept
	KeepDead   time.Duration // how long dead letters are kept
	GiveUp     time.Duration // how long a delivery is tried
	Redact     []string      // paths of facts that are never stored
	Log        Log
	Traces     Traces
	Warnings   []string // what is allowed, but perhaps not meant
	Files      []string // that were read: the configuration itself and what ${file:…} named
	Loaded     string   // Fingerprint when it was loaded
	Settings   []Setting
}

// Admin is where people look at the bridge, and who may.
type Admin struct {
	Listen    string
	URL       string // how browsers reach it, or ""
	Token     bridge.Secret
	ViewToken bridge.Secret
	Session   time.Duration
	OIDC      *OIDC  // or nil
	Proxy     *Proxy // or nil
}

// OIDC is an OpenID Connect provider that people log in by.
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

// Proxy is a proxy that logs people in.
type Proxy struct {
	From    []netip.Prefix
	Header  string
	View    []string // patterns of people's names
	Operate []string
}

// Source is an Absorb portal that posts webhooks.
type Source struct {
	Name           string
	Path           string
	Secrets        []bridge.Secret
	SecretEncoding string              // text, hex or base64
	Signature      string              // the only form of signature accepted, or ""
	UserAgent      string              // glob pattern, or ""
	Portal         string              // base URL of the portal, for links, or ""
	Links          render.Links        // addresses of the portal's pages, where they are not the usual ones
	Fields         map[string][]string // JSON paths, by what they lead to; the first that leads somewhere counts
	Events         map[string]string   // names of events, by what the webhooks call them
	API            *API                // nil: nothing is looked up
	CatchUp        *CatchUp            // nil: only by command …
	Asked          CatchUp             // … then so
	Family         string              // of the sources that share a secret, the first one's name
	Dedupe         *Dedupe             // nil: events are compared by their bytes alone
	MaxAge         time.Duration       // of an event that says when it happened; 0 for as long as events are kept
	Keep           time.Duration       // in place of Config.Keep, or 0
	KeepDead       time.Duration       // in place of Config.KeepDead, or 0
	Redact         []string            // paths of facts that are never stored, beside Config.Redact
}

// API is an Integration API.
type API struct {
	Region    string
	URL       string // in place of Region
	Key       bridge.Secret
	Username  string
	Password  bridge.Secret
	OAuth     *OAuth  // in place of Username and Password, or nil
	Scheme    string  // of the Authorization header; none for the bare token
	Rate      float64 // requests a second
	Burst     int
	Budget    time.Duration // for one lookup with all its retries
	OnFailure string        // send or hold
	Cache     time.Duration
	Trust     kit.Trust
}

// OAuth is how tokens of an Integration API are had without a password.
type OAuth struct {
	TokenURL     string
	ClientID     string
	ClientSecret bridge.Secret
	RefreshToken bridge.Secret // "" leaves it to the login command
}

// Sink is where messages go.
type Sink struct {
	Name     string
	Type     string
	Limit    bridge.Limit
	Voice    Voice
	Redact   []string       // paths of facts that are never sent to it
	Settings map[string]any // the type's own
}

// Route says which events go to which sinks.
type Route struct {
	Name    string
	Events  []string // canonical names and patterns
	Sources []string // none: all
	When    *condition.Condition
	To      []string
	Voice   Voice
	Digest  *dispatch.Digest
	Story   bool
	Quiet   *schedule.Quiet
	Thread  *dispatch.Thread
	Update  *dispatch.Update
}

// Voice is the language and the time zone of messages, where they are not those
// of the whole configuration.
type Voice struct {
	Locale string         // such as de or de-CH; "" for the one around
	Zone   *time.Location // nil for the one around
}

// Or is v, and other for what v does not say.
func (v Voice) Or(other Voice) Voice {
	if v.Locale == "" {
		v.Locale = other.Locale
	}
	if v.Zone == nil {
		v.Zone = other.Zone
	}
	return v
}

// Log is how the log is written.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // auto, text or json
}

// Traces is where traces go.
type Traces struct {
	Endpoint bridge.Secret // of OTLP over HTTP, or ""; some collectors have a key in it
	Trust    kit.Trust
}

// Load reads the configuration in the file at path; environ is the environment,
// as os.Environ gives it. Its error is bridge.Problems with every fault found.
func Load(path string, environ []string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w (choose a file by --config or BRIDGE_CONFIG, or have absorb-bridge init write one)", err)
	}
	return parse(path, filepath.Dir(path), data, environ)
}

// Parse reads a configuration from memory. Its relative paths start at the
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

// LoadTemplates loads the built-in templates and those that the configuration
// puts in their place, for a language and a zone.
func (c *Config) LoadTemplates(v Voice) (*render.Set, error) {
	escape := map[string]func(string) string{}
	check := map[string]func(map[string]any) []render.Fault{}
	for name, t := range sinks.Types() {
		escape[name] = t.Escape
		check[name] = nativeFaults(t)
	}
	links := map[string]render.Links{}
	for _, s := range c.Sources {
		links[s.Name] = s.Links
	}
	v = v.Or(Voice{c.Locale, c.Timezone})
	return render.Load(render.Options{
		Dir: c.Templates, Home: c.Locale, Locale: v.Locale, Zone: v.Zone, DateLayout: c.DateLayout, Links: links, Escape: escape, Check: check,
	})
}
