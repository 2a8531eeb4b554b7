package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
	"github.com/headroomhq/headroom/internal/console"
)

// Whatever customers, their people and catalogs are called, the console shows it and runs nothing.

// payloads are what somebody who wants code to run writes into names, reasons and events.
var payloads = []string{
	`<script>window.ran=1</script>`,
	`<img src=x onerror="window.ran=1">`,
	`"><svg onload=window.ran=1>`,
	`' autofocus onfocus=window.ran=1 x='`,
	`javascript:window.ran=1//`,
	`<a href="javascript:window.ran=1">x</a>`,
	`{{constructor.constructor('window.ran=1')()}}${window.ran=1}<%= 7 %>`,
	`<iframe srcdoc="<script>parent.ran=1</script>"></iframe>`,
	`<math><mi xlink:href="data:x,<script>window.ran=1</script>">`,
	"\u202egnp.exe \u2066left\u2069 \u200f<b>right</b>",
	`</textarea></title></style></noscript><style>body{display:none}</style>`,
}

// payload is the i-th of them.
func payload(i int) string { return payloads[i%len(payloads)] }

// payloadCatalog says payloads wherever a catalog has words.
func payloadCatalog() []byte {
	n := 0
	words := func() string {
		n++
		text, err := json.Marshal(payload(n))
		if err != nil {
			panic(err) // strings never fail
		}
		return string(text)
	}
	// Braces of an offer's texts are placeholders, so those payloads are quoted as ICU does.
	message := func() string {
		n++
		text, err := json.Marshal(strings.NewReplacer("'", "''", "{", "'{'", "}", "'}'").Replace(payload(n)))
		if err != nil {
			panic(err)
		}
		return string(text)
	}
	return []byte(`version: 1
currency: USD
meters: {speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}}
features:
  speakers:   {title: ` + words() + `, benefit: ` + words() + `, meter: speakers, media: "https://m.example/<x>.png", docs: "https://d.example/?q=<script>", use_cases: [run_events], translations: {de: {title: ` + words() + `}}}
  recordings: {title: ` + words() + `, benefit: ` + words() + `, kind: boolean}
plans:
  starter: {title: ` + words() + `, price: {month: "49", year: "490"}, entitlements: {speakers: 10}}
  pro:     {title: ` + words() + `, above: starter, price: {month: "149", year: "1490"}, trial: 14d, entitlements: {speakers: 40, recordings: true}}
addons:
  room: {title: ` + words() + `, price: {month: "20"}, entitlements: {speakers: 5}}
profiles: {host: {title: ` + words() + `}}
placements: {speakers.add: {title: ` + words() + `, feature: speakers}}
signals:
  speakers_full:    {when: {limit: speakers, reaches: 80%}, type: upsell, title: ` + words() + `, hypothesis: ` + words() + `, evidence: ` + words() + `}
  wants_recordings: {when: {gate: recordings, times: 1, within: 7d}, type: upsell, title: ` + words() + `, hypothesis: ` + words() + `}
offers:
  pro_for_speakers: {on: [speakers_full], give: {plan: pro}, at: [speakers.add], content: {title: ` + message() + `, body: ` + message() + `, action: ` + message() + `, translations: {de: {title: ` + message() + `, body: ` + message() + `}}}}
  room_for_them:    {on: [speakers_full], give: {addon: room}, at: [team.page], kind: ambient, content: {title: ` + message() + `, body: ` + message() + `}}
  pro_for_talks:    {on: [wants_recordings], give: {plan: pro}, at: [recordings.open], content: {title: ` + message() + `}}
milestones: {first: {title: ` + words() + `, event: speaker.added, help: {title: ` + words() + `, body: ` + words() + `, link: "https://h.example/?<script>"}}}
value: {guests: {title: ` + words() + `, unit: ` + words() + `, formula: "speakers * 20", worth: "0.50", band: 5% to 20%, assumptions: [` + words() + `]}}
experiments: {calls: {title: ` + words() + `, hypothesis: ` + words() + `, state: running, variants: {a: 50%, b: 50%}}}
routing: [{when: "amount >= 1000000", to: account_executive}, {to: self_service}]
`)
}

