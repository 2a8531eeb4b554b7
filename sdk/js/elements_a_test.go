package sdkjs_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// The elements of a product's everyday pages, in real Chromium against the built server: what they show follows what
// the server knows, without a reload.

// offered is a catalog that locks, counts, tries, seats and offers.
const offered = `
version: 1
currency: USD
meters:
  emails:    {event: email.sent, aggregate: count}
  speakers:  {aggregate: level, add: speaker.added, remove: speaker.removed}
  attendees: {event: attendee.joined, aggregate: count}
  hosts:     {aggregate: level, add: host.added, remove: host.removed}
features:
  speakers:   {title: Speakers, kind: metered, meter: speakers}
  emails:     {title: Emails, kind: metered, meter: emails}
  attendees:  {title: Attendees, kind: metered, meter: attendees}
  hosts:      {title: Hosts, kind: seats, meter: hosts}
  recordings: {title: Talk recordings, benefit: "Sell every talk after the day", kind: boolean}
  secret:     {title: Secret, kind: boolean}
plans:
  starter:
    title: Starter
    family: core
    price: {month: "49"}
    entitlements: {speakers: 10, hosts: 2, attendees: unlimited, emails: {limit: 2, per: month, overage: {unit: 1, price: "3"}}}
  pro:
    title: Pro
    family: core
    above: starter
    price: {month: "149"}
    trial: 14d
    entitlements: {speakers: 50, hosts: 20, attendees: unlimited, emails: unlimited, recordings: true}
signals:
  speakers_near: {when: {limit: speakers, reaches: 80%}, type: upsell, hypothesis: "Hosts upgrade before the next summit", owner: product, state: validated}
placements:
  nav.plan:       {kind: nav_badge}
  speakers.meter: {feature: speakers, kind: usage_meter}
  recordings.open: {feature: recordings, kind: locked}
  team.invite:    {feature: hosts, kind: invite}
  trial.banner:   {kind: trial_expiry}
offers:
  pro_in_the_menu:
    on: [speakers_near]
    give: {plan: pro}
    at: [nav.plan]
    kind: ambient
    content: {title: "Room for more speakers", body: "Pro has room for 50.", action: See Pro}
  pro_for_all:
    on: [speakers_near]
    give: {plan: pro}
    at: [speakers.meter, recordings.open, team.invite, trial.banner]
    kind: contextual
    content: {title: "More room with Pro", body: "Room for 50 speakers.", action: Get Pro}
`

// openProduct serves a page of that content, with everything else as openSite has it. The page loads all elements,
// under the strictest policy, and gives those that are not defined yet the room that docs/components.md says.
func openProduct(t *testing.T, h *browsertest.Server, content string) *site {
	t.Helper()
	s := openSite(t, h)
	s.page = `
import '/sdk/elements/index.js'
window.$ = (selector, inside) => { const e = document.querySelector(selector); return inside ? e?.shadowRoot?.querySelector(inside) : e }
window.text = (selector, inside = '[part=root]') => $(selector, inside)?.innerText.replace(/\s+/g, ' ').replaceAll(' ,', ',').trim() ?? ''
`
	rest := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", fmt.Sprintf(policy, h.URL))
			_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Product</title><link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/page.css"><main><h1>Product</h1>`+content+`<p id="below">Below</p></main><script type="module" src="/page.js"></script>`)
		case "/page.css":
			w.Header().Set("Content-Type", "text/css")
			_, _ = io.WriteString(w, pageCSS(t))
		default:
			rest.ServeHTTP(w, r)
		}
	})
	return s
}

// pageCSS is what docs/components.md tells a page to have in its own style sheet: a lock with something below it is
// given the room of its card.
func pageCSS(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(componentsDoc(t), "```css\n")
	css, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("docs/components.md has no block of css")
	}
	return css + "\n#locked { --headroom-reserve: 12rem; min-block-size: 12rem; }\n"
}

