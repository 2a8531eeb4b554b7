package sdkjs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// soldB is a catalog with everything that the elements that sell and ask show.
const soldB = `
version: 1
currency: USD
billing: {undo: 24h}
contact: {person: {interruption: 2 per 7d}}
links: {refer: "https://app.example/r/{code}"}
meters:
  speakers:  {aggregate: level, add: speaker.added, remove: speaker.removed}
  hosts:     {aggregate: level, add: host.added, remove: host.removed}
  captions:  {fed_by: consume}
features:
  speakers:   {title: Speakers, kind: metered, meter: speakers}
  recordings: {title: Talk recordings, kind: boolean}
  captions:   {title: Caption minutes, kind: metered, meter: captions}
  hosts:      {title: Hosts, kind: seats, meter: hosts}
plans:
  starter:  {title: Starter, family: core, price: {month: "49", year: "490"}, entitlements: {speakers: 10, recordings: false, captions: {limit: 10, per: month}, hosts: 2}}
  pro:      {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, trial: 14d, entitlements: {speakers: 40, recordings: true, captions: {limit: 300, per: month}, hosts: 5}}
  business: {title: Business, family: core, above: pro, price: {month: "499", year: "4990"}, entitlements: {speakers: unlimited, recordings: true, captions: {limit: 3000, per: month}, hosts: 20}}
addons:
  captions_pack:   {title: 600 caption minutes a month, kind: pack, price: {month: "45", year: "450"}, entitlements: {captions: {limit: 600, per: month}}, needs: [starter, pro, business]}
  captions_top_up: {title: 120 caption minutes, kind: top_up, price: {once: "15"}, entitlements: {captions: 120}, expires: 90d, needs: [starter, pro, business]}
  host_seat:       {title: One more host, kind: seat, price: {month: "12", year: "120"}, entitlements: {hosts: 1}, needs: [starter, pro, business]}
placements:
  speakers.add:    {title: The button that adds a speaker, feature: speakers}
  speakers.full:   {title: The list that is full, feature: speakers}
  recordings.open: {title: The page of a talk, feature: recordings}
  billing.page:    {title: The plan page}
  summit.done:     {title: After a summit}
signals:
  speakers_full: {when: {limit: speakers, reaches: 80%}, type: upsell, hypothesis: "More speakers", owner: product, state: validated}
offers:
  pro_for_speakers:
    on: [speakers_full]
    give: {plan: pro}
    at: [speakers.add]
    kind: contextual
    content: {title: "Room for {limit_next} speakers", body: "You have used {usage} of {limit}.", action: Upgrade to Pro}
  pro_at_once:
    on: [speakers_full]
    give: {plan: pro}
    at: [speakers.full]
    kind: interruption
    content: {title: "The list is full", body: "Pro takes {limit_next}.", action: Upgrade to Pro}
  pro_for_recordings:
    on: [speakers_full]
    give: {plan: pro}
    at: [recordings.open]
    kind: contextual
    content: {title: "Keep every talk", body: "Pro records every talk.", action: Unlock recordings}
  bring_a_friend:
    on: [speakers_full]
    give: {refer: friends}
    at: [summit.done]
    kind: ambient
    content: {title: "Who else should hold a summit?", body: "A month for both.", action: Recommend us}
  pro_is_enough:
    save: true
    give: {plan: pro}
    at: [billing.page]
    for: "account.plan == 'business'"
    content: {title: Pro may be enough, body: "It keeps your recordings. You pay {price}.", action: Move to Pro}
referrals:
  friends: {title: Friends, reward: "A month for both", window: 90d}
survey_gap: 30d
surveys:
  nps:    {title: Recommend, kind: nps, question: "How likely are you to recommend us?", follow: "Why?", at: [dashboard], every: 90d, refer: friends, translations: {de: {question: "Wie wahrscheinlich empfehlen Sie uns?"}}}
  csat:   {title: Support, kind: csat, question: "How did we do?", at: [help]}
  wishes: {title: Wishes, kind: feature_request, question: "What is missing?", at: [wishes]}
`

