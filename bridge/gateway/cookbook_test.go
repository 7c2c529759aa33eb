package gateway

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
)

var update = flag.Bool("update", false, "write the results on the manual's pages anew")

const cookbook = "../../docs/cookbook.md"

var (
	recipeBlock = regexp.MustCompile("(?s)```(yaml|text)([^\n]*)\n(.*?)```")
	escaped     = regexp.MustCompile(`\\([[:punct:]])`)
	topKey      = regexp.MustCompile(`(?m)^(\w+):`)
)

// TestCookbook cooks every recipe: it loads the recipe's YAML over what all recipes
// have in common, sends the named samples through its routes, and compares what the
// sinks would be sent with what the page shows.
func TestCookbook(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	page, err := os.ReadFile(cookbook)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), "\n### ")
	common := recipeBlock.FindStringSubmatch(parts[0])
	if common == nil || len(parts) < 21 {
		t.Fatalf("%d recipes", len(parts)-1)
	}
	for i, recipe := range parts[1:] {
		name, _, _ := strings.Cut(recipe, "\n")
		t.Run(name, func(t *testing.T) { parts[i+1] = cook(t, common[3], recipe) })
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(cookbook, []byte(strings.Join(parts, "\n### ")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// cook gives the recipe with its results as they are today.
func cook(t *testing.T, common, recipe string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "templates"), 0o700); err != nil {
		t.Fatal(err)
	}
	settings := ""
	for i, block := range recipeBlock.FindAllStringSubmatch(recipe, -1) {
		switch {
		case block[1] == "yaml" && strings.HasPrefix(block[3], "event:"):
			file := filepath.Join(dir, "templates", fmt.Sprintf("%d.yaml", i))
			if err := os.WriteFile(file, []byte(block[3]), 0o600); err != nil {
				t.Fatal(err)
			}
		case block[1] == "yaml":
			settings += block[3]
		}
	}
	k := newKitchen(t, dir, over(common, settings))
	results := 0
	cooked := recipeBlock.ReplaceAllStringFunc(recipe, func(whole string) string {
		block := recipeBlock.FindStringSubmatch(whole)
		if block[1] != "text" {
			return whole
		}
		results++
		got := k.serve(t, strings.Fields(block[2]))
		if got != block[3] && !*update {
			t.Errorf("%s: the page shows\n%s\nbut it is (-update writes it anew)\n%s", block[2], block[3], got)
		}
		return "```text" + block[2] + "\n" + got + "```"
	})
	if results == 0 {
		t.Error("it shows no result")
	}
	return cooked
}

// over gives the settings, and of the common ones those whose keys they leave out.
func over(common, settings string) string {
	own := map[string]bool{}
	for _, key := range topKey.FindAllStringSubmatch(settings, -1) {
		own[key[1]] = true
	}
	var all strings.Builder
	places := append(topKey.FindAllStringSubmatchIndex(common, -1), []int{len(common)})
	for i, place := range places[:len(places)-1] {
		if !own[common[place[2]:place[3]]] {
			all.WriteString(common[place[0]:places[i+1][0]])
		}
	}
	return all.String() + settings
}

// kitchen is a configuration, and where its samples come from.
type kitchen struct {
	config  *config.Config
	parts   *Parts
	sampler *Sampler
}

func newKitchen(t *testing.T, dir, settings string) kitchen {
	t.Helper()
	file := filepath.Join(dir, "bridge.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, []string{
		"ABSORB_SECRET=sixteen-characters", "ABSORB_SANDBOX_SECRET=other-sixteen-characters", "ABSORB_API_KEY=k", "ABSORB_API_USER=u", "ABSORB_API_PASSWORD=p", "SLACK_URL=https://hooks.slack.com/services/T0/B0/x",
		"SAFETY_URL=https://hooks.slack.com/services/T0/B1/x", "SLACK_TOKEN=xoxb-1-x", "TEAMS_URL=https://example.com/workflows/1?sig=x", "CHAT_URL=https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t",
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, settings)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	k := kitchen{config: c}
	if k.parts, err = Build(c); err != nil {
		t.Fatal(err)
	}
	if k.sampler, err = NewSampler(k.parts.Templates, c.Sources); err != nil {
		t.Fatal(err)
	}
	return k
}

// serve sends samples, named by words such as CertificateAwarded, through the routes.
// Words such as enrollment.score=61 change what is known of all of them.
func (k kitchen) serve(t *testing.T, words []string) string {
	t.Helper()
	source, now, changes := k.config.Sources[0].Name, sampleTime(), map[string]string{}
	var samples []bridge.Event
	for _, word := range words {
		key, value, change := strings.Cut(word, "=")
		switch {
		case !change:
			samples = append(samples, SampleEvent(word, k.parts.Templates.Sample(word)))
		case key == "source":
			source = value
		case key == "now":
			var err error
			if now, err = time.Parse(time.RFC3339, value); err != nil {
				t.Fatal(err)
			}
		default:
			changes[key] = value
		}
	}
	var known []bridge.Delivery
	for _, e := range samples {
		e.Source = source
		facts, err := k.sampler.FactsOf(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		for path, value := range changes {
			set(t, facts, strings.Split(path, "."), value)
		}
		// An id of its own: the message of one event is written once.
		known = append(known, bridge.Delivery{ID: e.ID, EventID: e.ID + fmt.Sprint(words), EventType: e.Type, Facts: facts})
	}
	var shown strings.Builder
	for i, r := range k.parts.Routes {
		var taken []bridge.Delivery
		for _, d := range known {
			if r.Judge(bridge.Event{Type: d.EventType, Source: source}, d.Facts).Takes {
				taken = append(taken, d)
			}
		}
		if len(taken) > 0 {
			k.send(t, &shown, i, taken, now)
		}
	}
	if shown.Len() == 0 {
		return "no message\n"
	}
	return shown.String()
}

// send shows what a route's sinks are sent, as one message if the route gathers.
func (k kitchen) send(t *testing.T, shown *strings.Builder, route int, taken []bridge.Delivery, now time.Time) {
	t.Helper()
	r := k.parts.Routes[route]
	gathers := r.Story || r.Digest != nil && (r.Digest.Wait > 0 || r.Digest.At != nil)
	for _, sink := range r.To {
		for i, d := range taken {
			d.Route = r.Name
			m, err := k.parts.Composers[sink].Message(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			if gathers && len(taken) > 1 {
				if i > 0 {
					continue
				}
				m = k.together(t, r, taken, m)
			}
			fmt.Fprintf(shown, "%s%s%s", sink, notes(t, r, m, d.Facts, now), plainly(m))
		}
	}
}

func (k kitchen) together(t *testing.T, r dispatch.Route, taken []bridge.Delivery, first bridge.Message) bridge.Message {
	t.Helper()
	var facts []bridge.Facts
	for _, d := range taken {
		facts = append(facts, d.Facts)
	}
	m, err := k.parts.Templates.Together(t.Context(), facts, nil)
	if r.Story {
		m, err = k.parts.Templates.Story(t.Context(), facts)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.To = first.To
	return m
}

// notes says to whom a message goes, when, and where in the channel.
func notes(t *testing.T, r dispatch.Route, m bridge.Message, facts bridge.Facts, now time.Time) string {
	t.Helper()
	const when = "Mon 2 Jan, 15:04 MST"
	var all []string
	if len(m.To) > 0 {
		all = append(all, "to "+strings.Join(m.To, ", "))
	}
	if r.Digest != nil && r.Digest.At != nil {
		all = append(all, "on "+r.Digest.At.Next(now).Format(when))
	}
	if r.Quiet != nil {
		if until, quiet := r.Quiet.Until(now); quiet {
			all = append(all, "held back until "+until.Format(when))
		}
	}
	if r.Thread != nil && r.Thread.By != nil {
		key, err := r.Thread.By.Of(facts)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, "in the thread "+key)
	}
	if r.Update != nil {
		key, err := r.Update.By.Of(facts)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, "replaces the message about "+key)
	}
	if len(all) == 0 {
		return ": "
	}
	return " (" + strings.Join(all, "; ") + "): "
}

// plainly is a message in plain text.
func plainly(m bridge.Message) string {
	var b strings.Builder
	line := func(text string) {
		for l := range strings.SplitSeq(text, "\n") {
			if l = strings.TrimRight(l, " "); l != "" {
				b.WriteString("    " + l + "\n")
			}
		}
	}
	live := func(s string) string {
		var named strings.Builder
		bridge.SplitMentions(s, m.Mentions, func(s string) { named.WriteString(s) }, func(p bridge.Person) { named.WriteString("@[" + p.Name + "]") })
		return named.String()
	}
	level := ""
	if m.Level == bridge.LevelWarning || m.Level == bridge.LevelDanger {
		level = string(m.Level) + ": "
	}
	b.WriteString(level + live(m.Title) + "\n")
	line(escaped.ReplaceAllString(live(m.Text), "$1"))
	for _, f := range m.Fields {
		line(f.Name + ": " + live(f.Value))
	}
	line(live(m.Footer))
	for _, a := range m.Actions {
		line("[" + a.Label + "] " + a.URL)
	}
	return b.String()
}

// set changes one of the facts: a number if it reads as one, an underscore is a blank.
func set(t *testing.T, facts map[string]any, path []string, value string) {
	t.Helper()
	for _, key := range path[:len(path)-1] {
		inner, ok := facts[key].(map[string]any)
		if !ok {
			t.Fatalf("nothing is known of %v", path)
		}
		facts = inner
	}
	facts[path[len(path)-1]] = strings.ReplaceAll(value, "_", " ")
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		facts[path[len(path)-1]] = n
	}
}
