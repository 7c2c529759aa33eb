package config

import "github.com/absorb-bridge/absorb-bridge/bridge"

// raw is the YAML of bridge.yaml, with the defaults of missing keys. Durations, rates and
// zones are texts here: the builder parses them and knows their positions. It decodes
// each source, sink and route separately, so an error in one hides none in another.
type raw struct {
	Listen     string         `koanf:"listen"`
	Intake     rawIntake      `koanf:"intake"`
	Admin      rawAdmin       `koanf:"admin"`
	Proxies    []string       `koanf:"trusted_proxies"`
	Store      string         `koanf:"store"`
	Sources    map[string]any `koanf:"sources"`
	Sinks      map[string]any `koanf:"sinks"`
	Routes     []any          `koanf:"routes"`
	Templates  string         `koanf:"templates"`
	Timezone   string         `koanf:"timezone"`
	Locale     string         `koanf:"locale"`
	DateLayout string         `koanf:"date_layout"`
	Keep       string         `koanf:"keep"`
	KeepDead   string         `koanf:"keep_dead"`
	GiveUp     string         `koanf:"give_up"`
	Redact     any            `koanf:"redact"`
	Log        rawLog         `koanf:"log"`
	Traces     rawTraces      `koanf:"traces"`

	StoreKeys []bridge.Secret `koanf:"store_keys"`
}

type rawIntake struct {
	Memory      string `koanf:"memory"`
	MaxBody     string `koanf:"max_body"`
	BodyTime    string `koanf:"body_time"`
	Connections int    `koanf:"connections"`
	PerAddress  int    `koanf:"per_address"`
}

type rawAdmin struct {
	Listen    string        `koanf:"listen"`
	URL       string        `koanf:"url"`
	Token     bridge.Secret `koanf:"token"`
	ViewToken bridge.Secret `koanf:"view_token"`
	Session   string        `koanf:"session"`
	OIDC      any           `koanf:"oidc"`
	Proxy     any           `koanf:"proxy"`
}

type rawOIDC struct {
	Issuer       string        `koanf:"issuer"`
	ClientID     string        `koanf:"client_id"`
	ClientSecret bridge.Secret `koanf:"client_secret"`
	Scopes       []string      `koanf:"scopes"`
	Claim        string        `koanf:"claim"`
	View         []string      `koanf:"view"`
	Operate      []string      `koanf:"operate"`
	CA           string        `koanf:"ca"`
	ClientCert   string        `koanf:"client_cert"`
	ClientKey    bridge.Secret `koanf:"client_key"`
}

type rawProxy struct {
	From    []string `koanf:"from"`
	Header  string   `koanf:"header"`
	View    []string `koanf:"view"`
	Operate []string `koanf:"operate"`
}

type rawLog struct {
	Level  string `koanf:"level"`
	Format string `koanf:"format"`
}

type rawTraces struct {
	Endpoint   bridge.Secret `koanf:"endpoint"`
	CA         string        `koanf:"ca"`
	ClientCert string        `koanf:"client_cert"`
	ClientKey  bridge.Secret `koanf:"client_key"`
}

type rawSource struct {
	Path           string          `koanf:"path"`
	Secrets        []bridge.Secret `koanf:"secrets"`
	SecretEncoding string          `koanf:"secret_encoding"`
	Signature      string          `koanf:"signature"`
	UserAgent      string          `koanf:"user_agent"`
	Portal         string          `koanf:"portal"`
	Links          map[string]any  `koanf:"links"`
	Fields         map[string]any  `koanf:"fields"`
	Events         map[string]any  `koanf:"events"`
	API            any             `koanf:"api"`
	CatchUp        any             `koanf:"catch_up"`
	MaxAge         string          `koanf:"max_age"`
	Dedupe         any             `koanf:"dedupe"`
	Keep           string          `koanf:"keep"`
	KeepDead       string          `koanf:"keep_dead"`
	Redact         []string        `koanf:"redact"`
}

type rawAPI struct {
	Region     string        `koanf:"region"`
	URL        string        `koanf:"url"`
	Key        bridge.Secret `koanf:"key"`
	Username   string        `koanf:"username"`
	Password   bridge.Secret `koanf:"password"`
	OAuth      any           `koanf:"oauth"`
	Scheme     string        `koanf:"scheme"`
	Rate       string        `koanf:"rate"`
	Burst      int           `koanf:"burst"`
	Budget     string        `koanf:"budget"`
	OnFailure  string        `koanf:"on_failure"`
	Cache      string        `koanf:"cache"`
	CA         string        `koanf:"ca"`
	ClientCert string        `koanf:"client_cert"`
	ClientKey  bridge.Secret `koanf:"client_key"`
}

type rawOAuth struct {
	TokenURL     string        `koanf:"token_url"`
	ClientID     string        `koanf:"client_id"`
	ClientSecret bridge.Secret `koanf:"client_secret"`
	RefreshToken bridge.Secret `koanf:"refresh_token"`
}

type rawRoute struct {
	Name    string   `koanf:"name"`
	Events  []string `koanf:"events"`
	Sources []string `koanf:"sources"`
	When    string   `koanf:"when"`
	To      []string `koanf:"to"`
	Locale  string   `koanf:"locale"`
	Zone    string   `koanf:"zone"`
	Digest  any      `koanf:"digest"`
	Story   bool     `koanf:"story"`
	Quiet   any      `koanf:"quiet"`
	Thread  any      `koanf:"thread"`
	Update  any      `koanf:"update"`
}

func defaults() raw {
	return raw{
		Listen: ":8080", Admin: rawAdmin{Listen: "127.0.0.1:8081", Session: "12h"}, Store: "./data/bridge.db",
		Timezone: "UTC", Locale: "en", Keep: "30d", KeepDead: "90d", GiveUp: "24h",
		Intake: rawIntake{Memory: "32MiB", MaxBody: "256KiB", BodyTime: "10s", Connections: 1000, PerAddress: 250},
		Log:    rawLog{Level: "info", Format: "auto"},
	}
}
