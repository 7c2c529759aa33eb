package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
)

// TestManual renders the chart with the values and options of the manual.
func TestManual(t *testing.T) {
	text := read(t, "../../docs/deployment.md")
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of values", len(blocks))
	}
	for i, replicas := range []int32{1, 3, 1} {
		first, values := filepath.Join(t.TempDir(), "first.yaml"), filepath.Join(t.TempDir(), "values.yaml")
		write(t, first, blocks[0][1])
		write(t, values, blocks[i][1])
		m := render(t, "--values", first, "--values", values, "--set-file", "config=../../configs/bridge.yaml",
			"--set-file", `templates.user-created\.yaml=../../templates/user-created.yaml`)
		m.fits(t, "bridge")
		if d := one[*apps.Deployment](t, m); d.Name != "bridge-absorb-bridge" || *d.Spec.Replicas != replicas {
			t.Errorf("block %d is about %s, %d replicas", i, d.Name, *d.Spec.Replicas)
		}
		if i == 2 {
			one[*monitoring.ServiceMonitor](t, m)
			one[*monitoring.PrometheusRule](t, m)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)[^)]*\)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("../../docs", link[1])); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
	for _, option := range []string{`--set-file 'templates.user-created\.yaml=templates/user-created.yaml'`, "--set-file config=bridge.yaml"} {
		if !strings.Contains(text, option) {
			t.Errorf("the manual does not show %s", option)
		}
	}
}
