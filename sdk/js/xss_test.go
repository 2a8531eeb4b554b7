package sdkjs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// Whatever a catalog, an account or a person says stays a text, in every element.

// payload is markup that would run, in as many ways as fit into a title.
const payload = `<img src=x onerror=window.ran=1><script>window.ran=1</script>"'><svg onload=window.ran=1><a href="javascript:window.ran=1">`

// hostileB is a catalog in which every text is a payload.
func hostileB() string {
	text, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("$X", string(text)).Replace(`
version: 1
currency: USD
billing: {undo: 24h}
links: {refer: "https://app.example/r/{code}"}
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  hosts:    {aggregate: level, add: host.added, remove: host.removed}
features:
  speakers:   {title: $X, benefit: $X, kind: metered, meter: speakers, translations: {de: {title: $X, benefit: $X}}}
  hosts:      {title: $X, benefit: $X, kind: seats, meter: hosts}
  recordings: {title: $X, benefit: $X, kind: boolean}
  support:    {title: $X, kind: value, values: [email, chat]}
plans:
  starter: {title: $X, family: core, price: {month: "49", year: "490"}, trial: 14d, entitlements: {speakers: 10, recordings: false, hosts: 2, support: email}}
  pro:     {title: $X, family: core, above: starter, price: {month: "149", year: "1490"}, entitlements: {speakers: 40, recordings: true, hosts: 5, support: chat}}
addons:
  seat: {title: $X, kind: seat, price: {month: "12"}, entitlements: {hosts: 1}, needs: [starter, pro]}
  room: {title: $X, kind: pack, price: {month: "12"}, entitlements: {speakers: 5}, needs: [starter, pro]}
placements:
  speakers.add:    {title: $X, feature: speakers}
  recordings.open: {title: $X, feature: recordings}
signals:
  speakers_full: {when: {limit: speakers, reaches: 80%}, type: upsell, hypothesis: $X, owner: product, state: validated}
offers:
  more: {on: [speakers_full], give: {plan: pro}, at: [speakers.add, recordings.open], kind: contextual, content: {title: $X, body: $X, action: $X, translations: {de: {title: $X, body: $X, action: $X}}}}
referrals:
  friends: {title: $X, reward: $X, window: 90d}
survey_gap: 1d
surveys:
  nps: {title: $X, kind: nps, question: $X, follow: $X, at: [dashboard], refer: friends}
`)
}

// harm says what of the page was made of data: nothing may be.
const harm = `(() => {
  const every = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? every(e.shadowRoot) : [])])
  const inside = [...document.querySelectorAll('main > *')].filter((e) => e.shadowRoot).flatMap((e) => [e, ...every(e.shadowRoot)])
  const found = []
  for (const e of inside) {
    if (/^(SCRIPT|IFRAME|OBJECT|EMBED|STYLE|LINK|BASE|META|TEMPLATE)$/.test(e.nodeName) || (e.nodeName === 'IMG' || e.nodeName === 'VIDEO') && e.part.value !== 'media') found.push(e.outerHTML)
    for (const a of e.attributes) {
      if (/^(on[a-z]+|srcdoc)$/.test(a.name) || a.name === 'style' && !e.style?.cssText) found.push(e.outerHTML)
      if (/^(href|src|action|formaction|poster|xlink:href)$/.test(a.name) && !/^https?:$/.test(new URL(a.value, document.baseURI).protocol)) found.push(a.name + '=' + a.value)
    }
  }
  if (window.ran !== undefined) found.push('it ran')
  return found.concat(broken)
})()`

func (v view) harmless(state string) {
	v.T.Helper()
	if found := ask[[]string](v.Window, harm); len(found) > 0 {
		v.T.Errorf("%s: %v", state, found)
	}
}

func TestACatalogFullOfPayloadsIsTextInEveryElement(t *testing.T) {
	h := browsertest.Start(t, hostileB())
	s := openSite(t, h)
	s.page = beside
	b := browsertest.OpenBrowser(t)
	h.Must("PUT", "/v1/accounts/acme", map[string]any{"name": payload, "traits": map[string]any{"segment": payload}}, nil)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	// given a request with a name and a reason that are payloads, and one that was declined with such a reason
	ask1 := map[string]any{"account": "acme", "user": "mia", "name": payload, "feature": "recordings", "reason": payload}
	h.Must("POST", "/v1/requests", ask1, nil)
	var declined struct {
		ID string `json:"request_id"`
	}
	h.Must("POST", "/v1/requests", map[string]any{"account": "acme", "user": "mia", "give": map[string]any{"addon": "room"}, "reason": payload}, &declined)
	h.Must("POST", "/v1/requests/"+declined.ID+"/decline", map[string]any{"user": "ada", "reason": payload}, nil)
	for _, role := range []string{"ada/admin", "mia/member"} {
		for _, lang := range []string{"en", "de"} {
			w := view{s.open(b, s.at("acme/"+role, "&x="+"%3Cimg%20src%3Dx%20onerror%3Dwindow.ran%3D1%3E"))}
			w.Until("the page runs", `window.put && headroom.snapshot().entitlements`)
			for tag, attributes := range map[string]string{
				"headroom-upgrade-dialog": `placement: 'speakers.add', admin: text`, "headroom-plan-page": `admin: text`, "headroom-requests": ``, "headroom-survey": `placement: 'dashboard'`,
				"headroom-usage-meter": `feature: 'speakers', label: text`, "headroom-locked": `feature: 'recordings', placement: 'recordings.open'`, "headroom-trial-banner": `placement: 'speakers.add'`,
				"headroom-seat-prompt": `feature: 'hosts', placement: 'speakers.add'`, "headroom-nav-badge": `feature: 'recordings', kind: 'premium'`,
			} {
				w.put(tag, fmt.Sprintf(`((text) => ({lang: %q, %s}))(%s)`, lang, attributes, quoted(payload)))
			}
			// then it can be read, as it was written
			for _, tag := range []string{"headroom-upgrade-dialog", "headroom-plan-page", "headroom-requests", "headroom-usage-meter", "headroom-locked"} {
				w.Until(tag+" shows the payload as text", fmt.Sprintf(`document.querySelector(%q).shadowRoot.textContent.includes('<img src=x onerror')`, tag))
			}
			w.harmless(role + " " + lang)
			if role == "ada/admin" && lang == "en" {
				w.Run(`document.querySelector('headroom-survey').scrollIntoView({behavior: 'instant'})`)
				w.Until("the survey is there", `document.querySelector('headroom-survey').shadowRoot.querySelector('form')`)
				w.Run(`document.querySelector('headroom-upgrade-dialog').shadowRoot.querySelector('[part=action]').click()`)
				w.there("dialog[role=alertdialog]", "")
				w.Until("the confirmation shows it", `find('dialog').textContent.includes('<script>')`)
				w.harmless("the confirmation")
				w.click("[part=cancel]", "Cancel")
				w.gone("dialog", "")
			}
		}
	}
}

