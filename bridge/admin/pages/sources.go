package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

// sources lists the sources.
func (s *site) sources(r *http.Request) (view, error) {
	all, err := s.Service.SourceViews(r.Context())
	return view{"sources.html", "Sources", map[string]any{"Sources": all, "Now": time.Now()}}, err
}

// seen is a captured request with its description.
type seen struct {
	admin.Captured
	Inspection admin.Inspection
}

// maxSeen is how many captured requests a source's page shows.
const maxSeen = 20

// source shows a source's checklist, its test window and the captured requests.
func (s *site) source(r *http.Request) (view, error) {
	name := r.PathValue("name")
	setup, err := s.Service.Setup(r.Context(), name)
	if err != nil {
		return view{}, err
	}
	captures, err := s.Service.Captures(r.Context())
	if err != nil {
		return view{}, err
	}
	captures = slices.DeleteFunc(captures, func(c admin.Captured) bool { return c.Source != name })
	var all []seen
	for _, c := range captures[:min(len(captures), maxSeen)] {
		i, err := s.Service.Inspect(r.Context(), c.ID)
		if err != nil {
			return view{}, err
		}
		all = append(all, seen{c, i})
	}
	return view{"source.html", name, map[string]any{
		"Setup": setup, "Captures": all,
		"Open": setup.OnTest(time.Now()), "Opened": time.Now().Before(setup.WindowUntil),
	}}, nil
}

// capture shows the description of a request.
func (s *site) capture(r *http.Request) (view, error) {
	i, err := s.Service.Inspect(r.Context(), r.PathValue("id"))
	yaml := ""
	if len(i.Overrides) > 0 {
		yaml = "fields:\n  " + strings.Join(i.Overrides, "\n  ")
	}
	return view{"capture.html", "Captured request", map[string]any{"Request": i, "YAML": yaml}}, err
}

func (s *site) openWindow(w http.ResponseWriter, r *http.Request) error {
	length, err := time.ParseDuration(r.PostForm.Get("for"))
	if err != nil || length < 0 || length > admin.MaxWindow {
		return &admin.Error{Status: http.StatusBadRequest, Message: "Choose how long to open the window: up to " + admin.MaxWindow.String() + "."}
	}
	name := r.PathValue("name")
	source, err := s.Service.Open(r.Context(), name, length)
	if err != nil {
		return err
	}
	what := "test-window"
	switch {
	case length == 0 && source.OnTest(time.Now()):
		what = "test-window-stays"
	case length == 0:
		what = "test-window-closed"
	}
	back(w, r, "/sources/"+url.PathEscape(name), what, 1)
	return nil
}

func (s *site) tryAPI(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if _, err := s.Service.Try(r.Context(), name); err != nil {
		return err
	}
	back(w, r, "/sources/"+url.PathEscape(name), "try-api", 1)
	return nil
}

// configuration shows the configuration in use.
func (s *site) configuration(r *http.Request) (view, error) {
	sessions, err := s.Service.Store.CountSessions(r.Context())
	return view{"configuration.html", "Configuration", map[string]any{
		"Configuration": s.Service.Configured(), "CanReload": s.Service.Reload != nil, "Sessions": sessions,
	}}, err
}

// endSessions ends all sessions, including that of the person who asks.
func (s *site) endSessions(w http.ResponseWriter, r *http.Request) error {
	n, err := s.Service.EndSessions(r.Context())
	if err == nil {
		back(w, r, "/configuration", "sessions/end", n)
	}
	return err
}

// reload reads the configuration again. If it has errors, the page shows them.
func (s *site) reload(w http.ResponseWriter, r *http.Request) error {
	err := s.Service.Reloaded(r.Context())
	if e, ok := errors.AsType[*admin.Error](err); ok && e.Status == http.StatusUnprocessableEntity {
		v, err := s.configuration(r)
		s.show(w, r, http.StatusUnprocessableEntity, v)
		return err
	}
	if err == nil {
		back(w, r, "/configuration", "reload", 1)
	}
	return err
}

// audit shows who changed what.
func (s *site) audit(r *http.Request) (view, error) {
	rows, err := s.Service.Store.Audits(r.Context(), r.URL.Query().Get("before"), pageRows)
	older := ""
	if len(rows) == pageRows {
		older = rows[len(rows)-1].ID
	}
	return view{"audit.html", "Audit", map[string]any{"Rows": rows, "Older": older}}, err
}
