package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

type emitOptions struct {
	url, secret, event, rate, encoding, webhooks, portal string
	secretFile, source                                   string
	count                                                int
}

func emitCommand() *cobra.Command {
	var o emitOptions
	cmd := &cobra.Command{
		Use:   "emit",
		Short: "Post signed sample events to a URL, as a portal would",
		Long: `Sends webhooks of made-up events, signed with a secret, and prints the answers. Without
--count it sends each chosen event once. With --rate and without --count it continues
until Ctrl-C.

The secret comes from a source of the configuration (--source, which also gives the
address), from a file (--secret-file, or - for standard input), or from the environment
variable ABSORB_SECRET. Everybody on the machine can read the arguments of a command,
so use --secret only for made-up secrets.

A lean webhook names the person but not the subject, like Absorb's typical payload. A
full webhook names all ids. With --portal the events first happen in the emulated
portal of a demo, so that its API shows them.`,
		Example: `  absorb-bridge emit --source production
  absorb-bridge emit --url http://127.0.0.1:8080/absorb --secret-file /run/secrets/absorb
  absorb-bridge emit --url http://127.0.0.1:8080/absorb --secret s3cret --event all
  absorb-bridge emit --url http://127.0.0.1:8080/absorb --secret s3cret --count 500 --rate 50/s
  absorb-bridge emit --url http://127.0.0.1:8080/absorb --secret s3cret --portal http://127.0.0.1:8091 --webhooks lean`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := o.findSecret(cmd); err != nil {
				return err
			}
			e, err := newEmitter(cmd, o)
			if err != nil {
				return err
			}
			return e.run(cmd.Context())
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.url, "url", "", "where to send (default with --source: the bridge on this machine)")
	flags.StringVar(&o.secret, "secret", "", "a made-up secret, such as the demo's")
	flags.StringVar(&o.secretFile, "secret-file", "", "file with the secret; - for standard input")
	flags.StringVar(&o.source, "source", "", "source of the configuration; its first secret signs")
	flags.StringVar(&o.event, "event", "EnrollmentCompletedByLearner", "name of an event, or all")
	flags.IntVar(&o.count, "count", 0, "total number of webhooks")
	flags.StringVar(&o.rate, "rate", "", "maximum rate, such as 20/s or 90/m (default: one after the other)")
	flags.StringVar(&o.encoding, "encoding", "hex", "encoding of the signature: hex or base64")
	flags.StringVar(&o.webhooks, "webhooks", "full", "what webhooks name: lean or full")
	flags.StringVar(&o.portal, "portal", "", "URL of the emulated portal where the events happen")
	configFlag(cmd)
	cmd.MarkFlagsMutuallyExclusive("secret", "secret-file", "source")
	complete(cmd, map[string]offer{"event": these("all").and(eventNames), "encoding": these("hex", "base64"), "webhooks": these("lean", "full"), "source": sourceNames})
	return cmd
}

// emitter posts events repeatedly.
type emitter struct {
	cmd *cobra.Command
	emitOptions
	events  []string
	limiter *rate.Limiter
	own     *portal.Portal
	profile portal.Profile
	client  *http.Client
}

func newEmitter(cmd *cobra.Command, o emitOptions) (*emitter, error) {
	var all []string
	for _, e := range absorb.Events() {
		all = append(all, e.Name)
	}
	events, err := chooseEvents(o.event, all)
	if err != nil {
		return nil, err
	}
	profile, err := o.check()
	if err != nil {
		return nil, err
	}
	e := &emitter{
		cmd: cmd, emitOptions: o, events: events,
		limiter: rate.NewLimiter(rate.Inf, 1),
		own:     portal.New(portal.Options{Seed: rand.Uint64()}),
		profile: profile,
		client:  &http.Client{Timeout: 30 * time.Second},
	}
	if o.rate != "" {
		perSecond, err := parseRate(o.rate)
		if err != nil {
			return nil, err
		}
		e.limiter.SetLimit(perSecond)
	}
	if e.count == 0 {
		e.count = len(events)
		if o.rate != "" {
			e.count = math.MaxInt
		}
	}
	return e, nil
}

// check checks the flags and returns the form of the webhooks.
func (o emitOptions) check() (portal.Profile, error) {
	if !wholeURL(o.url) {
		return portal.Profile{}, usagef("--url: want a whole URL, such as http://127.0.0.1:8080/absorb")
	}
	if o.portal != "" && !wholeURL(o.portal) {
		return portal.Profile{}, usagef("--portal: want the URL of an emulated portal, such as http://127.0.0.1:8091")
	}
	if o.count < 0 {
		return portal.Profile{}, usagef("--count: want a number above 0")
	}
	profile, err := portal.ProfileNamed(o.webhooks)
	if err != nil {
		return profile, usagef("--webhooks: %v", err)
	}
	switch o.encoding {
	case "hex":
		profile.Form = portal.Hex
	case "base64":
		profile.Form = portal.Base64
	default:
		return profile, usagef("--encoding: want hex or base64, have %q", o.encoding)
	}
	return profile, nil
}

func wholeURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// parseRate reads a rate such as 20/s, 90/m or 20.
func parseRate(text string) (rate.Limit, error) {
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(number, 64)
	seconds, known := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	if err != nil || !known || n <= 0 || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, usagef("--rate: want a number of events a second, minute or hour, such as 20/s, have %q", text)
	}
	return rate.Limit(n / seconds), nil
}

func (e *emitter) run(ctx context.Context) error {
	taken, refused := 0, 0
	for i := 0; i < e.count && e.limiter.Wait(ctx) == nil; i++ {
		ok, err := e.post(ctx, e.events[i%len(e.events)])
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return err
		}
		if ok {
			taken++
		} else {
			refused++
		}
	}
	fmt.Fprintf(e.cmd.ErrOrStderr(), "%d accepted, %d refused\n", taken, refused)
	if refused > 0 {
		return fmt.Errorf("%d of %d events were refused", refused, taken+refused)
	}
	return nil
}

// post sends one event and prints the answer.
func (e *emitter) post(ctx context.Context, event string) (ok bool, err error) {
	w, err := e.webhook(ctx, event)
	if err != nil {
		return false, err
	}
	status, answer, err := w.Post(ctx, e.client, e.url, e.secret)
	if err != nil {
		return false, fmt.Errorf("%w (does a bridge run there? fix --url, or start it: absorb-bridge serve)", err)
	}
	fmt.Fprintf(e.cmd.OutOrStdout(), "%s: %d %s\n", event, status, oneLine(answer))
	return status >= 200 && status < 300, nil
}

// webhook creates an event, in the portal of --portal or in an internal one.
func (e *emitter) webhook(ctx context.Context, event string) (portal.Webhook, error) {
	if e.portal == "" {
		return e.own.Webhook(event, e.profile), nil
	}
	w, err := portal.TriggerAt(ctx, e.client, e.portal, event, e.webhooks)
	if err != nil {
		return w, fmt.Errorf("%w (set --portal to the portal's URL that absorb-bridge demo prints)", err)
	}
	w.Form = e.profile.Form
	return w, nil
}
