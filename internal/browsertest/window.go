// Package browsertest drives a real Chromium in tests, as a person would: by what is seen, by mouse and by keyboard.
// HEADROOM_SCREENSHOTS=dir keeps pictures.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Browser is a running browser.
type Browser struct {
	T   *testing.T
	Ctx context.Context // chromedp keeps the browser in it
}

// browsers are the names that scripts/setup looks for.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// OpenBrowser starts a browser, which ends with the test. Where there is none the test fails: it never skips.
func OpenBrowser(t *testing.T) *Browser {
	t.Helper()
	path := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil && exec.Command(found, "--version").Run() == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatalf("there is no browser here (%s): run `make setup`", strings.Join(browsers, ", "))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 1000), chromedp.Flag("lang", "en-US"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &Browser{t, ctx}
}

// In is the browser for a part of the test.
func (b *Browser) In(t *testing.T) *Browser { return &Browser{t, b.Ctx} }

// Window opens an address in a Window of its own: a page in a hidden tab is not a page that
// somebody looks at. What the page complains about fails the test.
func (b *Browser) Window(name, url string) *Window {
	b.T.Helper()
	ctx, closed := chromedp.NewContext(b.Ctx, chromedp.WithNewWindow(true), chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.T.Errorf("%s: %s", url, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			// Browsers ask for an icon by themselves, which pages need not have.
			if e.Entry.Level == log.EntryLevelError && !strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
				b.T.Errorf("%s: %s %s", url, e.Entry.Text, e.Entry.URL)
			}
		}
	}))
	b.T.Cleanup(closed)
	w := &Window{b.T, ctx, name}
	if err := chromedp.Do(ctx); err != nil { // without a time-out: the window lives as long as what opens it
		b.T.Fatal(err)
	}
	w.Do(chromedp.Navigate(url))
	return w
}

// Window is a page that somebody looks at.
type Window struct {
	T    *testing.T
	Ctx  context.Context // chromedp keeps the page in it
	Name string          // of its pictures
}

// In is the window for a part of the test.
func (w *Window) In(t *testing.T) *Window { return &Window{t, w.Ctx, w.Name} }

// Do runs steps in the page, 10 s at most.
func (w *Window) Do(steps ...chromedp.Action[chromedp.Void]) {
	w.T.Helper()
	Ask(w, chromedp.Steps(steps...))
}

// Ask runs something in the page, 10 s at most, and returns what came of it.
func Ask[T any](w *Window, action chromedp.Action[T]) T {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.Ctx, 10*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		w.T.Fatal(err)
	}
	return v
}

// Is says whether something Is true in the page.
func (w *Window) Is(condition string) bool {
	w.T.Helper()
	return Ask(w, chromedp.Evaluate[bool](`Boolean(`+condition+`)`))
}

// Until waits for something to become true in the page, 10 s at most.
func (w *Window) Until(what, condition string) {
	w.T.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if w.Is(condition) {
			return
		}
		if time.Since(began) > 10*time.Second {
			w.Shot("failed")
			w.T.Fatalf("not so within 10 s: %s\n%s\nthe page says:\n%s", what, condition, Ask(w, chromedp.Evaluate[string](`document.body.innerText`)))
		}
	}
}

// Click clicks an element.
func (w *Window) Click(selector string) {
	w.T.Helper()
	w.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Press types keys, as the keyboard would.
func (w *Window) Press(keys string) {
	w.T.Helper()
	w.Do(chromedp.KeyEvent(keys))
}

// Reads waits until an element Reads so, as a person sees it.
func (w *Window) Reads(selector, text string) {
	w.T.Helper()
	w.Until(fmt.Sprintf("%s reads %q", selector, text),
		fmt.Sprintf(`document.querySelector(%q)?.innerText.trim() === %q`, selector, text))
}

// Says waits until the page Says so politely, in its live region.
func (w *Window) Says(text string) {
	w.T.Helper()
	w.Until(fmt.Sprintf("the page says %q", text), fmt.Sprintf(`document.querySelector('[role=status] span')?.textContent === %q`, text))
}

// FocusOn waits until an element has the focus.
func (w *Window) FocusOn(selector string) {
	w.T.Helper()
	w.Until("the focus is on "+selector, fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, selector))
}

// TabTo presses Tab until an element has the focus.
func (w *Window) TabTo(selector string) {
	w.T.Helper()
	for range 40 {
		w.Press(kb.Tab)
		if w.Is(fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, selector)) {
			return
		}
	}
	w.T.Fatalf("40 presses of Tab do not reach %s", selector)
}

// Shot keeps a picture where HEADROOM_SCREENSHOTS asks for it.
func (w *Window) Shot(name string) {
	w.T.Helper()
	dir := os.Getenv("HEADROOM_SCREENSHOTS")
	if dir == "" {
		return
	}
	w.Do(chromedp.Sleep(600 * time.Millisecond)) // what just came in arrives with an animation
	png := Ask(w, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.T.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+"-"+w.Name+".png"), png, 0o644); err != nil {
		w.T.Fatal(err)
	}
}

// Open opens another address in the window.
func (w *Window) Open(url string) {
	w.T.Helper()
	w.Do(chromedp.Navigate(url))
}

// ClickNamed clicks what a person would call so: by its label or words, from their beginning.
func (w *Window) ClickNamed(tag, name string) {
	w.T.Helper()
	find := fmt.Sprintf(`[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('%s')].filter((e) => e.checkVisibility()).find((e) => (e.getAttribute('aria-label') ?? e.textContent).replace(/\s+/g, ' ').trim().startsWith(%q))`, tag, name)
	w.Until(tag+" "+name+" is there", find)
	Ask(w, chromedp.Evaluate[bool](find+`.setAttribute('data-clicked', ''), true`))
	w.Click("[data-clicked]")
	Ask(w, chromedp.Evaluate[bool](`document.querySelector('[data-clicked]')?.removeAttribute('data-clicked'), true`))
}

// Labelled is the selector of a form's control by its label.
func (w *Window) Labelled(label string) string {
	w.T.Helper()
	find := fmt.Sprintf(`[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('label')].find((l) => l.checkVisibility() && l.firstChild?.textContent.trim() === %q)?.control`, label)
	w.Until("there is a field "+label, find)
	return fmt.Sprintf("[id=%q]", Ask(w, chromedp.Evaluate[string](fmt.Sprintf(`(() => { const c = %s; c.id ||= 'field-' + Math.random().toString(36).slice(2); return c.id })()`, find))))
}

// Choose takes an option of a select by its value.
func (w *Window) Choose(label, value string) {
	w.T.Helper()
	selector := w.Labelled(label)
	Ask(w, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { const e = document.querySelector(%q); Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(e, %q); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value === %q })()`, selector, value, value)))
}

// Fill replaces what stands in a field, as a person does.
func (w *Window) Fill(selector, text string) {
	w.T.Helper()
	Ask(w, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select(); return true })()`, selector)))
	w.Press(text)
}

// Run runs a script in the page and waits for nothing.
func (w *Window) Run(script string) {
	w.T.Helper()
	w.Is("(() => { " + script + "; return true })()")
}
