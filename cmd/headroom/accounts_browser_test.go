package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
	"github.com/headroomhq/headroom/internal/console"
)

// The accounts pages of the console in real Chromium, on the company of the packaging pages with people who
// came to their limits, were shown offers, asked for more and were contacted.

// busy lets things happen at a company: account-11 is full and has been offered more, account-14 asks.
func busy(t *testing.T, c *company) {
	t.Helper()
	for i := range 60 { // more than a part of the list holds
		c.must("PUT", fmt.Sprintf("/v1/accounts/small-%02d/subscription", i), map[string]any{"plan": "starter"}, nil)
	}
	c.must("PUT", "/v1/accounts/account-11", map[string]any{"parent": "account-10"}, nil)
	for day := range 3 {
		for _, account := range []string{"account-11", "account-14"} {
			c.must("POST", "/v1/check", map[string]any{"account": account, "user": "ada", "feature": "recordings"}, nil)
		}
		var d struct {
			ID     string `json:"decision_id"`
			Status string
		}
		c.must("POST", "/v1/decide", map[string]any{"account": "account-11", "user": fmt.Sprintf("ada-%d", day), "role": "member", "placement": "speakers.add"}, &d)
		if d.Status != "show" {
			t.Fatalf("nothing is offered to account-11: %+v", d)
		}
		for _, outcome := range []string{"seen", []string{"dismissed", "clicked", "requested"}[day]} {
			c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": outcome, "reason": "<img src=x onerror=alert(2)>"}, nil)
		}
		c.must("POST", "/v1/clock/advance", map[string]any{"by": "1d"}, nil)
	}
	c.must("PUT", "/v1/accounts/account-11/facts/incident", map[string]any{"value": true, "ref": "INC-<b>7</b>"}, nil)
	c.must("PUT", "/v1/accounts/account-11/people/ada", map[string]any{"role": "admin", "persona": "economic_buyer", "champion": true}, nil)
	c.must("POST", "/v1/accounts/account-12/trials", map[string]any{"plan": "pro"}, nil)
}

