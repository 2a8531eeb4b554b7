package main

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
	"github.com/headroomhq/headroom/internal/console"
)

// The pages under Offers of the console in real Chromium, by mouse and keyboard: what a person reads and does there, and
// what the server then says.

const offeredCatalog = `version: 1
currency: USD
meters: {speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}}
features:
  speakers:   {title: Speakers, benefit: More voices, meter: speakers}
  recordings: {title: Recordings, kind: boolean}
plans:
  starter: {title: Starter, price: {month: "49", year: "490"}, entitlements: {speakers: 10}}
  pro:     {title: Pro, above: starter, price: {month: "149", year: "1490"}, trial: 14d, entitlements: {speakers: 40, recordings: true}}
addons:
  room: {title: Extra room, price: {month: "20"}, entitlements: {speakers: 5}}
signals:
  speakers_full:    {when: {limit: speakers, reaches: 80%}, type: upsell, title: Speakers nearly full}
  wants_recordings: {when: {gate: recordings, times: 1, within: 7d}, type: upsell}
offers:
  pro_for_speakers: # this comment stays
    on: [speakers_full]
    give: {plan: pro}
    at: [speakers.add, team.page]
    content:
      title: "Room for {limit_next} speakers"
      body: "You have {usage} of {limit}."
      action: Go Pro
      translations: {de: {title: "Platz für {limit_next}"}}
  pro_for_recordings: {on: [wants_recordings], give: {plan: pro}, at: [recordings.open], kind: ambient, content: {title: Keep every talk}}
  try_pro: {on: [wants_recordings], give: {trial: {plan: pro}}, at: [recordings.open], content: {title: Try Pro}}
contact: {person: {any: 2 per 7d}}
`

// offeringTo makes a company whose accounts met offers: harbor was shown one and went on, lotus has a member who asked.
func offeringTo(t *testing.T) (c *company, decision string) {
	t.Helper()
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	c = &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 2, secretKey: "hr_sk_test_key", demo: "Summitry",
		testClock: "2026-03-01T09:00:00Z", logger: slog.New(slog.DiscardHandler)}
	c.open()
	t.Cleanup(func() { c.server.close() })
	c.must("PUT", "/v1/catalog?author=Imke&note=First", []byte(offeredCatalog), nil)
	at := ""
	for key, speakers := range map[string]int{"harbor": 10, "lotus": 9, "quiet": 1} {
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"name": strings.ToUpper(key[:1]) + key[1:]}, nil)
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "starter", "interval": "month"}, nil)
		at = c.speakers(key, speakers)
	}
	var d struct {
		ID       string `json:"decision_id"`
		Position string
	}
	c.must("POST", "/v1/decide", map[string]any{"account": "harbor", "user": "ada", "role": "admin", "placement": "speakers.add"}, &d, "Headroom-Position", at)
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "seen", "user": "ada"}, nil)
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "clicked", "user": "ada"}, nil)
	decision = d.ID
	c.must("POST", "/v1/decide", map[string]any{"account": "lotus", "user": "kim", "role": "member", "placement": "speakers.add"}, &d)
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "requested", "user": "kim", "reason": "For the <b>spring</b> summit"}, nil, "Idempotency-Key", "ask-1")
	return c, decision
}

// previewed is what the product's own component says in the preview.
const previewed = `(document.querySelector('headroom-upgrade-dialog')?.shadowRoot?.textContent ?? '')`

