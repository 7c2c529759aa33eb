package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

// sample is what a process has in use at a moment.
type sample struct {
	at         time.Duration // since the first one
	resident   float64       // memory, MiB
	heap       float64       // of that, what Go has allocated and not freed, MiB
	goroutines float64
	files      float64 // open
	waiting    float64 // deliveries
	store      float64 // the database and its log, MiB
}

// measure takes a sample now and then, until it is done.
func (s *soak) measure(done <-chan struct{}, every time.Duration) (all []sample) {
	began := time.Now()
	for {
		one, err := s.sample()
		if err != nil {
			s.t.Error(err)
			return all
		}
		one.at = time.Since(began)
		all = append(all, one)
		select {
		case <-done:
			return all
		case <-time.After(every):
		}
	}
}

func (s *soak) sample() (sample, error) {
	const mib = 1 << 20
	all, err := gauges(s.admin + "/metrics")
	one := sample{
		resident: all["process_resident_memory_bytes"] / mib, heap: all["go_memstats_alloc_bytes"] / mib,
		goroutines: all["go_goroutines"], files: all["process_open_fds"], waiting: all["absorb_bridge_queue_deliveries"],
	}
	if err != nil {
		return one, err
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "data", "bridge.db*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil { // a log may have gone meanwhile
			one.store += float64(info.Size()) / mib
		}
	}
	return one, err
}

// gauges reads metrics, and sums up those that differ in labels only.
func gauges(url string) (map[string]float64, error) {
	res, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	all := map[string]float64{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		series, text, ok := strings.Cut(lines.Text(), "} ")
		if !ok {
			series, text, _ = strings.Cut(lines.Text(), " ")
		}
		name, _, _ := strings.Cut(series, "{")
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			all[name] += v
		}
	}
	if all["go_goroutines"] == 0 {
		return nil, fmt.Errorf("%s answered %s without go_goroutines", url, res.Status)
	}
	return all, lines.Err()
}

// curve is one of the things that are measured. Those of them that stay may not grow
// by more than a tenth, and a little, once the process is warm.
type curve struct {
	Name, Unit string
	of         func(sample) float64
	stays      bool
	little     float64
}

func curves() []curve {
	return []curve{
		{"Resident memory", "MiB", func(s sample) float64 { return s.resident }, true, 8},
		{"Go heap", "MiB", func(s sample) float64 { return s.heap }, true, 8},
		{"Goroutines", "", func(s sample) float64 { return s.goroutines }, true, 10},
		{"Open files", "", func(s sample) float64 { return s.files }, true, 10},
		{"Store on disk", "MiB", func(s sample) float64 { return s.store }, false, 0},
		{"Deliveries waiting", "", func(s sample) float64 { return s.waiting }, false, 0},
	}
}

// judge compares the second third of the time with the last one.
func judge(t *testing.T, all []sample) {
	t.Helper()
	third := len(all) / 3
	for _, c := range curves() {
		before, after := mean(all[third:2*third], c.of), mean(all[2*third:], c.of)
		t.Logf("%s: %.1f %s, then %.1f", c.Name, before, c.Unit, after)
		if c.stays && after > before*1.1+c.little {
			t.Errorf("%s grew", c.Name)
		}
	}
}

func mean(all []sample, of func(sample) float64) (sum float64) {
	for _, s := range all {
		sum += of(s)
	}
	return sum / float64(len(all))
}

// The size of a curve's picture, in pixels.
const graphWidth, graphHeight = 640, 70

// drawn is a curve in a picture.
type drawn struct {
	curve
	Top    int    // of its picture
	Points string // of the line
	Most   string // of its values
}

// drawSoak draws the curves, one below the other, each from 0 to its highest value.
func drawSoak(all []sample) []byte {
	length := all[len(all)-1].at
	var pictures []drawn
	for i, c := range curves() {
		most := 0.0
		for _, s := range all {
			most = math.Max(most, c.of(s))
		}
		var points strings.Builder
		for _, s := range all {
			fmt.Fprintf(&points, "%.1f,%.1f ", graphWidth*s.at.Seconds()/length.Seconds(), graphHeight*(1-c.of(s)/math.Max(most, 1)))
		}
		pictures = append(pictures, drawn{c, 30 + i*(graphHeight+40), points.String(), fmt.Sprintf("%.0f %s", most, c.Unit)})
	}
	var b bytes.Buffer
	err := template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {{ .Height }}" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
{{ range .Pictures }}<g transform="translate(20 {{ .Top }})">
<text y="-8" font-weight="600">{{ .Name }}</text>
<path d="M0 0H{{ $.Width }}M0 {{ $.Tall }}H{{ $.Width }}" stroke="#ccc"/>
<text x="{{ $.Width }}" dx="6" dy="4">{{ .Most }}</text><text x="{{ $.Width }}" y="{{ $.Tall }}" dx="6" dy="4">0</text>
<polyline points="{{ .Points }}" fill="none" stroke="#0b57d0" stroke-width="1.5"/>
</g>
{{ end }}<text x="20" y="{{ .Height }}" dy="-12">{{ .Length }} from left to right</text>
</svg>
`)).Execute(&b, map[string]any{"Pictures": pictures, "Width": graphWidth, "Tall": graphHeight, "Height": 40 + len(pictures)*(graphHeight+40), "Length": length.Round(time.Minute)})
	if err != nil {
		panic(err) // the template is ours
	}
	return b.Bytes()
}
