package config

import (
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// CatchUp configures how the bridge finds events whose webhook did not arrive.
type CatchUp struct {
	Window time.Duration // how far back, at most
	Every  time.Duration
	After  time.Duration // the youngest age of an event to catch up; its webhook may still arrive
	Events []string      // canonical names; none means the types that webhooks have brought
}

// rawCatchUp is the YAML of a source's catch_up.
type rawCatchUp struct {
	Enabled *bool    `koanf:"enabled"`
	Window  string   `koanf:"window"`
	Every   string   `koanf:"every"`
	After   string   `koanf:"after"`
	Events  []string `koanf:"events"`
}

const (
	usualWindow = "24h"
	usualEvery  = "15m"
	usualAfter  = "10m"
)

// catchUp reads catch_up into a source. CatchUp stays nil if it is disabled.
func (b *builder) catchUp(key string, value any, s *Source) {
	var r rawCatchUp
	b.decode(key, value, &r)
	c := CatchUp{
		Window: b.duration(key+".window", or(r.Window, usualWindow)),
		Every:  b.duration(key+".every", or(r.Every, usualEvery)),
		After:  b.duration(key+".after", or(r.After, usualAfter)),
	}
	if c.After >= c.Window {
		b.atValue(key+".after", "want a time shorter than the window, %v", c.Window)
	}
	for i, text := range r.Events {
		at := element(key+".events", i)
		if strings.ContainsAny(text, "*?[") {
			b.atValue(at, "want the name of an event, such as UserCreated, not the pattern %q", text)
			continue
		}
		event := b.event(at, text)
		if absorb.Known(text) && !slices.Contains(absorb.Listed(), event) {
			b.atValue(at, "%s cannot be caught up: Absorb's API has no list of it with dates", event)
		}
		c.Events = append(c.Events, event)
	}
	s.Asked = c
	if r.Enabled != nil && !*r.Enabled {
		return
	}
	if s.API == nil {
		b.atKey(key, "needs the Integration API: add an api block to the source")
		return
	}
	s.CatchUp = &c
}

// usualCatchUp returns the settings of the command for a source without catch_up.
func usualCatchUp() CatchUp {
	return CatchUp{Window: 24 * time.Hour, Every: 15 * time.Minute, After: 10 * time.Minute}
}
