// Package metrics counts and times the work of the bridge, for Prometheus. Label values
// are names from the configuration or come from fixed lists. They are never ids, people or
// messages, so the number of series depends on the configuration only.
//
// All methods may be called on nil and then do nothing, because tests and commands that
// do not run a bridge need no metrics.
package metrics

import (
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// prefix is the start of the names of the bridge's own metrics.
const prefix = "absorb_bridge_"

// Metrics are the metrics of one bridge.
type Metrics struct {
	registry  *prometheus.Registry
	catalogue []Entry
	live      *live

	mu      sync.Mutex // guards the fields below
	sources map[string]*Source
	sinks   map[string]*Sink

	events, refusals, tests *prometheus.CounterVec
	gaveWay                 *prometheus.CounterVec
	accept, body            prometheus.Histogram

	commitWrites, commitDuration prometheus.Histogram
	commitErrors                 prometheus.Counter

	routed, lookups       *prometheus.CounterVec
	apiCalls, tokens      *prometheus.CounterVec
	apiDuration           *prometheus.HistogramVec
	attempts, deliveries  *prometheus.CounterVec
	sendDuration, delay   *prometheus.HistogramVec
	digests, digestEvents *prometheus.CounterVec
	templateErrors        *prometheus.CounterVec
	sinkInfo, sinkState   *prometheus.GaugeVec
	reloads, adminRefused *prometheus.CounterVec
	buildInfo             *prometheus.GaugeVec
	reloadOK, reloadedAt  prometheus.Gauge
}

// Entry describes a metric.
type Entry struct {
	Name   string
	Type   string // counter, gauge or histogram
	Labels []string
	Help   string
}

// New creates the metrics of a bridge.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), sources: map[string]*Source{}, sinks: map[string]*Sink{}}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.intake()
	m.storage()
	m.routing()
	m.sending()
	m.running()
	m.live = newLive(m)
	m.registry.MustRegister(m.live)
	return m
}

// Catalogue describes the bridge's own metrics, in order.
func (m *Metrics) Catalogue() []Entry { return m.catalogue }

// Handler answers scrapes. Only the OpenMetrics format has exemplars.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorHandling:     promhttp.ContinueOnError, // report the metrics that can be collected
		ErrorLog:          scrapeLog{log},
	})
}

// scrapeLog logs the errors of a scrape.
type scrapeLog struct{ log *slog.Logger }

// Println logs the errors among its arguments.
func (l scrapeLog) Println(v ...any) {
	for _, one := range v {
		if err, ok := one.(error); ok {
			l.log.Warn("some metrics could not be collected", "err", err)
		}
	}
}

func (m *Metrics) intake() {
	m.events = m.counters("events_total", "Verified events: accepted, duplicate (the same request again), alike (repeats an earlier event; see dedupe), or caught_up (found by catch-up instead of a webhook).", "source", "result")
	m.refusals = m.counters("refusals_total", "Webhook requests that the bridge refused. The source is empty if the path belongs to no source or to several.", "source", "reason")
	m.gaveWay = m.counters("connections_closed_total", "Connections that the bridge closed to make room for new ones, by listener (webhooks or people) and by the limit reached (total, or address for one client).", "listener", "bound")
	m.tests = m.counters("test_requests_total", "Requests that counted as tests of the portal because the source's test window was open.", "source")
	m.accept = m.histogram("accept_duration_seconds", "Time from a verified request's headers to the answer. The event is on disk by then.",
		.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5)
	m.body = m.histogram("webhook_body_bytes", "Body size of verified requests.", prometheus.ExponentialBuckets(128, 4, 7)...)
}

func (m *Metrics) storage() {
	m.commitWrites = m.histogram("store_commit_writes", "Number of writes in one commit.", prometheus.ExponentialBuckets(1, 2, 11)...)
	m.commitDuration = m.histogram("store_commit_duration_seconds", "Time until a commit was on disk.",
		.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5)
	m.commitErrors = m.counter("store_commit_errors_total", "Failed commits.")
}