// hostileTo makes a company in which every word that somebody else chose is a payload.
func hostileTo(t *testing.T) (c *company, pages []string) {
	t.Helper()
	c = &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 2, secretKey: "hr_sk_test_key", demo: payload(0),
		testClock: "2026-03-01T09:00:00Z", logger: slog.New(slog.DiscardHandler)}
	c.open()
	t.Cleanup(func() { c.server.close() })
	status, answer := c.send("PUT", "/v1/catalog?author="+url.QueryEscape(payload(1))+"&note="+url.QueryEscape(payload(2)), string(payloadCatalog()), "Content-Type", "application/yaml")
	if status != 200 {
		t.Fatalf("the catalog of payloads is not taken: %d %v", status, answer)
	}
	key, decision := "", ""
	for i := range payloads {
		key = "a/" + payload(i)
		path := "/v1/accounts/" + url.PathEscape(key)
		c.must("PUT", path, map[string]any{"name": payload(i + 1), "traits": map[string]any{"industry": payload(i + 2), "website": "javascript:window.ran=1"}}, nil)
		c.must("PUT", path+"/subscription", map[string]any{"plan": "starter", "interval": "month"}, nil)
		event := func(typ, id string) map[string]any {
			return map[string]any{"specversion": "1.0", "id": id, "source": payload(i + 3), "type": typ, "subject": key,
				"data": map[string]any{"user": payload(i + 4), "note": payload(i + 5)}}
		}
		batch := []map[string]any{event("summit.published", "own")}
		for n := range 9 {
			batch = append(batch, event("speaker.added", fmt.Sprint(n)))
		}
		var at struct{ Position string }
		c.must("POST", "/v1/events", batch, &at)
		c.must("PUT", path+"/facts/incident", map[string]any{"value": true, "ref": payload(i + 6), "note": payload(i + 7)}, nil)
		c.must("PUT", path+"/facts/mood", map[string]any{"value": payload(i + 6), "note": payload(i + 7)}, nil)
		c.must("POST", path+"/grants", map[string]any{"feature": "speakers", "quantity": 1, "reason": payload(i + 7)}, nil)
		c.must("POST", "/v1/check", map[string]any{"account": key, "user": payload(i + 8), "feature": "recordings"}, nil)
		var d struct {
			ID string `json:"decision_id"`
		}
		c.must("POST", "/v1/decide", map[string]any{"account": key, "user": payload(i + 9), "role": "member", "placement": "speakers.add", "requested": true}, &d, "Headroom-Position", at.Position)
		if d.ID == "" {
			t.Fatalf("nothing is offered to %q", key)
		}
		c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "requested", "user": payload(i + 9), "reason": payload(i + 10)}, nil, "Idempotency-Key", fmt.Sprint("ask-", i))
		decision = d.ID
	}
	account := url.PathEscape(key)
	return c, []string{
		"/accounts/" + account, "/accounts?q=" + url.QueryEscape(payload(0)), "/offers/edit/pro_for_speakers?account=" + url.QueryEscape(key),
		"/offers/edit/pro_for_speakers?role=member&language=de", "/offers/edit/" + url.PathEscape(`<img src=x onerror=run()>`), "/offers?open=new", "/offers?q=" + url.QueryEscape(payload(1)),
		"/offers/contact?account=" + url.QueryEscape(key) + "&user=" + url.QueryEscape(payload(4)), "/offers/funnel?step=moment", "/offers/funnel?offer=pro_for_speakers&step=offered",
		"/offers/funnel?offer=" + url.QueryEscape(payload(1)), "/offers/requests?status=any", "/offers/decisions/" + url.PathEscape(decision),
		"/moments/rules", "/moments/rules/speakers_full", "/moments/registry", "/moments/coverage", "/moments/missed", "/moments/precursors", "/moments/new",
		"/packaging?edit=plans.pro", "/packaging?edit=addons.room", "/packaging?edit=plans.pro.entitlements.speakers", "/packaging/changes", "/packaging/versions", "/packaging/value",
		"/packaging/worksheet?step=value", "/packaging/worksheet?step=plans", "/packaging/worksheet?step=offers", "/packaging/worksheet?step=moments", "/packaging/worksheet?step=profiles",
		"/packaging/worksheet?step=expansion", "/packaging/features/speakers", "/packaging/limits/speakers?candidate=12&segment_by=industry", "/" + url.PathEscape(`<img src=x onerror=run()>`),
	}
}

