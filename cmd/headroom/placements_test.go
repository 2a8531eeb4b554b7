package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/examples/summit"
	"github.com/headroomhq/headroom/internal/browsertest"
	"github.com/headroomhq/headroom/internal/console"
)

// agrees waits until the badge of the overlay beside a placement begins so, and what stands there is what it
// says: the offer where it offers, no card where it does not.
func (p summitPage) agrees(placement, words string) {
	p.T.Helper()
	p.overlaySays(placement, words)
	offers := strings.HasPrefix(words, "offers ") && !strings.HasPrefix(words, "offers nothing")
	p.Until(fmt.Sprintf("%s shows what the overlay says", placement), fmt.Sprintf(`(() => {
		const deep = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? deep(e.shadowRoot) : [])])
		const shown = [...document.querySelectorAll("[data-placement='%s']")].flatMap(deep).some((e) => e.matches('headroom-upgrade-dialog') && e.shadowRoot.querySelector('[part~=title]')?.checkVisibility())
		return shown === %v
	})()`, placement, offers))
}

// explains opens the badge beside a placement with the keyboard, and waits until it says why.
func (p summitPage) explains(placement string, says ...string) {
	p.T.Helper()
	summary := fmt.Sprintf("[data-placement='%s'] > .why summary", placement)
	p.Run(fmt.Sprintf(`document.querySelector(%q).focus()`, summary))
	p.Press(kb.Enter)
	for _, s := range says {
		p.Until(fmt.Sprintf("the overlay explains %s with %q", placement, s), fmt.Sprintf(`document.querySelector("[data-placement='%s'] > .why").innerText.includes(%q)`, placement, s))
	}
}