func TestAMeterFollowsTheUsageAndSaysInWordsHowFullItIs(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-usage-meter id="m" feature="speakers"></headroom-usage-meter><headroom-usage-meter id="soft" feature="emails"></headroom-usage-meter>
<headroom-usage-meter id="free" feature="attendees" label="Guests"></headroom-usage-meter><headroom-usage-meter id="yes" feature="recordings"></headroom-usage-meter><headroom-usage-meter id="typo" feature="speekers"></headroom-usage-meter>`)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	value := func(id, text string) {
		t.Helper()
		says(w, fmt.Sprintf(`$('#%s', '[role=meter]')?.getAttribute('aria-valuetext')`, id), text)
	}

	// given an account that has used nothing
	value("m", "0 of 10 speakers. 10 left")
	// when usage rises, then the meter moves
	h.Events("acme", "speaker.added", 3)
	value("m", "3 of 10 speakers. 7 left")
	if got := ask[[]string](w, `['aria-valuemin', 'aria-valuemax', 'aria-valuenow'].map((a) => $('#m', '[role=meter]').getAttribute(a))`); strings.Join(got, " ") != "0 10 3" {
		t.Errorf("the meter is %v", got)
	}
	// and near and at its limit it says so, not by colour alone
	h.Events("acme", "speaker.added", 5)
	value("m", "8 of 10 speakers. Nearly full: 2 left")
	h.Events("acme", "speaker.added", 2)
	value("m", "10 of 10 speakers. Full: none left")
	if got := ask[string](w, `text('#m', '[part=status]')`); got != "Full: none left" {
		t.Errorf("a person sees %q", got)
	}
	// above a soft limit it says what that has cost
	h.Events("acme", "email.sent", 4)
	value("soft", "4 of 2 emails. 2 above what is included: $6 so far")
	// without a limit it is text only, and what is not counted or not known is nothing
	h.Events("acme", "attendee.joined", 2)
	says(w, `text('#free')`, "Guests 2, no limit")
	for _, id := range []string{"free", "yes", "typo"} {
		if w.Is(fmt.Sprintf(`$('#%s', '[role=meter]')`, id)) {
			t.Errorf("%s has the role of a meter", id)
		}
	}
	if got := ask[string](w, `text('#yes') + text('#typo')`); got != "" {
		t.Errorf("what is not counted says %q", got)
	}
	// and a member is not told of money
	w.Open(s.at("acme/tom/member", ""))
	value("soft", "4 of 2 emails. 2 above what is included")
	// and without the server it says that it may be old
	h.Kill()
	w.Until("it says so", `text('#m').endsWith('May be out of date')`)
}

func TestAMetersButtonOpensWhatThereIsToBuyByKeyboardAndGivesTheFocusBack(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-usage-meter feature="speakers" placement="speakers.meter"></headroom-usage-meter>`)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("the meter is there", `$('headroom-usage-meter', '[part=action]')`)
	// the code of the dialog is not loaded before somebody asks for it
	if w.Is(`performance.getEntriesByType('resource').some((e) => e.name.endsWith('/elements/opens.js'))`) {
		t.Error("what opens a dialog was loaded before it was needed")
	}
	w.TabTo("headroom-usage-meter")
	w.Press(kb.Enter)
	dialog := `document.querySelector('headroom-usage-meter').shadowRoot.querySelector('headroom-upgrade-dialog')?.shadowRoot`
	w.Until("the dialog shows what was asked for", dialog+`?.querySelector('dialog')?.open && `+dialog+`.querySelector('[part=title]')?.textContent === 'More room with Pro'`)
	if calls := s.passed("POST /v1/decide"); len(calls) != 1 || !strings.Contains(calls[0].body, `"requested":true`) {
		t.Errorf("it was decided by %+v", calls)
	}
	w.Press(kb.Escape)
	w.Until("it is closed, and the focus is on the button again", `!`+dialog+`.querySelector('dialog')?.open && $('headroom-usage-meter').shadowRoot.activeElement?.part.value === 'action'`)
	if calls := s.passed("POST /v1/decide"); len(calls) != 1 {
		t.Errorf("closed, it asks again: %+v", calls)
	}
}