// harm says what in the page, its shadow roots too, came of a name: an element that the console never makes, a handler, a
// link that leads to code or away, or a rule of the policy that was broken.
const harm = `(() => {
  const found = [...(window.broken ?? [])]
  if (getComputedStyle(document.body).display === 'none') found.push('a style of data')
  if (window.ran || window[0]?.ran) found.push('something ran')
  const look = (root) => {
    for (const e of root.querySelectorAll('*')) {
      if (e.matches('body iframe, body style:not([data-mantine-styles]), body object, body embed, body math, body base, body form[action], body script, body img[src="x"], body b, body marquee')) found.push('an element of data: ' + e.outerHTML.slice(0, 200))
      for (const a of e.attributes) {
        if (/^on/i.test(a.name)) found.push('a handler: ' + e.outerHTML.slice(0, 200))
        if (/^(href|src|action|formaction|xlink:href|srcdoc|poster)$/i.test(a.name) && a.value) {
          let at; try { at = new URL(a.value, location.href) } catch { found.push('an address that is none: ' + a.value); continue }
          if (at.origin !== location.origin && !/^https?:$/.test(at.protocol)) found.push('a link to ' + a.value)
        }
      }
      if (e.shadowRoot) look(e.shadowRoot)
    }
  }
  look(document)
  return found.join('\n')
})()`

func TestNothingOfWhatOthersCallThingsRunsInTheConsole(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	c, pages := hostileTo(t)
	window := browsertest.OpenBrowser(t).Window("xss", c.server.url()+"/")
	window.Until("the console is there", `document.querySelectorAll('nav[aria-label=Pages] a').length >= 4`)
	// The pages of the navigation, and whatever these lead to: a page that is built later is visited, too.
	visit := append(strings.Split(browsertest.Ask(window, chromedp.Evaluate[string](`[...document.querySelectorAll('nav[aria-label=Pages] a')].map((a) => a.getAttribute('href')).join('\n')`)), "\n"), pages...)
	seen := map[string]bool{}
	shown := 0
	for i := 0; i < len(visit); i++ {
		path := visit[i]
		if seen[path] {
			continue
		}
		seen[path] = true
		window.Open("about:blank") // so that each page begins anew
		window.Open(c.server.url() + path)
		window.Until(path+" is drawn", `document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]') && !document.querySelector('main .mantine-Skeleton-root')`)
		window.Run(`window.broken = window.broken ?? []; addEventListener('securitypolicyviolation', (e) => window.broken.push('the policy was broken: ' + e.violatedDirective + ' ' + e.blockedURI))`)
		// What opens says more: every part that folds, and what the address does not open.
		window.Run(`for (const d of document.querySelectorAll('main details')) d.open = true`)
		if found := browsertest.Ask(window, chromedp.Evaluate[string](harm)); found != "" {
			t.Errorf("%s: %s", path, found)
		}
		if window.Is(`document.querySelector('main').innerText.includes('window.ran=1')`) {
			shown++
		}
		if len(seen) > 80 {
			continue
		}
		// Sub-pages that the page itself leads to, once for each form of address.
		for next := range strings.SplitSeq(browsertest.Ask(window, chromedp.Evaluate[string](`[...document.querySelectorAll('main a[href^="/"]')].map((a) => a.getAttribute('href')).filter((h) => !h.includes('?') && h.split('/').length === 3).slice(0, 12).join('\n')`)), "\n") {
			if next != "" && !strings.HasPrefix(next, "/accounts/") {
				visit = append(visit, next)
			}
		}
	}
	if shown < 15 {
		t.Errorf("only %d of %d pages show a payload as text: the test does not look where names are", shown, len(seen))
	}
	t.Logf("%d pages were visited, %d of them with payloads as text", len(seen), shown)
}
