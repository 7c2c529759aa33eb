package pages_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// written is a template that is easy to tell from the built-in one.
const written = `event: UserCreated
lookups:
  user: /users/{{ .event.userId }}
message:
  title: 'Welcome, {{ name .user }}!'
  text: 'Works as **{{ .user.jobTitle }}**'
`

// workshopStage is a stage with a folder of templates.
func workshopStage(t testing.TB, change ...func(map[string]any)) (s *stage, dir string) {
	t.Helper()
	dir = t.TempDir()
	return newStage(t, append(change, func(settings map[string]any) { settings["templates"] = dir })...), dir
}

// shownFor is what the page's script gets for a text.
type shownFor struct {
	Stage, Problems, Facts string
	Lines                  []int
}

func (s *stage) preview(t testing.TB, form url.Values) (shown shownFor) {
	t.Helper()
	status, body, _ := s.ask(t, http.MethodPost, "/workshop/preview", form, "Accept", "application/json")
	if err := json.Unmarshal([]byte(body), &shown); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v\n%.2000s", status, err, body)
	}
	return shown
}

// was is what a page of the workshop says of the file's text.
func (s *stage) was(t testing.TB, path string) string {
	t.Helper()
	found := regexp.MustCompile(`name="was" value="([^"]*)"`).FindStringSubmatch(s.page(t, path))
	if found == nil {
		t.Fatal("the page does not say what the file held")
	}
	return found[1]
}

func TestWorkshopOpensASample(t *testing.T) {
	s, dir := workshopStage(t)
	page := s.page(t, "/workshop?event=EnrollmentCompletedByLearner")
	has(t, page, "In use: the built-in template, <code>templates/enrollment-completed-by-learner.yaml",
		"Saving writes <code>"+filepath.Join(dir, "enrollment-completed-by-learner.yaml"),
		"lookups:", `data-insert=".course.name"`, "Mira", "Any other event")
	frame := s.page(t, regexp.MustCompile(`/workshop/stage\?[^"]*`).FindString(unescape(page)))
	has(t, frame, "Slack", "Discord", "Google Chat", "Teams", "Email", "Mattermost", "Rocket.Chat", "of 4\u202f500 characters", "Mira Halvorsen completed", `class="drawing slack"`, `data-card="{"$schema"`, "all texts:", "of 6\u202f000 characters", "<meter", "of 32\u202f000 bytes", "Plain text part", `sandbox=""`)
	has(t, s.page(t, "/workshop?event=EnrollmentCompletedByLearner&locale=de"), "de/enrollment-completed-by-learner.yaml", "is its translation")
	has(t, s.page(t, "/workshop?event=*"), "generic.yaml", "Any other event")
}

func TestWorkshopOpensAStoredEvent(t *testing.T) {
	s, _ := workshopStage(t)
	s.post(t, "CourseCreditsAwarded")
	s.settled(t, 1, bridge.Sent)
	id := strings.TrimPrefix(s.first(t, "/events"), "/events/")
	page := s.page(t, "/workshop?id="+id)
	has(t, page, `name="id" value="`+id, "Course credits awarded", "/workshop?id="+id)
	shown := s.preview(t, url.Values{"id": {id}, "text": {"event: CourseCreditsAwarded\nmessage: { title: 'From {{ .source }}: {{ .event.id }}' }"}})
	has(t, shown.Stage, "From production: "+id)
	if status, _, _ := s.ask(t, http.MethodGet, "/workshop?id=019f0000-0000-7000-8000-000000000000", nil); status != http.StatusNotFound {
		t.Errorf("an event that is not stored: %d", status)
	}
}

// An event that no route wanted is not looked up: what its webhook says is known.
func TestWorkshopOpensAnEventThatWasNotLookedUp(t *testing.T) {
	s, _ := workshopStage(t, func(settings map[string]any) { settings["routes"] = settings["routes"].([]any)[1:2] })
	s.post(t, "UserCreated")
	until(t, "it is routed", func() bool { return strings.Contains(s.page(t, "/events"), "unrouted") })
	id := strings.TrimPrefix(s.first(t, "/events"), "/events/")
	shown := s.preview(t, url.Values{"id": {id}, "text": {"event: UserCreated\nmessage: { title: 'User {{ .event.userId }}' }"}})
	has(t, shown.Stage, "did not look it up", "User 10000000-0000-4000-a000-000000000004")
}