// quoted is a text as a script has it.
func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func TestAnswersThatNoServerShouldGiveRunNothingEither(t *testing.T) {
	h := browsertest.Start(t, soldB)
	s := openSite(t, h)
	s.page = beside
	s.subscribe("acme", "starter")
	s.troubles(func(_ http.ResponseWriter, _ *http.Request) bool { return false })
	w := view{s.open(browsertest.OpenBrowser(t), s.at("acme/ada/admin", ""))}
	w.Until("the page runs", `window.put && headroom.snapshot().entitlements`)
	for _, address := range []string{"javascript:window.ran=1", "JAVASCRIPT:window.ran=1", "java\tscript:window.ran=1", " javascript:window.ran=1", "data:text/html,<script>window.ran=1</script>", "vbscript:x", "blob:x"} {
		w.Run(fmt.Sprintf(`
const x = %s, url = %s, usd = { amount: '1', currency: 'USD' }
const offer = { key: x, kind: 'contextual', type: x, title: x, body: x, media: url, case: x, assumptions: [x], lost: [x], cta: { action: 'contact_sales', label: x, url } }
const decision = { status: 'show', reason: x, decision_id: x, offer }
const help = { status: 'none', reason: x, help: { rule: x, title: x, body: x, link: url } }
const entitlement = { feature: 'f', title: x, kind: 'metered', allowed: false, reason: 'limit_reached', usage: 3, limit: 3, remaining: 0, message: x, unlock: [{ title: x, gives: x }], content: { title: x, benefit: x, media: url, docs: url } }
const billing = { at: '2026-01-01T00:00:00Z', can_buy: true, subscription: { plan: x, title: x, status: 'active', interval: 'month', scheduled: [{ at: '2026-01-01T00:00:00Z', words: x }] }, allowances: [{ feature: x, title: x, used: 1, limit: 2 }], addons: [{ addon: x, title: x, quantity: 1 }], seats: [], discounts: [{ kind: x, title: x, saving: usd, taken: true }], requests: [{ id: x, at: '2026-01-01T00:00:00Z', title: x, name: x, reason: x, status: 'open', joined: [{ user: x, name: x, reason: x }] }], options: [{ title: x, give: { plan: x }, limits: [{ feature: x, title: x, before: x, after: x }], not_now: x, covers: true }], more: [{ title: x, give: { addon: x }, limits: [], covers: true }] }
const answers = { 'GET /v1/accounts/{account}/billing': billing, 'GET /v1/accounts/{account}/requests': { items: billing.requests }, 'GET /v1/accounts/{account}/notices?unread=true&limit=20': { items: [{ id: x, at: '2026-01-01T00:00:00Z', words: x, reason: x }] }, 'GET /v1/accounts/{account}/approvals': { items: [{ id: x, title: x, per: 'month', at_most: usd, left: usd }] }, 'POST /v1/surveys/next': { survey: x, ask_id: x, kind: 'nps', question: x, follow: x, scale: { least: 0, most: 10 } } }
document.querySelector('main').replaceChildren()
for (const d of [decision, { ...decision, offer: { ...offer, cta: { action: x, label: x, url } } }, help]) {
  for (const tag of ['upgrade-dialog', 'plan-page', 'requests', 'survey', 'usage-meter', 'locked', 'trial-banner', 'seat-prompt', 'nav-badge']) {
    const e = document.createElement('headroom-' + tag)
    for (const [n, v] of Object.entries({ placement: 'p', feature: 'f', kind: 'premium', label: x, admin: x })) e.setAttribute(n, v)
    e.preview = { decision: d, entitlements: { f: entitlement }, check: entitlement, answers }
    document.querySelector('main').append(e)
  }
}`, quoted(payload), quoted(address)))
		w.Run(`document.querySelector('headroom-survey').scrollIntoView({behavior: 'instant'})`)
		w.Until("all of it is drawn", `['upgrade-dialog', 'plan-page', 'requests', 'usage-meter', 'locked', 'survey'].every((tag) => document.querySelector('headroom-' + tag).shadowRoot.textContent.includes('<img src=x'))`)
		w.harmless(address)
		w.Run(`for (const e of all('[part=action]')) e.click()`)
		w.harmless(address + ", clicked")
		if w.Is(`location.protocol !== 'http:' || new URL(location.href).pathname !== '/'`) {
			t.Fatalf("%q was followed to %s", address, ask[string](w.Window, `location.href`))
		}
	}
}
