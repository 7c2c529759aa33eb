package config

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/schedule"
)

// rawDigest is the YAML of a route's digest.
type rawDigest struct {
	Wait      string `koanf:"wait"`
	MaxWait   string `koanf:"max_wait"`
	MaxEvents int    `koanf:"max_events"`
	Group     string `koanf:"group"`
	At        string `koanf:"at"`
}

type rawQuiet struct {
	Hours string `koanf:"hours"`
	Days  string `koanf:"days"`
	Zone  string `koanf:"zone"`
}

type rawUpdate struct {
	Key    string `koanf:"key"`
	Within string `koanf:"within"`
}

const (
	usualWait    = 30 * time.Second
	usualMaxWait = 10 * time.Minute
	usualEvents  = 200

	// mostEvents is how many events one digest may have.
	mostEvents = 2000

	usualWithin = 7 * 24 * time.Hour
)

// gathering reads a route's digest, story, quiet hours, thread and update.
func (b *builder) gathering(key string, r rawRoute, route *Route) {
	zone := b.config.Timezone
	if route.Localization.Zone != nil {
		zone = route.Localization.Zone
	}
	route.Story = r.Story
	if r.Digest != nil {
		route.Digest = b.digest(key+".digest", r.Digest, zone)
	}
	if r.Quiet != nil {
		route.Quiet = b.quiet(key+".quiet", r.Quiet, zone)
	}
	switch thread := r.Thread.(type) {
	case nil:
	case bool:
		if thread {
			route.Thread = &dispatch.Thread{}
		}
	case string:
		route.Thread = &dispatch.Thread{By: b.key(key+".thread", thread)}
	default:
		b.atValue(key+".thread", "want an expression such as course.id, or true to use the templates' thread")
	}
	if r.Update != nil {
		route.Update = b.update(key+".update", r.Update)
	}
	b.unsupported(key, *route)
}

// digest reads auto, off, or a mapping.
func (b *builder) digest(key string, value any, zone *time.Location) *dispatch.Digest {
	switch value {
	case "auto":
		return &dispatch.Digest{All: true}
	case "off", false:
		return &dispatch.Digest{Off: true}
	}
	if _, ok := value.(map[string]any); !ok {
		b.atValue(key, `want auto, off, { wait: 30s, max_wait: 10m } or { at: "08:00 mon-fri" }`)
		return nil
	}
	r := rawDigest{}
	b.decode(key, value, &r)
	d := &dispatch.Digest{MaxEvents: r.MaxEvents}
	if r.Group != "" {
		d.By = b.key(key+".group", r.Group)
	}
	if d.MaxEvents < 0 || d.MaxEvents > mostEvents {
		b.atValue(key+".max_events", "want a number from 1 to %d", mostEvents)
	}
	if r.At != "" {
		b.digestAt(key, r, d, zone)
		return d
	}
	d.Wait, d.MaxWait = usualWait, usualMaxWait
	if r.Wait != "" {
		d.Wait = b.duration(key+".wait", r.Wait)
	}
	if r.MaxWait != "" {
		d.MaxWait = b.duration(key+".max_wait", r.MaxWait)
	}
	if d.MaxWait < d.Wait {
		if r.MaxWait != "" {
			b.atValue(key+".max_wait", "want at least wait, which is %v", d.Wait)
		}
		d.MaxWait = d.Wait
	}
	if d.MaxEvents == 0 {
		d.MaxEvents = usualEvents
	}
	return d
}

func (b *builder) digestAt(key string, r rawDigest, d *dispatch.Digest, zone *time.Location) {
	var err error
	if d.At, err = schedule.NewAt(r.At, zone); err != nil {
		b.atValue(key+".at", "%v", err)
	}
	for name, set := range map[string]string{"wait": r.Wait, "max_wait": r.MaxWait} {
		if set != "" {
			b.atValue(key+"."+name, "has no effect with at, which sets the times of the digest: remove it")
		}
	}
	if d.MaxEvents == 0 {
		d.MaxEvents = mostEvents
	}
}

func (b *builder) quiet(key string, value any, zone *time.Location) *schedule.Quiet {
	var r rawQuiet
	b.decode(key, value, &r)
	q, err := schedule.NewQuiet(r.Hours, r.Days, r.Zone, zone)
	if faults, ok := errors.AsType[schedule.Faults](err); ok {
		for _, f := range faults {
			b.atValue(strings.TrimSuffix(join(key, f.Part), "."), "%s", f.Message)
		}
	}
	return q
}

// update reads an expression, or a mapping.
func (b *builder) update(key string, value any) *dispatch.Update {
	u := &dispatch.Update{Within: usualWithin}
	if text, ok := value.(string); ok {
		u.By = b.key(key, text)
		return u
	}
	var r rawUpdate
	b.decode(key, value, &r)
	if r.Key == "" {
		b.atValue(key, "required: which message does a later one replace? Write an expression such as enrollment.id")
		return u
	}
	u.By = b.key(key+".key", r.Key)
	if r.Within != "" {
		u.Within = b.duration(key+".within", r.Within)
	}
	return u
}

// key compiles an expression whose value groups events or messages.
func (b *builder) key(key, text string) *condition.Key {
	k, faults := b.expressions().Key(text)
	for _, f := range faults {
		b.problem(b.within(key, text, f.Offset), "%s: %s", key, f.Message)
	}
	return k
}

// unsupported warns of settings that a route's sinks do not support.
func (b *builder) unsupported(key string, r Route) {
	for _, name := range r.To {
		sink := b.built[name]
		if sink == nil {
			continue // its errors are reported already
		}
		threaded, ok := sink.(bridge.Threaded)
		if r.Thread != nil && !(ok && threaded.Threads()) {
			b.warn("%s.thread: sink %s does not support threads; it sends ordinary messages", key, name)
		}
		updating, ok := sink.(bridge.Updating)
		if r.Update != nil && !(ok && updating.Updates()) {
			b.warn("%s.update: sink %s cannot replace messages; it sends a new message each time", key, name)
		}
		if _, verbatim := sink.(bridge.Verbatim); verbatim {
			b.verbatim(key, name, r)
		}
	}
}

// verbatim warns of settings that have no effect on a sink for programs.
func (b *builder) verbatim(key, sink string, r Route) {
	var set []string
	if r.Digest != nil && !r.Digest.Off {
		set = append(set, "digest")
	}
	if r.Story {
		set = append(set, "story")
	}
	if r.Quiet != nil {
		set = append(set, "quiet")
	}
	if slices.Sort(set); len(set) > 0 {
		b.warn("%s: sink %s receives each event immediately as its own message; %s does not apply to it", key, sink, strings.Join(set, " and "))
	}
}
