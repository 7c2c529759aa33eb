// Package render puts events into words.
//
// What is said about an event is one YAML file: the lookups that it needs, the
// parts of its message as templates, the wording of a digest, and a sample. The
// built-in files are those of package templates; an admin's own take their
// place, file by file. Load reads them all and reports every mistake at its line.
//
// Package engine compiles and runs the templates; this package reads their files, and
// makes messages of one event, of several, and of a story.
package render

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
)

// Options are what a set of templates is loaded with.
type Options struct {
	Dir        string                                       // folder of the admin's own templates, or ""
	Zone       *time.Location                               // of the times shown; nil for UTC
	DateLayout string                                       // as Go writes them, or "" for the language's own
	Locale     string                                       // of the messages, such as de or de-CH; "" for Home
	Home       string                                       // language of the files that stand in Dir itself; "" for en
	Links      map[string]engine.Links                      // addresses of the portals' pages, by source
	Escape     map[string]func(string) string               // by sink type, for values in native parts
	Check      map[string]func(part map[string]any) []Fault // by sink type, for native parts; a text made by a template is ""
}

// Set holds the templates of all events. It never changes, and serves any number
// of goroutines.
type Set struct {
	byEvent map[string]*Template // by the event's folded name
	generic *Template
	builtIn map[string]*Template // of those, what is built in
	files   *templateReader
	words   *locale.Language
	clock   locale.Clock
}

// Incomplete says that a message is lean because Absorb could not be asked.
func (s *Set) Incomplete() string { return s.words.Incomplete }

// CaughtUp says that no webhook brought what a message is about.
func (s *Set) CaughtUp() string { return s.words.CaughtUp }

// Load reads the built-in templates and those that take their place. The error
// is a bridge.Problems that holds every mistake in every file.
func Load(o Options) (*Set, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	o.Home = cmp.Or(o.Home, "en")
	o.Locale = cmp.Or(o.Locale, o.Home)
	s := &Set{byEvent: map[string]*Template{}, builtIn: map[string]*Template{}}
	l := loader{set: s, dir: o.Dir, files: map[string]string{}, events: map[string]string{}}
	l.load(o)
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	for _, t := range s.byEvent {
		t.fallback = s.generic
	}
	return s, nil
}

// Template is the template of an event type, or the generic one when the type
// has none. It is never nil.
func (s *Set) Template(eventType string) *Template {
	if t := s.byEvent[bridge.FoldEvent(eventType)]; t != nil {
		return t
	}
	return s.generic
}

// known is the template about an event, by its file's `event:`, or nil.
func (s *Set) known(event string) *Template {
	if event == anyEvent {
		return s.generic
	}
	return s.byEvent[bridge.FoldEvent(event)]
}

// Events are the event types that have a template of their own, sorted.
func (s *Set) Events() []string {
	var events []string
	for t := range maps.Values(s.byEvent) {
		events = append(events, t.event)
	}
	slices.Sort(events)
	return events
}

// Warnings are what the files hold that is allowed, but perhaps not meant, with their
// places.
func (s *Set) Warnings() []string {
	var all []string
	for _, t := range append(slices.Collect(maps.Values(s.byEvent)), s.generic) {
		all = append(all, t.warnings...)
	}
	slices.Sort(all)
	return all
}

// Text compiles a template that stands alone, such as a recipient. Its values
// are not escaped. The name is for errors.
func (s *Set) Text(name, text string) (*engine.Text, error) {
	return s.files.compiler.CompileText(name, text, engine.PlainPrinting)
}

// Reads are the fields of the facts that the templates of the set read, and the texts
// compiled with it.
func (s *Set) Reads() *bridge.Reads { return s.files.compiler.Reads() }

// Body compiles a template that makes a body of a media type. Values are written as
// the type needs, so that none of them breaks out of its place. In a type of which
// that is not known each value must go through a function that escapes.
func (s *Set) Body(name, text, mediaType string) (*engine.Text, error) {
	return s.files.compiler.Body(name, text, mediaType)
}
