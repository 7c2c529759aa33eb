package portal_test

import (
	"net/http/httptest"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// A request makes an event happen: the webhook and the lists show it.
func TestTriggerAt(t *testing.T) {
	p := portal.New(portal.Options{})
	server := httptest.NewServer(p.Handler())
	defer server.Close()
	a := ask(t, p)
	for webhooks, lean := range map[string]bool{"lean": true, "full": false} {
		w, err := portal.TriggerAt(t.Context(), server.Client(), server.URL+"/", "EnrollmentCompletedByLearner", webhooks)
		if err != nil {
			t.Fatal(err)
		}
		e := understood(t, w)
		newest := a.entries("/users/"+e.UserID+"/enrollments?_sort=-dateCompleted&_limit=1", "enrollments")[0]
		if newest["status"] != 3.0 || newest["dateCompleted"] == nil || absorb.Anonymous(e) != lean || !lean && e.Entities["courseId"] != newest["courseId"] {
			t.Errorf("%s: %+v, and the newest enrollment is %v", webhooks, e, newest)
		}
	}
	for _, c := range [][2]string{{"Nonsense", "lean"}, {"UserCreated", "fat"}, {"UserCreated", ""}} {
		if _, err := portal.TriggerAt(t.Context(), server.Client(), server.URL, c[0], c[1]); err == nil {
			t.Errorf("%q: no error", c)
		}
	}
	server.Close()
	if _, err := portal.TriggerAt(t.Context(), server.Client(), server.URL, "UserCreated", "lean"); err == nil {
		t.Error("a closed port answered")
	}
}