// beside is what the pages of these tests run beside the core: it finds what stands in shadow roots, as a person does.
const beside = `
import '/sdk/elements/index.js'
const deep = (selector, root = document) => [...root.querySelectorAll(selector), ...[...root.querySelectorAll('*')].filter((e) => e.shadowRoot).flatMap((e) => deep(selector, e.shadowRoot))]
const named = (e) => (e.getAttribute('aria-label') ?? e.textContent).replace(/\s+/g, ' ').trim()
window.events = []
for (const name of ['shown', 'dismissed', 'clicked', 'requested', 'accepted', 'undone', 'answered', 'error', 'contact']) addEventListener('headroom-' + name, (e) => events.push(name))
window.all = (selector) => deep(selector).filter((e) => e.checkVisibility())
window.find = (selector, text) => all(selector).find((e) => !text || named(e).startsWith(text))
window.focused = () => { let at = document.activeElement; while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement; return at }
window.focusedOn = (selector, text) => find(selector, text) !== undefined && find(selector, text) === focused()
window.put = (tag, attributes = {}) => { const e = document.createElement(tag); for (const [n, v] of Object.entries(attributes)) e.setAttribute(n, v); document.querySelector('main').append(e); return e }
window.texts = () => deep('*').flatMap((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).concat([...e.attributes].map((a) => a.value))).join(' | ')
window.says = () => all('[part=root], dialog, [role=status]').map((e) => e.innerText).join('\n')
document.querySelector('main').replaceChildren(Object.assign(document.createElement('h1'), { textContent: 'Product' }), Object.assign(document.createElement('button'), { id: 'before', textContent: 'Before' }))
`

// shop is a site whose pages have the elements.
func shop(t *testing.T) (*browsertest.Server, *site) {
	t.Helper()
	h := browsertest.Start(t, soldB)
	s := openSite(t, h)
	s.page = beside
	return h, s
}

// view is a window, handled as a person would: by what is seen, also inside of elements.
type view struct{ *browsertest.Window }

// see opens a page for somebody, with an element on it.
func (s *site) see(b *browsertest.Browser, as, tag, attributes string) view {
	s.t.Helper()
	w := view{s.open(b, s.at(as, ""))}
	w.put(tag, attributes)
	return w
}

func (v view) put(tag, attributes string) {
	v.T.Helper()
	if attributes == "" {
		attributes = "{}"
	}
	v.Until("the elements are defined", `customElements.get('headroom-plan-page') && window.put`)
	v.Run(fmt.Sprintf(`put(%q, %s)`, tag, attributes))
}

func (v view) there(selector, text string) {
	v.T.Helper()
	v.Until(selector+" "+text+" is there", fmt.Sprintf(`find(%q, %q)`, selector, text))
}

func (v view) gone(selector, text string) {
	v.T.Helper()
	v.Until(selector+" "+text+" is gone", fmt.Sprintf(`!find(%q, %q)`, selector, text))
}

// reads waits until something can be read in an element.
func (v view) reads(text string) {
	v.T.Helper()
	v.Until("it reads: "+text, fmt.Sprintf(`says().replace(/\s+/g, ' ').includes(%q)`, text))
}

// click clicks where something stands.
func (v view) click(selector, text string, times ...int) {
	v.T.Helper()
	v.there(selector, text)
	v.Until(selector+" "+text+" may be clicked", fmt.Sprintf(`!find(%q, %q)?.matches('[aria-disabled=true]')`, selector, text))
	at := ask[[]float64](v.Window, fmt.Sprintf(`(() => { const e = find(%q, %q); e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()`, selector, text))
	n := 1
	if len(times) > 0 {
		n = times[0]
	}
	v.Do(chromedp.MouseClickXY(at[0], at[1], chromedp.ClickCount(n)))
}

// tab presses Tab until something has the focus.
func (v view) tab(selector, text string) {
	v.T.Helper()
	v.there(selector, text)
	for range 60 {
		if v.Is(fmt.Sprintf(`focusedOn(%q, %q)`, selector, text)) {
			return
		}
		v.Press("\t")
	}
	v.Shot("failed")
	v.T.Fatalf("60 presses of Tab do not reach %s %s, the last is %s", selector, text, ask[string](v.Window, `focused().outerHTML`))
}

func (v view) focus(selector, text string) {
	v.T.Helper()
	v.Until("the focus is on "+selector+" "+text, fmt.Sprintf(`focusedOn(%q, %q)`, selector, text))
}

// fine looks at the page as axe does, and at whether it fits its window.
func (v view) fine(state string) {
	v.T.Helper()
	if found := v.Axe(); found != "" {
		v.T.Errorf("%s: axe finds %s", state, found)
	}
	if v.Is(`document.documentElement.scrollWidth > innerWidth + 1`) {
		v.T.Errorf("%s: the page is wider than its window", state)
	}
}

// noMoney looks for amounts anywhere in the page, seen or not.
func (v view) noMoney(state string) {
	v.T.Helper()
	text := ask[string](v.Window, `texts()`)
	for _, sign := range []string{"$", "USD", "149", "490", "100.00"} {
		if strings.Contains(text, sign) {
			v.T.Errorf("%s: a member's page holds %q: …%s…", state, sign, text[max(0, strings.Index(text, sign)-60):min(len(text), strings.Index(text, sign)+40)])
		}
	}
}

// plan is what an account is on, as the server knows.
func (s *site) plan(account string) string {
	s.t.Helper()
	var sub struct{ Plan, Interval string }
	s.headroom.Must("GET", "/v1/accounts/"+account+"/subscription", nil, &sub)
	return sub.Plan + "/" + sub.Interval
}
