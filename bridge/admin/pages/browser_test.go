package pages_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a browser may take for anything.
const patience = 3 * time.Minute

// tab is a browser's, with a bridge's pages in it.
type tab struct {
	*stage
	ctx context.Context

	mu       sync.Mutex // guards complain
	complain []string   // what the browser has complained about: errors and violations of the policy
}

// newTab opens a browser.
func newTab(t *testing.T, s *stage) *tab {
	t.Helper()
	if raceEnabled {
		t.Skip("a browser finds no races: the other tests call the same handlers")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("install chromium to test the pages in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(patience),
	)
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	b := &tab{stage: s, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser has ended
		cancel()
		stop()
	})
	b.do(t) // the first time starts the browser
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	command(t, b, log.Enable, cdp.Empty{})
	return b
}

// hear notes what a developer would see in red.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.complain = append(b.complain, fmt.Sprintf("%s: %s", e.Entry.URL, e.Entry.Text))
		}
	case *runtime.EventExceptionThrown:
		b.complain = append(b.complain, e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		b.complain = append(b.complain, "a dialog: "+e.Message)
	}
}

// quiet fails if the browser has complained.
func (b *tab) quiet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.complain {
		t.Errorf("the browser complains: %s", text)
	}
	b.complain = nil
}

// do does something in the tab.
func (b *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for _, step := range steps {
		_, err := in(b, step)
		for range 20 { // the page may draw itself again between the look for an element and its use
			if err == nil || !strings.Contains(err.Error(), "Could not find node") {
				break
			}
			_, err = in(b, step)
		}
		b.must(t, err)
	}
}

func (b *tab) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		shown, _ := in(b, chromedp.Evaluate[string](`location.href + "\n" + (document.querySelector("main")?.innerText ?? "")`))
		t.Fatalf("%v; the page is %.1500s", err, shown)
	}
}

// in does something in a tab, unless it takes too long.
func in[T any](b *tab, a chromedp.Action[T]) (T, error) {
	if chromedp.FromContext(b.ctx).Target == nil { // a limit would be the browser's
		return chromedp.Run(b.ctx, a)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, a)
}

// command has the browser do what its protocol names.
func command[P, R any](t *testing.T, b *tab, c cdp.Command[P, R], params P) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, c, params)
	b.must(t, err)
}

// open opens a page.
func (b *tab) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.base+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// becomes waits until an expression is true, be it on the next page, whose scripts
// have run by then.
func (b *tab) becomes(t *testing.T, expression string) {
	t.Helper()
	until := time.Now().Add(patience)
	for {
		so, err := in(b, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(`+expression+")"))
		if so && err == nil {
			return
		}
		if time.Now().After(until) {
			b.must(t, fmt.Errorf("it never came to %s (%w)", expression, err))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// shows waits until the page shows a text.
func (b *tab) shows(t *testing.T, text string) {
	t.Helper()
	b.becomes(t, fmt.Sprintf(`document.querySelector("main")?.innerText.includes(%q)`, text))
}

// click clicks on the first button or link with a text.
func (b *tab) click(t *testing.T, text string) {
	t.Helper()
	b.do(t, chromedp.Click(fmt.Sprintf(`//main//*[self::button or self::a or self::summary][contains(normalize-space(.), %q)]`, text)))
}

// value evaluates an expression in the page, and waits for what it promises.
func value[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	v, err := in(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	b.must(t, err)
	return v
}

// media has the page look as it does for somebody who likes it dark, or light.
func (b *tab) media(t *testing.T, scheme string) {
	t.Helper()
	command(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// size has the page's window be so large.
func (b *tab) size(t *testing.T, width, height int64) {
	t.Helper()
	command(t, b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

// axe is the source of the accessibility checks.
func axe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Skip("run npm ci in bridge/admin/pages/testdata/axe to check the pages' accessibility")
	}
	return string(text)
}
