package pages

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/workshop"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// choiceOf reads which template and events to work on.
func choiceOf(q url.Values) workshop.Choice {
	copies, _ := strconv.Atoi(q.Get("copies"))
	c := workshop.Choice{Event: q.Get("event"), Locale: q.Get("locale"), Kind: q.Get("kind"), Copies: copies}
	for _, ids := range q["id"] {
		c.IDs = append(c.IDs, strings.Fields(ids)...)
	}
	slices.Sort(c.IDs) // by arrival
	c.IDs = slices.Compact(c.IDs)
	return c
}

// queryOf returns the query that opens a subject again.
func queryOf(s *workshop.Subject) string {
	q := url.Values{"locale": {s.Locale}, "kind": {s.Kind}, "copies": {strconv.Itoa(s.Copies)}}
	if s.Event != "" {
		q.Set("event", s.Event)
	}
	for _, id := range s.IDs {
		q.Add("id", id)
	}
	return q.Encode()
}

// maxRecent is how many of the last events the page lists.
const maxRecent = 12

// editor is the workshop's page.
type editor struct {
	Subject *workshop.Subject
	Text    string
	Was     string
	Preview workshop.Preview
	Recent  []store.EventRow
	Stage   string // address of the frame's contents
	Later   bool   // nothing is rendered before somebody presses Preview
	Problem string // why the last action was not done
	Sent    *workshop.Sent
	Sink    string // the selected sink
}

// workshop shows a template to work on.
func (s *site) workshop(r *http.Request) (view, error) {
	subject, err := s.Workshop.Subject(r.Context(), choiceOf(r.URL.Query()))
	if err != nil {
		return view{}, err
	}
	return s.editor(r, editor{Subject: subject, Text: subject.File.Text, Was: subject.File.Was, Later: access.FromOtherSite(r)})
}

func (s *site) editor(r *http.Request, b editor) (view, error) {
	var err error
	if !b.Later {
		b.Preview, err = s.Workshop.Preview(r.Context(), b.Subject, workshop.Normalize(b.Text))
	}
	if err != nil {
		if e, ok := errors.AsType[*admin.Error](err); !ok || e.Status != http.StatusRequestEntityTooLarge {
			return view{}, err
		}
		b.Problem = err.Error()
	}
	if b.Recent, err = s.Service.Store.Events(r.Context(), store.Filter{Limit: maxRecent}); err != nil {
		return view{}, err
	}
	b.Stage = "/workshop/stage?" + queryOf(b.Subject)
	return view{"workshop.html", "Workshop", b}, nil
}

// stagePolicy is for the frame that shows messages. The frame has its own origin, so
// nothing in it reaches the pages. Only its own script runs there: it draws Adaptive
// Cards and receives new messages from the surrounding page.
const stagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"

// stage shows the messages of the saved text.
func (s *site) stage(w http.ResponseWriter, r *http.Request) {
	if access.FromOtherSite(r) {
		s.failInFrame(w, r, &admin.Error{Status: http.StatusForbidden, Message: "A link on another site led here. Open the workshop directly."})
		return
	}
	subject, err := s.Workshop.Subject(r.Context(), choiceOf(r.URL.Query()))
	if err != nil {
		s.failInFrame(w, r, err)
		return
	}
	p, err := s.Workshop.Preview(r.Context(), subject, workshop.Normalize(subject.File.Text))
	if err != nil {
		s.failInFrame(w, r, err)
		return
	}
	if len(p.Problems) > 0 { // the surrounding page shows them
		p.Problems, p.Notices = nil, append(p.Notices, "Fix the errors in the text to see a message.")
	}
	s.showStage(w, p)
}

// failInFrame shows an error instead of a message.
func (s *site) failInFrame(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors 'self'; sandbox", 1))
	s.fail(w, r, err)
}

