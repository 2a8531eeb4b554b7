package sdkjs_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// How elements behave as parts of a page: they wait in their place, move nothing, and leave nothing behind.

// watched keeps, from the first moment, what moved on the page and whatever text an element showed.
const watched = `
window.moved = 0
window.who = []
window.said = []
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) {
    moved += e.value
    who.push(...e.sources.map((s) => (s.node?.id || s.node?.outerHTML || s.node?.nodeName) + ' from ' + s.previousRect.y + ' to ' + s.currentRect.y))
  }
}).observe({ type: 'layout-shift', buffered: true })
;(function look() {
  for (const e of document.querySelectorAll('main > *')) {
    const text = (e.shadowRoot?.querySelector('[part=root]')?.innerText ?? '') + ([...e.children].some((c) => c.checkVisibility({ visibilityProperty: true })) && !e.matches('h1,p,a') ? e.innerText : '')
    if (text.trim()) said.push(e.id + ': ' + text.replace(/\s+/g, ' ').trim())
  }
  if (said.length < 5000) requestAnimationFrame(look)
})()
`

const everything = `<headroom-trial-banner id="banner" placement="trial.banner"></headroom-trial-banner>
<headroom-usage-meter id="meter" feature="speakers" placement="speakers.meter"></headroom-usage-meter><p>After the meter</p>
<headroom-nav-badge id="badge" feature="recordings" kind="premium"></headroom-nav-badge>
<headroom-locked id="open" feature="speakers"><p>Your speakers</p></headroom-locked>
<headroom-seat-prompt id="seats" feature="hosts" placement="team.invite"></headroom-seat-prompt>
<headroom-locked id="locked" feature="secret"><p>The secret</p></headroom-locked>`

func TestNothingIsShownBeforeItIsDecidedAndNothingMovesThen(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, everything)
	s.page = watched + s.page
	h.Must("POST", "/v1/accounts/acme/trials", map[string]any{"plan": "pro"}, nil)
	h.Events("acme", "speaker.added", 9)
	hold := make(chan struct{})
	s.troubles(func(_ http.ResponseWriter, _ *http.Request) bool { <-hold; return false })
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))

	// given a server that takes its time
	w.Until("the elements are there and wait", `$('#meter', '[part=root]') && performance.getEntriesByType('paint').length > 0`)
	frames(w)
	// then there is room for them, and nothing to read in it
	if said := ask[[]string](w, `said`); len(said) > 0 {
		t.Errorf("before anything is known it says %q", said)
	}
	before := ask[float64](w, `$('#meter').getBoundingClientRect().height`)
	if before < 50 {
		t.Errorf("%g px are kept for a meter", before)
	}
	// when it answers, then they are shown, and what stands below stays where it is
	close(hold)
	w.Until("the meter is there", `text('#meter').includes('9 of 50')`)
	w.Until("so is the banner", `text('#banner').includes('14 days left')`)
	frames(w)
	if moved := ask[float64](w, `moved`); moved != 0 {
		t.Errorf("the page moved by %g: %v", moved, ask[[]string](w, `who`))
	}
	if after := ask[float64](w, `$('#meter').getBoundingClientRect().height`); after != before {
		t.Errorf("the meter took %g px after %g", after, before)
	}
	// and nothing was shown that was then taken back
	for _, text := range ask[[]string](w, `[...new Set(said)]`) {
		if strings.Contains(text, "The secret") || strings.HasPrefix(text, "seats:") || strings.HasPrefix(text, "open: Speakers") {
			t.Errorf("for a moment it said %q", text)
		}
	}
}

// frames waits until the page has been drawn twice.
func frames(w *browsertest.Window) {
	w.T.Helper()
	browsertest.Ask(w, chromedp.Evaluate[bool](`new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => r(true)))))`, chromedp.EvalAwaitPromise))
}