func (m *Metrics) routing() {
	m.routed = m.counters("events_routed_total", "Routing results: routed, unrouted (no route matches), or postponed (a lookup will be retried).", "source", "result")
	m.lookups = m.counters("lookups_total", "Lookups: answered by Absorb, not_found (Absorb does not know the id, does not allow the lookup, or rejects it), cached (answered from the cache), or failed (no answer).", "source", "result")
	m.apiCalls = m.counters("api_calls_total", "Requests to the Integration API, including logins. Sources with the same API settings share a client; its requests count for the first of them.", "source", "outcome")
	m.apiDuration = m.histograms("api_call_duration_seconds", "Response time of the Integration API.",
		[]float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "source")
	m.tokens = m.counters("token_refreshes_total", "Logins to the Integration API to get a new token: ok or failed.", "source", "result")
}

func (m *Metrics) sending() {
	m.attempts = m.counters("attempts_total", "Attempts to send a message, by outcome: sent, temporary, limited, rejected or broken.", "sink", "outcome")
	m.sendDuration = m.histograms("send_duration_seconds", "Duration of an attempt.", []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "sink")
	m.deliveries = m.counters("deliveries_total", "Finished deliveries: sent, or dead (a dead letter).", "sink", "state")
	m.delay = m.histograms("event_to_delivery_seconds", "Time from an event's arrival until the platform accepted its message.",
		[]float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400}, "sink")
	m.digests = m.counters("digests_total", "Messages about several events.", "sink")
	m.digestEvents = m.counters("digest_events_total", "Events in such messages.", "sink")
	m.templateErrors = m.counters("template_errors_total", "Messages that could not be rendered.", "sink")
	m.sinkInfo = m.gauges("sink_info", "Always 1. The label type is the type of the configured sink.", "sink", "type")
	m.sinkState = m.gauges("sink_state", "1 for the sink's current state, else 0. The process that sends to the sink reports it.", "sink", "state")
}

func (m *Metrics) running() {
	m.adminRefused = m.counters("admin_refusals_total", "Requests that the admin address refused, by reason.", "reason")
	m.reloads = m.counters("config_reloads_total", "Reloads of the configuration: ok, or failed (the previous configuration stays in use).", "result")
	m.reloadOK = m.gauge("config_last_reload_successful", "0 if the last reload failed and the previous configuration is still in use, else 1.")
	m.reloadedAt = m.gauge("config_last_reload_success_timestamp_seconds", "Time at which the configuration in use was read.")
	m.reloadOK.Set(1)
	m.reloadedAt.SetToCurrentTime()
	for _, result := range []string{ok, failed} {
		m.reloads.WithLabelValues(result)
	}
	m.buildInfo = m.gauges("build_info", "Always 1. The label version is the running version.", "version", "goversion")
}

// Built sets the running version.
func (m *Metrics) Built(version string) {
	if m != nil {
		m.buildInfo.WithLabelValues(version, runtime.Version()).Set(1)
	}
}

// Values of labels that several metrics share.
const (
	ok     = "ok"
	failed = "failed"
)

func result(err error) string {
	if err != nil {
		return failed
	}
	return ok
}

// Commit counts a commit of several writes to the store.
func (m *Metrics) Commit(writes int, took time.Duration, err error) {
	if m == nil {
		return
	}
	if err != nil {
		m.commitErrors.Inc()
		return
	}
	m.commitWrites.Observe(float64(writes))
	m.commitDuration.Observe(took.Seconds())
}

// Reloaded counts a reload of the configuration.
func (m *Metrics) Reloaded(err error) {
	if m == nil {
		return
	}
	m.reloads.WithLabelValues(result(err)).Inc()
	if err != nil {
		m.reloadOK.Set(0)
		return
	}
	m.reloadOK.Set(1)
	m.reloadedAt.SetToCurrentTime()
}

// AdminRefused counts a request that the admin address refused.
func (m *Metrics) AdminRefused(reason string) {
	if m != nil {
		m.adminRefused.WithLabelValues(reason).Inc()
	}
}
