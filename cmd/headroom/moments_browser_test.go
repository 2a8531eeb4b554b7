package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
	"github.com/headroomhq/headroom/internal/console"
)

// The pages under Moments in real Chromium, over a server with two months of records: a limit that
// fills, a feature that is wanted while it is locked, an upgrade, an end, names full of markup.

const momentsCatalog = `# When they want more. This comment stays where it is.
version: 1
currency: USD
meters:
  emails: {event: email.sent, aggregate: sum, property: count}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  recordings: {title: "<img src=x onerror=alert(1)> Recordings", kind: boolean}
  captions:   {title: Captions, kind: boolean}
plans:
  starter: {title: Starter, price: {month: "49"}, entitlements: {emails: {limit: 100, per: month}}}
  pro:     {title: Pro, above: starter, price: {month: "149"}, entitlements: {emails: unlimited, recordings: true}}
placements:
  recordings.open: {title: The page of a talk, feature: recordings}
  captions.show: {title: The subtitles, feature: captions}
milestones:
  third: {title: Three sends, event: email.sent, nth: 3, within: 7d, optional: true}
signals:
  emails_nearly_used: {when: {limit: emails, reaches: 80%}, type: upsell, title: "<b>Emails</b> nearly used", hypothesis: "Who <i>runs out</i> upgrades", owner: product, review: 2026-02-01}
  third_email:        {when: {event: email.sent, nth: 3}, type: cross_sell}
  wants_recordings:   {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
  never_heard:        {when: {event: report.printed, nth: 1}, type: upsell}
offers:
  more: {on: [emails_nearly_used], give: {plan: pro}, at: [usage], kind: contextual, content: {title: "More <u>emails</u>", body: "{usage} of {limit}", action: Upgrade}}
`

func momentsCompany(t *testing.T) *company {
	t.Helper()
	c := newCompany(t, "2026-03-01T00:00:00Z", func(o *serverOptions) { o.demo, o.password = "<i>Summitry</i>", "" })
	c.must("PUT", "/v1/catalog", []byte(momentsCatalog), nil)
	c.must("PUT", "/v1/accounts/a4", map[string]any{"name": `<script>alert("x")</script>`}, nil)
	c.must("PUT", "/v1/accounts/a0/subscription", map[string]any{"plan": "starter", "interval": "month"}, nil)
	c.must("POST", "/v1/check", map[string]any{"account": "a0", "user": "u0", "feature": "captions", "placement": "captions.show"}, nil)
	triedHistory(c)
	return c
}

// firings are the newest signals of a rule, or of all.
func (c *company) firings(rule string) (items []struct{ ID, Key, Account, Evidence string }) {
	c.t.Helper()
	var answer struct {
		Items []struct{ ID, Key, Account, Evidence string }
	}
	c.must("GET", "/v1/signals?limit=200&key="+rule, nil, &answer)
	return answer.Items
}

// inPanel is true when a panel says so.
func inPanel(id, words string) string {
	return fmt.Sprintf(`document.querySelector('[aria-labelledby=%s-title]')?.innerText.includes(%q)`, id, words)
}