func TestWorkshopPreviewsWhatIsWritten(t *testing.T) {
	s, _ := workshopStage(t)
	shown := s.preview(t, url.Values{"event": {"UserCreated"}, "text": {strings.ReplaceAll(written, "\n", "\r\n")}})
	if strings.Count(shown.Stage, "Welcome, ") < 6 || shown.Problems != "" || len(shown.Lines) != 0 {
		t.Errorf("%d times; %s", strings.Count(shown.Stage, "Welcome, "), shown.Problems)
	}
	has(t, shown.Facts, `data-insert=".user.jobTitle"`)
	// What a text looks up is known at once.
	shown = s.preview(t, url.Values{"event": {"UserCreated"}, "text": {strings.Replace(written, "message:", "  boss: /users/{{ .user.supervisorId }}\nmessage:", 1)}})
	has(t, shown.Facts, `data-insert=".boss.firstName"`)
	// Without script the same is shown in the frame.
	status, body, h := s.ask(t, http.MethodPost, "/workshop/preview", url.Values{"event": {"UserCreated"}, "text": {written}})
	if status != http.StatusOK || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox allow-scripts") || h.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("%d %v", status, h)
	}
	has(t, body, "<!DOCTYPE html>", "Welcome, ")
}

func TestWorkshopShowsMistakesAtTheirPlaces(t *testing.T) {
	s, _ := workshopStage(t)
	text := "event: UserCreated\nmesage:\n  title: x\nmessage:\n  title: '{{ .cours.name }}'\n  colour: red\n"
	shown := s.preview(t, url.Values{"event": {"UserCreated"}, "text": {text}})
	has(t, shown.Problems, "2:1", `unknown key; did you mean "message"?`, "message.colour: unknown key", `data-line="5"`)
	if shown.Stage != "" || len(shown.Lines) < 3 {
		t.Errorf("lines %v, stage %.300s", shown.Lines, shown.Stage)
	}
	for text, want := range map[string]string{
		"a: [": "1:",
		"event: UserCreated\nmessage: { title: '{{ template }}' }":                "2:",
		"event: GroupDeleted\nmessage: { title: x }":                              "this file is about UserCreated, and not about GroupDeleted",
		"event: UserCreated\nmessage: { title: '{{ repeat 1000000000 \"x\" }}' }": "more than the 32 MiB of memory that a message may take",
	} {
		shown := s.preview(t, url.Values{"event": {"UserCreated"}, "text": {text}})
		if has(t, shown.Problems, want); shown.Stage != "" {
			t.Errorf("%s: there is a message", text)
		}
	}
}

func TestWorkshopShowsSeveralTogether(t *testing.T) {
	s, _ := workshopStage(t)
	page := s.page(t, "/workshop/stage?event=EnrollmentCompletedByLearner&kind=digest&copies=25")
	has(t, page, "25 completions")
	s.post(t, "EnrollmentCompletedByLearner")
	s.post(t, "EnrollmentCompletedByLearner")
	s.settled(t, 2, bridge.Sent)
	ids := regexp.MustCompile(`href="/events/([0-9a-f-]{36})"`).FindAllStringSubmatch(s.page(t, "/events"), -1)
	q := url.Values{"kind": {"digest"}}
	for _, id := range ids {
		q.Add("id", id[1])
	}
	has(t, s.page(t, "/workshop/stage?"+q.Encode()), "2 completions")
}

// The events of one learner and one transaction are one message: that of the event
// that leads, with what the others add.
func TestWorkshopShowsAStory(t *testing.T) {
	s, _ := workshopStage(t)
	s.post(t, "EnrollmentCompletedByLearner")
	s.post(t, "CertificateAwarded")
	s.settled(t, 2, bridge.Sent)
	q := url.Values{"kind": {"story"}}
	for _, id := range regexp.MustCompile(`href="/events/([0-9a-f-]{36})"`).FindAllStringSubmatch(s.page(t, "/events"), -1) {
		q.Add("id", id[1])
	}
	frame := s.page(t, "/workshop/stage?"+q.Encode())
	has(t, frame, "Mira Halvorsen completed Working at Height", "Certificate")
	if strings.Contains(frame, "2 events") {
		t.Error("it is a digest")
	}
}

