package sdkjs_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// What must not happen when somebody buys: another purchase than the one that was read, twice, or for somebody else.

// signsIn is another person in the same page, after the last one signed out.
func (v view) signsIn(as string) {
	v.T.Helper()
	v.Run(`headroom.reset(); headroom.init({ ...config, token: async () => (await fetch('/token?` + as + `')).text() })`)
	user := strings.Split(as, "/")[1]
	v.Until(user+" is known", `headroom.snapshot().user === '`+user+`' && headroom.snapshot().entitlements`)
}

func TestOnlyTheLastPurchaseIsTakenBackAndOnlyByWhoMadeIt(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := s.see(b, "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	w.put("headroom-plan-page", "")
	// given two purchases in two places of a page
	w.click("[part=action]", "Upgrade to Pro")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("is active now.")
	h.Must("POST", "/v1/clock/advance", map[string]any{"by": "1m"}, nil)
	w.reads("Your plan: Pro")
	w.click("[part=action]", "Add seats… Hosts")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("Done: 1 × Hosts.")
	// then there is one Undo, of the last
	w.Until("there is one Undo", `all('[role=status] [part=undo]').length === 1`)
	if w.Is(`says().includes('is active now')`) {
		t.Error("the first purchase still offers what would undo the second")
	}
	// and given a change that was made elsewhere since, it is not taken back in its place
	h.Must("POST", "/v1/clock/advance", map[string]any{"by": "1m"}, nil)
	h.Must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "business"}, nil)
	w.click("[role=status] [part=undo]", "Undo")
	w.reads("Something else was changed since, so this cannot be taken back here.")
	if got := s.plan("acme"); got != "business/month" {
		t.Errorf("the plan is %s", got)
	}
	// and when somebody else signs in, what was said to the first is gone
	w.signsIn("acme/rob/admin")
	w.reads("Your plan: Business")
	if w.Is(`find('[part=undo]') || says().includes('Done:')`) {
		t.Errorf("rob is offered ada's Undo: %s", ask[string](w.Window, `says()`))
	}
}

func TestAQuantityIsReadBesideItsButtonAndNamedInTheQuestion(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.headroom.Must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter", "addons": []map[string]any{{"key": "host_seat", "quantity": 5}}}, nil)
	w := s.see(b, "acme/ada/admin", "headroom-plan-page", "")
	w.reads("5 × One more host")
	if twice := ask[[]string](w.Window, `(() => { const ids = [...document.querySelector('headroom-plan-page').shadowRoot.querySelectorAll('[id]')].map((e) => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i) })()`); len(twice) > 0 {
		t.Errorf("ids are there twice: %q", twice)
	}
	w.click("[part=action]", "Change… One more host")
	w.reads("5 × One more host: confirm?")
	w.click("[part=cancel]", "Cancel")
	w.click("[part=action]", "Add seats… Hosts")
	w.reads("1 × Hosts: confirm?")
	w.click("[part=cancel]", "Cancel")
	// and paying by the year, the choice follows what was bought
	w.click("input[value=year]", "")
	w.click("[part=action]", "Pay by the year…")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("Done: By the year.")
	w.click("[role=status] [part=undo]", "Undo")
	w.Until("the month is chosen again", `find('input[value=month]').checked && !find('input[value=year]').checked`)
}

func TestAClickThatWasOnItsWayBuysNothingAtAPriceThatWasNotRead(t *testing.T) {
	h, s := shop(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	// given a mouse that clicks whatever comes, in the moment in which it comes
	w.Run(`window.clicked = 0
new MutationObserver((changes) => {
  const yes = document.querySelector('headroom-upgrade-dialog').shadowRoot.querySelector('[part=confirm]')
  if (!yes || !changes.some((c) => [...c.addedNodes].some((n) => n.nodeType === 1 && (n.matches('dialog') || n.id === 'confirm-sum')))) return
  clicked++
  yes.dispatchEvent(new MouseEvent('click', { detail: 1, bubbles: true, composed: true }))
}).observe(document.querySelector('headroom-upgrade-dialog').shadowRoot, { childList: true, subtree: true })`)
	w.click("[part=action]", "Upgrade to Pro")
	w.Until("it clicked", `clicked > 0 && find('dialog[role=alertdialog]')`)
	h.Must("PUT", "/v1/catalog", []byte(strings.ReplaceAll(soldB, `month: "149"`, `month: "199"`)), nil, "Content-Type", "application/yaml")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("The price has changed since it was shown.")
	w.Until("it clicked again", `clicked > 1`)
	w.click("[part=cancel]", "Cancel")
	w.gone("dialog[role=alertdialog]", "")
	if got := s.plan("acme"); got != "starter/month" {
		t.Errorf("the plan is %s", got)
	}
}

// holds keeps what matches waiting until it is let go; lost: its answer never comes.
func (s *site) holds(what string, lost bool) (let func()) {
	wait := make(chan struct{})
	s.troubles(func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, what) || r.Method != http.MethodPost {
			return false
		}
		<-wait
		if lost {
			panic(http.ErrAbortHandler)
		}
		return false
	})
	return sync.OnceFunc(func() { close(wait) })
}

