// Package doctor checks a setup, whether the bridge runs or not. For each part it reports
// a status and, if something is wrong, a remedy. It posts and changes nothing.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Status is the result of a check.
type Status string

// The statuses. Only Fail means that the bridge cannot do its work.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Finding is the result of one check.
type Finding struct {
	Check  string `json:"check"` // such as "sink academy"
	Status Status `json:"status"`
	Found  string `json:"found"`            // without secrets
	Remedy string `json:"remedy,omitempty"` // how to fix it
}

// Options says what to check.
type Options struct {
	Path    string   // of the configuration
	Environ []string // in the form of os.Environ
	URL     string   // public URL of the webhook, or ""
	Version string   // of this program

	HTTP *http.Client // for the public URL and the clock; nil for a default client
}

// patience is the maximum time of each check.
const patience = 10 * time.Second

// examination is the state that the checks share.
type examination struct {
	Options
	config         *config.Config
	parts          *gateway.Parts
	runningVersion string // "" if unknown
	running        error  // why no bridge answers at the admin address; nil if one answers
	store          store.Examination
	broken         error // why the store cannot be used
}

// Run makes all checks concurrently and returns their findings in a fixed order.
func Run(ctx context.Context, o Options) []Finding {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: patience}
	}
	client := *o.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.HTTP = &client
	e := &examination{Options: o}
	findings := append([]Finding{ok("version", "absorb-bridge %s (%s, %s/%s)", o.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)}, e.configuration()...)
	if e.config == nil {
		return findings
	}
	within(ctx, func(ctx context.Context) {
		e.runningVersion, e.running = gateway.Running(ctx, e.config)
		e.store, e.broken = store.Examine(ctx, e.config.Store.Reveal())
	})
	checks := []func(context.Context) []Finding{
		alone(e.bridge), e.listening, alone(e.storage), alone(e.clock), alone(e.zones), alone(e.templates), alone(e.permissions), e.lookups, e.publicURL,
	}
	for _, s := range e.config.Sources {
		checks = append(checks, func(ctx context.Context) []Finding { return []Finding{e.api(ctx, s)} })
	}
	for _, name := range e.parts.Order {
		checks = append(checks, func(ctx context.Context) []Finding { return []Finding{e.sink(ctx, name)} })
	}
	return append(findings, together(ctx, checks)...)
}

// alone adapts a check with one finding.
func alone(check func(context.Context) Finding) func(context.Context) []Finding {
	return func(ctx context.Context) []Finding { return []Finding{check(ctx)} }
}

func within(ctx context.Context, f func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f(ctx)
}

func together(ctx context.Context, checks []func(context.Context) []Finding) []Finding {
	all := make([][]Finding, len(checks))
	var wg sync.WaitGroup
	for i, check := range checks {
		wg.Go(func() { within(ctx, func(ctx context.Context) { all[i] = check(ctx) }) })
	}
	wg.Wait()
	return slices.Concat(all...)
}

func ok(check, format string, args ...any) Finding {
	return Finding{Check: check, Status: OK, Found: clean(format, args...)}
}

func warn(check, remedy, format string, args ...any) Finding {
	return Finding{check, Warn, clean(format, args...), remedy}
}

func fail(check, remedy, format string, args ...any) Finding {
	return Finding{check, Fail, clean(format, args...), remedy}
}

// clean returns one line without control characters, because it may contain foreign text.
func clean(format string, args ...any) string { return bridge.CleanLine(fmt.Sprintf(format, args...)) }

// configuration loads the configuration and builds the parts, as the command check does.
func (e *examination) configuration() []Finding {
	const check = "configuration"
	c, err := config.Load(e.Path, e.Environ)
	var parts *gateway.Parts
	if err == nil {
		parts, err = gateway.Build(c)
	}
	if err != nil {
		first, more := err.Error(), ""
		if problems, ok := errors.AsType[bridge.Problems](err); ok {
			p := problems[0]
			first = p.Error()
			if p.Line > 0 {
				first = fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
			}
			if n := len(problems) - 1; n > 0 {
				more = fmt.Sprintf(" (and %d more)", n)
			}
		}
		return []Finding{fail(check, "run absorb-bridge check to see every error; the other checks need a valid configuration", "%s%s", first, more)}
	}
	e.config, e.parts = c, parts
	findings := []Finding{ok(check, "%s is valid (sources: %d, sinks: %d, routes: %d)", e.Path, len(c.Sources), len(c.Sinks), len(c.Routes))}
	for _, w := range c.Warnings {
		findings = append(findings, warn(check, "", "%s", w))
	}
	return findings
}

