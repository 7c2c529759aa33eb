package workshop

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// File is the file of the template in the workshop.
type File struct {
	Path        string // as an admin would open it
	InForce     string // file of the template in use
	Own         bool   // the template in use is the admin's
	Text        string // to start with: the file's text, or, if there is no file, that of the template in use
	Was         string // hash of the file's contents, to detect a change
	Writable    bool
	Why         string // why it is not writable
	Translation bool

	name string // below the folder, with slashes
}

// Name returns the file's name without its folder.
func (f File) Name() string { return path.Base(f.name) }

// file returns the file of the template. Its name comes from the event's name or from
// the folder, never from a request.
func (s *Subject) file() (File, error) {
	t := s.templates.Template(s.Type)
	if s.About == AnyEvent {
		t = s.templates.Template("")
	}
	own := t.Event() == s.About // otherwise the generic template stands in for it
	f := File{InForce: t.File(), Own: t.Own(), Text: string(t.Source()), Translation: language(s.Locale) != language(s.Place.Home)}
	if !own {
		f.Text = strings.Replace(f.Text, `event: "*"`, "event: "+s.About, 1)
	}
	f.name = s.templates.FileName(s.About)
	if f.Translation {
		f.name = path.Join(language(s.Locale), f.name)
	}
	if s.Place.Dir == "" {
		f.Path, f.Why = f.name, "The configuration has no folder of templates. Add templates: ./templates to it, and put the file there."
		return f, nil
	}
	if inDir, err := filepath.Rel(s.Place.Dir, t.File()); own && t.Own() && err == nil && filepath.IsLocal(inDir) {
		f.name = filepath.ToSlash(inDir)
		f.Translation = path.Dir(f.name) != "."
	}
	f.Path = filepath.Join(s.Place.Dir, filepath.FromSlash(f.name))
	return f, f.look(s.Place.Dir)
}

// language returns the language of a locale: de of de-CH.
func language(locale string) string {
	base, _, _ := strings.Cut(locale, "-")
	return base
}

// look reads the file, and checks whether it can be written.
func (f *File) look(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		f.Why = "The bridge cannot open the folder of templates, " + dir + ": " + reason(err) + "."
		return nil
	}
	defer root.Close()
	text, _, err := read(root, f.name)
	switch {
	case err == nil:
		f.Text, f.Was = string(text), sum(text)
	case !errors.Is(err, fs.ErrNotExist):
		f.Why = "The bridge cannot read " + f.Path + ": " + reason(err) + "."
		return nil
	}
	probe, err := create(root, ".", "probe")
	if err != nil {
		f.Why = "The bridge cannot write to the folder of templates, " + dir + ": " + reason(err) + "."
		return nil
	}
	f.Writable = true
	return errors.Join(probe.Close(), root.Remove(probe.Name()))
}

// read returns a file's text and mode. It does not follow links, which may lead out of
// the folder.
func read(root *os.Root, name string) ([]byte, fs.FileMode, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("it is not a regular file")
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, MaxText+1))
	return text, info.Mode().Perm(), err
}

// sum returns a hash of a text.
func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:8])
}

func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// temporary is a new file that does not have its final name yet.
type temporary struct {
	*os.File
	name string
}

// Name returns the file's name below the root.
func (t temporary) Name() string { return t.name }

// create makes a new file that the loader of templates ignores.
func create(root *os.Root, folder, name string) (temporary, error) {
	t := temporary{name: path.Join(folder, "."+name+"."+rand.Text()[:8]+".tmp")}
	var err error
	t.File, err = root.OpenFile(t.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	return t, err
}

// replace replaces a file's contents atomically.
func replace(root *os.Root, name string, text []byte, mode fs.FileMode) error {
	t, err := create(root, path.Dir(name), path.Base(name))
	if err != nil {
		return err
	}
	_, err = t.Write(text)
	err = errors.Join(err, t.Chmod(mode), t.Sync(), t.Close())
	if err == nil {
		err = root.Rename(t.name, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(t.name))
	}
	folder, err := root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	_ = folder.Sync() // some file systems cannot sync a folder; the file is in place anyway
	return folder.Close()
}

// newMode is the mode of new files.
const newMode = 0o644

// write saves a text, and keeps the old file beside it as NAME.bak.
func (f File) write(dir, was string, text []byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the folder of templates: %w", err)
	}
	defer root.Close()
	old, mode, err := read(root, f.name)
	there := err == nil
	switch {
	case errors.Is(err, fs.ErrNotExist):
		mode = newMode
		if err := root.MkdirAll(path.Dir(f.name), 0o755); err != nil {
			return fmt.Errorf("create the folder of the language: %w", err)
		}
	case err != nil:
		return fmt.Errorf("read %s: %w", f.Path, err)
	}
	if there && sum(old) != was || !there && was != "" {
		return &admin.Error{Status: http.StatusConflict, Message: "Somebody else has changed " + f.Path + ". Download your text, open the template again, and merge the two."}
	}
	if bytes.Contains(old, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	if there {
		if err := replace(root, f.name+".bak", old, mode); err != nil {
			return fmt.Errorf("back up %s: %w", f.Path, err)
		}
	}
	if err := replace(root, f.name, text, mode); err != nil {
		return fmt.Errorf("save %s: %w", f.Path, err)
	}
	return nil
}

// Normalize returns a text as it is edited and saved: with one kind of line break, and
// one at the end. Browsers send another kind.
func Normalize(text string) []byte {
	all := yamlfile.Normalize([]byte(text))
	if len(all) > 0 && all[len(all)-1] != '\n' {
		all = append(all, '\n')
	}
	return all
}

func (s *Subject) draft(text []byte) render.Draft {
	return render.Draft{Event: s.About, File: s.File.Path, Source: text, Translation: s.File.Translation}
}