func TestWhatIsBeingBoughtComesToItsEndWhoeverClosesTheDialog(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	w := s.see(b, "acme/ada/admin", "headroom-plan-page", "")
	// given a browser that closes the dialog while it is being bought, as on a second Escape
	let := s.holds("/subscription/confirm", false)
	defer let()
	w.click("[part=action]", "Choose Pro…")
	w.click("[part=confirm]", "Confirm and pay")
	w.Until("it is being bought", `find('[part=cancel]').matches('[aria-disabled=true]')`)
	w.Run(`find('dialog[role=alertdialog]').close()`)
	w.gone("dialog", "")
	let()
	w.reads("Done: Pro.")
	w.there("[role=status] [part=undo]", "Undo")
	w.Until("the page heard", `events.includes('accepted')`)

	// and given an answer that never came, who cancels is told that it is not known
	let = s.holds("/subscription/confirm", true)
	let()
	w.click("[part=action]", "Choose Business…")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("it is not known whether it was bought")
	reads := len(s.passed("GET /v1/accounts/acme/billing"))
	w.click("[part=cancel]", "Cancel")
	w.reads("It is not known whether it was bought. Look at your plan before you buy it again.")
	waitFor(t, "the plan is read again", func() bool { return len(s.passed("GET /v1/accounts/acme/billing")) > reads })
}

func TestNothingOfThePersonWhoSignedOutIsLeftInAnyElement(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := s.see(b, "acme/mia/member", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	w.asks("for mia")
	w.reads("Your request went to")
	w.put("headroom-locked", `{feature: 'recordings'}`)
	w.click("[part=action]", "Ask an admin")
	w.Until("it is said in the lock", `find('headroom-locked').shadowRoot.textContent.includes('Your request went to')`)
	w.put("headroom-survey", `{placement: 'dashboard'}`)
	w.reads("How likely are you to recommend us?")
	w.put("headroom-plan-page", "")
	w.click("[part=action]", "Ask an admin Business")
	w.there("headroom-plan-page", "")
	w.Until("the reason can be told", `focused()?.matches('textarea')`)
	w.Press("mia's reason")
	w.put("headroom-requests", "")
	w.reads("Your requests")
	// when she signs out, then there is nothing to read
	w.Run(`headroom.reset()`)
	w.Until("nothing is said", `says().trim() === '' && !find('textarea')`)
	// and who signs in next begins anew
	w.signsIn("acme/rob/admin")
	w.reads("Room for 40 speakers")
	w.reads("Your plan: Starter")
	for _, hers := range []string{"Your request went to", "mia's reason", "Your requests"} {
		if strings.Contains(ask[string](w.Window, `says() + all('textarea').map((e) => e.value)`), hers) {
			t.Errorf("rob reads %q", hers)
		}
	}
	// and a confirmation that is open goes with who opened it
	w.click("[part=action]", "Choose Business…")
	w.there("dialog[role=alertdialog]", "")
	w.signsIn("acme/tom/admin")
	w.gone("dialog", "")
	if got := s.plan("acme"); got != "starter/month" {
		t.Errorf("the plan is %s", got)
	}
}

func TestAPlanPageThatCouldNotBeReadIsReadAgainByAClick(t *testing.T) {
	_, s := shop(t)
	s.subscribe("acme", "starter")
	s.troubles(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/billing") {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-plan-page", "")
	w.there("[part=action]", "Try again")
	w.fine("a plan page that could not be read")
	s.troubles(nil)
	w.click("[part=action]", "Try again")
	w.reads("Your plan: Starter")
}

func TestAConfirmationThatCouldNotBeLoadedIsLoadedByTheNextClick(t *testing.T) {
	_, s := shop(t)
	s.subscribe("acme", "starter")
	rest := s.Config.Handler
	var once sync.Once
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/elements/confirm.js") {
			failed := false
			once.Do(func() { failed = true; w.WriteHeader(http.StatusBadGateway) })
			if failed {
				return
			}
		}
		rest.ServeHTTP(w, r)
	})
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-plan-page", "")
	w.click("[part=action]", "Choose Pro…")
	w.reads("could not be loaded, and nothing was bought. Try again")
	w.click("[part=action]", "Choose Pro…")
	w.there("dialog[role=alertdialog]", "")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("Done: Pro.")
}