// Every placement of OFR-1 is visited in the sample product, and shows what its overlay says.
func TestEveryPlacementShowsWhatItsOverlaySays(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	demo := visitedSummit(t)
	browser := browsertest.OpenBrowser(t)
	page := openSummit(browser, "placements", demo.product+"/?dev")

	t.Run("home: the badge in the menu, the dashboard card, and an offer that a meter brings about", func(t *testing.T) {
		p := page.in(t)
		p.overlaySays("home.badge", "offers pro_at_a_glance: a signal is alive")
		p.has(".menu a[href='/'] headroom-nav-badge", "[part~=badge].new")
		p.has(".menu a[href='/recordings'] headroom-nav-badge", "[part~=badge].premium")
		p.agrees("home.card", "offers pro_at_a_glance: a signal is alive")
		p.agrees("nav.plan", "offers nothing: no signal is alive")
		p.agrees("whats.new", "offers nothing")
		p.explains("home.card", "Every offer of this place", "Budget left", "person, any: 5 of 5 in 7 days", "dec_")
		p.explains("nav.plan", "nothing was shown, so there is none", "emails_nearly_used")
		p.Shot("place-home")
		p.Click("#send-emails")
		p.uses("emails", "1,8")
		p.visit("/speakers")
		p.visit("/")
		p.agrees("nav.plan", "offers pro_for_reach: a signal is alive")
	})
	t.Run("speakers: the meter, and the limit at the add button", func(t *testing.T) {
		p := page.in(t)
		p.visit("/speakers")
		p.overlaySays("speakers.bar", "not asked yet")
		p.press("headroom-usage-meter[feature=speakers]", "[part~=action]")
		p.overlaySays("speakers.bar", "offers pro_at_a_glance")
		p.Press(kb.Escape)
		p.Until("the dialog is closed", `document.activeElement !== document.body`)
		p.add()
		p.agrees("speakers.add", "offers pro_for_speakers: a signal is alive")
		p.Shot("place-speakers")
	})
	t.Run("recordings: the locked screen, which offers when it was touched twice", func(t *testing.T) {
		p := page.in(t)
		p.visit("/recordings")
		p.has("headroom-locked", "[part~=card]")
		p.overlaySays("recordings.open", "offers nothing: no signal is alive")
		p.Shot("place-recordings")
		for range 2 { // the second click makes the signal, the next look meets the offer; touches within a minute are one
			p.Run(`{
				const lock = document.querySelector('headroom-locked')
				window.touched = new Promise((told) => { const end = lock.client.observe((m) => m.what === 'check' && (end(), told(true))) })
				lock.shadowRoot.querySelector('[part~=title]').click()
			}`)
			if !p.Is("window.touched") {
				t.Fatal("a click on the lock was not told")
			}
			demo.company.must("POST", "/v1/clock/advance", map[string]any{"by": "2m"}, nil)
			p.visit("/speakers")
			p.visit("/recordings")
			p.has("headroom-locked", "[part~=card]")
			p.overlaySays("recordings.open", "offers ")
		}
		p.agrees("recordings.open", "offers pro_for_recordings")
	})
	t.Run("team: the invite flow, and people outside of the plan", func(t *testing.T) {
		p := page.in(t)
		p.visit("/team")
		p.agrees("team.page", "offers pro_for_the_team: a signal is alive")
		p.Until("people outside the plan are counted", fmt.Sprintf(`%s?.innerText.includes('3 people')`, part("headroom-seat-prompt[outside]", "[part~=title]")))
		p.Fill("#invitees", "ana@aurora-events.example ben@aurora-events.example")
		p.Click("#invite")
		p.Says("0 invited, 2 wait for a seat")
		p.has("[data-placement='team.invite'] headroom-seat-prompt", "[part~=action]")
		p.press("[data-placement='team.invite'] headroom-seat-prompt", "[part~=action]")
		p.overlaySays("team.invite", "offers pro_for_the_team")
		p.Press(kb.Escape)
		p.Shot("place-team")
	})
	t.Run("the wizard: a locked step, an interruption in the flow, and the screen when it is done", func(t *testing.T) {
		p := page.in(t)
		p.visit("/setup")
		p.has("headroom-locked[feature=sponsors]", "[part~=card]")
		p.agrees("summit.wizard", "offers pro_for_the_booths: a signal is alive")
		p.Click("#check-in")
		p.uses("attendees", "23")
		p.Click("#open-doors")
		p.agrees("doors.open", "offers room_at_the_door")
		p.Until("it is in the way", part(offerAt("doors.open", "dialog")...)+"?.open")
		p.Shot("place-doors")
		p.Press(kb.Escape)
		p.FocusOn("#over")
		p.agrees("summit.done", "offers pro_after_the_day")
		p.Run(`document.querySelector('headroom-survey').scrollIntoView({block: 'center'})`) // it asks who looks at it
		p.has("headroom-survey", "[part~=scale]")
		p.Shot("place-done")
	})
	t.Run("plans and billing: what a link names is chosen", func(t *testing.T) {
		p := page.in(t)
		p.Open(demo.product + "/plans?plan=pro&interval=year")
		p.loaded()
		p.overlaySays("billing.page", "offers ")
		p.has("headroom-plan-page", "[part~=plan]")
		p.Shot("place-plans")
	})
	t.Run("a trial: its banner, the launch of something new, and its end", func(t *testing.T) {
		p := page.in(t)
		p.Open(demo.product + "/speakers")
		p.loaded()
		p.Click("label[for=for-trial]")
		p.Says("You are Sefa Lindqvist of Boreal Talks now, an admin")
		p.has("headroom-trial-banner", "[part~=banner]")
		p.visit("/")
		p.agrees("trial.banner", "offers keep_pro: a signal is alive")
		p.agrees("whats.new", "offers chapters_are_here: a signal is alive")
		p.Until("it is in the way", part(offerAt("whats.new", "dialog")...)+"?.open")
		p.Shot("place-launch")
		p.Press(kb.Escape)
		p.lacks(offerAt("whats.new", "dialog")...)
		p.Shot("place-trial")
		p.Click("#end-trial")
		p.has("#trial-over")
		p.has("headroom-trial-banner", "[part~=banner].over")
		p.agrees("trial.banner", "offers pro_after_the_trial")
		p.Shot("place-over")
	})
}

