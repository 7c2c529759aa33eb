package render

import (
	"context"
	"errors"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// anyEvent is the `event:` of the template for events that have none of their own.
const anyEvent = "*"

// wording is what a message is made of, each part a template.
type wording struct {
	level, title, url, text, image, footer, thread *Text

	fields  []fieldWording
	actions []actionWording
	native  map[string]map[string]any // *Text in place of each text
}

type fieldWording struct {
	name, value *Text
	short       bool
}

type actionWording struct{ label, url *Text }

// document reads one template's file.
type document struct {
	*reader
	compiler *compiler
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
func (c *compiler) readTemplate(file string, source []byte, event string, translated func(string) *Template) (*Template, bridge.Problems) {
	r, top, ok := newReader(file, source)
	d := &document{reader: r, compiler: c, template: &Template{event: event, file: file}, translated: translated}
	if ok {
		d.read(top)
	}
	return d.template, r.problems
}

func (d *document) read(top entry) {
	t := d.template
	if !isMapping(top.value) {
		d.wrongType(top, "a mapping")
		return
	}
	parts := map[string]entry{}
	keep := func(e entry) { parts[e.name] = e }
	d.section(top, map[string]func(entry){
		"event": d.event, "lookups": keep, "message": keep, "digest": keep, "story": keep, "sample": d.sample,
		"bulk": func(e entry) { t.bulk = new(d.truth(e)) },
	})
	if t.event == "" {
		d.problem(top.at, "event", "required: the event that this is about, such as CertificateAwarded")
	}
	original := d.original()
	if e, ok := parts["lookups"]; ok && original != nil {
		d.problem(e.at, e.path, "a translation has the lookups of its original, %s: write them there", original.file)
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
		d.problem(top.at, "message", "required")
	}
	if e, ok := parts["digest"]; ok {
		t.digest = d.digest(e)
	}
	if len(d.problems) == 0 {
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

func (d *document) event(e entry) {
	s, ok := d.text(e)
	if !ok {
		return
	}
	name := strings.TrimSpace(s.text)
	if name != anyEvent && foldEvent(name) == "" {
		d.problem(s.at, e.path, "want an event's name, such as CertificateAwarded")
		return
	}
	d.template.event = name
}

func (d *document) sample(e entry) {
	if sample, ok := d.any(e, func(s scalar) any { return s.text }).(map[string]any); ok {
		d.template.sample = sample
		return
	}
	d.wrongType(e, "a mapping")
}

// wording reads a message's parts, and a group if there is something to read it.
func (d *document) wording(e entry, group func(entry)) *wording {
	w := &wording{}
	into := func(t **Text, printing string) func(entry) {
		return func(e entry) { *t = d.compile(e, printing) }
	}
	keys := map[string]func(entry){
		"level": func(e entry) { w.level = d.level(e) },
		"title": into(&w.title, plainPrinting), "url": into(&w.url, urlPrinting),
		"text": into(&w.text, markdownPrinting), "image_url": into(&w.image, urlPrinting),
		"footer": into(&w.footer, plainPrinting), "thread": into(&w.thread, plainPrinting),
		"fields": func(e entry) { w.fields = d.fields(e) }, "actions": func(e entry) { w.actions = d.actions(e) },
		"native": func(e entry) { w.native = d.native(e) },
	}
	if group != nil {
		keys["group"] = group
	}
	before := len(d.problems)
	d.section(e, keys)
	if w.title == nil && len(d.problems) == before {
		d.problem(e.at, e.path+".title", "required")
	}
	return w
}

func (d *document) compile(e entry, printing string) *Text {
	s, ok := d.text(e)
	if !ok {
		return nil
	}
	return d.compiler.compile(d.reader, s, printing, d.known)
}

func (d *document) level(e entry) *Text {
	t := d.compile(e, plainPrinting)
	if word, ok := t.constant(); ok && !isLevel(word) {
		d.problem(yamlfile.Start(e.value), e.path, "want info, success, warning or danger, have %q", word)
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
func (d *document) few(e entry, most int) []entry {
	all := d.list(e)
	if len(all) > most {
		d.problem(e.at, e.path, "are %d, and may be %d at most", len(all), most)
		return nil
	}
	return all
}

func (d *document) fields(e entry) []fieldWording {
	var fields []fieldWording
	for _, element := range d.few(e, maxFields) {
		var f fieldWording
		before := len(d.problems)
		d.section(element, map[string]func(entry){
			"name":  func(e entry) { f.name = d.compile(e, plainPrinting) },
			"value": func(e entry) { f.value = d.compile(e, plainPrinting) },
			"short": func(e entry) { f.short = d.truth(e) },
		})
		if (f.name == nil || f.value == nil) && len(d.problems) == before {
			d.problem(element.at, element.path, "wants a name and a value")
		}
		fields = append(fields, f)
	}
	return fields
}

func (d *document) actions(e entry) []actionWording {
	var actions []actionWording
	for _, element := range d.few(e, maxActions) {
		var a actionWording
		before := len(d.problems)
		d.section(element, map[string]func(entry){
			"label": func(e entry) { a.label = d.compile(e, plainPrinting) },
			"url":   func(e entry) { a.url = d.compile(e, urlPrinting) },
		})
		if (a.label == nil || a.url == nil) && len(d.problems) == before {
			d.problem(element.at, element.path, "wants a label and a url")
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
		_, digestErr = t.digestOf(context.Background(), []bridge.Facts{facts}, nil, "", maxList)
	}
	_, storyErr := t.storyFields(context.Background(), facts, facts)
	errs := []error{messageErr, digestErr, storyErr}
	for _, l := range d.lookups {
		for _, text := range l.texts() {
			_, err := text.within(context.Background(), budget.Lookup(), facts)
			errs = append(errs, err)
		}
	}
	for _, err := range errs {
		if f, ok := errors.AsType[*failure](err); ok {
			d.problemAt(f.line, f.column, f.key, "%s", f.err)
		}
	}
}
