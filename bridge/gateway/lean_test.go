package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// notListed are the events about which no list of Absorb's says anything: what was
// deleted, and what has no list with a date.
func notListed() []string {
	return []string{"DepartmentDeleted", "GroupDeleted", "CourseBundleDeleted", "SelfAssessmentCompleted", "LearningPathCompleted"}
}

// TestEveryLeanWebhookNamesItsThing posts what Absorb's article calls a typical payload,
// of every event, and reads the message's title: with the thing's name wherever a list
// knows it, and the same title as if the webhook had named it.
func TestEveryLeanWebhookNamesItsThing(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	set, err := render.Load(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parser, err := absorb.NewParser(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range absorb.Events() {
		t.Run(event.Name, func(t *testing.T) {
			p := portal.New(portal.Options{})
			client, err := absorb.NewClient(absorb.ClientOptions{
				BaseURL: "http://portal.invalid", Key: bridge.Secret(p.Key), Username: p.Username, Password: bridge.Secret(p.Password), HTTP: &http.Client{Transport: p.RoundTripper()},
			})
			if err != nil {
				t.Fatal(err)
			}
			template := set.Template(event.Name)
			title := func(w portal.Webhook, lookups []bridge.Lookup) string {
				events, err := parser.Parse(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				events[0].ReceivedAt = time.Now()
				facts, _ := enrich.New(enrich.Options{Client: client}).Facts(t.Context(), events[0], lookups)
				m, err := template.Message(t.Context(), facts)
				if err != nil {
					t.Fatal(err)
				}
				return m.Title
			}
			lean := p.Webhook(event.Name, portal.ArticleProfile())
			before, after := title(lean, withoutInference(template.Lookups())), title(lean, template.Lookups())
			t.Logf("| %s | %s | %s |", event.Title, before, after)
			if event.Name == "UserCreated" || slices.Contains(notListed(), event.Name) {
				if before != after {
					t.Errorf("%q became %q", before, after)
				}
				return
			}
			if named := title(p.Webhook(event.Name, portal.DefaultProfile()), template.Lookups()); after == before || after != named || strings.Contains(after, " a course") {
				t.Errorf("%q, want %q", after, named)
			}
		})
	}
}

// withoutInference are lookups that know only what the webhook names.
func withoutInference(all []bridge.Lookup) []bridge.Lookup {
	all = slices.Clone(all)
	for i := range all {
		all[i].Ways = slices.DeleteFunc(slices.Clone(all[i].Ways), func(w bridge.Way) bool { return w.Choose.Infers() })
	}
	return all
}