func TestAnElementThatMovesKeepsItsOneSubscriptionAndOneThatLeavesEndsIt(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<div id="a"></div><div id="b"></div>`)
	s.page += `
window.count = { now: 0, ever: 0 }
window.counted = { ...headroom, subscribe(f) { count.now++; count.ever++; const end = headroom.subscribe(f); return () => { count.now--; end() } } }
window.e = document.createElement('headroom-usage-meter')
e.setAttribute('feature', 'speakers')
e.client = counted
`
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("the element is made", `window.e`)
	counts := func(when string, now, ever int) {
		t.Helper()
		frames(w)
		if got := ask[[]int](w, `[count.now, count.ever]`); got[0] != now || got[1] != ever {
			t.Errorf("%s: %d subscriptions now, %d ever, not %d and %d", when, got[0], got[1], now, ever)
		}
	}
	counts("outside of the page", 0, 0)
	w.Run(`$('#a').append(e)`)
	w.Until("it shows the usage", `e.shadowRoot.querySelector('[role=meter]')`)
	counts("in the page", 1, 1)
	// given a button within it that has the focus, when it moves within the page
	w.Run(`window.was = e.shadowRoot.querySelector('[role=meter]'); $('#b').append(e)`)
	counts("moved", 1, 1)
	w.Run(`$('#a').moveBefore?.(e, null)`)
	counts("moved without leaving", 1, 1)
	if !w.Is(`e.shadowRoot.querySelector('[role=meter]') === was`) {
		t.Error("it was drawn anew")
	}
	// and after it left nothing is heard
	w.Run(`e.remove()`)
	counts("removed", 0, 1)
	h.Events("acme", "speaker.added", 4)
	w.Until("the page knows", `headroom.entitlement('speakers').usage === 4`)
	if !w.Is(`e.shadowRoot.querySelector('[role=meter]').getAttribute('aria-valuenow') === '0'`) {
		t.Error("an element that left the page goes on drawing")
	}
	// and back on the page it knows what is so
	w.Run(`$('#a').append(e)`)
	w.Until("it is up to date", `e.shadowRoot.querySelector('[role=meter]').getAttribute('aria-valuenow') === '4'`)
	counts("back", 1, 2)
}

func TestARedrawKeepsTheFocusAndWhatIsOpen(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-usage-meter feature="speakers" placement="speakers.meter"></headroom-usage-meter>`)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("the meter is there", `$('headroom-usage-meter', '[part=action]')`)
	w.TabTo("headroom-usage-meter")
	h.Events("acme", "speaker.added", 10)
	says(w, `$('headroom-usage-meter', '[role=meter]').getAttribute('aria-valuenow')`, "10")
	if !w.Is(`$('headroom-usage-meter').shadowRoot.activeElement?.part.value === 'action'`) {
		t.Error("the focus was lost when the usage rose")
	}
}

func TestAPageOverridesWordsAndColoursAndWhatItPutsIntoASlotKeepsItsOwn(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-usage-meter id="m" feature="speakers"></headroom-usage-meter><headroom-usage-meter id="de" lang="de" feature="speakers"></headroom-usage-meter>
<headroom-locked id="l" feature="speakers"><p id="mine">Mine</p></headroom-locked>`)
	s.page += `
import { setTexts } from '/sdk/elements/index.js'
setTexts('en', { 'meter.left': '{left, plural, one {Room for # more} other {Room for # more}}' })
document.documentElement.style.setProperty('--headroom-accent', 'rgb(1, 2, 3)')
document.documentElement.style.setProperty('--t', 'rgb(9, 9, 9)')
document.querySelector('main').style.color = 'rgb(4, 5, 6)'
$('#mine').style.background = 'var(--t)'
`
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	says(w, `text('#m', '[part=status]')`, "Room for 10 more")
	says(w, `text('#de', '[part=status]')`, "10 übrig")
	says(w, `getComputedStyle($('#m', '[part=fill]')).backgroundColor`, "rgb(1, 2, 3)")
	w.Until("the content is open", `$('#mine').checkVisibility()`)
	says(w, `getComputedStyle($('#mine')).color`, "rgb(4, 5, 6)")
	says(w, `getComputedStyle($('#mine')).backgroundColor`, "rgb(9, 9, 9)")
}

func TestAServerThatIsGoneShowsWhatWasKnownAndOpensNothing(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, everything)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("the meter is there", `text('#meter').includes('0 of 10')`)
	h.Kill()
	w.Open(s.at("acme/mia/admin", ""))
	w.Until("it says that it may be old", `text('#meter').includes('May be out of date')`)
	if w.Is(`$('#locked p').checkVisibility()`) {
		t.Error("a lock opened because the server is gone")
	}
	// and where nothing is known, nothing is shown
	w.Run(`sessionStorage.clear()`)
	w.Open(s.at("other/tom/member", ""))
	w.Until("the page has asked", `errors.length > 0`)
	frames(w)
	if got := ask[string](w, `['meter', 'badge', 'locked', 'seats', 'banner', 'open'].map((id) => text('#' + id)).join('')`); got != "" || w.Is(`$('#open p').checkVisibility({ visibilityProperty: true })`) {
		t.Errorf("of an account that nobody knows it says %q", got)
	}
}