// A native part that its platform would refuse is told at its line.
func TestWorkshopChecksNativeParts(t *testing.T) {
	s, _ := workshopStage(t)
	shown := s.preview(t, url.Values{"event": {"UserCreated"}, "text": {written + "  native:\n    slack:\n      blocks: [ { type: sektion } ]\n"}})
	has(t, shown.Problems, "9:19", `no type "sektion"; did you mean "section"?`)
}

func TestWorkshopSavesAndUses(t *testing.T) {
	s, dir := workshopStage(t)
	form := url.Values{"event": {"UserCreated"}, "text": {strings.ReplaceAll(written, "\n", "\r\n")}, "was": {s.was(t, "/workshop?event=UserCreated")}}
	page := s.submit(t, "/workshop/save", form)
	file := filepath.Join(dir, "user-created.yaml")
	has(t, page, "The template was saved and is in use", "In use: your own template, <code>"+file)
	if text, err := os.ReadFile(file); err != nil || string(text) != written {
		t.Errorf("%v\n%s", err, text)
	}
	// Whoever opened the text before that would undo it.
	status, body, _ := s.ask(t, http.MethodPost, "/workshop/save", form)
	if has(t, body, "Somebody else has changed "+file); status != http.StatusConflict {
		t.Errorf("%d", status)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	form.Set("was", s.was(t, "/workshop?event=UserCreated"))
	form.Set("text", strings.Replace(written, "Welcome", "Ahoy", 1))
	has(t, s.submit(t, "/workshop/save", form), "Ahoy, ")
	old, err := os.ReadFile(file + ".bak")
	info, statErr := os.Stat(file)
	if err != nil || statErr != nil || string(old) != written || info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v, mode %v, kept\n%s", err, statErr, info.Mode(), old)
	}
	s.post(t, "UserCreated")
	s.settled(t, 1, bridge.Sent)
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
	page = s.page(t, s.first(t, "/deliveries"))
	has(t, s.page(t, regexp.MustCompile(`/deliveries/[0-9a-f-]+/message`).FindString(page)), "Ahoy, ")
	has(t, s.page(t, "/audit"), "save template", file)
}

func TestWorkshopSavesATranslation(t *testing.T) {
	s, dir := workshopStage(t)
	text := "event: UserCreated\nmessage:\n  title: 'Willkommen, {{ name .user }}!'\n"
	form := url.Values{"event": {"UserCreated"}, "locale": {"de"}, "text": {text}}
	has(t, s.submit(t, "/workshop/save", form), "Willkommen, ", filepath.Join(dir, "de", "user-created.yaml"))
	// What it leaves out comes from the original, not from the translation before.
	shown := s.preview(t, url.Values{"event": {"UserCreated"}, "locale": {"de"}, "text": {"event: UserCreated\nlookups: {}\nmessage: { title: x }"}})
	has(t, shown.Problems, "a translation has the lookups of its original")
}

func TestWorkshopDoesNotSaveWhatCannotBeUsed(t *testing.T) {
	s, dir := workshopStage(t)
	status, body, _ := s.ask(t, http.MethodPost, "/workshop/save", url.Values{"event": {"UserCreated"}, "text": {"event: UserCreated\nmessage: { titel: x }"}})
	if has(t, body, `did you mean "title"?`, "titel: x"); status != http.StatusUnprocessableEntity {
		t.Errorf("%d", status)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("there is %v", entries)
	}
}

// A folder that cannot be written, or is not there, leaves the download.
func TestWorkshopWithoutAFolder(t *testing.T) {
	s := newStage(t)
	page := s.page(t, "/workshop?event=UserCreated")
	if has(t, page, "The configuration has no folder of templates", "Download"); strings.Contains(page, "/workshop/save") {
		t.Error("there is a button to save")
	}
	form := url.Values{"event": {"UserCreated"}, "text": {written}}
	if status, body, _ := s.ask(t, http.MethodPost, "/workshop/save", form); status != http.StatusConflict {
		t.Errorf("%d\n%s", status, body)
	}
	status, body, h := s.ask(t, http.MethodPost, "/workshop/download", form)
	if status != http.StatusOK || body != written || h.Get("Content-Disposition") != `attachment; filename="user-created.yaml"` {
		t.Errorf("%d %v\n%s", status, h, body)
	}
}

