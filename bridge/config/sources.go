package config

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

func (b *builder) sources(all map[string]any) {
	if len(all) == 0 {
		b.atValue("sources", "required: add at least one portal, with its path and secrets")
	}
	used := secretUse{}
	b.named("sources", all, func(name, key string, value any) {
		var r rawSource
		b.decode(key, value, &r)
		s := Source{
			Name: name, Family: name, Path: r.Path, Secrets: r.Secrets, UserAgent: r.UserAgent, Portal: strings.TrimRight(r.Portal, "/"),
			Signature: r.Signature, SecretEncoding: r.SecretEncoding,
		}
		b.path(key+".path", r.Path)
		b.secrets(key, s, used)
		if r.Signature != "" {
			var forms []string
			for _, f := range absorb.Forms() {
				forms = append(forms, string(f))
			}
			b.oneOf(key+".signature", r.Signature, forms...)
		}
		b.glob(key+".user_agent", r.UserAgent)
		if r.Portal != "" {
			if err := CheckPortal(r.Portal); err != nil {
				b.atValue(key+".portal", "%v", err)
			}
		}
		s.Links = b.links(key+".links", r.Portal, r.Links)
		s.Fields = b.fields(key+".fields", r.Fields)
		s.Events = b.eventsOf(key+".events", r.Events)
		if r.API != nil {
			s.API = b.api(key+".api", r.API, s.Portal)
		}
		s.Asked = usualCatchUp()
		if r.CatchUp != nil {
			b.catchUp(key+".catch_up", r.CatchUp, &s)
		}
		s.Keep, s.KeepDead, s.MaxAge = b.optional(key+".keep", r.Keep), b.optional(key+".keep_dead", r.KeepDead), b.optional(key+".max_age", r.MaxAge)
		s.Dedupe = b.dedupe(key+".dedupe", r.Dedupe, s.Fields)
		s.Redact = r.Redact
		b.neverStored(key+".redact", r.Redact)
		b.config.Sources = append(b.config.Sources, s)
	})
	b.config.families()
	b.unverified()
}

// optional reads a duration that may be missing.
func (b *builder) optional(key, text string) time.Duration {
	if text == "" {
		return 0
	}
	return b.duration(key, text)
}

func (b *builder) path(key, path string) {
	switch {
	case path == "":
		b.atValue(key, "required: the path of the webhook's URL, such as /absorb")
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?# "):
		b.atValue(key, "want a path such as /absorb, have %q", path)
	}
}

func (b *builder) url(key, text string) {
	if err := checkURL(text); err != nil {
		b.atValue(key, "%v", err)
	}
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("want a URL that begins with https://")
	}
	return nil
}

// api reads an Integration API. The portal's address may be ""; it is the default server
// of OAuth tokens.
func (b *builder) api(key string, value any, portal string) *API {
	var r rawAPI
	b.decode(key, value, &r)
	a := &API{
		Region: r.Region, URL: r.URL, Key: r.Key, Username: r.Username, Password: r.Password,
		Scheme: "Bearer", Rate: 100, Burst: r.Burst, OnFailure: "send",
		Budget: b.duration(key+".budget", or(r.Budget, "30s")), Cache: b.duration(key+".cache", or(r.Cache, "10m")),
		Trust: b.trust(key, kit.Trust{CA: r.CA, ClientCert: r.ClientCert, ClientKey: r.ClientKey}),
	}
	switch {
	case r.URL != "":
		b.url(key+".url", r.URL)
	case r.Region == "":
		b.atValue(key+".region", "required: us, ca, eu or au, or the sandbox of one, such as sandbox-us")
	default:
		if _, ok := absorb.BaseURL(r.Region); !ok {
			b.atValue(key+".region", "want us, ca, eu or au, or the sandbox of one, such as sandbox-us; have %q", r.Region)
		}
	}
	needed := []setting{{"key", r.Key.Empty()}, {"username", r.Username == ""}, {"password", r.Password.Empty()}}
	if r.OAuth != nil {
		needed = needed[:1]
		a.OAuth = b.oauth(key+".oauth", r.OAuth, portal)
		if r.Username != "" || !r.Password.Empty() {
			b.atValue(key+".oauth", "replaces username and password: remove those")
		}
	}
	b.wanted(key, needed, "to look up names; to run without names, remove the whole api block")
	if r.Scheme != "" {
		a.Scheme = b.oneOf(key+".scheme", r.Scheme, "Bearer", "none")
	}
	if r.OnFailure != "" {
		a.OnFailure = b.oneOf(key+".on_failure", r.OnFailure, "send", "hold")
	}
	if r.Rate != "" {
		a.Rate = b.rate(key+".rate", r.Rate)
	}
	if r.Burst < 0 {
		b.atValue(key+".burst", "want a number from 1")
	}
	return a
}

// setting is a setting that may be missing.
type setting struct {
	name    string
	missing bool
}

func (b *builder) wanted(key string, settings []setting, why string) {
	for _, s := range settings {
		if s.missing {
			b.atValue(key+"."+s.name, "required %s", why)
		}
	}
}

func (b *builder) oauth(key string, value any, portal string) *OAuth {
	var r rawOAuth
	b.decode(key, value, &r)
	switch {
	case r.TokenURL != "":
		b.url(key+".token_url", r.TokenURL)
	case portal != "":
		r.TokenURL = portal + "/oauth/token"
	default:
		b.atValue(key+".token_url", "required if the source has no portal; for example https://acme.myabsorb.com/oauth/token")
	}
	b.wanted(key, []setting{{"client_id", r.ClientID == ""}, {"client_secret", r.ClientSecret.Empty()}}, "for OAuth; the portal's settings show its value")
	return &OAuth{TokenURL: r.TokenURL, ClientID: r.ClientID, ClientSecret: r.ClientSecret, RefreshToken: r.RefreshToken}
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// eventNames returns the names of Absorb's events, for suggestions.
func eventNames() []string {
	var all []string
	for _, e := range absorb.Events() {
		all = append(all, e.Name)
	}
	return all
}

// event returns the canonical name of a route's event.
func (b *builder) event(key, text string) string {
	if strings.ContainsAny(text, "*?[") {
		b.glob(key, text)
		return text
	}
	if !absorb.Known(text) {
		b.atValue(key, "no event named %q%s (to match events that are not in Absorb's list, write a pattern such as %q)",
			text, bridge.DidYouMean(text, eventNames()), text+"*")
	}
	return absorb.Canonical(text)
}
