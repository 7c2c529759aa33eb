package enrich_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// What Absorb does not know or may not show is counted apart from what it gives, and
// from what it does not answer.
func TestLookupsAreCountedByTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, counted := portal.New(portal.Options{}), metrics.New()
		e := start(t, p, nil)
		e.Metrics = counted.Source("production")
		p.Break(portal.Fault{Mode: portal.Forbidden, Prefix: "/departments"})
		p.Break(portal.Fault{Mode: portal.Unauthorized, Prefix: "/groups"})
		p.Break(portal.Fault{Mode: portal.Unavailable, Prefix: "/courses"})
		look := func(path string) { e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{at("part", path)}) }
		for _, path := range []string{mira, mira, nobody, "/departments/1", "/groups/1", "/users/no-id", course} {
			look(path)
		}
		scraped := httptest.NewRecorder()
		counted.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(scraped, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		for _, want := range []string{`"answered",source="production"} 1`, `"cached",source="production"} 1`, `"not_found",source="production"} 4`, `"failed",source="production"} 1`} {
			if !strings.Contains(scraped.Body.String(), "absorb_bridge_lookups_total{result="+want) {
				t.Errorf("lacks %s:\n%s", want, scraped.Body)
			}
		}
	})
}
