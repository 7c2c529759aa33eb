package render

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/text/language"

	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
	"github.com/absorb-bridge/absorb-bridge/templates"
)

// layer is a folder that templates are read from.
type layer struct {
	files       fs.FS
	name        string // as the person would open it
	own         bool   // the admin's
	translation bool   // its files are translations of those in the folders before
}

func (f layer) path(file string) string { return filepath.Join(f.name, file) }

func builtInFolder() layer { return layer{files: templates.Files, name: "templates"} }

func ownFolder(dir string) layer { return layer{files: os.DirFS(dir), name: dir, own: true} }

// in is the folder of a language in f, if there is one.
func (f layer) in(tag string) (layer, bool) {
	inner, err := fs.Sub(f.files, tag)
	if err != nil {
		return layer{}, false
	}
	info, err := fs.Stat(inner, ".")
	return layer{files: inner, name: f.path(tag), own: f.own, translation: true}, err == nil && info.IsDir()
}

// folders puts together what is read, in order: the built-in files, in the
// language of the admin's own; the admin's; and, over them, what is in the
// language that is wanted.
func (l *loader) folders(o Options) {
	builtIn := builtInFolder()
	l.layers = []layer{builtIn}
	l.translations(builtIn, o.Home)
	foreign := baseOf(o.Locale) != baseOf(o.Home)
	if l.dir != "" {
		if info, err := os.Stat(l.dir); err != nil || !info.IsDir() {
			l.note(l.dir, "is not a folder that can be read")
			l.dir = ""
		} else {
			l.layers = append(l.layers, ownFolder(l.dir))
		}
	}
	if foreign && baseOf(o.Locale) == "en" {
		l.layers = append(l.layers, builtIn)
	}
	if foreign {
		l.translations(builtIn, o.Locale)
	}
	if l.dir != "" {
		l.translations(ownFolder(l.dir), o.Locale)
	}
}

// translations adds the folders of a locale: that of its language, and its own.
func (l *loader) translations(in layer, of string) {
	for _, tag := range slices.Compact([]string{baseOf(of), of}) {
		if f, ok := in.in(tag); ok {
			l.layers = append(l.layers, f)
		}
	}
}

// baseOf is the language of a locale: de of de-CH.
func baseOf(tag string) string {
	base, _ := language.Make(tag).Base()
	return base.String()
}

// words reads the words of all folders, one over the other.
func (l *loader) words(o Options) {
	l.set.words = locale.New(o.Locale)
	for _, f := range l.layers {
		source, err := fs.ReadFile(f.files, locale.File)
		if err != nil {
			continue // there need not be any
		}
		r, top, ok := yamlfile.NewReader(f.path(locale.File), source)
		if ok {
			l.set.words.Read(r, top)
		}
		l.problems = append(l.problems, r.Problems...)
	}
}

// Languages are those that messages can be written in: the built-in ones, and
// those that have a folder in dir.
func Languages(dir string) []string {
	all := []string{"en"}
	look := []layer{builtInFolder()}
	if dir != "" {
		look = append(look, ownFolder(dir))
	}
	for _, f := range look {
		entries, _ := fs.ReadDir(f.files, ".") // that it cannot be read is told when it is loaded
		for _, e := range entries {
			if _, err := language.Parse(e.Name()); err == nil && e.IsDir() && !slices.Contains(all, e.Name()) {
				all = append(all, e.Name())
			}
		}
	}
	return all
}
