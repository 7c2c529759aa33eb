package render

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/templates"
)

// loader fills a set from the built-in files and the admin's folder.
type loader struct {
	set      *Set
	dir      string
	files    map[string]string // the admin's file that is about an event, by its folded name
	problems bridge.Problems
}

func (l *loader) load() {
	builtIn := l.builtIn()
	l.overrides(builtIn)
	if l.set.generic == nil && len(l.problems) == 0 {
		l.note("templates", "generic.yaml is missing")
	}
}

func (l *loader) note(file, message string) {
	l.problems = append(l.problems, bridge.Problem{File: file, Message: message})
}

// builtIn reads the built-in templates and gives the event of each file.
func (l *loader) builtIn() map[string]string {
	events := map[string]string{}
	for _, name := range yamlFiles(templates.Files) {
		source, err := fs.ReadFile(templates.Files, name)
		if err != nil {
			l.note("templates/"+name, err.Error())
			continue
		}
		if t := l.read("templates/"+name, source, ""); t != nil {
			events[name] = t.event
			l.put(t)
		}
	}
	return events
}

func (l *loader) read(file string, source []byte, event string) *Template {
	t, problems := l.set.compiler.readTemplate(file, source, event)
	l.problems = append(l.problems, problems...)
	if len(problems) > 0 {
		return nil
	}
	return t
}

func (l *loader) put(t *Template) {
	if t.event == anyEvent {
		l.set.generic = t
		return
	}
	key := foldEvent(t.event)
	if known := l.set.byEvent[key]; known != nil {
		t.event = known.event // the catalogue's spelling
	}
	l.set.byEvent[key] = t
}

// overrides reads the admin's own templates. A file takes the place of the
// built-in one about the same event; one that has a built-in file's name need
// not say which event that is.
func (l *loader) overrides(builtIn map[string]string) {
	if l.dir == "" {
		return
	}
	if info, err := os.Stat(l.dir); err != nil || !info.IsDir() {
		l.note(l.dir, "is not a folder that can be read")
		return
	}
	for _, name := range yamlFiles(os.DirFS(l.dir)) {
		file := filepath.Join(l.dir, name)
		source, err := os.ReadFile(file)
		if err != nil {
			l.note(file, "cannot be read: "+reason(err))
			continue
		}
		named := builtIn[strings.TrimSuffix(strings.TrimSuffix(name, ".yml"), ".yaml")+".yaml"]
		t := l.read(file, source, named)
		if t != nil {
			l.override(t, named)
		}
	}
}

func (l *loader) override(t *Template, named string) {
	key := foldEvent(t.event)
	switch other := l.files[key]; {
	case named != "" && foldEvent(named) != key:
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
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && (ext == ".yaml" || ext == ".yml") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}
