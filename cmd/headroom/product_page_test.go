package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// summitPage is the demo's product as somebody looks at it. What Headroom's components show stands
// in their shadow, so a thing is named by a path: a component, and a part of it.
type summitPage struct{ *browsertest.Window }

func openSummit(b *browsertest.Browser, name, url string) summitPage {
	b.T.Helper()
	p := summitPage{b.Window(name, withPatience(url))}
	p.loaded()
	return p
}

// withPatience makes a page wait for decisions as long as a test does: how fast this machine is, is not asked.
func withPatience(url string) string {
	if strings.Contains(url, "?") {
		return url + "&wait=10000"
	}
	return url + "?wait=10000"
}

// in is the page for a part of the test.
func (p summitPage) in(t *testing.T) summitPage { return summitPage{p.Window.In(t)} }

// loaded waits until somebody is signed in and the page is drawn.
func (p summitPage) loaded() {
	p.T.Helper()
	p.Until("somebody is signed in", `document.querySelector('main h1') && document.querySelector('#plan').textContent !== '…'`)
}

// visit goes to a part of the page as a person does: by its menu.
func (p summitPage) visit(part string) {
	p.T.Helper()
	p.Click(fmt.Sprintf(`.menu a[href=%q]`, part))
	p.Until("the page is "+part, fmt.Sprintf(`location.pathname === %q && document.querySelector('.menu a[aria-current=page]')?.pathname === %q`, part, part))
}

// part is the script that finds a part of a component.
func part(path ...string) string {
	var b strings.Builder
	b.WriteString("[")
	for i, s := range path {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", s)
	}
	return b.String() + "].reduce((e, s) => (e?.shadowRoot ?? e)?.querySelector(s), document)"
}

// sees waits until a part of a component reads so.
func (p summitPage) sees(text string, path ...string) {
	p.T.Helper()
	p.Until(fmt.Sprintf("%s reads %q", strings.Join(path, " "), text),
		fmt.Sprintf(`%s?.innerText?.replace(/\s+/g, ' ').trim() === %q`, part(path...), text))
}

// has waits until a part of a component is there, and in sight.
func (p summitPage) has(path ...string) {
	p.T.Helper()
	p.Until(strings.Join(path, " ")+" is there", part(path...)+"?.checkVisibility()")
}

// lacks waits until there is no such part of a component.
func (p summitPage) lacks(path ...string) {
	p.T.Helper()
	p.Until(strings.Join(path, " ")+" is not there", "!"+part(path...)+"?.checkVisibility()")
}

// press clicks a part of a component with the mouse.
func (p summitPage) press(path ...string) {
	p.T.Helper()
	p.has(path...)
	p.Until("it may be pressed: a price is not accepted before it could be read", fmt.Sprintf(`!%s.matches('[aria-disabled=true]')`, part(path...)))
	at := browsertest.Ask(p.Window, chromedp.Evaluate[[]float64](fmt.Sprintf(
		`(() => { const e = %s; e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()`, part(path...))))
	p.Do(chromedp.MouseClickXY(at[0], at[1]))
}

// focused is the script that says whether the focus is on a part of a component.
func focused(path ...string) string {
	return fmt.Sprintf(`((e) => e && e.getRootNode().activeElement === e)(%s)`, part(path...))
}

// tabTo presses Tab until a part of a component has the focus.
func (p summitPage) tabTo(path ...string) {
	p.T.Helper()
	p.has(path...)
	for range 60 {
		p.Press(kb.Tab)
		if p.Is(focused(path...)) {
			return
		}
	}
	p.T.Fatalf("60 presses of Tab do not reach %v", path)
}

// uses waits until the usage meter of a feature says so to who cannot see it.
func (p summitPage) uses(feature, words string) {
	p.T.Helper()
	p.Until(fmt.Sprintf("the meter of %s says %q", feature, words),
		fmt.Sprintf(`%s?.getAttribute('aria-valuetext')?.startsWith(%q)`, part("headroom-usage-meter[feature="+feature+"]", "[role=meter]"), words))
}

// offerAt is the path of the offer at a placement.
func offerAt(placement string, inside ...string) []string {
	return append([]string{fmt.Sprintf("[data-placement='%s'] headroom-upgrade-dialog", placement)}, inside...)
}

// overlaySays waits until the badge of the developer overlay beside a placement begins so.
func (p summitPage) overlaySays(placement, words string) {
	p.T.Helper()
	p.Until(fmt.Sprintf("the overlay says of %s: %s", placement, words),
		fmt.Sprintf(`[...document.querySelectorAll("[data-placement='%s'] > .why summary")].some((s) => s.innerText.startsWith(%q))`, placement, placement+" "+words))
}

// add clicks the button that adds a speaker, once it is done with the last one.
func (p summitPage) add() {
	p.T.Helper()
	p.rested()
	p.Click("#add")
}

// rested waits until the button that adds a speaker is done with the last one: meanwhile it hears nothing.
func (p summitPage) rested() {
	p.T.Helper()
	p.Until("the button is done", `document.querySelector('#add') && !document.querySelector('#add[aria-disabled=true]')`)
}

// startOver puts the customer back at the beginning.
func (p summitPage) startOver() {
	p.T.Helper()
	p.Click("#start-over")
	p.Says("Aurora Events is back at the beginning, with 8 speakers")
	p.Until("there are eight speakers", `document.querySelectorAll('#list li').length === 8`)
}
