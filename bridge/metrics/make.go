package metrics

import "github.com/prometheus/client_golang/prometheus"

// note adds a metric to the catalogue and returns its full name.
func (m *Metrics) note(kind, name, help string, labels []string) string {
	m.catalogue = append(m.catalogue, Entry{Name: prefix + name, Type: kind, Labels: labels, Help: help})
	return prefix + name
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.note("counter", name, help, labels), Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	return m.counters(name, help).WithLabelValues()
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.note("gauge", name, help, labels), Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	return m.gauges(name, help).WithLabelValues()
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.note("histogram", name, help, labels), Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histogram(name, help string, buckets ...float64) prometheus.Histogram {
	return m.histograms(name, help, buckets).WithLabelValues().(prometheus.Histogram)
}

// observe adds an observation, with its trace as exemplar.
func observe(to prometheus.Observer, value float64, trace string) {
	if with, ok := to.(prometheus.ExemplarObserver); ok && trace != "" {
		with.ObserveWithExemplar(value, prometheus.Labels{"trace_id": trace})
		return
	}
	to.Observe(value)
}
