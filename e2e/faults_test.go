package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// fate is what becomes of a delivery.
type fate struct {
	state    string // of the delivery
	outcomes string // of its attempts, repetitions apart
	shown    int    // how often the platform shows it
}

var (
	sentAtOnce = fate{"sent", "sent", 1}
	limited    = fate{"sent", "limited sent", 1}
	temporary  = fate{"sent", "temporary sent", 1}
	doubled    = fate{"sent", "temporary sent", 2} // the platform took it and said so to nobody
	rejected   = fate{"dead", "rejected", 0}
	broken     = fate{"pending", "broken", 0}
)

// fates is what becomes of one delivery when a platform fails, by the mode: once, or
// always if it refuses the message or is to be mended.
// Modes that are missing here break the destination.
func fates() map[string]fate {
	all := map[string]fate{
		wall.ModeSignIn: temporary, wall.ModeEmpty: temporary, wall.ModeFirewall: temporary, // nobody of the platform
		wall.ModeUnavailableAt: limited, "200-429": limited, "RESOURCE_EXHAUSTED": limited, "20016": limited, "30046": limited,
		"api-ratelimited": limited, "api-message_limit_exceeded": limited,
		wall.ModeHang: temporary, wall.ModeReset: temporary, "rollup_error": temporary, "INTERNAL": temporary, "UNAVAILABLE": temporary, "unknown-error": temporary,
		wall.ModeResetAfter: doubled, wall.ModeSlow: sentAtOnce,
	}
	for _, mode := range []string{wall.ModeLimited, wall.ModeLimitedDate, wall.ModeLimitedBare, wall.ModeLimitedHTML} {
		all[mode] = limited
	}
	for _, mode := range []string{
		"500", "502", wall.ModeUnavailable, "504", "api-fatal_error", "api-internal_error", "api-team_added_to_org",
		"api-message_not_found", "api-cant_update_message", "api-edit_window_closed", "api-users_not_found", // nothing that a new message can meet
	} {
		all[mode] = temporary
	}
	for _, mode := range []string{
		"400", "413", "200-invalid_payload", "invalid_payload", "no_text", "too_many_attachments", "invalid_blocks", "msg_blocks_too_long",
		"api-msg_too_long", "api-msg_blocks_too_long", "api-no_text", "api-invalid_blocks", "50035", "50006", "40005", "240000", "INVALID_ARGUMENT", "TriggerInputSchemaMismatch", "InvalidRequestContent",
		"parse", "text", "text.length", "error-message-size-exceeded",
	} {
		all[mode] = rejected
	}
	return all
}

// faulty is a platform that fails.
type faulty struct {
	platform, mode string
	bot            bool
	wall           *wall.Wall
}

// settings are those of the sink that meets the failure, or nil when none does:
// Slack's Web API fails in other words than its webhooks.
func (f faulty) settings(url string) map[string]any {
	api := strings.HasPrefix(f.mode, "api-") || f.mode == wall.ModeLimited || f.mode == wall.ModeResetAfter
	switch {
	case !f.bot && strings.HasPrefix(f.mode, "api-"), f.bot && f.platform == wall.Slack && !api:
		return nil
	case f.bot:
		return f.wall.Bots(url)[f.platform]
	}
	return f.wall.Sinks(url, "")[f.platform]
}

// want is what becomes of a delivery to it.
func (f faulty) want() fate {
	if f.mode == wall.ModeResetAfter && (f.platform == wall.GoogleChat || f.platform == wall.Webhook || f.bot && f.platform == wall.Discord) {
		return temporary // the second try bears the same id, so it is not shown again
	}
	known, ok := fates()[f.mode]
	switch {
	case f.platform == wall.Webhook && f.mode == wall.ModeEmpty:
		return fate{"sent", "sent", 0} // an endpoint may answer so
	case strings.HasPrefix(f.mode, "4") && len(f.mode) == 3 && f.mode != wall.ModeLimited && !f.wall.Own(f.platform, f.mode):
		return temporary // a proxy's page
	case ok:
		return known
	}
	return broken
}

// TestFaultsOfEveryPlatform sends one event to every chat platform in every mode
// of failure that it has, each with a sink of its own: some hundred.
func TestFaultsOfEveryPlatform(t *testing.T) {
	t.Parallel()
	all := map[string]faulty{} // by sink
	var sinks, names []string
	for _, platform := range wall.Platforms() {
		if platform == wall.Email {
			continue // SMTP has faults of its own, tested beside its sink
		}
		modes := wall.New(wall.Options{}).Modes(platform)
		for i, mode := range slices.Repeat(modes, 2) {
			w := wall.New(wall.Options{})
			server := httptest.NewServer(w.Handler())
			t.Cleanup(func() { _ = w.Close(); server.CloseClientConnections(); server.Close() })
			f := faulty{platform, mode, i >= len(modes), w}
			settings := f.settings(server.URL)
			if mode == wall.ModeNone || settings == nil {
				continue
			}
			fault := wall.Fault{Platform: platform, Mode: mode}
			if want := f.want(); want == rejected || want == broken {
				fault.Count = wall.Forever // in every form, and when it is tried again
			}
			if err := w.Inject(fault); err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("s%d", len(all))
			all[name] = f
			settings["limit"] = "none"
			line, err := json.Marshal(settings) // JSON is YAML
			if err != nil {
				t.Fatal(err)
			}
			sinks = append(sinks, fmt.Sprintf("  %s: %s", name, line))
			names = append(names, name)
		}
	}
	p := start(t, folder(t, strings.Join(sinks, "\n"), names...))
	if status, err := post(&http.Client{Timeout: time.Minute}, p.url, body("User Created", "faults")); err != nil || status != 200 {
		t.Fatalf("%d, %v", status, err)
	}
	client := &admin.Client{Base: p.admin, HTTP: http.DefaultClient} // a process for each question would be hundreds
	list := func() []admin.DeliveryLine {
		list, err := client.Deliveries(t.Context(), store.Filter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	settled := func() bool {
		list := list()
		return len(list) == len(all) && !slices.ContainsFunc(list, func(d admin.DeliveryLine) bool {
			want := all[d.Sink].want()
			return string(d.State) != want.state || want == broken && d.Error == ""
		})
	}
	for deadline := time.Now().Add(15 * time.Minute); !settled() && time.Now().Before(deadline); {
		time.Sleep(200 * time.Millisecond)
	}
	for _, d := range list() {
		f := all[d.Sink]
		shown, err := client.Delivery(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		var outcomes []string
		for _, try := range shown.Tries {
			outcomes = append(outcomes, try.Outcome)
		}
		if got := (fate{string(d.State), strings.Join(slices.Compact(outcomes), " "), f.wall.Count(f.platform)}); got != f.want() {
			t.Errorf("%s, %s, a bot %t: %+v (%s), want %+v", f.platform, f.mode, f.bot, got, d.Error, f.want())
		}
	}
	t.Logf("%d modes of failure", len(all))
	if code, took := p.stop(t); code != 0 {
		t.Errorf("told to stop it ended with %d after %v", code, took)
	}
}
