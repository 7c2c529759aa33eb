package test

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// The chart contains files that are also used without Kubernetes.
const (
	rules     = chart + "/files/rules.yaml"
	dashboard = chart + "/files/dashboard.json"
)

// described is a metric in the manual. A test of bridge/metrics compares the manual with
// the code.
type described struct {
	kind   string
	labels []string
}

// manualMetrics reads the manual's table and adds metrics of Go and the process.
func manualMetrics(t *testing.T) map[string]described {
	t.Helper()
	all := map[string]described{
		"go_goroutines": {kind: "gauge"}, "process_resident_memory_bytes": {kind: "gauge"}, "process_start_time_seconds": {kind: "gauge"},
	}
	row := regexp.MustCompile("(?m)^\\| `(absorb_bridge_[a-z_]+)` \\| ([a-z]+) \\| (.*?) \\|")
	for _, m := range row.FindAllStringSubmatch(read(t, "../../docs/monitoring.md"), -1) {
		d := described{kind: m[2]}
		for _, label := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(m[3], -1) {
			d.labels = append(d.labels, label[1])
		}
		all[m[1]] = d
	}
	if len(all) < 30 {
		t.Fatalf("%d metrics in the manual", len(all))
	}
	return all
}

// fits reports metrics and labels of a query that do not exist.
func fits(t *testing.T, metrics map[string]described, where, query string) {
	t.Helper()
	query = strings.ReplaceAll(query, "$__rate_interval", "5m")
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %v\n%s", where, err, query)
		return
	}
	known := []string{"job", "instance"} // those that Prometheus adds
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		name := selector.Name
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		d, found := metrics[name]
		if h, of := metrics[base]; !found && of && h.kind == "histogram" {
			d, found = described{"histogram", append(slices.Clone(h.labels), "le")}, true
		} else if found && d.kind == "histogram" {
			t.Errorf("%s: %s is a histogram: take its buckets, sum or count", where, name)
		}
		if !found {
			t.Errorf("%s: there is no metric %s", where, name)
		}
		known = append(known, d.labels...)
		for _, m := range selector.LabelMatchers {
			if m.Name != model.MetricNameLabel && m.Name != "job" && m.Name != "instance" && !slices.Contains(d.labels, m.Name) {
				t.Errorf("%s: %s has no label %s", where, name, m.Name)
			}
		}
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok {
			for _, label := range a.Grouping {
				if !slices.Contains(known, label) {
					t.Errorf("%s: nothing has the label %s", where, label)
				}
			}
		}
		return nil
	})
}

// TestRules parses the alerts as Prometheus does.
func TestRules(t *testing.T) {
	metrics := manualMetrics(t)
	groups, faults := rulefmt.Parse([]byte(read(t, rules)), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range faults {
		t.Error(err)
	}
	if t.Failed() {
		return
	}
	manual, alerts := read(t, "../../docs/monitoring.md"), 0
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			alerts++
			fits(t, metrics, rule.Alert, rule.Expr)
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s says too little", rule.Alert)
			}
			if !strings.Contains(manual, "| `"+rule.Alert+"` | ") {
				t.Errorf("the manual does not say what to do about %s", rule.Alert)
			}
		}
	}
	if n := strings.Count(manual, "| `AbsorbBridge"); n != alerts {
		t.Errorf("%d alerts, and %d in the manual", alerts, n)
	}
}

// TestDashboard parses the queries of the dashboard as Prometheus does.
func TestDashboard(t *testing.T) {
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	text := read(t, dashboard)
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	metrics, queries := manualMetrics(t), 0
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d, %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			queries++
			fits(t, metrics, p.Title, target.Expr)
		}
	}
	if queries < 20 {
		t.Errorf("%d queries", queries)
	}
	for _, v := range board.Templating.List {
		if query, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			metric, label, _ := strings.Cut(strings.TrimSuffix(query, ")"), ", ")
			if d, found := metrics[metric]; !found || label != "job" && !slices.Contains(d.labels, label) {
				t.Errorf("the variable %s asks for %s", v.Name, v.Definition)
			}
		}
	}
}

// TestChartMonitors checks that the chart renders the alerts and the dashboard unchanged.
func TestChartMonitors(t *testing.T) {
	m := render(t, "--values", filepath.Join(chart, "ci/sqlite-values.yaml"))
	var want monitoring.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict([]byte(read(t, rules)), &want); err != nil {
		t.Fatal(err)
	}
	rule := one[*monitoring.PrometheusRule](t, m)
	if len(want.Groups) == 0 || !reflect.DeepEqual(rule.Spec, want) {
		t.Errorf("the alerts are not those of the file: %+v", rule.Spec)
	}
	if rule.Labels["release"] != "prometheus" {
		t.Errorf("the operator does not find the alerts: %v", rule.Labels)
	}
	maps := slices.DeleteFunc(all[*core.ConfigMap](m), func(c *core.ConfigMap) bool { return c.Labels["grafana_dashboard"] != "1" })
	if len(maps) != 1 || maps[0].Annotations["grafana_folder"] != "Learning" {
		t.Fatalf("the sidecar finds %d dashboards", len(maps))
	}
	if got := maps[0].Data["absorb-bridge.json"]; got != strings.TrimSuffix(read(t, dashboard), "\n") {
		t.Errorf("the dashboard is not that of the file:\n%.300s", got)
	}
}
