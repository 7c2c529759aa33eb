package render

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// TestLinksOfMessages: without links only courses and curricula lead to their pages;
// with them, every message whose thing still exists leads to one.
func TestLinksOfMessages(t *testing.T) {
	all := engine.Links{}
	for _, kind := range engine.LinkKinds() {
		all[kind] = "https://admin.example.com/" + kind + "/{id}"
	}
	usual := map[string]string{"Curriculum": "/#/curricula/", "OnlineCourse": "/#/online-courses/"}
	for _, locale := range []string{"en", "de"} {
		set := load(t, Options{Locale: locale, Links: map[string]engine.Links{"all": all}})
		for _, event := range set.Events() {
			facts := fullFacts(t, set.Template(event), leanFacts(event, set.Template(event)))
			facts["portal"] = "https://learning.example.com"
			want := ""
			if prefix := usual[value.TextOf(value.Get(facts, "course", "courseType"))]; prefix != "" && event != "CertificateAwarded" {
				want = "https://learning.example.com" + prefix + value.TextOf(value.Get(facts, "course", "id"))
			}
			if got := urlOf(t, set, event, facts); got != want {
				t.Errorf("%s: the message leads to %q, want %q", event, got, want)
			}
			facts["source"] = "all"
			if got := urlOf(t, set, event, facts); strings.HasPrefix(got, "https://admin.example.com/") == strings.HasSuffix(event, "Deleted") {
				t.Errorf("%s: with all links the message leads to %q", event, got)
			}
		}
	}
}

func urlOf(t *testing.T, set *Set, event string, facts bridge.Facts) string {
	t.Helper()
	m, err := set.Template(event).Message(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	return m.URL
}

// TestNoTemplateHasAnAddress: what a portal's pages are called is for the source to say.
func TestNoTemplateHasAnAddress(t *testing.T) {
	set := load(t, Options{})
	for _, event := range append(set.Events(), anyEvent) {
		source := string(set.known(event).source)
		for _, word := range []string{`portal "`, "http", "/admin", "#/"} {
			if strings.Contains(source, word) {
				t.Errorf("%s: the template has %q", event, word)
			}
		}
	}
}
