// Package doctor looks at a set-up, running or not, from inside and from outside, and
// says of each part whether it is well, and what to do if it is not. It posts nothing
// and changes nothing.
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

// Status is how a part is.
type Status string

// The statuses. Only Fail keeps the bridge from its work.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Finding is what was found of one part.
type Finding struct {
	Check  string `json:"check"` // such as "sink academy"
	Status Status `json:"status"`
	Found  string `json:"found"`            // without secrets
	Remedy string `json:"remedy,omitempty"` // what to do
}

// Options says what to look at.
type Options struct {
	Path    string   // of the configuration
	Environ []string // as os.Environ gives it
	URL     string   // webhook's URL as the internet knows it, or ""
	Version string   // of this program

	HTTP *http.Client // for the public URL and the clock; nil for one of its own
}

// patience bounds each check.
const patience = 10 * time.Second

// examination is what the checks look at.
type examination struct {
	Options
	config         *config.Config
	parts          *gateway.Parts
	runningVersion string // "" when it tells none
	running        error  // why no bridge answers at the admin address; nil if one does
	store          store.Examination
	broken         error // why the store cannot be used
}

// Run makes all checks, at the same time, and gives their findings in order.
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

// alone is a check with one finding.
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

// clean is one line: much of it comes from outside.
func clean(format string, args ...any) string { return bridge.CleanLine(fmt.Sprintf(format, args...)) }

// configuration loads and builds, as check does.
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
		return []Finding{fail(check, "absorb-bridge check shows every fault; the other checks need a valid one", "%s%s", first, more)}
	}
	e.config, e.parts = c, parts
	findings := []Finding{ok(check, "%s is valid (sources: %d, sinks: %d, routes: %d)", e.Path, len(c.Sources), len(c.Sinks), len(c.Routes))}
	for _, w := range c.Warnings {
		findings = append(findings, warn(check, "", "%s", w))
	}
	return findings
}

// bridge tells whether one runs, and whether it is of this version: who has installed
// another one and not restarted the bridge waits for what it cannot do yet.
func (e *examination) bridge(ctx context.Context) Finding {
	const check = "bridge"
	if e.running == nil {
		if err := gateway.Ready(ctx, e.config); err != nil {
			return fail(check, "its log says why the store takes nothing", "one runs, but %v", err)
		}
		if e.runningVersion != "" && e.runningVersion != e.Version {
			return warn(check, "restart the bridge to run what is installed now, or, if it runs another file, install the same version there and here",
				"one runs and accepts events, but it is %s, and this program is %s", e.runningVersion, e.Version)
		}
		return ok(check, "one runs and accepts events")
	}
	if e.store.InUse {
		return warn(check, "set admin.listen and admin.token as they are for the running one, or restart it", "one runs with this store, but cannot be asked: %v", e.running)
	}
	return ok(check, "none runs here with this configuration")
}

// storage tells whether the store can be used.
func (e *examination) storage(context.Context) Finding {
	const check, least, little = "store", 50 << 20, 500 << 20
	label, s := store.Label(e.config.Store.Reveal()), e.store
	mega := s.Free >> 20
	switch {
	case e.broken != nil:
		return fail(check, "no bridge can use it like this", "%s: %v", label, e.broken)
	case s.Free > 0 && s.Free < least:
		return fail(check, "make room on the disk; events are refused when it is full", "%s: %d MB are free", label, mega)
	case s.Free > 0 && s.Free < little:
		return warn(check, "make room on the disk; events are refused when it is full", "%s: %d MB are free", label, mega)
	}
	state := fmt.Sprintf("tables of version %d", s.Version)
	switch {
	case !s.Exists:
		state = "the first start makes it"
	case s.Version < s.Known:
		state += fmt.Sprintf(", which the next start brings to %d", s.Known)
	}
	if s.Free > 0 {
		state += fmt.Sprintf(", %d MB free", mega)
	}
	return ok(check, "%s can be written; %s", label, state)
}

// zones tells which time it is where the messages go.
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
	return ok("time zones", "known; it is %s", strings.Join(all, ", "))
}

// sink tries one without a message.
func (e *examination) sink(ctx context.Context, name string) Finding {
	check := "sink " + name
	probed, can := e.parts.Sinks[name].(bridge.Probed)
	if !can {
		return ok(check, "cannot be tried without a message: absorb-bridge send --sink %s sends a sample", name)
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

// lookups tells which lookups Absorb never answers.
func (e *examination) lookups(context.Context) (all []Finding) {
	for _, u := range e.store.Unanswered {
		all = append(all, warn("lookups of "+u.Source, u.Remedy(), "%s", u.Summary()))
	}
	return all
}
