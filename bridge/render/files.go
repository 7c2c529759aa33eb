package render

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
)

// loader fills a set from the built-in files and the admin's folder.
type loader struct {
	set    *Set
	dir    string
	files  map[string]string // the admin's file that is about an event, by its folded name
	layers []layer           // later ones go over those before
	events map[string]string // by the name of a built-in file

	problems bridge.Problems
}

func (l *loader) load(o Options) {
	l.folders(o)
	l.words(o)
	l.set.clock = locale.NewClock(l.set.words, o.Zone, o.DateLayout)
	l.set.files = &templateReader{compiler: engine.NewCompiler(l.set.clock, o.Links, o.Escape), checks: o.Check}
	for _, f := range l.layers {
		switch {
		case f.translation:
			l.translate(f)
		case f.own:
			l.overrides(f)
		default:
			l.builtIn(f)
		}
	}
	if l.set.generic == nil && len(l.problems) == 0 {
		l.note("templates", "generic.yaml is missing")
	}
}

func (l *loader) note(file, message string) {
	l.problems = append(l.problems, bridge.Problem{File: file, Message: message})
}

// builtIn reads the built-in templates and notes the event of each file.
func (l *loader) builtIn(f layer) {
	for _, name := range yamlFiles(f.files) {
		if t := l.read(f, name, "", nil); t != nil {
			l.events[name] = t.event
			l.set.builtIn[bridge.FoldEvent(t.event)] = t
			l.put(t)
		}
	}
}

// read reads a template; base gives what it translates, if it is a translation.
func (l *loader) read(f layer, name, event string, base func(string) *Template) *Template {
	file := f.path(name)
	source, err := fs.ReadFile(f.files, name)
	if err != nil {
		l.note(file, "cannot be read: "+reason(err))
		return nil
	}
	t, problems := l.set.files.readTemplate(file, source, event, base)
	l.problems = append(l.problems, problems...)
	if len(problems) > 0 {
		return nil
	}
	t.source, t.own = source, f.own
	return t
}

func (l *loader) put(t *Template) {
	if t.event == anyEvent {
		t.over = l.set.generic
		l.set.generic = t
		return
	}
	key := bridge.FoldEvent(t.event)
	if known := l.set.byEvent[key]; known != nil {
		t.event, t.over = known.event, known // the catalogue's spelling
	}
	l.set.byEvent[key] = t
}

// overrides reads the admin's own templates. A file takes the place of the
// built-in one about the same event; one that has a built-in file's name need
// not say which event that is.
func (l *loader) overrides(f layer) {
	for _, name := range yamlFiles(f.files) {
		named := l.named(name)
		if t := l.read(f, name, named, nil); t != nil {
			l.override(t, named)
		}
	}
}

// named is the event of the built-in file of this name.
func (l *loader) named(file string) string {
	return l.events[strings.TrimSuffix(strings.TrimSuffix(file, ".yml"), ".yaml")+".yaml"]
}

// translate reads a folder's translations of what was read before.
func (l *loader) translate(f layer) {
	for _, name := range yamlFiles(f.files) {
		if t := l.read(f, name, l.named(name), l.original); t != nil {
			l.put(t)
		}
	}
}

// original is what a translation of an event goes over. It may refer to what the
// built-in template looks up even if the admin's own does not: that is missing
// then.
func (l *loader) original(event string) *Template {
	return withLookupsOf(l.set.known(event), l.set.builtIn[bridge.FoldEvent(event)])
}

func withLookupsOf(t, builtIn *Template) *Template {
	if t == nil || builtIn == nil || t == builtIn {
		return t
	}
	both := *t
	both.lookups = slices.Concat(t.lookups, builtIn.lookups)
	return &both
}

func (l *loader) override(t *Template, named string) {
	key := bridge.FoldEvent(t.event)
	switch other := l.files[key]; {
	case named != "" && bridge.FoldEvent(named) != key:
		l.note(t.file, "a file of this name is about "+named+", but its event is "+t.event+"; give it another name")
	case other != "":
		l.note(t.file, "event "+t.event+" has another template in "+other)
	default:
		l.files[key] = t.file
		l.put(t)
	}
}

func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// yamlFiles are the names of a folder's YAML files, sorted, without hidden ones.
func yamlFiles(folder fs.FS) []string {
	entries, _ := fs.ReadDir(folder, ".")
	var names []string
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if !e.IsDir() && e.Name() != locale.File && !strings.HasPrefix(e.Name(), ".") && (ext == ".yaml" || ext == ".yml") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}
