package render

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
)

// Draft is the text of a template's file while somebody writes it.
type Draft struct {
	Event       string // that the file is about; * for the generic one
	File        string // as the person would open it
	Source      []byte
	Translation bool // the file stands in the folder of another language than Home
}

// With is the set as it will be once a draft is saved as its file. Its error is a
// bridge.Problems. The set itself does not change.
func (s *Set) With(d Draft) (*Set, error) {
	key := bridge.FoldEvent(d.Event)
	named := ""
	if t := s.builtIn[key]; t != nil {
		named = t.event
	}
	original := func(string) *Template { return s.below(d) }
	if !d.Translation {
		original = nil
	}
	drafts := &templateReader{compiler: s.files.compiler.WithoutReads(), checks: s.files.checks}
	t, problems := drafts.readTemplate(d.File, d.Source, named, original)
	if len(problems) == 0 && bridge.FoldEvent(t.event) != key {
		problems = append(problems, bridge.Problem{File: d.File, Line: 1, Column: 1, Message: "event: this file is about " + d.Event + ", and not about " + t.event})
	}
	if len(problems) > 0 {
		return nil, problems.Err()
	}
	t.source, t.own, t.over = d.Source, true, s.below(d)
	return s.replaced(key, t), nil
}

// below is the template that a draft takes the place of, or goes over if it is a
// translation.
func (s *Set) below(d Draft) *Template {
	t := s.known(d.Event)
	if t != nil && t.file == d.File {
		t = t.over
	}
	return withLookupsOf(t, s.builtIn[bridge.FoldEvent(d.Event)])
}

// replaced is a copy of the set with another template.
func (s *Set) replaced(key string, t *Template) *Set {
	c := *s
	c.byEvent = make(map[string]*Template, len(s.byEvent)+1)
	if t.event == anyEvent {
		c.generic = t
	} else if known := s.byEvent[key]; known != nil {
		t.event = known.event // the catalogue's spelling
	}
	for event, old := range s.byEvent {
		other := *old
		other.fallback = c.generic
		c.byEvent[event] = &other
	}
	if t.event != anyEvent {
		t.fallback = c.generic
		c.byEvent[key] = t
	}
	return &c
}

// Event is what the template is about; * for the generic one.
func (t *Template) Event() string { return t.event }

// File is where the template is written, as the person would open it, and Own
// tells whether that is a file of the admin's, not one of the built-in ones.
func (t *Template) File() string { return t.file }

// Own tells whether the template is the admin's.
func (t *Template) Own() bool { return t.own }

// Source is the text of the template's file.
func (t *Template) Source() []byte { return slices.Clone(t.source) }

// FileName is the name of the file that an event's template is written in: that of
// the built-in one, or, for an event without one, its name's letters and digits.
func (s *Set) FileName(event string) string {
	if t := s.builtIn[bridge.FoldEvent(event)]; t != nil && (t.event != anyEvent || event == anyEvent) {
		return filepath.Base(t.file)
	}
	var b strings.Builder
	for _, r := range bridge.EventTitle(event) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(unicode.ToLower(r))
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	const most = 80
	name := strings.Trim(b.String()[:min(b.Len(), most)], "-")
	if name == "" {
		return ""
	}
	return name + ".yaml"
}

// Sample are the keys of a made-up webhook of an event, from its template, or, if
// that is an admin's and has none, from the built-in one.
func (s *Set) Sample(event string) map[string]any {
	t := s.Template(event)
	for _, other := range []*Template{s.builtIn[bridge.FoldEvent(event)], s.builtIn[bridge.FoldEvent(anyEvent)]} {
		if t.sample == nil && other != nil {
			t = other
		}
	}
	return t.Sample()
}

// Lookups are those of all templates.
func (s *Set) Lookups() []bridge.Lookup {
	lookups := s.generic.Lookups()
	for _, event := range s.Events() {
		lookups = append(lookups, s.Template(event).Lookups()...)
	}
	return lookups
}

// ProblemOf is the place in a template's file where it failed, if err tells one.
func ProblemOf(err error) (p bridge.Problem, ok bool) {
	f, ok := errors.AsType[*engine.Failure](err)
	if !ok {
		return p, false
	}
	message := f.Err.Error()
	if f.Key != "" {
		message = f.Key + ": " + message
	}
	return bridge.Problem{File: f.File, Line: f.Line, Column: f.Column, Message: message}, true
}
