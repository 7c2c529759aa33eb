package render

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
)

// title is what a set says of a user who was created.
func title(t *testing.T, set *Set) string {
	t.Helper()
	m, err := set.Template("UserCreated").Message(t.Context(), bridge.Facts{"event": map[string]any{"type": "UserCreated"}, "user": map[string]any{"firstName": "Mira"}})
	if err != nil {
		t.Fatal(err)
	}
	return m.Title
}

// TestLanguagesGoOverEachOther: the language that is wanted comes first, and in
// it the admin's own files.
func TestLanguagesGoOverEachOther(t *testing.T) {
	message := func(title string) string { return "message: { title: '" + title + " {{ name .user }}' }\n" }
	own := "lookups: { user: '/users/{{ .event.userId }}' }\n" + message("own")
	all := map[string]string{
		"user-created.yaml": own, "de/user-created.yaml": message("eigen"), "de-AT/user-created.yaml": message("servus"),
		"fr/user-created.yaml": message("propre"),
	}
	german := map[string]string{"de/user-created.yaml": message("eigen")}
	for _, test := range []struct {
		files        map[string]string
		home, locale string
		want         string
	}{
		{nil, "", "", "Mira joined"},
		{nil, "", "de", "Mira ist neu dabei"},
		{nil, "", "de-CH", "Mira ist neu dabei"},
		{nil, "de", "", "Mira ist neu dabei"},
		{nil, "de", "en", "Mira joined"},
		{nil, "de", "en-GB", "Mira joined"},
		{all, "", "", "own Mira"},
		{all, "", "en-GB", "own Mira"},
		{all, "", "de", "eigen Mira"},
		{all, "", "de-AT", "servus Mira"},
		{all, "", "fr", "propre Mira"},
		{all, "fr", "", "propre Mira"},
		{german, "", "en", "Mira joined"},
		{german, "", "de", "eigen Mira"},
		{map[string]string{"user-created.yaml": own}, "de", "", "own Mira"}, // the admin writes in German
		{map[string]string{"user-created.yaml": own}, "de", "en", "Mira joined"},
		{map[string]string{"user-created.yaml": own}, "", "de", "Mira ist neu dabei"},
	} {
		o := Options{Home: test.home, Locale: test.locale}
		if test.files != nil {
			o.Dir = folder(t, test.files)
		}
		if got := title(t, load(t, o)); got != test.want {
			t.Errorf("%d files, home %q, locale %q: %q, want %q", len(test.files), test.home, test.locale, got, test.want)
		}
	}
}

// TestTranslationIsCompleted: what has no words is the original's.
func TestTranslationIsCompleted(t *testing.T) {
	dir := folder(t, map[string]string{
		"own.yaml": `event: Own
lookups: { thing: '/courses/{{ .event.courseId }}' }
message: { level: warning, title: A thing, url: '{{ portal "/x" }}', thread: '{{ .event.courseId }}' }
digest: { title: Things, group: '{{ .thing.name }}', text: '{{ range .groups }}{{ .key }}{{ end }}' }
sample: { courseId: c1 }
`, "de/own.yaml": "event: own\nmessage: { title: 'Ein Ding {{ .thing.name }}' }\ndigest: { title: Dinge }\n",
	})
	own := load(t, Options{Dir: dir, Locale: "de"}).Template("Own")
	facts := bridge.Facts{"event": map[string]any{"type": "Own", "courseId": "c1"}, "thing": map[string]any{"name": "X"}, "portal": "https://example.com"}
	m, err := own.Message(t.Context(), facts)
	if err != nil || m.Title != "Ein Ding X" || m.Level != bridge.LevelWarning || m.URL != "https://example.com/x" || m.ThreadKey != "c1" {
		t.Errorf("%+v, %v", m, err)
	}
	d, err := own.digestOf(t.Context(), []bridge.Facts{facts}, nil, "", engine.MaxList)
	if err != nil || d.Title != "Dinge" || len(own.digest.groups) != 1 || len(own.Lookups()) != 1 || own.Sample()["courseId"] != "c1" {
		t.Errorf("%+v, %v, %v", d, err, own.Lookups())
	}
}

func TestFaultsOfTranslations(t *testing.T) {
	for source, want := range map[string]string{
		"lookups: { user: /users/1 }\nmessage: { title: x }":  "de/user-created.yaml:1:1: lookups: a translation has the lookups of its original, templates/de/user-created.yaml: write them there",
		"message: { title: '{{ .usr.firstName }}' }":          `de/user-created.yaml:1:`,
		"digest: { title: x }":                                "de/user-created.yaml:1:1: message: required",
		"event: UserCreated\nmessage: { titel: x, title: y }": `did you mean "title"?`,
	} {
		_, err := Load(Options{Locale: "de", Dir: folder(t, map[string]string{"de/user-created.yaml": source})})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	_, err := Load(Options{Locale: "fr", Dir: folder(t, map[string]string{"fr/words.yaml": "months: [ janvier ]\nspans: { hours: h }\n"})})
	if err == nil || !strings.Contains(err.Error(), "months: want 12 names, have 1") || !strings.Contains(err.Error(), `spans.hours: unknown key; did you mean "hour"?`) {
		t.Error(err)
	}
}

// TestOwnLanguage: a folder with words is all that a language needs.
func TestOwnLanguage(t *testing.T) {
	dir := folder(t, map[string]string{
		"pl/words.yaml": "months_short: [ sty, lut, mar, kwi, maj, cze, lip, sie, wrz, paź, lis, gru ]\nand: i\nwords: { complete: ukończono }\nincomplete: Brak danych\n",
		"pl/own.yaml": `event: Own
message:
  title: '{{ plural 1 "kurs" "kursy" "kursów" }}, {{ plural 3 "kurs" "kursy" "kursów" }}, {{ plural 5 "kurs" "kursy" "kursów" }}, {{ plural 1.5 "kurs" "kursy" "kursu" }}'
  footer: '{{ date "2026-11-23T14:02:31Z" }}; {{ number 1234567.5 }}; {{ percent 92.5 }}; {{ sentence (list "a" "b") }}; {{ word (status 3) }}; {{ duration "02:30:00" }}; {{ word "other" }}'
`,
	})
	warsaw := time.FixedZone("Warsaw", 3600)
	set := load(t, Options{Dir: dir, Locale: "pl", Zone: warsaw})
	m, err := set.Template("Own").Message(t.Context(), bridge.Facts{"event": map[string]any{"type": "Own"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "1 kurs, 3 kursy, 5 kursów, 1,5 kursu"; m.Title != want {
		t.Errorf("title %q, want %q", m.Title, want)
	}
	if want := "23 lis 2026, 15:02; 1 234 567,5; 92,5 %; a i b; ukończono; 2 h 30 min; other"; m.Footer != want {
		t.Errorf("footer %q, want %q", m.Footer, want)
	}
	if set.Incomplete() != "Brak danych" {
		t.Error(set.Incomplete())
	}
	if got := Languages(dir); !slices.Equal(got, []string{"en", "de", "pl"}) {
		t.Error(got)
	}
}