func TestALockOpensWhenTheAccountMayUseTheFeature(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-locked id="l" feature="recordings"><p id="content">14 recordings</p></headroom-locked><headroom-locked id="typo" feature="recordins"><p>Never</p></headroom-locked>
<headroom-locked id="c" feature="recordings" placement="recordings.open" compact>open</headroom-locked>`)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("it says what it is and what it is good for", `text('#l').startsWith('Talk recordings, locked Sell every talk after the day Talk recordings is not part of Starter.')`)
	if w.Is(`$('#content').checkVisibility() || text('#typo')`) {
		t.Error("what is locked is shown")
	}
	w.Until("in a menu it is a button", `$('#c', 'button')?.textContent === 'Talk recordings, locked'`)
	h.Must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro"}, nil)
	w.Until("it opened", `$('#content').checkVisibility() && text('#l') === ''`)
	if w.Is(`$('#typo p').checkVisibility()`) {
		t.Error("a mistyped feature is open")
	}
}

func TestALockTellsWhoMayBuyThePriceAndLetsAMemberAsk(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-locked feature="recordings" placement="recordings.open" admin="Ada">content</headroom-locked>`)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	says(w, `text('headroom-locked', '[part=price]')`, "Pro unlocks it: $149 a month, $100 more than now")
	says(w, `text('headroom-locked', '[part=action]')`, "See Pro")

	w.Open(s.at("acme/tom/member", ""))
	says(w, `text('headroom-locked', '[part=price]')`, "Pro unlocks it")
	// when a member asks, by keyboard
	w.TabTo("headroom-locked")
	w.Press(kb.Enter)
	says(w, `text('headroom-locked', '[role=status]')`, "Your request went to Ada.")
	waitFor(t, "the server has the request", func() bool {
		_, answer := h.Send("GET", "/v1/requests?status=open&account=acme", nil)
		return strings.Contains(string(answer), `"feature":"recordings"`)
	})
}

func TestALockHoldsTheOfferThatIsDecidedAtItsPlacement(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-locked feature="recordings" placement="recordings.open">content</headroom-locked>`)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	offer := `$('headroom-locked', '[part=offer]')?.shadowRoot`
	w.Until("the offer stands in the lock", offer+`?.querySelector('[part=title]')?.textContent === 'More room with Pro'`)
	if w.Is(offer + `.querySelector('dialog')`) {
		t.Error("it is a dialog")
	}
}

func TestABadgeShowsWhatIsDecidedAndIsSeenOnceWhenItReallyWas(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-nav-badge id="lock" feature="recordings"></headroom-nav-badge><headroom-nav-badge id="premium" feature="recordings" kind="premium"></headroom-nav-badge>
<headroom-nav-badge id="quiet" kind="new" placement="speakers.nowhere"></headroom-nav-badge><div id="far"></div><a href="#plans">Plans <headroom-nav-badge id="decided" placement="nav.plan"></headroom-nav-badge></a>`)
	s.page += `;$('#far').style.blockSize = '3000px'`
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	says(w, `text('#lock') === 'Locked' && text('#premium')`, "Premium")
	says(w, `text('#decided')`, "New")
	if got := ask[string](w, `text('#quiet')`); got != "" {
		t.Errorf("a place without an offer says %q", got)
	}
	// given that nobody has scrolled to it, then nobody has seen it
	if calls := s.passed("POST /v1/decisions/"); len(calls) > 0 {
		t.Errorf("it was seen from afar: %+v", calls)
	}
	w.Run(`window.shown = 0; addEventListener('headroom-shown', () => shown++); $('#decided').scrollIntoView()`)
	w.Until("it is seen", `shown === 1`)
	// when it is moved, drawn again and scrolled to again, then it was still seen once
	w.Run(`scrollTo(0, 0); document.querySelector('main').prepend($('#decided').parentElement); $('#decided').update()`)
	w.Is(`new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))`)
	w.Click("#decided")
	w.Until("that its link was followed is told", `location.hash === '#plans'`)
	waitFor(t, "two outcomes", func() bool { return len(s.passed("POST /v1/decisions/")) == 2 })
	if calls := s.passed("POST /v1/decisions/"); !strings.Contains(calls[0].body, `"seen"`) || !strings.Contains(calls[1].body, `"clicked"`) {
		t.Errorf("%+v", calls)
	}
}