func TestOffersAreListedEditedPreviewedAndSayWhatTheyWereSeenToSay(t *testing.T) {
	c, decision := offeringTo(t)
	browser := browsertest.OpenBrowser(t)
	page := browser.Window("offers", c.server.url()+"/offers")
	page.Until("the offers are listed", `document.querySelectorAll('[aria-labelledby=offers-title] tbody tr').length === 3`)

	t.Run("the list says what each is and how it does, and is filtered in the address", func(t *testing.T) {
		page := page.In(t)
		page.Until("shape, place, state and figures stand in its row", `(() => { const row = [...document.querySelectorAll('tbody tr')].find((tr) => tr.innerText.includes('pro_for_speakers')).innerText; return ['Plan upgrade', 'gives plan Pro', 'Speakers nearly full', 'speakers.add, team.page', 'Live'].every((w) => row.includes(w)) && /\t2\t0/.test(row) })()`)
		page.Choose("Shape", "trial")
		page.Until("one is left, and the address says why", `location.search === '?shape=trial' && document.querySelectorAll('tbody tr').length === 1 && document.querySelector('tbody tr').innerText.includes('try_pro')`)
		page.Do(chromedp.Reload())
		page.Until("a colleague who is sent the address sees the same", `document.querySelectorAll('tbody tr').length === 1`)
		page.Open(c.server.url() + "/offers?q=nothing-like-it")
		page.Until("an empty list says how to get out", `document.querySelector('main [role=status] a')?.innerText === 'Show all of them'`)
		page.Open(c.server.url() + "/offers")
		page.Shot("1-list")
	})

	t.Run("the preview says what the server would say of the draft, by role and language", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/offers")
		page.ClickNamed("a", "Room for … speakers")
		page.Fill(page.Labelled("For the account"), "harbor")
		page.Until("the product's own component says it, filled from the account", previewed+`.includes('Room for 40 speakers') && `+previewed+`.includes('You have 10 of 10.') && `+previewed+`.includes('149')`)
		page.Until("and that it was shown before stands there as a rule or not at all", `document.querySelector('[aria-labelledby=preview-title]').innerText.includes('shown to them now')`)
		page.Choose("Who is", "member")
		page.Until("a member sees no price, and can ask", `!`+previewed+`.includes('149') && /ask/i.test(`+previewed+`) && location.search.includes('role=member')`)
		page.Choose("In", "de")
		page.Until("what is not written in German is said to fall back", `document.querySelector('[role=note]')?.innerText === 'Not all of it is written in de: body is said as the catalog is written.'`)
		page.Until("and does", previewed+`.includes('Platz für 40') && `+previewed+`.includes('You have 10 of 10.')`)
		page.Shot("2-preview")
		page.Choose("Who is", "")
		page.Choose("In", "")
		page.Fill(page.Labelled("Body"), "Now {percent} full, {plan_next} takes {limit_next}.")
		page.Until("what is typed is said at once", previewed+`.includes('Now 100% full, Pro takes 40.')`)
		page.Until("the YAML beside it follows", `document.querySelector('[aria-label="The offer as YAML"]').innerText.includes('Now {percent} full')`)
		page.Fill(page.Labelled("Only for"), "account.plam == 'starter'")
		page.Until("a mistake in the condition is said with its place", `document.querySelector('[aria-labelledby=preview-title] [role=alert]')?.innerText.includes('offers.pro_for_speakers.for')`)
		page.Fill(page.Labelled("Only for"), "account.plan == 'pro'")
		page.Until("a rule that stands in the way is named", `document.querySelector('[aria-label="What stands in the way"]')?.innerText.includes("account.plan == 'pro'")`)
		page.Fill(page.Labelled("Only for"), "account.plan == 'starter'")
		page.Until("and goes with it", `!document.querySelector('[aria-label="What stands in the way"]')?.innerText.includes("account.plan")`)
	})

	t.Run("all rules are named at once", func(t *testing.T) {
		page := page.In(t)
		page.Fill(page.Labelled("For the account"), "quiet")
		page.Until("nothing was noticed of the other account", `document.querySelector('[aria-label="What stands in the way"]')?.innerText.includes('None of its signals is alive')`)
		page.Until("it is said all the same", previewed+`.includes('Now 10% full')`)
		page.Fill(page.Labelled("For the account"), "nobody-at-all")
		page.Until("an account that is not there is said to be none", `document.querySelector('[aria-labelledby=preview-title]').innerText.includes('No account has this key.')`)
		page.Fill(page.Labelled("For the account"), "lotus")
	})

	t.Run("the draft is applied by keyboard, and the server says what the preview said", func(t *testing.T) {
		page := page.In(t)
		page.Until("the preview is that of lotus", previewed+`.includes('Now 90% full, Pro takes 40.')`)
		browsertest.Ask(page, chromedp.Evaluate[bool](`[...document.querySelectorAll('button')].find((b) => b.textContent === 'Put into the draft').focus(), true`))
		page.Press(kb.Enter)
		page.Until("the draft has the edits", `document.body.innerText.includes('2 edits in the draft')`)
		page.ClickNamed("a", "See what it changes")
		page.Until("the edits are said in words", `document.querySelector('[aria-labelledby=edits-title]')?.innerText.includes('Content body of Room for {limit_next} speakers')`)
		page.Until("the comment stays", `document.querySelector('[aria-labelledby=diff-title]')?.innerText.includes('Now {percent} full')`)
		page.ClickNamed("button", "Apply the catalog")
		page.Until("it is applied", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
		var d struct {
			Offer struct{ Title, Body string }
		}
		c.must("POST", "/v1/decide", map[string]any{"account": "lotus", "user": "eve", "role": "admin", "placement": "speakers.add", "dry_run": true}, &d)
		if d.Offer.Title != "Room for 40 speakers" || d.Offer.Body != "Now 90% full, Pro takes 40." {
			t.Errorf("after it was applied the server says %+v", d.Offer)
		}
	})

	t.Run("an offer is begun, paused, and removed", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/offers")
		page.ClickNamed("button", "New offer")
		page.Fill(page.Labelled("Title"), "A room <b>more</b>")
		page.Choose("It gives", "addon:room")
		page.Fill(page.Labelled("At the place"), "team.page")
		page.Press(kb.Enter)
		page.Until("its editor opens", `location.pathname === '/offers/edit/a_room_b_more_b' && document.querySelector('h1')?.innerText === 'A room <b>more</b>'`)
		page.ClickNamed("button", "Pause it")
		page.Until("paused says why", `document.querySelector('[aria-labelledby=state-title]')?.innerText.includes('It is paused: its condition is never true')`)
		page.ClickNamed("label", "As many as are needed")
		page.ClickNamed("button", "Put into the draft")
		page.Until("the draft holds it all as one new offer", `document.body.innerText.includes('1 edit in the draft') && document.querySelector('[aria-label="The offer as YAML"]').innerText.includes('fit: true')`)
		page.ClickNamed("button", "Resume it")
		page.Until("resumed it has no condition", `!document.querySelector('[aria-label="The offer as YAML"]').innerText.includes('for:')`)
		page.ClickNamed("button", "Remove it")
		page.Until("removed from the draft nothing is left of it", `location.pathname === '/offers' && !document.body.innerText.includes('in the draft, not applied') && document.querySelectorAll('tbody tr').length === 3`)
	})

	t.Run("the contact policy is read as sentences, edited, and looked up", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/offers/contact")
		page.Until("budgets are sentences, the usual one too", `['A person gets at most 2 contacts over all channels in 7 days.', 'A person gets at most 1 interruption in 7 days.'].every((w) => document.querySelector('[aria-labelledby=budgets-title]')?.innerText.includes(w))`)
		page.Fill(page.Labelled("Account"), "harbor")
		page.Fill(page.Labelled("Person"), "ada")
		page.Until("what is spent and left stands there", `[...document.querySelectorAll('[aria-label="Budgets now"] tbody tr')].some((tr) => /all channels/.test(tr.innerText) && /2 in 7 days\t1\t1/.test(tr.innerText)) && location.search.includes('account=harbor')`)
		page.Shot("3-policy")
		page.ClickNamed("button", "Change: A person gets at most 2")
		page.Fill("input[value='2']", "4")
		page.Press(kb.Enter)
		page.Until("the draft is shown in place", `document.querySelector('[aria-labelledby=budgets-title]').innerText.includes('A person gets at most 4 contacts over all channels') && document.body.innerText.includes('1 edit in the draft')`)
		page.ClickNamed("label", "Under-using")
		page.Until("a quiet rule is switched off", `document.body.innerText.includes('2 edits in the draft')`)
		page.ClickNamed("a", "See what it changes")
		page.Until("and the Changes page weighs it", `document.querySelector('[aria-labelledby=diff-title]')?.innerText.includes('under_using: false') && document.querySelector('[aria-labelledby=apply-title] button')?.disabled === false`)
		page.ClickNamed("a", "Packaging")
		page.ClickNamed("button", "Discard")
	})

	t.Run("the funnel tells the drop-off in numbers and words, and opens into what is behind it", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/offers/funnel")
		page.Until("moments lead to what is offered", `document.querySelector('[aria-labelledby=steps-title] ol')?.innerText.includes('More would have helped')`)
		page.ClickNamed("button", "Pro for speakers")
		page.Until("an offer has its own funnel", `location.search.includes('offer=pro_for_speakers') && /1 of 2 lost here/.test(document.querySelector('[aria-labelledby=steps-title] ol')?.innerText ?? '')`)
		page.Shot("4-funnel")
		page.ClickNamed("button", "Clicked: ")
		page.Until("a step opens into its decisions", `document.querySelector('dialog[open]')?.innerText.includes('Harbor')`)
		page.ClickNamed("a", "Room for 40 speakers")
		page.Until("a decision says why, with every offer considered and what became of it", `document.querySelector('[aria-labelledby=considered-title]')?.innerText.includes('Pro for speakers') && document.querySelector('[aria-labelledby=timeline-title]').innerText.includes('Clicked')`)
		page.Open(c.server.url() + "/offers/decisions/" + decision)
		page.Until("its address can be opened again", `document.querySelector('[aria-labelledby=what-title]')?.innerText.includes('Shown to Harbor at speakers.add') || document.querySelector('[aria-labelledby=what-title]')?.innerText.includes('Shown to harbor at speakers.add')`)
		page.Shot("5-decision")
	})

	t.Run("requests say who waits, and are answered in the product", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/offers/requests")
		page.Until("who asked, for what, in their words, as text", `(() => { const text = document.querySelector('[aria-labelledby=requests-title]')?.innerText ?? ''; return text.includes('Pro') && text.includes('For the <b>spring</b> summit') && text.includes('Waits for') })()`)
		page.Until("nothing here answers for the customer", `![...document.querySelectorAll('main button')].some((b) => /approve|decline/i.test(b.textContent))`)
		page.Until("it leads to the account", `document.querySelector('[aria-labelledby=requests-title] a[href="/accounts/lotus"]')`)
		page.Choose("Status", "declined")
		page.Until("another status stands in the address", `location.search === '?status=declined' && document.querySelector('main').innerText.includes('No request is declined.')`)
	})

	accessible(t, browser, c.server.url(), "/offers", "/offers/edit/pro_for_speakers?account=harbor", "/offers?open=new", "/offers/contact?account=harbor&user=ada", "/offers/funnel",
		"/offers/funnel?offer=pro_for_speakers&step=clicked", "/offers/requests", "/offers/decisions/"+decision)
}

func TestOffersSayWhatToDoWhereThereIsNothingYet(t *testing.T) {
	c := &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 1, secretKey: "hr_sk_test_key", demo: "New", logger: slog.New(slog.DiscardHandler)}
	c.open()
	t.Cleanup(func() { c.server.close() })
	page := browsertest.OpenBrowser(t).Window("no-offers", c.server.url()+"/offers")
	for path, words := range map[string]string{"/offers": "There are no offers yet", "/offers/funnel": "Nothing happened in this time", "/offers/requests": "Nobody waits for an answer",
		"/offers/contact": "A person gets at most 1 interruption in 7 days.", "/offers/edit/none": "There is no offer none"} {
		page.Open(c.server.url() + path)
		page.Until(path+" says "+words, fmt.Sprintf(`document.querySelector('main')?.innerText.includes(%q)`, words))
	}
}
