package browsertest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Media makes the page look as to somebody with these preferences: Media(w, "prefers-color-scheme", "dark").
func (w *Window) Media(namesAndValues ...string) {
	w.T.Helper()
	var features []*emulation.MediaFeature
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	if _, err := chromedp.Call(w.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		w.T.Fatal(err)
	}
}

// Axe returns what axe finds against WCAG 2.2 AA and its own good practice, empty where it finds nothing.
func (w *Window) Axe() string {
	w.T.Helper()
	if !w.Is(`window.axe`) {
		Ask(w, chromedp.Evaluate[bool](axeSource(w.T)+`; true`))
	}
	return Ask(w, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => v.id + ': ' + v.help + '\n  ' + v.nodes.slice(0, 3).map((n) => n.html + ' ' + n.any.map((a) => a.message).join(' ')).join('\n  ')).join('\n'))`, chromedp.EvalAwaitPromise))
}

func axeSource(t *testing.T) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	source, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "..", "web", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe is not installed (npm --prefix web ci): %v", err)
	}
	return string(source)
}