// bridge checks whether a bridge runs, and whether it has this version: after an upgrade
// people forget to restart it.
func (e *examination) bridge(ctx context.Context) Finding {
	const check = "bridge"
	if e.running == nil {
		if err := gateway.Ready(ctx, e.config); err != nil {
			return fail(check, "read its log: it says why the store accepts nothing", "it runs, but %v", err)
		}
		if e.runningVersion != "" && e.runningVersion != e.Version {
			return warn(check, "restart the bridge to run the installed version; if it runs another file, install the same version there",
				"it runs and accepts events, but its version is %s, and this program is %s", e.runningVersion, e.Version)
		}
		return ok(check, "it runs and accepts events")
	}
	if e.store.InUse {
		return warn(check, "set admin.listen and admin.token to the values of the running bridge, or restart it", "a bridge uses this store, but its API does not answer: %v", e.running)
	}
	return ok(check, "it does not run here with this configuration")
}

// storage checks whether the store can be used.
func (e *examination) storage(context.Context) Finding {
	const check, least, little = "store", 50 << 20, 500 << 20
	label, s := store.Label(e.config.Store.Reveal()), e.store
	mega := s.Free >> 20
	switch {
	case e.broken != nil:
		return fail(check, "fix this first: the bridge cannot start without its store", "%s: %v", label, e.broken)
	case s.Free > 0 && s.Free < least:
		return fail(check, "free space on the disk; when it is full, the bridge refuses events", "%s: only %d MB are free", label, mega)
	case s.Free > 0 && s.Free < little:
		return warn(check, "free space on the disk; when it is full, the bridge refuses events", "%s: only %d MB are free", label, mega)
	}
	state := fmt.Sprintf("its tables have version %d", s.Version)
	switch {
	case !s.Exists:
		state = "the bridge creates it at its first start"
	case s.Version < s.Known:
		state += fmt.Sprintf(", and the next start upgrades them to %d", s.Known)
	}
	if s.Free > 0 {
		state += fmt.Sprintf(", %d MB free", mega)
	}
	return ok(check, "%s is writable; %s", label, state)
}

// zones reports the time in each configured time zone.
func (e *examination) zones(context.Context) Finding {
	seen := map[string]bool{}
	var all []string
	add := func(zone *time.Location) {
		if zone != nil && !seen[zone.String()] {
			seen[zone.String()] = true
			all = append(all, zone.String()+" "+time.Now().In(zone).Format("15:04"))
		}
	}
	add(e.config.Timezone)
	for _, s := range e.config.Sinks {
		add(s.Localization.Zone)
	}
	for _, r := range e.config.Routes {
		add(r.Localization.Zone)
	}
	return ok("time zones", "the time is %s", strings.Join(all, ", "))
}

// sink checks a sink without sending a message.
func (e *examination) sink(ctx context.Context, name string) Finding {
	check := "sink " + name
	probed, can := e.parts.Sinks[name].(bridge.Probed)
	if !can {
		return ok(check, "cannot be checked without a message; to send a sample, run: absorb-bridge send --sink %s", name)
	}
	found, err := probed.Probe(ctx)
	if err == nil {
		return ok(check, "%s", found)
	}
	failure := bridge.AsSendError(err)
	remedy := "check the sink's address, and that this machine may connect to it (firewall, proxy, DNS)"
	if at := strings.LastIndex(failure.Detail, "; "); failure.Kind == bridge.DestinationBroken && failure.Status == 0 && at > 0 {
		return fail(check, failure.Detail[at+2:], "%s", failure.Detail[:at])
	}
	if failure.Status != 0 {
		remedy = "check the sink's credentials in " + e.Path
	}
	return fail(check, remedy, "%s", cmp.Or(failure.Error(), "no answer"))
}

// lookups reports the lookups that Absorb never answers.
func (e *examination) lookups(context.Context) (all []Finding) {
	for _, u := range e.store.Unanswered {
		all = append(all, warn("lookups of "+u.Source, u.Remedy(), "%s", u.Summary()))
	}
	return all
}
