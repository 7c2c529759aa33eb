package pages

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

// change runs the operation that a form asks for: at once for items selected by id,
// otherwise after the confirm page has said how many it changes.
func (s *site) change(w http.ResponseWriter, r *http.Request) error {
	form := r.PostForm
	for key := range form {
		if !slices.Contains(fields(), key) { // an unknown field may have been meant to narrow the selection
			return &admin.Error{Status: http.StatusBadRequest, Message: "The form has an unknown field: " + key + "."}
		}
	}
	operation := form.Get("operation")
	f, err := filter(form)
	if err != nil {
		return &admin.Error{Status: http.StatusBadRequest, Message: err.Error()}
	}
	selection := admin.Selection{Filter: f, All: form.Get("all") != ""}
	if operation == admin.Move {
		selection.To = form.Get("to")
	}
	if cause := form.Get("cause"); cause != "" {
		c, err := s.Service.Cause(r.Context(), cause)
		if err != nil {
			return err
		}
		selection.Sink, selection.State, selection.Words = c.Sink, "dead", c.Begins
	}
	if len(f.IDs) == 0 && form.Get("confirmed") == "" {
		return s.confirm(w, r, operation, selection)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a million deliveries take long
	n, err := s.Service.Change(r.Context(), operation, selection)
	if err == nil {
		back(w, r, form.Get("back"), operation, n)
	}
	return err
}

// fields returns the names that a form may contain.
func fields() []string {
	return append(keys(), "id", "words", "operation", "cause", "to", "all", "confirmed", "back")
}

// confirm says how many the operation would change, and asks whether to go on.
func (s *site) confirm(w http.ResponseWriter, r *http.Request, operation string, selection admin.Selection) error {
	count, thing, things := s.Service.CountDeliveries, "message", "messages"
	if operation == admin.Replay {
		count, thing, things = s.Service.CountEvents, "event", "events"
	}
	counted, err := count(r.Context(), selection.Filter)
	if err != nil {
		return err
	}
	if operation == admin.Move && selection.To == "" {
		return &admin.Error{Status: http.StatusBadRequest, Message: "Choose the sink to move the deliveries to."}
	}
	n := plural(counted.Count, thing, things)
	if counted.More {
		n = "more than " + n
	}
	form := url.Values{}
	for key, values := range r.PostForm {
		form[key] = values
	}
	form.Set("confirmed", "yes")
	form.Set("all", "yes") // the page says how many that is
	s.show(w, r, http.StatusOK, view{"confirm.html", operationTitle(operation), map[string]any{
		"Count": counted.Count, "What": n, "Operation": operation, "Form": form, "Back": local(form.Get("back")), "Chosen": chosen(selection), "To": selection.To,
	}})
	return nil
}

// chosen describes a selection in words.
func chosen(s admin.Selection) []string {
	var all []string
	add := func(name, value string) {
		if value != "" {
			all = append(all, name+" "+value)
		}
	}
	add("sink", s.Sink)
	add("state", s.State)
	add("route", s.Route)
	add("source", s.Source)
	add("event", s.Event)
	add("text", s.Text)
	if !s.Since.IsZero() {
		add("since", s.Since.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if !s.Until.IsZero() {
		add("until", s.Until.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if len(s.Words) > 0 {
		add("the platform said", fmt.Sprintf("“%s…”", strings.TrimSpace(s.Words[0])))
	}
	return all
}

// local returns a path of this site, or the overview.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return cmp.Or(path, "/")
}

// dead shows the dead letters by cause.
func (s *site) dead(r *http.Request) (view, error) {
	causes, err := s.Service.Causes(r.Context())
	total := 0
	for _, c := range causes {
		total += c.Count
	}
	return view{"dead.html", "Dead letters", map[string]any{"Causes": causes, "Total": total, "Sinks": s.Service.Sinks()}}, err
}