func TestTheFeedTellsWhatHappensWithoutMovingWhatIsRead(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	c := momentsCompany(t)
	page := browsertest.OpenBrowser(t).Window("feed", c.server.url()+"/moments")
	rows := `[...document.querySelectorAll('ul[aria-label=Signals] > li')]`

	t.Run("every signal stands with its evidence, its account, its rule and its score", func(t *testing.T) {
		page := page.In(t)
		fired := c.firings("")
		page.Until("all are there", fmt.Sprintf(`%s.length === %d`, rows, min(len(fired), 50)))
		page.Until("names are text", `document.querySelector('main').innerText.includes('<script>alert("x")</script>') && document.querySelector('main').innerText.includes('<b>Emails</b> nearly used') && !document.querySelector('main script, main b')`)
		page.Until("the newest first, with its evidence", fmt.Sprintf(`%s[0].innerText.toLowerCase().includes(%q)`, rows, strings.ToLower(fired[0].Evidence)))
		page.Until("with type, time and score", rows+`.every((row) => /Upsell|Cross-sell/.test(row.innerText) && /score \d+: why/.test(row.innerText) && row.querySelector('time[datetime]') && row.querySelector('a[href^="/accounts/"]') && row.querySelector('a[href^="/moments/rules/"]'))`)
		page.Shot("1-feed")
	})

	t.Run("filters stand in the address, and are the server's", func(t *testing.T) {
		page := page.In(t)
		page.Choose("Rule", "wants_recordings")
		n := len(c.firings("wants_recordings"))
		page.Until("only this rule", fmt.Sprintf(`location.search === '?rule=wants_recordings' && %s.length === %d`, rows, n))
		page.Open(c.server.url() + "/moments?type=cross_sell")
		page.Until("only rules of this type", fmt.Sprintf(`%s.length === %d && %s.every((row) => row.innerText.includes('Cross-sell'))`, rows, len(c.firings("third_email")), rows))
		page.Open(c.server.url() + "/moments?type=upsell&account=a4")
		page.Until("only this account", rows+`.length > 0 && `+rows+`.every((row) => row.innerText.includes('<script>') && row.innerText.includes('Upsell'))`)
		page.Choose("Type", "save")
		page.Until("nothing is so, and it says what to do", `document.querySelector('main').innerText.includes('found by its whole key')`)
	})

	t.Run("what came since waits behind a button, and what is read stays", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/moments")
		page.Until("the feed stands", rows+`.length > 5`)
		first := `document.querySelector('ul[aria-label=Signals] > li')?.innerText.split('\n')[0]`
		before := browsertest.Ask(page, chromedp.Evaluate[string](first))
		top := browsertest.Ask(page, chromedp.Evaluate[float64](`document.querySelector('ul[aria-label=Signals] > li').getBoundingClientRect().top`))
		c.must("PUT", "/v1/accounts/new-one/subscription", map[string]any{"plan": "starter", "interval": "month"}, nil)
		c.must("PUT", "/v1/accounts/new-one", map[string]any{"name": "Brand new"}, nil)
		status, answer := c.send("POST", "/v1/events", "["+ce("n1", "email.sent", "new-one", `{"user":"jo","count":90}`)+"]")
		if status >= 300 {
			t.Fatalf("the event is not taken: %d %v", status, answer)
		}
		page.Until("it is told", `[...document.querySelectorAll('[role=status] button')].some((b) => b.textContent === '1 new' && b.checkVisibility({visibilityProperty: true}))`)
		if after := browsertest.Ask(page, chromedp.Evaluate[string](first)); after != before {
			t.Errorf("what was read first was %q and is %q", before, after)
		}
		if now := browsertest.Ask(page, chromedp.Evaluate[float64](`document.querySelector('ul[aria-label=Signals] > li').getBoundingClientRect().top`)); now != top {
			t.Errorf("what is read moved from %g to %g", top, now)
		}
		page.Shot("2-new")
		page.ClickNamed("button", "1 new")
		page.Until("then it stands first", first+`.includes('Brand new')`)
		page.Until("and the button is gone", `![...document.querySelectorAll('[role=status] button')].some((b) => b.textContent.endsWith('new') && b.checkVisibility({visibilityProperty: true}))`)
	})

	t.Run("a signal opens by keyboard into why it fired and what was decided on it", func(t *testing.T) {
		page := page.In(t)
		var d struct{ Status string }
		c.must("POST", "/v1/decide", map[string]any{"account": "new-one", "user": "jo", "role": "admin", "placement": "usage"}, &d)
		if d.Status != "show" {
			t.Fatalf("the decision is %+v", d)
		}
		browsertest.Ask(page, chromedp.Evaluate[bool](`document.querySelector('ul[aria-label=Signals] button').focus(), true`))
		page.Press(kb.Enter)
		page.Until("it says why", `/Score \d+ when it fired, \d+ now/.test(document.querySelector('dialog[open]')?.innerText ?? '') && document.querySelector('dialog[open] [aria-labelledby=score-title] li')`)
		page.Until("with its figures", `/Limit\s*100/.test(document.querySelector('dialog[open] [aria-labelledby=data-title]').innerText)`)
		page.Until("and what was decided on it", `document.querySelector('dialog[open] [aria-labelledby=decided-title]').innerText.includes('was shown at usage')`)
		page.Until("with the way to the account and the rule", `document.querySelector('dialog[open] a[href="/accounts/new-one"]') && document.querySelector('dialog[open] a[href="/moments/rules/emails_nearly_used"]')`)
		page.Shot("3-why")
		page.Do(chromedp.Reload())
		page.Until("its address opens it for somebody else", `document.querySelector('dialog[open]')?.innerText.includes('Brand new')`)
		page.Press(kb.Escape)
		page.Until("Escape closes it", `!document.querySelector('dialog[open]') && !location.search.includes('signal=')`)
	})
}

