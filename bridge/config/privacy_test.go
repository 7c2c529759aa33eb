package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// withSource is a configuration whose source has more keys.
func withSource(more, top string) string {
	return `
sources:
  p: { path: /absorb, secrets: [ s ], ` + more + ` }
sinks: { guild: { type: console }, hr: { type: console } }
routes: [ { name: r, events: [ "*" ], to: [ guild, hr ] } ]
` + top
}

const someAPI = `api: { region: us, key: k, username: u, password: p }`

func TestCatchUpSettings(t *testing.T) {
	s := parseText(t, withSource(someAPI+`, catch_up: {}`, "")).Sources[0]
	if c := s.CatchUp; c == nil || c.Window != 24*time.Hour || c.Every != 15*time.Minute || c.After != 10*time.Minute || len(c.Events) != 0 {
		t.Errorf("defaults: %+v", c)
	}
	s = parseText(t, withSource(someAPI+`, catch_up: { window: 3d, every: 1h, after: 5m, events: [ user created, EnrollmentCompletedByAdmin ] }`, "")).Sources[0]
	if c := s.CatchUp; c.Window != 72*time.Hour || c.Every != time.Hour || c.After != 5*time.Minute || !slices.Equal(c.Events, []string{"UserCreated", "EnrollmentCompletedByAdmin"}) {
		t.Errorf("%+v", c)
	}
	s = parseText(t, withSource(`catch_up: { enabled: false, events: [ UserCreated ] }`, "")).Sources[0]
	if s.CatchUp != nil || len(s.Asked.Events) != 1 {
		t.Errorf("switched off: %+v", s)
	}
	if s = parseText(t, small).Sources[0]; s.CatchUp != nil || s.Asked.Window != 24*time.Hour {
		t.Errorf("without it: %+v", s)
	}
}

func TestPrivacySettings(t *testing.T) {
	c := parseText(t, withSource(`keep: 7d, keep_dead: 14d, redact: [ user.jobTitle ]`, `
redact:
  store: [ user.emailAddress, user.customFields.*, event.body.* ]
  sinks: { guild: [ enrollment.score, event.userId ] }
`))
	s := c.Sources[0]
	if s.Keep != 7*24*time.Hour || s.KeepDead != 14*24*time.Hour || !slices.Equal(s.Redact, []string{"user.jobTitle"}) ||
		len(c.Redact) != 3 || !slices.Equal(c.Sinks[0].Redact, []string{"enrollment.score", "event.userId"}) || c.Sinks[1].Redact != nil {
		t.Errorf("%+v", c)
	}
	c = parseText(t, strings.Replace(withSource(someAPI, "redact: { store: [ user.emailAddress ] }\n"), "to: [", `when: user.emailAddress endsWith "@acme.com", to: [`, 1))
	if !slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, "redact removes user.emailAddress") }) {
		t.Errorf("no warning: %v", c.Warnings)
	}
}

func TestFaultsOfCatchUpAndPrivacy(t *testing.T) {
	for _, c := range []struct{ source, top, want string }{
		{`catch_up: {}`, "", "bridge.yaml:3:39: sources.p.catch_up: needs the Integration API"},
		{someAPI + `, catch_up: { windw: 1h }`, "", `unknown key; did you mean "window"?`},
		{someAPI + `, catch_up: { every: often }`, "", "sources.p.catch_up.every: want a duration"},
		{someAPI + `, catch_up: { after: 2d }`, "", "sources.p.catch_up.after: want a time shorter than the window"},
		{someAPI + `, catch_up: { events: [ UserCreatd ] }`, "", `sources.p.catch_up.events[0]: no event named "UserCreatd"; did you mean "UserCreated"?`},
		{someAPI + `, catch_up: { events: [ GroupDeleted ] }`, "", "sources.p.catch_up.events[0]: GroupDeleted cannot be caught up"},
		{someAPI + `, catch_up: { events: [ "User*" ] }`, "", `not the pattern "User*"`},
		{someAPI + `, keep: 12h, catch_up: {}`, "", "sources.p.catch_up.window: want less than 12h0m0s"},
		{`keep: long`, "", "bridge.yaml:3:45: sources.p.keep: want a duration"},
		{`redact: [ user.emailAdress ]`, "", `sources.p.redact[0]: user has no field named "emailAdress"; did you mean "emailAddress"?`},
		{`redact: [ event.userId ]`, "", "sources.p.redact[0]: the bridge needs event.userId to route"},
		{`redact: [ event.body ]`, "", "sources.p.redact[0]: the bridge needs event.body to route"},
		{``, "redact: { store: [ usr.emailAddress ] }\n", `bridge.yaml:6:20: redact.store[0]: no part named "usr": no template looks it up; did you mean "user"?`},
		{``, "redact: { store: [ \"user[0]\" ] }\n", "redact.store[0]: want a path such as"},
		{``, "redact: { sinks: { gild: [ user ] } }\n", `redact.sinks.gild: no sink named "gild"; did you mean "guild"?`},
		{``, "redact: { sinks: { guild: [ course.nme ] } }\n", `redact.sinks.guild[0]: course has no field named "nme"; did you mean "name"?`},
		{``, "redact: { sink: {} }\n", `redact.sink: unknown key; did you mean "sinks"?`},
	} {
		_, err := Parse("bridge.yaml", []byte(withSource(c.source, c.top)), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s%s: %v; want %s", c.source, c.top, err, c.want)
		}
	}
}