func TestAnElementBearsWhatAPageAndAServerMaySay(t *testing.T) {
	_, s := shop(t)
	s.subscribe("acme", "starter")
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-usage-meter", `{feature: 'speakers', lang: 'en_US'}`)
	w.reads("0 of 10")
	w.put("headroom-usage-meter", `{feature: 'hosts', lang: 'no language'}`)
	w.reads("0 of 2")
	// given an offer that lacks what its card needs, then there is no card, and the page hears
	stage := func(tag, attributes, preview string) {
		t.Helper()
		w.Run(`document.querySelector('main').replaceChildren(); window.events.length = 0; window.staged = put('` + tag + `', ` + attributes + `); staged.preview = ` + preview)
	}
	offer := `{ status: 'show', reason: 'signal', decision_id: 'd', offer: { title: 'A plan for more', body: 'Body', price: {}`
	stage("headroom-upgrade-dialog", `{placement: 'a', inline: ''}`, `{ decision: `+offer+` } } }`)
	w.Until("the page hears", `events.includes('error')`)
	// given a link to talk, then the page is told first, and may keep to itself
	stage("headroom-upgrade-dialog", `{placement: 'a', inline: ''}`, `{ outcome: { type: 'accepted' }, decision: `+offer+`, cta: { action: 'contact_sales', label: 'Talk to us', url: location.origin + '/elsewhere' } } } }`)
	w.Run(`staged.addEventListener('headroom-contact', (e) => e.preventDefault())`)
	w.click("a[part=action]", "Talk to us")
	w.gone("[part=card]", "")
	if got := ask[string](w.Window, `[location.pathname, ...events].join()`); got != "/,clicked,contact,accepted" {
		t.Errorf("it went %s", got)
	}
	// given a scale without end, then eleven numbers are asked for
	stage("headroom-survey", `{placement: 'a'}`, `{ answers: { 'POST /v1/surveys/next': { ask_id: 'x', kind: 'csat', question: 'How?', scale: { least: 0, most: 1e9 } } } }`)
	w.reads("How?")
	w.Until("eleven", `all('input[type=radio]').length === 11`)
	// given a lock whose member has asked, then it asks anew for another feature
	stage("headroom-locked", `{feature: 'one'}`, `{ role: 'member', outcome: { type: 'requested' }, entitlements: { one: { feature: 'one', title: 'One', kind: 'boolean', allowed: false, reason: 'not_included' }, two: { feature: 'two', title: 'Two', kind: 'boolean', allowed: false, reason: 'not_included' } } }`)
	w.click("[part=action]", "Ask an admin")
	w.reads("Your request went to")
	w.Run(`staged.setAttribute('feature', 'two')`)
	w.reads("Two")
	w.there("[part=action]", "Ask an admin")
	// given news of what somebody asked for, then it is told in their words
	stage("headroom-requests", `{lang: 'de'}`, `{ role: 'member', answers: { 'GET /v1/accounts/{account}/requests': { items: [{ id: 'r', at: '2026-03-01T09:00:00Z', status: 'approved', title: 'Pro', user: 'u' }] }, 'GET /v1/accounts/{account}/notices?unread=true&limit=20': { items: [{ id: 'n', at: '2026-03-01T09:00:00Z', kind: 'approved', request_id: 'r', words: 'Pro was approved and is active now.' }] }, 'GET /v1/accounts/{account}/billing': { requests: [], subscription: {} } } }`)
	w.reads("Pro wurde genehmigt und ist jetzt aktiv.")
}