func (s *site) showStage(w http.ResponseWriter, p workshop.Preview) {
	var b bytes.Buffer
	if err := templates()["stage.html"].ExecuteTemplate(&b, "frame", map[string]any{"Preview": p, "Style": wall.Stylesheet()}); err != nil {
		s.Log.Error("cannot show a preview", "err", err)
		http.Error(w, "cannot show the preview; see the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", stagePolicy)
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the browser may have disconnected
}

// fresh is what the page's script puts into the page.
type fresh struct {
	Stage    string `json:"stage,omitempty"` // HTML; empty: keep the present one
	Problems string `json:"problems"`        // HTML
	Facts    string `json:"facts,omitempty"` // HTML
	Lines    []int  `json:"lines"`           // those with problems
}

// preview shows the messages of a text: to the page's script, or, without script, in
// the frame.
func (s *site) preview(w http.ResponseWriter, r *http.Request) error {
	scripted := r.Header.Get("Accept") == "application/json"
	p, err := s.previewed(r)
	switch {
	case err != nil && r.Context().Err() != nil:
		return nil // a newer text is on its way
	case err != nil && scripted && unavailable(err):
		return err // the script tries again
	case err != nil && scripted:
		p.Problems = []bridge.Problem{{Message: wordsOf(err)}}
	case err != nil:
		s.failInFrame(w, r, err)
		return nil
	}
	if !scripted {
		s.showStage(w, p)
		return nil
	}
	f := fresh{Lines: []int{}}
	var b bytes.Buffer
	for block, into := range map[string]*string{"stage": &f.Stage, "problems": &f.Problems, "facts": &f.Facts} {
		b.Reset()
		if err := templates()["stage.html"].ExecuteTemplate(&b, block, p); err != nil {
			return err
		}
		*into = b.String()
	}
	for _, problem := range p.Problems {
		f.Stage = ""
		f.Lines = append(f.Lines, problem.Line)
	}
	answer, err := json.Marshal(f)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // if the browser disconnected, a newer text is on its way
	return nil
}

// unavailable reports whether the same request may succeed a moment later.
func unavailable(err error) bool {
	e, ok := errors.AsType[*admin.Error](err)
	return !ok && !errors.Is(err, store.ErrNotFound) || ok && e.Status == http.StatusServiceUnavailable
}

func (s *site) previewed(r *http.Request) (workshop.Preview, error) {
	subject, err := s.Workshop.Subject(r.Context(), choiceOf(r.PostForm))
	if err != nil {
		return workshop.Preview{}, err
	}
	return s.Workshop.Preview(r.Context(), subject, workshop.Normalize(r.PostForm.Get("text")))
}

// wordsOf describes an error to somebody in the workshop.
func wordsOf(err error) string {
	if e, ok := errors.AsType[*admin.Error](err); ok {
		return e.Message
	}
	if errors.Is(err, store.ErrNotFound) {
		return "One of the chosen events is no longer in the store. Choose another."
	}
	if problems, ok := errors.AsType[bridge.Problems](err); ok {
		return problems.Error()
	}
	return "The store does not answer. Try again soon; the log has the reason."
}

// download returns the text as a file.
func (s *site) download(w http.ResponseWriter, r *http.Request) error {
	subject, err := s.Workshop.Subject(r.Context(), choiceOf(r.PostForm))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+subject.File.Name()+`"`)
	_, err = w.Write(workshop.Normalize(r.PostForm.Get("text")))
	return err
}

// saveTemplate saves the text as the template's file.
func (s *site) saveTemplate(w http.ResponseWriter, r *http.Request) error {
	b, err := s.posted(r)
	if err != nil {
		return err
	}
	err = s.Workshop.Save(r.Context(), b.Subject, workshop.Normalize(b.Text), b.Was)
	if err == nil {
		back(w, r, "/workshop?"+queryOf(b.Subject), "saved", 1)
		return nil
	}
	return s.again(w, r, b, err)
}

// sendDraft sends the message to a sink.
func (s *site) sendDraft(w http.ResponseWriter, r *http.Request) error {
	b, err := s.posted(r)
	if err != nil {
		return err
	}
	b.Sink = r.PostForm.Get("sink")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)) // a platform may be slow
	sent, err := s.Workshop.Send(r.Context(), b.Subject, workshop.Normalize(b.Text), b.Sink, r.PostForm.Get("confirmed"))
	if err != nil {
		return s.again(w, r, b, err)
	}
	b.Sent = &sent
	v, err := s.editor(r, b)
	if err == nil {
		s.show(w, r, http.StatusOK, v)
	}
	return err
}

// posted reads the page's state from its form.
func (s *site) posted(r *http.Request) (editor, error) {
	subject, err := s.Workshop.Subject(r.Context(), choiceOf(r.PostForm))
	return editor{Subject: subject, Text: string(workshop.Normalize(r.PostForm.Get("text"))), Was: r.PostForm.Get("was")}, err
}

// again shows the page as it was left, and why nothing was done.
func (s *site) again(w http.ResponseWriter, r *http.Request, b editor, why error) error {
	b.Problem = wordsOf(why)
	status := http.StatusUnprocessableEntity
	if e, ok := errors.AsType[*admin.Error](why); ok {
		status = e.Status
	}
	if len(b.Text) > workshop.MaxText {
		return why
	}
	v, err := s.editor(r, b)
	if err == nil {
		s.show(w, r, status, v)
	}
	return err
}
