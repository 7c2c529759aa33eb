package pages_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// inStage evaluates an expression in the frame that shows messages, which is a target
// of its own, since it has an origin of its own.
func (b *tab) inStage(expression string) (string, error) {
	all, err := chromedp.Targets(b.ctx)
	if err != nil {
		return "", err
	}
	for _, target := range all {
		if target.Type != "iframe" || !strings.Contains(target.URL, "/workshop/stage") {
			continue
		}
		ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(target.TargetID), chromedp.WithDetachOnCancel())
		defer cancel()
		ctx, enough := context.WithTimeout(ctx, 5*time.Second) // a frame that is replaced at this moment never answers: the next is asked
		defer enough()
		return chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	}
	return "", fmt.Errorf("there is no frame among %d targets", len(all))
}

// staged waits until the frame shows something.
func (b *tab) staged(t *testing.T, selector, text string) {
	t.Helper()
	deadline := time.Now().Add(2 * patience)
	for {
		shown, err := b.inStage(fmt.Sprintf("[...document.querySelectorAll(%q)].map((e) => e.innerText).join(' ')", selector))
		if err == nil && strings.Contains(shown, text) {
			return
		}
		if time.Now().After(deadline) {
			b.must(t, fmt.Errorf("%s of the frame never shows %q: %w, %.500s", selector, text, err, shown))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// write puts a text in the place of the one in the editor, as somebody who types.
func (b *tab) write(t *testing.T, text string) {
	t.Helper()
	b.do(t, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`text.value = %q; text.focus(); text.setSelectionRange(text.value.length, text.value.length); text.dispatchEvent(new Event("input")); undefined`, text)))
}

func TestInABrowserWorkshop(t *testing.T) {
	s, dir := workshopStage(t)
	b := newTab(t, s)
	b.open(t, "/workshop?event=UserCreated")
	b.staged(t, ".slack", "Mira Halvorsen")
	b.staged(t, ".adaptive .ac-adaptiveCard", "Mira Halvorsen") // drawn by Microsoft's own
	b.write(t, written)
	b.staged(t, ".slack", "Welcome, ")
	b.staged(t, ".adaptive", "Welcome, ")
	// A letter more, by the keyboard; the colours keep up.
	b.do(t, chromedp.SendKeys(chromedp.CSS("#text"), kb.ArrowLeft+kb.ArrowLeft+" by trade"))
	b.staged(t, ".discord", "by trade")
	b.becomes(t, `document.querySelector(".layer").textContent === text.value + "\n"`)
	// A fact goes where the cursor is.
	b.do(t, chromedp.Focus(chromedp.CSS(`[data-insert=".user.emailAddress"]`)), chromedp.SendKeys(chromedp.CSS(`[data-insert=".user.emailAddress"]`), kb.Enter))
	b.becomes(t, `text.value.includes("{{ .user.emailAddress }}") && document.activeElement === text`)
	b.staged(t, ".teams, .adaptive", "person.1@") // data is no link: what follows is broken by spaces of no width
	// A mistake is told at its line, and the last good message stays.
	good := value[string](t, b, "text.value")
	b.write(t, strings.Replace(good, "title:", "titel:", 1))
	b.becomes(t, `problems.innerText.includes('did you mean "title"?') && document.querySelector(".layer .wrong")?.textContent.includes("titel")`)
	b.becomes(t, `stage.classList.contains("stale")`)
	b.staged(t, ".slack", "Welcome, ")
	b.click(t, "5:3")
	b.becomes(t, `document.activeElement === text && text.value.slice(text.selectionStart).startsWith("titel")`)
	b.write(t, good)
	b.becomes(t, `!stage.classList.contains("stale") && !problems.innerText`)
	b.click(t, "Send")
	b.shows(t, "academy accepted the message")
	b.staged(t, ".slack", "by trade") // the text is still there, and so is its message
	b.click(t, "Save")
	b.shows(t, "The template was saved and is in use")
	if text, err := os.ReadFile(filepath.Join(dir, "user-created.yaml")); err != nil || string(text) != good {
		t.Errorf("%v\n%s", err, text)
	}
	b.do(t, chromedp.SetValue(chromedp.CSS("select[name=event]"), "EnrollmentCompletedByLearner"))
	b.click(t, "Open")
	b.staged(t, ".slack", "Working at Height")
	b.do(t, chromedp.SetValue(chromedp.CSS("input[name=copies]"), "12"), chromedp.SetValue(chromedp.CSS("#bench select[name=kind]"), "digest"))
	b.click(t, "Preview")
	b.staged(t, ".slack", "12 completions")
	b.quiet(t)
}

func TestInABrowserTryACondition(t *testing.T) {
	s, _ := workshopStage(t)
	s.post(t, "EnrollmentCompletedByLearner")
	s.settled(t, 1, bridge.Sent)
	b := newTab(t, s)
	b.open(t, "/workshop")
	b.click(t, "Try a condition")
	b.shows(t, "For example")
	b.do(t, chromedp.SendKeys(chromedp.CSS("input[name=when]"), `enrollment.score > 90`+kb.Enter))
	b.shows(t, "The condition is true for 1 of 1 event")
	b.quiet(t)
}

// workshopPlaces are the workshop's pages.
func workshopPlaces(t *testing.T, s *stage, dir string) []struct{ name, path string } {
	t.Helper()
	s.post(t, "EnrollmentCompletedByLearner")
	s.post(t, "UserCreated")
	s.settled(t, 2, bridge.Sent)
	if err := os.WriteFile(filepath.Join(dir, "user-created.yaml"), []byte(strings.Replace(written, "title", "titel", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return []struct{ name, path string }{
		{"workshop", "/workshop?event=EnrollmentCompletedByLearner"}, {"workshop-fault", "/workshop?event=UserCreated"}, {"workshop-stage", "/workshop/stage?event=EnrollmentCompletedByLearner"},
		{"condition", "/workshop/condition?when=" + `enrollment.score+%3E+80`}, {"condition-fault", "/workshop/condition?when=enrolment.score"}, {"condition-empty", "/workshop/condition"},
	}
}

// visit opens a page of the workshop, and tries the condition that its address holds.
func (b *tab) visit(t *testing.T, path string) {
	t.Helper()
	b.open(t, path)
	if strings.Contains(path, "when=") {
		b.do(t, chromedp.Click(`//button[normalize-space(.)="Try"]`))
		b.becomes(t, `document.querySelector("#faults, .verdict") !== null`)
	}
}

func TestInABrowserWorkshopAccessibility(t *testing.T) {
	checks := axe(t)
	s, dir := workshopStage(t)
	b := newTab(t, s)
	for _, p := range workshopPlaces(t, s, dir) {
		for _, scheme := range []string{"light", "dark"} {
			b.media(t, scheme)
			b.visit(t, p.path)
			value[any](t, b, checks+"; null")
			faults := value[[]string](t, b, `axe.run({ exclude: [[".drawn"]] }, { resultTypes: ["violations"] }).then((r) => r.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
				.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html + " (" + n.failureSummary + ")").slice(0, 3).join("; ")))`)
			for _, fault := range faults {
				t.Errorf("%s, %s: %s", p.name, scheme, fault)
			}
		}
	}
	b.size(t, 360, 740)
	for _, p := range workshopPlaces(t, s, dir) {
		b.visit(t, p.path)
		if over := value[int](t, b, "document.documentElement.scrollWidth - 360"); over > 0 {
			t.Errorf("%s is %d pixels too wide", p.name, over)
		}
	}
}

// TestWorkshopScreenshots takes the workshop's pictures in docs/screenshots anew, as
// TestScreenshots does those of the other pages.
func TestWorkshopScreenshots(t *testing.T) {
	folder := os.Getenv("BRIDGE_SCREENSHOTS")
	if folder == "" {
		t.Skip("set BRIDGE_SCREENSHOTS to a folder for the pictures")
	}
	dir := filepath.Join(t.TempDir(), "templates")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(settings map[string]any) { settings["templates"] = dir })
	b := newTab(t, s)
	for _, p := range workshopPlaces(t, s, dir) {
		if p.name == "workshop-stage" || p.name == "condition-empty" {
			continue
		}
		for _, look := range []struct {
			name          string
			width, height int64
		}{{"light", 1180, 1560}, {"dark", 1180, 1560}, {"narrow", 390, 1240}} {
			b.media(t, strings.Replace(look.name, "narrow", "light", 1))
			command(t, b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.width, Height: look.height, DeviceScaleFactor: 0.75})
			b.visit(t, p.path)
			value[any](t, b, `new Promise((r) => setTimeout(r, 1200))`)
			value[any](t, b, fmt.Sprintf(`for (const e of document.querySelectorAll("#file code")) e.textContent = e.textContent.replace(%q, "/etc/absorb-bridge/templates"); null`, dir))
			picture, err := in(b, chromedp.CaptureScreenshot())
			b.must(t, err)
			if err := os.WriteFile(filepath.Join(folder, p.name+"-"+look.name+".png"), small(t, picture), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
