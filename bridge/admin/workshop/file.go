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

// File is the file of the template that is worked on.
type File struct {
	Path        string // as the person would open it
	InForce     string // the file of the template that is in use
	Own         bool   // whether that is the admin's
	Text        string // to begin with: the file's, or, when there is none, that in use
	Was         string // tells what the file held then from what it holds later
	Writable    bool
	Why         string // why it is not writable
	Translation bool

	name string // below the folder, with slashes
}

// Name is the file's name alone.
func (f File) Name() string { return path.Base(f.name) }

// file finds the file of the template. Its name comes from the name of the event,
// or from the folder, never from a request.
func (s *Subject) file() (File, error) {
	t := s.templates.Template(s.Type)
	if s.About == AnyEvent {
		t = s.templates.Template("")
	}
	own := t.Event() == s.About // else it is the generic one, in place of one of its own
	f := File{InForce: t.File(), Own: t.Own(), Text: string(t.Source()), Translation: language(s.Locale) != language(s.Place.Home)}
	if !own {
		f.Text = strings.Replace(f.Text, `event: "*"`, "event: "+s.About, 1)
	}
	f.name = s.templates.FileName(s.About)
	if f.Translation {
		f.name = path.Join(language(s.Locale), f.name)
	}
	if s.Place.Dir == "" {
		f.Path, f.Why = f.name, "The configuration has no folder of templates. Write templates: ./templates into it, and put the file there."
		return f, nil
	}
	if inDir, err := filepath.Rel(s.Place.Dir, t.File()); own && t.Own() && err == nil && filepath.IsLocal(inDir) {
		f.name = filepath.ToSlash(inDir)
		f.Translation = path.Dir(f.name) != "."
	}
	f.Path = filepath.Join(s.Place.Dir, filepath.FromSlash(f.name))
	return f, f.look(s.Place.Dir)
}

// language is that of a locale: de of de-CH.
func language(locale string) string {
	base, _, _ := strings.Cut(locale, "-")
	return base
}

// look reads the file, and finds out whether it can be written.
func (f *File) look(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		f.Why = "The folder of templates, " + dir + ", cannot be opened: " + reason(err) + "."
		return nil
	}
	defer root.Close()
	text, _, err := read(root, f.name)
	switch {
	case err == nil:
		f.Text, f.Was = string(text), sum(text)
	case !errors.Is(err, fs.ErrNotExist):
		f.Why = f.Path + " cannot be read: " + reason(err) + "."
		return nil
	}
	probe, err := create(root, ".", "probe")
	if err != nil {
		f.Why = "The folder of templates, " + dir + ", cannot be written: " + reason(err) + "."
		return nil
	}
	f.Writable = true
	return errors.Join(probe.Close(), root.Remove(probe.Name()))
}

// read gives a file's text and its mode. A link is not followed: what it leads to
// is somebody else's.
func read(root *os.Root, name string) ([]byte, fs.FileMode, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("it is no ordinary file")
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, MaxText+1))
	return text, info.Mode().Perm(), err
}

// sum tells texts apart.
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

// temporary is a file that has no name of its own yet.
type temporary struct {
	*os.File
	name string
}

// Name is the file's name below the folder's root.
func (t temporary) Name() string { return t.name }

// create makes a new file that no template is read from.
func create(root *os.Root, folder, name string) (temporary, error) {
	t := temporary{name: path.Join(folder, "."+name+"."+rand.Text()[:8]+".tmp")}
	var err error
	t.File, err = root.OpenFile(t.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	return t, err
}

// replace puts a text in the place of a file, whole or not at all.
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
	_ = folder.Sync() // not every file system can; the file is there all the same
	return folder.Close()
}

// newMode is that of a file that was not there before.
const newMode = 0o644

// write saves a text, and keeps the old one beside it, as NAME.bak.
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
			return fmt.Errorf("make the folder of the language: %w", err)
		}
	case err != nil:
		return fmt.Errorf("read %s: %w", f.Path, err)
	}
	if there && sum(old) != was || !there && was != "" {
		return &admin.Error{Status: http.StatusConflict, Message: "Somebody has changed " + f.Path + " meanwhile. Download your text, open the file again, and merge them."}
	}
	if bytes.Contains(old, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	if there {
		if err := replace(root, f.name+".bak", old, mode); err != nil {
			return fmt.Errorf("keep the old %s: %w", f.Path, err)
		}
	}
	if err := replace(root, f.name, text, mode); err != nil {
		return fmt.Errorf("save %s: %w", f.Path, err)
	}
	return nil
}

// Normalize gives a text as it is worked on and saved: with one kind of line break,
// and one at its end. Browsers send another kind.
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
