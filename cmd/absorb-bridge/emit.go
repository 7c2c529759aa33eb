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

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

type emitOptions struct {
	url, secret, event, rate, encoding string
	count                              int
}

func emitCommand() *cobra.Command {
	var o emitOptions
	cmd := &cobra.Command{
		Use:   "emit",
		Short: "Post signed sample events to a URL, as a portal would",
		Long: `Posts webhooks of made-up events, signed with the secret, and prints what the
receiver answered. Without --count it sends each chosen event once; with --rate
and without --count it goes on until Ctrl-C.`,
		Example: `  absorb-bridge emit --url http://127.0.0.1:8080/absorb --secret "$ABSORB_SECRET"
  absorb-bridge emit --url http://127.0.0.1:8080/absorb --secret s3cret --event all
  absorb-bridge emit --url http://127.0.0.1:8080/absorb --secret s3cret --count 500 --rate 50/s`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			e, err := newEmitter(cmd, o)
			if err != nil {
				return err
			}
			return e.run(cmd.Context())
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.url, "url", "", "where to post (required)")
	flags.StringVar(&o.secret, "secret", "", "the source's secret (required)")
	flags.StringVar(&o.event, "event", "EnrollmentCompletedByLearner", "name of an event, or all")
	flags.IntVar(&o.count, "count", 0, "how many webhooks to send in all")
	flags.StringVar(&o.rate, "rate", "", "how many at most, such as 20/s or 90/m (default: one after the other)")
	flags.StringVar(&o.encoding, "encoding", "hex", "text form of the signature: hex or base64")
	_ = cmd.MarkFlagRequired("url")
	_ = cmd.MarkFlagRequired("secret")
	complete(cmd, map[string]offer{"event": these("all").and(eventNames), "encoding": these("hex", "base64")})
	return cmd
}

// emitter posts events round and round.
type emitter struct {
	cmd         *cobra.Command
	url, secret string
	events      []string
	count       int
	limiter     *rate.Limiter
	portal      *portal.Portal
	profile     portal.Profile
	client      *http.Client
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
	if u, err := url.Parse(o.url); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("--url: want a whole URL, such as http://127.0.0.1:8080/absorb")
	}
	if o.count < 0 {
		return nil, usagef("--count: want a number above 0")
	}
	e := &emitter{
		cmd: cmd, url: o.url, secret: o.secret, events: events, count: o.count,
		limiter: rate.NewLimiter(rate.Inf, 1),
		portal:  portal.New(portal.Options{Seed: rand.Uint64()}),
		profile: portal.DefaultProfile(),
		client:  &http.Client{Timeout: 30 * time.Second},
	}
	switch o.encoding {
	case "hex":
		e.profile.Form = portal.Hex
	case "base64":
		e.profile.Form = portal.Base64
	default:
		return nil, usagef("--encoding: want hex or base64, have %q", o.encoding)
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
			return fmt.Errorf("%w (does a bridge run there? mend --url, or start it: absorb-bridge serve)", err)
		}
		if ok {
			taken++
		} else {
			refused++
		}
	}
	fmt.Fprintf(e.cmd.ErrOrStderr(), "%d taken, %d refused\n", taken, refused)
	if refused > 0 {
		return fmt.Errorf("%d of %d events were refused", refused, taken+refused)
	}
	return nil
}

// post sends one event and prints the answer.
func (e *emitter) post(ctx context.Context, event string) (ok bool, err error) {
	status, answer, err := e.portal.Webhook(event, e.profile).Post(ctx, e.client, e.url, e.secret)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(e.cmd.OutOrStdout(), "%s: %d %s\n", event, status, bridge.CleanLine(answer))
	return status >= 200 && status < 300, nil
}