// What people do for a living does not stop when Headroom does: gates fall back to what the product chose,
// nobody hears of offers, no script fails, and what happened meanwhile is counted afterwards.
func TestTheProductGoesOnInTheBrowserWithoutHeadroom(t *testing.T) {
	c, _ := shownCompany(t)
	line := wired(t, c.server.url())
	product := httptest.NewServer(summit.Handler(line.url, c.opts.secretKey, summit.ShownAccount, c.server.url()))
	t.Cleanup(product.Close)
	page := tolerant(browsertest.OpenBrowser(t), "down", product.URL+"/speakers?dev")
	page.loaded()
	page.uses("speakers", "8 of 10 speakers")

	line.cut()
	for n := 9; n <= 11; n++ { // one more than the plan has: Summitry lets people work
		page.add()
		page.Until("the speaker is booked", fmt.Sprintf(`document.querySelectorAll('#list li').length === %d`, n))
	}
	page.overlaySays("speakers.add", "offers nothing: Headroom is not heard")
	page.lacks(offerAt("speakers.add", "[part~=title]")...)
	page.Shot("down-speakers")
	for _, path := range []string{"/", "/recordings", "/setup", "/team", "/plans"} {
		page.visit(path)
	}
	page.Open(product.URL + "/setup") // and who comes only now
	page.Until("somebody is signed in", `document.querySelector('#person').textContent === 'Imke Sorel, admin'`)
	page.Click("#open-doors")
	page.FocusOn("#over")
	page.visit("/recordings")
	page.Until("what was not bought stays closed", `document.querySelector('main').innerText.includes('cannot be opened just now') && !document.querySelector('#talks')`)
	page.visit("/speakers")
	page.Until("the list is there", `document.querySelectorAll('#list li').length === 11`)

	line.mend(t)
	page.Click("#list li:last-child button")
	page.Until("the speaker is off the list", `document.querySelectorAll('#list li').length === 10`)
	page.Open(product.URL + "/speakers")
	page.loaded()
	page.uses("speakers", "10 of 10 speakers")
	if failed := <-page.failed; len(failed) > 0 {
		t.Errorf("scripts failed: %v", failed)
	}
}

// wire is the network between the product and Headroom.
type wire struct {
	url, to string
	server  *http.Server
}

// wired passes on what arrives until it is cut.
func wired(t *testing.T, to string) *wire {
	t.Helper()
	w := &wire{to: to, url: "http://127.0.0.1:0"}
	w.mend(t)
	t.Cleanup(w.cut)
	return w
}

func (w *wire) cut() { _ = w.server.Close() } // what is open breaks off

func (w *wire) mend(t *testing.T) {
	t.Helper()
	target, err := url.Parse(w.to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(target)
	pass.FlushInterval = -1
	w.url, w.server = "http://"+l.Addr().String(), &http.Server{Handler: pass, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = w.server.Serve(l) }()
}

// tolerantPage is a page whose requests may fail; its scripts may not.
type tolerantPage struct {
	summitPage
	failed chan []string // what failed so far
}

func tolerant(b *browsertest.Browser, name, url string) tolerantPage {
	b.T.Helper()
	failed := make(chan []string, 1)
	failed <- nil
	ctx, closed := chromedp.NewContext(b.Ctx, chromedp.WithNewWindow(true), chromedp.WithListener(func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			failed <- append(<-failed, e.ExceptionDetails.Text)
		}
	}))
	b.T.Cleanup(closed)
	w := &browsertest.Window{T: b.T, Ctx: ctx, Name: name}
	if err := chromedp.Do(ctx); err != nil {
		b.T.Fatal(err)
	}
	w.Open(withPatience(url))
	return tolerantPage{summitPage{w}, failed}
}