// What a link leads to is somebody else's.
func TestWorkshopFollowsNoLink(t *testing.T) {
	s, dir := workshopStage(t)
	secretFile := filepath.Join(t.TempDir(), "elsewhere.yaml")
	if err := os.WriteFile(secretFile, []byte("event: UserCreated\nmessage: { title: elsewhere }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secretFile, filepath.Join(dir, "user-created.yaml")); err != nil {
		t.Fatal(err)
	}
	page := s.page(t, "/workshop?event=UserCreated")
	has(t, page, "it is not a regular file")
	s.ask(t, http.MethodPost, "/workshop/save", url.Values{"event": {"UserCreated"}, "text": {written}})
	if text, _ := os.ReadFile(secretFile); !strings.Contains(string(text), "elsewhere") {
		t.Errorf("it was written: %s", text)
	}
}

func TestWorkshopSendsForReal(t *testing.T) {
	s, _ := workshopStage(t)
	form := url.Values{"event": {"UserCreated"}, "text": {written}, "sink": {"academy"}}
	has(t, s.submit(t, "/workshop/send", form), "academy accepted the message and answered 200: ok", "Welcome, {{ name .user }}!")
	messages := s.wall.Messages()
	if len(messages) != 1 || !strings.Contains(string(messages[0].Payload), "Welcome, ") {
		t.Errorf("the wall got %d messages", len(messages))
	}
	s.guild("400 invalid_blocks")
	form.Set("sink", "guild")
	page := s.submit(t, "/workshop/send", form)
	if has(t, page, "guild did not accept the message: answered 400: invalid_blocks"); strings.Contains(page, sinkSecret) {
		t.Error("a secret is on the page")
	}
	has(t, s.page(t, "/audit"), "send from the workshop", "UserCreated to guild")
	form.Set("sink", "nobody")
	if status, _, _ := s.ask(t, http.MethodPost, "/workshop/send", form); status != http.StatusBadRequest {
		t.Errorf("a sink that is not there: %d", status)
	}
}

// A mail may reach the person that the event is about, so that somebody has to say
// yes to that.
func TestWorkshopAsksBeforeItMails(t *testing.T) {
	s, _ := workshopStage(t, func(settings map[string]any) {
		settings["sinks"].(map[string]any)["hr"] = map[string]any{"type": "email", "smtp": "smtp://127.0.0.1:1", "from": "lms@example.com", "to": []string{"{{ .user.emailAddress }}"}}
	})
	form := url.Values{"event": {"UserCreated"}, "text": {written}, "sink": {"hr"}}
	page := s.submit(t, "/workshop/send", form)
	has(t, page, "This sends a real mail to <strong>person.1@example.com<", "Yes, send")
	form.Set("confirmed", "somebody.else@example.com")
	has(t, s.submit(t, "/workshop/send", form), "This sends a real mail")
	form.Set("confirmed", "person.1@example.com")
	has(t, s.submit(t, "/workshop/send", form), "hr did not accept the message")
}

func TestWorkshopTriesConditions(t *testing.T) {
	s, _ := workshopStage(t)
	s.post(t, "EnrollmentCompletedByLearner")
	s.post(t, "UserCreated")
	s.post(t, "CourseBundleDeleted")
	s.settled(t, 3, bridge.Sent)
	try := func(when, events string) string {
		return s.submit(t, "/workshop/condition", url.Values{"when": {when}, "events": {events}})
	}
	has(t, try(`course.name contains "Height"`, ""), "1 of 3 events</strong>.", "<code>course.name</code> is “Working at Height”", "<code>course.name</code> is missing")
	has(t, try(`enrollment.score >= 80 and source == "production"`, "Enroll*"), "1 of 1 event</strong>.", "<code>enrollment.score</code> is “92.5”", "<code>source</code> is “production”")
	has(t, try("cours.name == 1", ""), "Column 1", `did you mean "course"?`, "cours.name == 1\n^")
	has(t, try("true == 1 +", ""), "It has 1 error")
	has(t, try("true", "Nothing*"), "None of the last 100 events")
	has(t, s.page(t, "/workshop/condition"), "For example")
	if status, _, _ := s.ask(t, http.MethodPost, "/workshop/condition", url.Values{"when": {"true"}, "events": {"["}}); status != http.StatusBadRequest {
		t.Errorf("a pattern that is none: %d", status)
	}
}
