package pages

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/workshop"
)

// condition shows the form for a condition. A link may fill it in, but only sending the
// form evaluates the condition.
func (s *site) condition(r *http.Request) (view, error) {
	q := r.URL.Query()
	return conditionView(q.Get("when"), q.Get("events"), nil), nil
}

// tryCondition shows the result of a condition for each of the last events.
func (s *site) tryCondition(w http.ResponseWriter, r *http.Request) error {
	when, events := r.PostForm.Get("when"), strings.TrimSpace(r.PostForm.Get("events"))
	trial, err := s.Workshop.Try(r.Context(), when, cmp.Or(events, "*"))
	if err != nil {
		return err
	}
	s.show(w, r, http.StatusOK, conditionView(when, events, &trial))
	return nil
}

func conditionView(when, events string, trial *workshop.Trial) view {
	return view{"condition.html", "Try a condition", map[string]any{"When": when, "Events": events, "Examples": examples(), "Trial": trial}}
}

// examples returns conditions to start from.
func examples() []string {
	return []string{`course.name contains "Safety"`, `enrollment.score < 80`, `source == "production" and user.jobTitle matches "Manager"`}
}
