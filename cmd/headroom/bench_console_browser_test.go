package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/headroomhq/headroom/bench/load"
	"github.com/headroomhq/headroom/internal/browsertest"
)

// usefulContent is the mark of a page that names none of its own: a row, an item or a definition that is not a
// placeholder.
const usefulContent = "main :is(tbody tr, li, dd, h3):not([aria-busy=true] *)"

// TestConsolePagesInABrowser measures, and asserts nothing: `make bench-console` runs it. HEADROOM_BENCH_CONSOLE is a folder that
// `headroom bench console --data` filled. Each page is opened three times in a Chromium of this machine.
func TestConsolePagesInABrowser(t *testing.T) {
	dir := os.Getenv("HEADROOM_BENCH_CONSOLE")
	if dir == "" {
		t.Skip("HEADROOM_BENCH_CONSOLE names no folder to measure with")
	}
	b := consoleBench{copies: 10, demo: "Bench"}
	b.dir, b.accounts, b.clients = dir, 100_000, 16
	s, f, err := b.filled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.done()
	s.api.WarmOnce(t.Context())
	browser := browsertest.OpenBrowser(t)
	w := browser.Window("bench", s.url()+"/")
	fmt.Printf("milliseconds from the start of the navigation to the first useful content, light, median of three\n")
	for _, p := range consolePages(load.AccountKey(0), f.now) {
		if p.path == "" {
			continue
		}
		var took []float64
		mark := cmp.Or(p.mark, usefulContent)
		for range 3 {
			w.Do(chromedp.Navigate(s.url() + p.path))
			w.Run(fmt.Sprintf(`const look = () => document.querySelector(%q) ? (window.benchSeen = performance.now()) : requestAnimationFrame(look); look()`, mark))
			w.Until("the first useful content of "+p.path+": "+mark, "window.benchSeen > 0")
			took = append(took, browsertest.Ask(w, chromedp.Evaluate[float64]("window.benchSeen")))
		}
		slices.Sort(took)
		fmt.Printf("%-34s %6.0f ms  of %.0f to %.0f  %s\n", p.name, took[1], took[0], took[2], mark)
	}
	fmt.Println(b.conditions())
}
