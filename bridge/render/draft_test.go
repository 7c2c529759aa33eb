package render

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const draftText = "event: UserCreated\nlookups: { user: '/users/{{ .event.userId }}' }\nmessage: { title: 'Hello {{ .user.firstName }}', level: danger }\n"

func facts(event string) bridge.Facts {
	return bridge.Facts{"event": map[string]any{"type": event}, "user": map[string]any{"firstName": "Mira"}, "course": map[string]any{"name": "Knots"}}
}

func worded(t *testing.T, s *Set, event string) string {
	t.Helper()
	m, err := s.Template(event).Message(t.Context(), facts(event))
	if err != nil {
		t.Fatal(err)
	}
	return string(m.Level) + " " + m.Title
}

func TestDraftTakesTheTemplatesPlace(t *testing.T) {
	s, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := worded(t, s, "UserCreated")
	d, err := s.With(Draft{Event: "UserCreated", File: "mine/user-created.yaml", Source: []byte(draftText)})
	if err != nil {
		t.Fatal(err)
	}
	if got := worded(t, d, "user.created"); got != "danger Hello Mira" {
		t.Error(got)
	}
	if worded(t, s, "UserCreated") != before || worded(t, d, "GroupDeleted") != worded(t, s, "GroupDeleted") {
		t.Error("other templates have changed")
	}
	if u := d.Template("UserCreated"); !u.Own() || u.File() != "mine/user-created.yaml" || string(u.Source()) != draftText || s.Template("UserCreated").Own() {
		t.Errorf("%s, own %v", u.File(), u.Own())
	}
	if d.Sample("UserCreated")["userId"] == nil {
		t.Error("a draft without a sample has not that of the built-in template")
	}
}

// The generic template's draft serves all events that have none of their own, and
// the digests of those that have no digest.
func TestDraftOfTheGenericTemplate(t *testing.T) {
	s, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.With(Draft{Event: "*", File: "mine/generic.yaml", Source: []byte("event: '*'\nmessage: { title: mine }\ndigest: { title: '{{ .count }} of mine' }\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got := worded(t, d, "SomethingNewHappened"); got != "info mine" {
		t.Error(got)
	}
	for _, event := range d.Events() {
		if d.Template(event).fallback != d.generic || s.Template(event).fallback != s.generic {
			t.Fatalf("%s falls back on another", event)
		}
	}
}

// A translation's draft goes over what the saved one went over: not over that one.
func TestDraftOfATranslation(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "de", "user-created.yaml")
	for name, text := range map[string]string{
		"user-created.yaml": draftText, "de/user-created.yaml": "event: UserCreated\nmessage: { title: 'Hallo {{ .user.firstName }}', level: warning }\n",
	} {
		_ = os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(Options{Dir: dir, Locale: "de"})
	if err != nil {
		t.Fatal(err)
	}
	if got := worded(t, s, "UserCreated"); got != "warning Hallo Mira" {
		t.Fatal(got)
	}
	d, err := s.With(Draft{Event: "UserCreated", File: file, Source: []byte("event: UserCreated\nmessage: { title: 'Moin {{ .user.firstName }}' }\n"), Translation: true})
	if err != nil {
		t.Fatal(err)
	}
	// What is saved is what the draft was.
	if err := os.WriteFile(file, []byte("event: UserCreated\nmessage: { title: 'Moin {{ .user.firstName }}' }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	saved, err := Load(Options{Dir: dir, Locale: "de"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := worded(t, d, "UserCreated"), worded(t, saved, "UserCreated"); got != want {
		t.Errorf("the draft gave %q, the file gives %q", got, want)
	}
}

func TestFaultyDrafts(t *testing.T) {
	s, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"event: GroupDeleted\nmessage: { title: x }":               "f.yaml:1:1: event: this file is about UserCreated, and not about GroupDeleted",
		"event: UserCreated\nmessage: { titel: x }":                `did you mean "title"?`,
		"event: UserCreated\nmessage: { title: '{{ .cours.x }}' }": "f.yaml:2:",
		"message: 1": "want a mapping",
	} {
		_, err := s.With(Draft{Event: "UserCreated", File: "f.yaml", Source: []byte(text)})
		if _, ok := errors.AsType[bridge.Problems](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v", text, err)
		}
	}
}

func TestFileNamesHoldNoPath(t *testing.T) {
	s, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]string{
		"EnrollmentCompletedByLearner": "enrollment-completed-by-learner.yaml", "*": "generic.yaml", "BadgeEarned": "badge-earned.yaml",
		"../../etc/passwd": "etc-passwd.yaml", "..": "", "": "", "Größe": "gr-e.yaml", strings.Repeat("A", 500): strings.Repeat("a", 80) + ".yaml",
	} {
		if got := s.FileName(event); got != want {
			t.Errorf("%q: %q", event, got)
		}
	}
}
