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

// choiceOf reads what somebody wants to work on.
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

// queryOf is what leads back to a subject.
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

// maxRecent is how many of the last events can be chosen from a list.
const maxRecent = 12

// bench is the workshop's page.
type bench struct {
	Subject *workshop.Subject
	Text    string
	Was     string
	Preview workshop.Preview
	Recent  []store.EventRow
	Stage   string // address of what the frame shows
	Later   bool   // nothing is computed before somebody asks for it here
	Problem string // why what was asked for was not done
	Sent    *workshop.Sent
	Sink    string // that was chosen
}

// workshop shows a template to work on.
func (s *site) workshop(r *http.Request) (view, error) {
	subject, err := s.Workshop.Subject(r.Context(), choiceOf(r.URL.Query()))
	if err != nil {
		return view{}, err
	}
	return s.bench(r, bench{Subject: subject, Text: subject.File.Text, Was: subject.File.Was, Later: access.Elsewhere(r)})
}

func (s *site) bench(r *http.Request, b bench) (view, error) {
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

// stagePolicy is for the frame that shows messages. It has an origin of its own, so
// that nothing in it reaches the pages; only its own script runs there, which draws
// Adaptive Cards and takes new messages from the page around it.
const stagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"

// stage shows what the saved text makes of the events.
func (s *site) stage(w http.ResponseWriter, r *http.Request) {
	if access.Elsewhere(r) {
		s.failInFrame(w, r, &admin.Error{Status: http.StatusForbidden, Message: "A link of another site led here. Open the workshop itself."})
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
	if len(p.Problems) > 0 { // the page around says which
		p.Problems, p.Notices = nil, append(p.Notices, "There is no message as long as the text has mistakes.")
	}
	s.showStage(w, p)
}

// failInFrame shows an error where a message would be.
func (s *site) failInFrame(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors 'self'; sandbox", 1))
	s.fail(w, r, err)
}

func (s *site) showStage(w http.ResponseWriter, p workshop.Preview) {
	var b bytes.Buffer
	if err := templates()["stage.html"].ExecuteTemplate(&b, "frame", map[string]any{"Preview": p, "Style": wall.Stylesheet()}); err != nil {
		s.Log.Error("a preview cannot be shown", "err", err)
		http.Error(w, "the preview cannot be shown; the log says more", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", stagePolicy)
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // it fails if the reader is gone
}

// fresh is what the page's script puts into it.
type fresh struct {
	Stage    string `json:"stage,omitempty"` // HTML; the last one stays when there is none
	Problems string `json:"problems"`        // HTML
	Facts    string `json:"facts,omitempty"` // HTML
	Lines    []int  `json:"lines"`           // that have problems
}

// preview shows what a text makes of the events: to the page's script, or in the
// frame that the form without it is sent to.
func (s *site) preview(w http.ResponseWriter, r *http.Request) error {
	scripted := r.Header.Get("Accept") == "application/json"
	p, err := s.previewed(r)
	switch {
	case err != nil && r.Context().Err() != nil:
		return nil // the next text is on its way
	case err != nil && scripted && unavailable(err):
		return err // it is tried again
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
	_, _ = w.Write(answer) // if the reader is gone, the next text is on its way
	return nil
}

// unavailable tells whether the same may work a moment later.
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

// wordsOf is an error for somebody who works at the bench.
func wordsOf(err error) string {
	if e, ok := errors.AsType[*admin.Error](err); ok {
		return e.Message
	}
	if errors.Is(err, store.ErrNotFound) {
		return "An event that was chosen is no longer stored."
	}
	if problems, ok := errors.AsType[bridge.Problems](err); ok {
		return problems.Error()
	}
	return "The store does not answer. Try again soon; the log says more."
}

// download gives the text back as a file.
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
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)) // a platform may take its time
	sent, err := s.Workshop.Send(r.Context(), b.Subject, workshop.Normalize(b.Text), b.Sink, r.PostForm.Get("confirmed"))
	if err != nil {
		return s.again(w, r, b, err)
	}
	b.Sent = &sent
	v, err := s.bench(r, b)
	if err == nil {
		s.show(w, r, http.StatusOK, v)
	}
	return err
}

// posted is the bench as its form was sent.
func (s *site) posted(r *http.Request) (bench, error) {
	subject, err := s.Workshop.Subject(r.Context(), choiceOf(r.PostForm))
	return bench{Subject: subject, Text: string(workshop.Normalize(r.PostForm.Get("text"))), Was: r.PostForm.Get("was")}, err
}

// again shows the bench as it was left, and why nothing was done.
func (s *site) again(w http.ResponseWriter, r *http.Request, b bench, why error) error {
	b.Problem = wordsOf(why)
	status := http.StatusUnprocessableEntity
	if e, ok := errors.AsType[*admin.Error](why); ok {
		status = e.Status
	}
	if len(b.Text) > workshop.MaxText {
		return why
	}
	v, err := s.bench(r, b)
	if err == nil {
		s.show(w, r, status, v)
	}
	return err
}