func TestARuleIsWrittenTriedAndPutToWork(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	c := momentsCompany(t)
	browser := browsertest.OpenBrowser(t)
	page := browser.Window("rule", c.server.url()+"/moments/rules")
	figure := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('[aria-labelledby=backtest-title] dl > div')].find((d) => d.querySelector('dt').innerText.startsWith(%q))?.querySelector('dd').firstChild.textContent`, name)
	}
	settled := `!document.querySelector('[aria-labelledby=backtest-title] [aria-busy]') && !document.querySelector('[aria-labelledby=backtest-title] progress')`

	t.Run("every rule is listed in words", func(t *testing.T) {
		page := page.In(t)
		page.Until("in words, with how often it fired", `[...document.querySelectorAll('tbody tr')].some((tr) => tr.innerText.includes('<b>Emails</b> nearly used') && tr.innerText.includes('Emails reaches 80% of its limit.'))`)
		page.Fill(page.Labelled("Search"), "locked")
		page.Until("it is found by what it is about", `document.querySelectorAll('tbody tr').length === 1 && location.search === '?q=locked'`)
		page.Shot("1-rules")
	})

	t.Run("the backtest of an edited rule says what the API says of it", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/moments/rules/emails_nearly_used")
		page.Until("the form has the rule", `document.querySelector('select')?.value === 'limit' && document.querySelector('h1').innerText === '<b>Emails</b> nearly used'`)
		page.Until("it is tried by itself", settled+` && `+figure("Accounts")+` !== undefined`)
		page.Until("as it is it differs in nothing", inPanel("backtest", "No difference: the same"))
		page.Fill(page.Labelled("Reaches"), "40%")
		var said struct {
			Rules []struct {
				Accounts, Fired int
				Difference      struct {
					NowOnly    struct{ Accounts int } `json:"now_only"`
					BeforeOnly struct{ Accounts int } `json:"before_only"`
					Items      []struct{ Account, Side string }
				}
			}
			Accounts int
		}
		c.must("POST", "/v1/signals/backtest", map[string]any{"signal": "emails_nearly_used",
			"signals": "signals: {emails_nearly_used: {when: {limit: emails, reaches: 40%}, type: upsell}}"}, &said)
		rule := said.Rules[0]
		page.Until("it says for how many accounts, and how often", fmt.Sprintf(`%s && %s === '%d' && %s === '%d'`, settled, figure("Accounts"), rule.Accounts, figure("Firings"), rule.Fired))
		page.Until("whom it gains and whom it loses, by name", fmt.Sprintf(`document.querySelector('[aria-labelledby=difference-title]').innerText.includes('%d accounts gained, %d lost')`, rule.Difference.NowOnly.Accounts, rule.Difference.BeforeOnly.Accounts))
		if len(rule.Difference.Items) == 0 {
			t.Fatalf("the rule gains nobody: %+v", rule)
		}
		for _, item := range rule.Difference.Items {
			page.Until("it links "+item.Account, fmt.Sprintf(`document.querySelector('[aria-labelledby=difference-title] a[href="/accounts/%s"]')`, item.Account))
		}
		page.Until("what they did then stands beside others", `document.querySelector('[aria-labelledby=after-title] tbody tr') && document.querySelector('[aria-labelledby=backtest-title]').innerText.includes('of accounts that it did not fire for')`)
		page.Until("the text stands beside it", inPanel("yaml", "reaches: 40%"))
		page.Shot("2-backtest")
		page.ClickNamed("button", "Table and definition")
		page.Until("the chart has its table, by week", fmt.Sprintf(`[...document.querySelectorAll('dialog[open] tbody td')].reduce((sum, td) => sum + Number(td.innerText), 0) === %d && document.querySelector('dialog[open]').innerText.includes('Week of')`, rule.Fired))
		page.Press(kb.Escape)
	})

	t.Run("a mistake in a condition is shown at its place", func(t *testing.T) {
		page := page.In(t)
		page.Fill(page.Labelled("And only where"), `account.plan == 'starter' && acount.mrr > 10`)
		page.Until("the word is marked", `document.querySelector('mark')?.textContent === 'acount'`)
		page.Until("line and column are said", `[...document.querySelectorAll('[role=alert]')].some((a) => a.innerText.startsWith('Line 1, column 30: '))`)
		page.Until("nothing is tried meanwhile", inPanel("backtest", "once the mistake is mended"))
		page.Shot("3-mistake")
		page.ClickNamed("button", "Go to the mistake")
		page.Until("the cursor goes to it", `(() => { const e = document.activeElement; return e.tagName === 'TEXTAREA' && e.value.slice(e.selectionStart, e.selectionEnd) === 'acount' })()`)
		page.Press("account")
		page.Until("mended, the mark is gone and the rule is tried", `!document.querySelector('mark') && `+settled+` && !`+inPanel("backtest", "once the mistake is mended"))
	})

	t.Run("a rule of another kind is filled in with the keyboard, applied, and fires", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/moments/new")
		page.Choose("Fires when", "event_times")
		page.Press("")
		page.Fill(page.Labelled("Event"), "page.viewed")
		page.Fill(page.Labelled("Times"), "2")
		page.Fill(page.Labelled("Only where"), "page is pricing, plans")
		page.Fill(page.Labelled("Title"), "Weighs <i>plans</i>")
		page.Press(kb.Enter)
		page.Until("a new rule has to say why", `location.pathname === '/moments/new' && [...document.querySelectorAll('[role=alert]')].some((a) => a.innerText.startsWith('Say why more would help'))`)
		page.Fill(page.Labelled("Hypothesis"), "Who looks twice is about to buy")
		page.Until("the sentence and the text follow", inPanel("rule", "Page viewed happens twice within 7 days, where page is pricing, plans")+` && `+inPanel("yaml", "times: 2"))
		page.Until("it would never have fired, and says what to do", settled+` && `+inPanel("backtest", "It would never have fired"))
		page.Fill(page.Labelled("Title"), "Weighs <i>plans</i>")
		page.Press(kb.Enter)
		page.Until("it stands in the draft, under its own address", `location.pathname === '/moments/rules/weighs_i_plans_i' && document.body.innerText.includes('1 edit in the draft, not applied')`)
		page.ClickNamed("a", "See what it changes")
		page.ClickNamed("button", "Apply the catalog")
		page.Until("it is applied", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
		status, answer := c.send("POST", "/v1/events", "["+ce("p1", "page.viewed", "a1", `{"user":"u1","page":"pricing"}`)+","+ce("p2", "page.viewed", "a1", `{"user":"u1","page":"plans"}`)+","+ce("p3", "page.viewed", "a3", `{"user":"u3","page":"home"}`)+"]")
		if status >= 300 {
			t.Fatalf("the events are not taken: %d %v", status, answer)
		}
		var list struct {
			Items []struct{ Account string }
		}
		c.must("GET", "/v1/signals?key=weighs_i_plans_i", nil, &list, "Headroom-Position", answer["position"].(string))
		if len(list.Items) != 1 || list.Items[0].Account != "a1" {
			t.Errorf("the applied rule fired for %+v, want a1 alone", list.Items)
		}
		page.Open(c.server.url() + "/moments?rule=weighs_i_plans_i")
		page.Until("the feed has it", `document.querySelector('ul[aria-label=Signals]')?.innerText.includes('Weighs <i>plans</i>')`)
	})

	t.Run("a hypothesis is validated with its evidence, never without", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/moments/registry")
		page.Until("the overdue review is said in words", inPanel("registry", "overdue")+` && `+inPanel("registry", "It was to be looked at on February 1, 2026"))
		page.Until("claims are text", inPanel("registry", "Who <i>runs out</i> upgrades"))
		page.Until("with precision and its interval", `/\d+(\.\d)?% to \d+(\.\d)?%|None was followed/.test(document.querySelector('[aria-labelledby=registry-title]').innerText)`)
		page.ClickNamed("button", "Measure lift")
		page.Until("the lift is measured, or too little is known", inPanel("registry", "Too little to say")+` || /\d×/.test(document.querySelector('[aria-labelledby=registry-title]').innerText)`)
		page.ClickNamed("button", "Change the state of <b>Emails</b>")
		page.ClickNamed("label", "Validated")
		page.ClickNamed("button", "Put into the draft")
		page.Until("it asks for the evidence", `document.querySelector('dialog[open]').innerText.includes('Say what showed that it holds.')`)
		page.Fill(page.Labelled("Evidence"), "Half of them <u>upgraded</u>")
		page.Shot("4-state")
		page.ClickNamed("button", "Put into the draft")
		page.Until("the draft has the state with its evidence", `document.body.innerText.includes('2 edits in the draft') && `+inPanel("registry", "in the draft"))
		page.Shot("5-registry")
		page.ClickNamed("button", "Discard")
	})

	t.Run("gaps say what to do next", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/moments/coverage")
		page.Until("an event that never came", `[...document.querySelectorAll('[aria-labelledby=expected-title] tbody tr')].some((tr) => tr.innerText.includes('report.printed') && tr.innerText.includes('never came') && tr.innerText.includes('Send report.printed from the product'))`)
		page.Until("a feature without a rule", inPanel("features", "Captions"))
		page.Until("a rule that never fired", inPanel("never", "Never heard"))
		page.Until("a review that is past", inPanel("overdue", "days ago"))
		page.Shot("6-coverage")
		page.ClickNamed("[aria-labelledby=unknown-title] a", "Make a rule of it")
		page.Until("an event that nothing is over becomes a rule", `location.pathname === '/moments/new' && document.querySelector('select')?.value === 'first' && [...document.querySelectorAll('input')].some((i) => i.value === 'mystery.event')`)
	})

	t.Run("missed moments open into what makes them, and lead to the mend", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/moments/missed?span=all")
		page.Until("lines stand with their value and reasons", `[...document.querySelectorAll('[aria-labelledby=missed-title] tbody tr')].some((tr) => tr.innerText.includes('<img src=x onerror=alert(1)> Recordings') && tr.innerText.includes('it was locked'))`)
		page.Until("nothing of a name became markup", `!document.querySelector('main img')`)
		page.ClickNamed("[aria-labelledby=missed-title] tbody button", "<img src=x")
		page.Until("the moments behind it are listed", `document.querySelectorAll('dialog[open] tbody a[href^="/accounts/"]').length > 0 && location.search.includes('line=locked')`)
		page.Shot("7-missed")
		page.Press(kb.Escape)
		page.Until("what no offer gives leads to a new offer at its placement", `[...document.querySelectorAll('[aria-labelledby=missed-title] tbody tr')].some((tr) => tr.innerText.includes('Captions') && tr.innerText.includes('No offer gives it') && tr.querySelector('a[href="/offers?open=new&at=captions.show"]'))`)
		page.ClickNamed("a", "Write an offer for captions.show")
		page.Until("the placement is filled in there", `[...document.querySelectorAll('dialog[open] input')].some((i) => i.value === 'captions.show')`)
	})

	t.Run("what comes before an upgrade is found, and made a rule", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/moments/precursors")
		page.ClickNamed("button", "Find precursors")
		page.Until("actions are listed with what can be said", `[...document.querySelectorAll('[aria-labelledby=precursors-title] tbody tr')].some((tr) => tr.innerText.includes('email.sent'))`)
		page.Until("survivorship is stated", inPanel("precursors", "Survivorship: "))
		page.Shot("8-precursors")
		page.ClickNamed("a", "Make a rule of it")
		page.Until("the editor is filled in", `location.pathname === '/moments/new' && [...document.querySelectorAll('input')].some((i) => i.value.startsWith('Before an upgrade: '))`)
	})

	accessible(t, browser, c.server.url(), "/moments", "/moments/rules", "/moments/rules/emails_nearly_used", "/moments/new", "/moments/registry",
		"/moments/registry?change=emails_nearly_used", "/moments/coverage", "/moments/missed?span=all", "/moments/precursors")
}
