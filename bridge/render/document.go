package render

import (
	"context"
	"errors"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// anyEvent is the `event:` of the template for events that have none of their own.
const anyEvent = "*"

// wording is what a message is made of, each part a template.
type wording struct {
	level, title, url, text, image, footer, thread *engine.Text

	fields  []fieldWording
	actions []actionWording
	native  map[string]map[string]any // *Text in place of each text
}

type fieldWording struct {
	name, value *engine.Text
	short       bool
}

type actionWording struct{ label, url *engine.Text }

// templateReader reads the files of templates.
type templateReader struct {
	compiler *engine.Compiler
	checks   map[string]func(part map[string]any) []Fault // by sink type, for native parts
}

// document reads one template's file.
type document struct {
	*yamlfile.Reader
	*templateReader
	template *Template
	lookups  []lookup
	known    []string // parts that the wording being read may refer to

	// translated gives the template of an event whose translation is read; nil
	// when the file is none.
	translated func(event string) *Template
}

// readTemplate reads a template's file. The event is the one that a file of this
// name is about, or "". Problems are in the reader, and then the template is of
// no use. A translation leaves out what its original has, which translated gives.
func (c *templateReader) readTemplate(file string, source []byte, event string, translated func(string) *Template) (*Template, bridge.Problems) {
	r, top, ok := yamlfile.NewReader(file, source)
	d := &document{Reader: r, templateReader: c, template: &Template{event: event, file: file}, translated: translated}
	if ok {
		d.read(top)
	}
	return d.template, r.Problems
}

func (d *document) read(top yamlfile.Entry) {
	t := d.template
	if !yamlfile.IsMapping(top.Value) {
		d.WrongType(top, "a mapping")
		return
	}
	parts := map[string]yamlfile.Entry{}
	keep := func(e yamlfile.Entry) { parts[e.Name] = e }
	d.Section(top, map[string]func(yamlfile.Entry){
		"event": d.event, "lookups": keep, "message": keep, "digest": keep, "story": keep, "sample": d.sample,
		"bulk": func(e yamlfile.Entry) { t.bulk = new(d.Truth(e)) },
	})
	if t.event == "" {
		d.Problem(top.At, "event", "required: the event that this is about, such as CertificateAwarded")
	}
	original := d.original()
	if e, ok := parts["lookups"]; ok && original != nil {
		d.Problem(e.At, e.Path, "a translation has the lookups of its original, %s: write them there", original.file)
	} else if ok {
		d.readLookups(e)
	} else if original != nil {
		t.lookups = original.lookups
	}
	d.known = bridge.Given()
	for _, l := range t.lookups {
		d.known = append(d.known, l.Part)
	}
	if e, ok := parts["story"]; ok {
		t.story = d.storyParts(e)
	}
	if e, ok := parts["message"]; ok {
		d.known = append(d.known, "story")
		t.message = d.wording(e, nil)
		d.known = d.known[:len(d.known)-1]
	} else {
		d.Problem(top.At, "message", "required")
	}
	if e, ok := parts["digest"]; ok {
		t.digest = d.digest(e)
	}
	if len(d.Problems) == 0 {
		t.completeFrom(original)
		d.tryOut()
	}
}

// original is the template that the file translates, or nil.
func (d *document) original() *Template {
	if d.translated == nil || d.template.event == "" {
		return nil
	}
	return d.translated(d.template.event)
}

func (d *document) event(e yamlfile.Entry) {
	s, ok := d.Text(e)
	if !ok {
		return
	}
	name := strings.TrimSpace(s.Text)
	if name != anyEvent && bridge.FoldEvent(name) == "" {
		d.Problem(s.At, e.Path, "want an event's name, such as CertificateAwarded")
		return
	}
	d.template.event = name
}

func (d *document) sample(e yamlfile.Entry) {
	if sample, ok := d.Any(e, func(s yamlfile.Scalar) any { return s.Text }).(map[string]any); ok {
		d.template.sample = sample
		return
	}
	d.WrongType(e, "a mapping")
}

// wording reads a message's parts, and a group if there is something to read it.
func (d *document) wording(e yamlfile.Entry, group func(yamlfile.Entry)) *wording {
	w := &wording{}
	into := func(t **engine.Text, printing string) func(yamlfile.Entry) {
		return func(e yamlfile.Entry) { *t = d.compile(e, printing) }
	}
	keys := map[string]func(yamlfile.Entry){
		"level": func(e yamlfile.Entry) { w.level = d.level(e) },
		"title": into(&w.title, engine.PlainPrinting), "url": into(&w.url, engine.URLPrinting),
		"text": into(&w.text, engine.MarkdownPrinting), "image_url": into(&w.image, engine.URLPrinting),
		"footer": into(&w.footer, engine.PlainPrinting), "thread": into(&w.thread, engine.PlainPrinting),
		"fields": func(e yamlfile.Entry) { w.fields = d.fields(e) }, "actions": func(e yamlfile.Entry) { w.actions = d.actions(e) },
		"native": func(e yamlfile.Entry) { w.native = d.native(e) },
	}
	if group != nil {
		keys["group"] = group
	}
	before := len(d.Problems)
	d.Section(e, keys)
	if w.title == nil && len(d.Problems) == before {
		d.Problem(e.At, e.Path+".title", "required")
	}
	return w
}

func (d *document) compile(e yamlfile.Entry, printing string) *engine.Text {
	s, ok := d.Text(e)
	if !ok {
		return nil
	}
	return d.compiler.Compile(d.Reader, s, printing, d.known)
}

func (d *document) level(e yamlfile.Entry) *engine.Text {
	t := d.compile(e, engine.PlainPrinting)
	if word, ok := t.Constant(); ok && !isLevel(word) {
		d.Problem(yamlfile.Start(e.Value), e.Path, "want info, success, warning or danger, have %q", word)
	}
	return t
}

func isLevel(word string) bool {
	switch bridge.Level(strings.TrimSpace(word)) {
	case bridge.LevelInfo, bridge.LevelSuccess, bridge.LevelWarning, bridge.LevelDanger:
		return true
	}
	return false
}

// The most fields and actions of a message: more than any platform shows.
const (
	maxFields  = 100
	maxActions = 50
)

// few reads a list of so many elements at most.
func (d *document) few(e yamlfile.Entry, most int) []yamlfile.Entry {
	all := d.List(e)
	if len(all) > most {
		d.Problem(e.At, e.Path, "are %d, and may be %d at most", len(all), most)
		return nil
	}
	return all
}

func (d *document) fields(e yamlfile.Entry) []fieldWording {
	var fields []fieldWording
	for _, element := range d.few(e, maxFields) {
		var f fieldWording
		before := len(d.Problems)
		d.Section(element, map[string]func(yamlfile.Entry){
			"name":  func(e yamlfile.Entry) { f.name = d.compile(e, engine.PlainPrinting) },
			"value": func(e yamlfile.Entry) { f.value = d.compile(e, engine.PlainPrinting) },
			"short": func(e yamlfile.Entry) { f.short = d.Truth(e) },
		})
		if (f.name == nil || f.value == nil) && len(d.Problems) == before {
			d.Problem(element.At, element.Path, "wants a name and a value")
		}
		fields = append(fields, f)
	}
	return fields
}

func (d *document) actions(e yamlfile.Entry) []actionWording {
	var actions []actionWording
	for _, element := range d.few(e, maxActions) {
		var a actionWording
		before := len(d.Problems)
		d.Section(element, map[string]func(yamlfile.Entry){
			"label": func(e yamlfile.Entry) { a.label = d.compile(e, engine.PlainPrinting) },
			"url":   func(e yamlfile.Entry) { a.url = d.compile(e, engine.URLPrinting) },
		})
		if (a.label == nil || a.url == nil) && len(d.Problems) == before {
			d.Problem(element.At, element.Path, "wants a label and a url")
		}
		actions = append(actions, a)
	}
	return actions
}

// tryOut runs the template on an event of which nothing else is known, so that
// what can never work is found before an event comes.
func (d *document) tryOut() {
	t := d.template
	event := bridge.Event{Type: t.event, Entities: map[string]string{}}.Facts()
	for key, value := range t.sample {
		event[key] = value
	}
	facts := bridge.Facts{"event": event, "source": "sample", "portal": "https://learning.example.com"}
	_, messageErr := t.Message(context.Background(), facts)
	var digestErr error
	if t.digest != nil {
		_, digestErr = t.digestOf(context.Background(), []bridge.Facts{facts}, nil, "", engine.MaxList)
	}
	_, storyErr := t.storyFields(context.Background(), facts, facts)
	errs := []error{messageErr, digestErr, storyErr}
	for _, l := range d.lookups {
		for _, text := range l.texts() {
			_, err := text.Within(context.Background(), budget.Lookup(), facts)
			errs = append(errs, err)
		}
	}
	for _, err := range errs {
		if f, ok := errors.AsType[*engine.Failure](err); ok {
			d.ProblemAt(f.Line, f.Column, f.Key, "%s", f.Err)
		}
	}
}