func TestAccountsAreFoundWalkedAndUnderstood(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	c := soldTo(t)
	busy(t, c)
	base := c.server.url()
	browser := browsertest.OpenBrowser(t)
	page := browser.Window("accounts", base+"/accounts")
	rows := `[...document.querySelectorAll('[aria-labelledby=accounts-title] tbody tr')]`
	first := `document.querySelector('[aria-labelledby=accounts-title] tbody tr')?.innerText`

	t.Run("the list begins with who pays most, a part of it at a time", func(t *testing.T) {
		page := page.In(t)
		page.Until("the largest come first", rows+`.length === 50 && `+first+`.includes('$149')`)
		page.Shot("1-list")
		page.ClickNamed("a", "Next accounts")
		page.Until("the rest follows, and the address says where", `location.search.startsWith('?cursor=') && `+rows+`.length < 50 && `+rows+`.length > 20`)
		page.ClickNamed("a", "To the beginning")
		page.Until("and the beginning is near", `location.search === '' && `+rows+`.length === 50`)
		page.Until("names are text, nothing of them is markup", `!document.querySelector('main script, main img, main b')`)
	})

	t.Run("views, orders and filters stand in the address", func(t *testing.T) {
		page := page.In(t)
		page.ClickNamed("nav a", "Near a limit")
		page.Until("who is nearest comes first, with the limit in words", `location.search === '?near=80&sort=limit' && /Speakers: (10 of 10|31 of 40)/.test(`+first+`)`)
		page.Until("the column says so", `document.querySelector('th[aria-sort=descending]')?.innerText.startsWith('Nearest limit')`)
		page.ClickNamed("th a", "MRR")
		page.Until("the same by MRR is another list", `location.search === '?near=80' && !document.querySelector('nav[aria-label=Views] [aria-current]')`)
		page.ClickNamed("nav a", "Trials that end next")
		page.Until("with the day it ends", rows+`.length === 1 && `+first+`.includes('Account 12') && `+first+`.includes('Trial ends')`)
		page.ClickNamed("nav a", "Open requests")
		page.Until("who waits for an answer", first+`?.includes('1 request')`)
		page.ClickNamed("nav a", "Without a plan")
		page.Until("who bought nothing", rows+`.some((r) => r.innerText.includes('Without a subscription'))`)
		page.ClickNamed("nav a", "All")
		page.Choose("Plan", "pro")
		page.Until("a plan", `location.search === '?plan=pro' && `+rows+`.length >= 5`)
		page.Fill("input[placeholder='industry=events']", "industry=law")
		page.Until("a segment within it", `location.search === '?plan=pro&trait=industry%3Dlaw' && `+rows+`.length === 3`)
	})

	t.Run("a view is kept by name, found again, and forgotten", func(t *testing.T) {
		page := page.In(t)
		page.ClickNamed("button", "Keep this view")
		page.Fill(page.Labelled("Name"), "Law <i>on Pro</i>")
		page.Press(kb.Enter)
		page.Until("it stands among the views", `!document.querySelector('dialog[open]') && document.querySelector('nav[aria-label=Views] [aria-current]')?.innerText === 'Law <i>on Pro</i>'`)
		page.Open(base + "/accounts")
		page.ClickNamed("nav a", "Law")
		page.Until("it is the same list again", `location.search === '?plan=pro&trait=industry%3Dlaw' && `+rows+`.length === 3`)
		page.ClickNamed("button", "Forget the view Law")
		page.Until("and goes", `![...document.querySelectorAll('nav[aria-label=Views] a')].some((a) => a.innerText.startsWith('Law'))`)
		page.ClickNamed("button", "Undo")
		page.Until("one press brings it back", `[...document.querySelectorAll('nav[aria-label=Views] a')].some((a) => a.innerText.startsWith('Law'))`)
		page.Open(base + "/accounts?near=80")
		page.Until("a filter that has no field is said", `document.querySelector('[aria-label="Filters from the address"]')?.innerText.includes('at least 80% of a limit used')`)
		page.ClickNamed("button", "Remove the filter")
		page.Until("and taken away", `location.search === ''`)
	})

	t.Run("the keyboard walks the list and opens an account", func(t *testing.T) {
		page := page.In(t)
		page.Open(base + "/accounts?sort=name")
		page.Until("it is there", rows+`.length === 50`)
		page.Do(chromedp.Focus(chromedp.CSS("input[type=search]")))
		page.Press(kb.ArrowDown)
		page.Press(kb.ArrowDown)
		page.Press(kb.ArrowDown)
		page.Press(kb.ArrowUp)
		page.Until("the second is in focus", rows+`[1].contains(document.activeElement)`)
		page.Press(kb.Enter)
		page.Until("its page opens", `location.pathname.startsWith('/accounts/') && document.querySelector('h1')`)
	})

	t.Run("one shortcut finds accounts, features, offers and pages", func(t *testing.T) {
		page := page.In(t)
		open := func() {
			page.Run(`window.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', ctrlKey: true, bubbles: true}))`)
			page.FocusOn("dialog[open] [role=combobox]")
		}
		open()
		page.Until("pages are offered first", `document.querySelector('[role=option]')?.innerText.startsWith('Today')`)
		page.Press("<script>")
		page.Until("an account is found by a name of any kind", `[...document.querySelectorAll('[role=option]')].some((o) => o.innerText.includes('<script>alert("x")</script>') && o.innerText.endsWith('Account'))`)
		page.Shot("2-search")
		page.Press(kb.Escape)
		page.Until("Escape closes it", `!document.querySelector('dialog[open]')`)
		open()
		page.Press("recordings")
		page.Until("a feature by its title", `document.querySelector('[role=option][aria-selected=true]')?.innerText.includes('Feature')`)
		page.Press(kb.ArrowDown)
		page.Until("arrows choose", `document.querySelectorAll('[role=option]')[1].ariaSelected === 'true'`)
		page.Press(kb.ArrowUp)
		page.Press(kb.Enter)
		page.Until("Enter opens it", `location.pathname === '/packaging/features/recordings' && !document.querySelector('dialog[open]')`)
		open()
		page.Press("account-11")
		page.Until("an account by its key", `document.querySelector('[role=option][aria-selected=true]')?.innerText.includes('Account 11')`)
		page.Press(kb.Enter)
		page.Until("and opens, too", `location.pathname === '/accounts/account-11'`)
	})

	t.Run("an account's page says who it is, part by part", func(t *testing.T) {
		page := page.In(t)
		says := func(panel, words string) {
			t.Helper()
			page.Until(panel+" says "+words, fmt.Sprintf(`document.querySelector('[aria-labelledby=%s-title]')?.innerText.includes(%q)`, panel, words))
		}
		page.Open(base + "/accounts/account-11")
		page.Until("plan, money and stage stand at the top", `document.querySelector('main dl')?.innerText.includes('Starter') && document.querySelector('main dl').innerText.includes('$49') && document.querySelector('main dl').innerText.includes('Pays since')`)
		says("usage", "10 of 10, 0 left")
		says("signals", "score")
		page.Click("[aria-labelledby=signals-title] summary")
		says("signals", "It counts until")
		page.Shot("3-account")
		page.ClickNamed("a", "All of it")
		page.Until("the timeline has an address", `location.search === '?part=timeline' && document.querySelectorAll('[aria-labelledby=timeline-title] li').length > 8`)
		page.Choose("Show", "offers")
		page.Until("and can be narrowed", `location.search === '?part=timeline&kinds=offers' && [...document.querySelectorAll('[aria-labelledby=timeline-title] summary')].every((s) => /^(Offer|Outcome|Request|Contact)/.test(s.innerText))`)
		page.Click("[aria-labelledby=timeline-title] li:last-child summary")
		page.Until("a line opens into what made it", `document.querySelector('[aria-labelledby=timeline-title] details[open] a[href^="/offers/decisions/"]')`)
		page.Shot("4-timeline")
		page.ClickNamed(`nav[aria-label="Parts of the account"] a`, "Offers")
		says("offers", "Dismissed")
		says("offers", "Clicked")
		says("offers", "Asked an admin")
		says("requests", "waits for an answer")
		page.Shot("5-offers")
		page.ClickNamed(`nav[aria-label="Parts of the account"] a`, "People")
		says("people", "1 may buy")
		page.ClickNamed(`nav[aria-label="Parts of the account"] a`, "Known")
		says("facts", "INC-<b>7</b>")
		says("contacts", "ncident")
		page.Until("the account above is a link", `document.querySelector('[aria-labelledby=family-title] a')?.getAttribute('href') === '/accounts/account-10'`)
		page.Shot("6-known")
		page.Until("nothing of what people wrote became markup", `!document.querySelector('main script, main img, main b, main i')`)
		page.ClickNamed("[aria-labelledby=family-title] a", "account-10")
		page.Until("the family is walked", `location.pathname === '/accounts/account-10'`)
	})

	t.Run("a long timeline comes in parts", func(t *testing.T) {
		page := page.In(t)
		for i := range 70 {
			c.must("PUT", "/v1/accounts/account-02/facts/csat", map[string]any{"value": i + 1}, nil)
		}
		page.Open(base + "/accounts/account-02?part=timeline&kinds=facts")
		lines := `[...document.querySelectorAll('[aria-labelledby=timeline-title] summary')].map((s) => s.innerText)`
		page.Until("the newest first", lines+`[0]?.includes('70') && `+lines+`.length === 30`)
		page.ClickNamed("a", "Older")
		page.Until("then what was before", `location.search.includes('cursor=') && `+lines+`[0]?.includes('40')`)
		page.ClickNamed("a", "Older")
		page.Until("to the first", lines+`.length === 10`)
		page.ClickNamed("a", "To the newest")
		page.Until("and back", lines+`[0]?.includes('70')`)
	})

	t.Run("what is drawn does not move when the rest comes", func(t *testing.T) {
		page := page.In(t)
		page.Open(base + "/accounts")
		page.Run(`window.moved = 0; new PerformanceObserver((l) => l.getEntries().forEach((e) => { if (!e.hadRecentInput) window.moved += e.value })).observe({type: 'layout-shift', buffered: true})`)
		page.Until("the list is there", rows+`.length === 50`)
		if moved := browsertest.Ask(page, chromedp.Evaluate[float64](`window.moved`)); moved > 0.1 {
			t.Errorf("the layout shifted by %v", moved)
		}
	})

	accessible(t, browser, base, "/accounts?near=80&sort=limit", "/accounts/account-11?part=timeline", "/accounts/account-11?part=offers", "/accounts/account-11?part=people", "/accounts/account-11?part=known", "/accounts/account-11?part=plan")
}