func TestATrialCountsItsDaysByTheServersClockAndStaysAwayUntilTomorrow(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-trial-banner placement="trial.banner"></headroom-trial-banner>`)
	h.Must("POST", "/v1/accounts/acme/trials", map[string]any{"plan": "pro"}, nil)
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	reads := func(words string) {
		t.Helper()
		says(w, `text('headroom-trial-banner', '[part=title]')`, words)
	}
	reads("Your trial of Pro ends on March 15: 14 days left.")
	if !w.Is(`$('headroom-trial-banner', '[role=status]').contains($('headroom-trial-banner', '[part=banner]'))`) {
		t.Error("it is no polite status")
	}
	// when it is dismissed, then it stays away for the day
	w.Run(`window.gone = 0; addEventListener('headroom-dismissed', () => gone++); $('headroom-trial-banner', '[part=dismiss]').click()`)
	w.Until("it is gone", `gone === 1 && text('headroom-trial-banner') === ''`)
	w.Open(s.at("acme/mia/admin", ""))
	w.Until("the page knows the account", `headroom.snapshot().entitlements && window.text`)
	waitFor(t, "it asked when it is", func() bool { return len(s.passed("GET /v1/accounts/acme/billing")) == 2 })
	if got := ask[string](w, `text('headroom-trial-banner')`); got != "" {
		t.Errorf("on the same day it says %q", got)
	}
	// and comes back the next day, and says when it is the last one
	h.Must("POST", "/v1/clock/advance", map[string]any{"by": "13d"}, nil)
	w.Open(s.at("acme/mia/admin", ""))
	reads("Your trial of Pro ends tomorrow.")
	// and when it is over while the page is open
	h.Must("POST", "/v1/clock/advance", map[string]any{"by": "2d"}, nil)
	reads("Your trial of Pro has ended")
	if w.Is(`$('headroom-trial-banner', '[part=dismiss]')`) {
		t.Error("the end of a trial can be put away")
	}
	says(w, `text('headroom-trial-banner', '[part=action]')`, "Keep Pro")
	h.Must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro"}, nil)
	says(w, `text('headroom-trial-banner')`, "")
}

func TestASeatPromptCountsTheSeatsThatAreMissing(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-seat-prompt id="s" feature="hosts" placement="team.invite"></headroom-seat-prompt><headroom-seat-prompt id="out" feature="hosts" placement="team.invite" outside></headroom-seat-prompt>`)
	h.Must("PUT", "/v1/accounts/acme", map[string]any{"name": "Acme", "domain": "acme.com"}, nil)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("it knows who is invited", `headroom.snapshot().entitlements && $('#s', '[role=status]')`)
	// given an invitation of three where two fit
	w.Run(`$('#s').setAttribute('quantity', '3')`)
	says(w, `text('#s')`, "1 more seat is needed 0 of 2 hosts are taken or promised. Get 1 seat")
	// when they are invited by the product's own server, then one waits
	var sent struct{ Position string }
	h.Must("POST", "/v1/accounts/acme/invites", map[string]any{"user": "mia", "role": "admin", "feature": "hosts", "people": []map[string]any{{"user": "a"}, {"user": "b"}, {"user": "c"}}}, &sent)
	h.Must("GET", "/v1/accounts/acme/invites", nil, nil, "Headroom-Position", sent.Position)
	w.Run(`$('#s').removeAttribute('quantity'); $('#s').refresh()`)
	says(w, `text('#s')`, "1 more seat is needed 2 of 2 hosts are taken or promised. 1 invitation waits for a seat and is sent when there is one. Get 1 seat")
	// when there are seats, then it goes away by itself
	h.Must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro"}, nil)
	says(w, `text('#s')`, "")
	// and people of the domain outside the plan are counted
	if got := ask[string](w, `text('#out')`); got != "" {
		t.Errorf("nobody is outside, and it says %q", got)
	}
	h.Must("POST", "/v1/identify", map[string]any{"userId": "eve", "traits": map[string]any{"email": "eve@acme.com"}}, nil)
	waitFor(t, "the server knows of her", func() bool {
		var found struct{ Outside int }
		h.Must("GET", "/v1/accounts/acme/outside", nil, &found)
		return found.Outside == 1
	})
	w.Open(s.at("acme/tom/member", ""))
	says(w, `text('#out')`, "1 person of acme.com uses this outside your plan See what would help")
}

// says waits until an expression of the page is that text.
func says(w *browsertest.Window, expression, text string) {
	w.T.Helper()
	for range 1000 {
		if w.Is(fmt.Sprintf(`(%s) === %q`, expression, text)) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.T.Fatalf("%s is %q, not %q within 10 s", expression, ask[string](w, `(`+expression+`) ?? ''`), text)
}

// waitFor waits until something is so that is not of the page.
func waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 1000 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not so within 10 s: %s", what)
}
