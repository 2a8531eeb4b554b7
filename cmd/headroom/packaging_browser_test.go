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

// The packaging and account pages of the console in real Chromium: one server with a small
// company on it, one without anything, one browser. HEADROOM_SCREENSHOTS=dir keeps pictures.

// soldCatalog has one of everything that the matrix shows, and names full of markup.
const soldCatalog = `# What is sold. This comment stays where it is.
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  emails:   {event: email.sent, aggregate: sum, property: count}
  exports:  {fed_by: consume}
features:
  speakers:   {title: Speakers, benefit: More voices, kind: metered, meter: speakers, use_cases: [run_events], role: foundation}
  recordings: {title: "<img src=x onerror=alert(1)> Recordings", benefit: Sell every talk, kind: boolean, use_cases: [sell_talks], role: expansion,
               translations: {de: {title: Aufzeichnungen}}}
  captions:   {title: Captions, kind: boolean, part_of: recordings}
  emails:     {title: Emails, kind: metered, meter: emails, use_cases: [run_events]}
  exports:    {title: Exports, kind: metered, meter: exports}
  support:    {title: Support, kind: value, values: [email, phone]}
  webinars:   {title: Webinars, kind: boolean, ready: not_ready}
plans:
  starter:
    title: Starter
    price: {month: "49", year: "490"}
    entitlements:
      speakers: 10 # the limit that the test lowers and raises
      emails: {limit: 1000, per: month}
      exports: {limit: 5, per: month}
      support: email
  pro:
    title: "<b>Pro</b>"
    above: starter
    price: {month: "149", year: "1490"}
    trial: 14d
    version: 2
    earlier:
      1: {price: {month: "99"}, entitlements: {speakers: 30}}
    entitlements: {speakers: 40, recordings: true, captions: true, emails: {limit: 20000, per: month, overage: {unit: 1000, price: "2"}}, exports: unlimited, support: phone}
  old: {title: Old, price: {month: "19"}, retired: true, entitlements: {speakers: 3}}
addons:
  recordings_pack: {title: Recording pack, kind: module, price: {month: "29"}, entitlements: {recordings: true}, needs: [starter, pro]}
  more_exports:    {title: More exports, kind: pack, price: {month: "9"}, entitlements: {exports: 20}}
bundles:
  media: {title: Media, includes: [recordings_pack, more_exports], discount: 10%}
value:
  guests: {title: "<u>Guests</u> reached", unit: guests, formula: "speakers * 20", worth: "0.50", band: 5% to 20%, assumptions: [A speaker brings twenty guests]}
signals:
  speakers_full: {when: {limit: speakers, reaches: 100%}, type: upsell, hypothesis: Who is full wants more}
  wants_recordings: {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
offers:
  pro_for_speakers: {on: [speakers_full, wants_recordings], give: {plan: pro}, at: [speakers.add], kind: contextual, content: {title: "Room for {limit_next} speakers"}}
`

// soldTo makes a company of accounts whose use of speakers bunches below the limit of 10.
func soldTo(t *testing.T) *company {
	t.Helper()
	c := &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 2, secretKey: "hr_sk_test_key", demo: "<i>Summitry</i>",
		testClock: "2026-03-01T00:00:00Z", logger: slog.New(slog.DiscardHandler)}
	c.open()
	t.Cleanup(func() { c.server.close() })
	c.must("PUT", "/v1/catalog?author=Imke&note=First", []byte(soldCatalog), nil)
	var events []string
	for i, speakers := range []int{1, 2, 2, 3, 3, 3, 4, 5, 9, 9, 9, 10, 10, 10, 10, 22, 24, 25, 26, 31} {
		key, plan := fmt.Sprintf("account-%02d", i), "starter"
		if speakers > 10 {
			plan = "pro"
		}
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"name": fmt.Sprintf("Account %d", i), "traits": map[string]any{"industry": []string{"music", "law"}[i%2]}}, nil)
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": plan, "interval": "month"}, nil)
		for s := range speakers {
			events = append(events, fmt.Sprintf(`{"specversion":"1.0","id":"%s-%d","source":"test","type":"speaker.added","subject":"%s","data":{}}`, key, s, key))
		}
	}
	c.must("PUT", "/v1/accounts/markup.example%2Fa", map[string]any{"name": `<script>alert("x")</script>`}, nil)
	c.must("PUT", "/v1/accounts/markup.example%2Fa/subscription", map[string]any{"plan": "starter", "interval": "year"}, nil)
	c.must("PUT", "/v1/accounts/guest", map[string]any{"name": "Without a subscription"}, nil)
	status, answer := c.send("POST", "/v1/events", "["+strings.Join(events, ",")+"]", "Content-Type", "application/cloudevents-batch+json")
	if status != 202 {
		t.Fatalf("the events are not taken: %d %v", status, answer)
	}
	return c
}

func TestPackagingIsEditedSeenAppliedAndTakenBack(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	c := soldTo(t)
	browser := browsertest.OpenBrowser(t)
	page := browser.Window("packaging", c.server.url()+"/packaging")
	page.Until("the matrix stands", `document.querySelectorAll('[aria-labelledby=matrix-title] tbody tr').length > 6`)

	t.Run("the matrix shows everything that is sold, as text", func(t *testing.T) {
		page := page.In(t)
		for _, words := range []string{"Starter", "<b>Pro</b>", "$149 a month", "$1,490 a year", "version 2", "retired: no longer sold", "Recording pack", "bundle", "of Recording pack, More exports", "10% off its parts",
			"Run events", "Sell talks", "not ready: never offered", "20,000 a month", "then $2 for each started 1,000", "Unlimited", "<img src=x onerror=alert(1)> Recordings", "needs Starter or <b>Pro</b>", "value feature"} {
			page.Until("it says "+words, fmt.Sprintf(`document.querySelector('[aria-labelledby=matrix-title]').innerText.includes(%q)`, words))
		}
		page.Until("parts are indented below their whole", `(() => { const rows = [...document.querySelectorAll('tbody th[scope=row]')].map((th) => th.innerText); return rows.findIndex((t) => t.includes('Captions')) === rows.findIndex((t) => t.includes('Recordings')) + 1 })()`)
		page.Until("nothing of a name became markup", `!document.querySelector('main img, main b, main i, main script')`)
		page.Click("input[type=checkbox]")
		page.Until("earlier versions are a column", `document.querySelector('thead').innerText.includes('version 1, kept by who bought it') && location.search.includes('earlier=1')`)
		page.Shot("1-matrix")
	})

	t.Run("a lower limit is edited, seen, applied, in force, and taken back", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/packaging")
		page.ClickNamed("button", "Speakers in Starter: 10")
		page.Until("the address says what is edited", `location.search.includes('edit=plans.starter.entitlements.speakers')`)
		page.Fill(page.Labelled("Limit"), "12")
		page.Shot("2-edit")
		page.Press(kb.Enter)
		page.Until("the cell shows the draft", `[...document.querySelectorAll('td button')].some((b) => b.textContent.startsWith('Speakers in Starter: 12was 10'))`)
		page.Do(chromedp.Reload())
		page.Until("a reload keeps the draft", `document.body.innerText.includes('1 edit in the draft, not applied')`)
		beside := browser.In(t).Window("beside", c.server.url()+"/packaging")
		beside.Until("another tab has the same draft", `document.body.innerText.includes('1 edit in the draft, not applied')`)
		page.ClickNamed("a", "See what it changes")
		page.Until("the edit is said as the matrix says it", `document.querySelector('[aria-labelledby=edits-title]')?.innerText.includes('Speakers in Starter: 12, was 10')`)
		page.Until("with who pays what", `document.querySelector('[aria-labelledby=edits-title]').innerText.includes('pays the price it was bought at until')`)
		page.Until("the change is said in words", `document.querySelector('[aria-labelledby=changes-title]')?.innerText.includes('speakers')`)
		page.Until("old and new lines stand below each other", `(() => { const lines = [...document.querySelectorAll('[aria-labelledby=diff-title] tr')].map((tr) => tr.textContent); return lines.some((l) => l.includes('−removed: ') && l.includes('speakers: 10 # the limit')) && lines.some((l) => l.includes('+added: ') && l.includes('speakers: 12 # the limit')) })()`)
		page.Until("it says whom it changes", `/Accounts that change\s*16/.test(document.querySelector('[aria-labelledby=impact-title]')?.innerText ?? '')`)
		page.Until("what the change adds to the findings stands apart from what was there", `/added/.test(document.querySelector('[aria-labelledby=findings-title] h3')?.innerText ?? '')`)
		page.Shot("3-changes")
		page.Fill(page.Labelled("Note"), "Room for <b>two</b> more")
		page.ClickNamed("button", "Apply the catalog")
		page.Until("it is applied", `document.querySelector('[role=status]')?.innerText.startsWith('Applied: c-') || [...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
		if got := limitOf(c, "account-11"); got != 12 {
			t.Errorf("after it was applied the limit is %v, want 12", got)
		}
		page.Shot("4-applied")
		page.ClickNamed("button", "Undo: go back to")
		page.Until("it is taken back", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Rolled back'))`)
		if got := limitOf(c, "account-11"); got != 10 {
			t.Errorf("after the roll-back the limit is %v, want 10", got)
		}
	})

	t.Run("versions say who, when and why, and what differs", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/packaging/versions")
		page.Until("the notes stand there as text", `document.querySelector('main')?.innerText.includes('Room for <b>two</b> more') && document.querySelector('main')?.innerText.includes('Imke')`)
		page.Until("the difference of two is shown", `document.querySelector('[aria-labelledby=diff-title]')?.innerText.includes('speakers: 12')`)
		page.ClickNamed("button", "Roll back")
		page.Until("rolling back is previewed", `document.querySelector('dialog[open]')?.innerText.includes('What it does to accounts')`)
		page.Press(kb.Escape)
		page.Until("Escape closes it", `!document.querySelector('dialog[open]')`)
		page.Shot("5-versions")
	})

	t.Run("a limit is designed with the keyboard", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/packaging/limits/speakers?candidate=10")
		page.Until("the candidate is judged", `/Accounts above it\s*5/.test(document.querySelector('[aria-labelledby=candidate-title]')?.innerText ?? '')`)
		browsertest.Ask(page, chromedp.Evaluate[bool](`document.querySelector('[role=slider]').focus(), true`))
		for range 6 {
			page.Press(kb.ArrowLeft)
		}
		page.Until("the line moves by whole steps, and the address follows", `document.querySelector('[role=slider]').getAttribute('aria-valuenow') === '4' && location.search.includes('candidate=4')`)
		page.Until("more accounts are above", `/Accounts above it\s*13/.test(document.querySelector('[aria-labelledby=candidate-title]').innerText)`)
		page.Until("with whom it squeezes and what it assumes", `document.querySelector('[aria-labelledby=candidate-title] a[href="/accounts/account-14"]') && document.querySelector('[aria-label="What the revenue assumes"] li')`)
		page.Until("it says from where to where, on which plan", `document.querySelector('[aria-labelledby=candidate-title]').innerText.includes('today 10 → 4 on Starter')`)
		page.Until("those on Pro are left alone", `!document.querySelector('[aria-labelledby=candidate-title] a[href="/accounts/account-19"]')`)
		page.Until("today's limit says who stops below it", `document.querySelector('[aria-labelledby=limits-title]').innerText.includes('Starter')`)
		page.Shot("6-limit")
		page.ClickNamed("button", "Table and definition")
		page.Until("the table is one click away", `document.querySelector('dialog[open] tbody tr') && document.querySelector('dialog[open]').innerText.includes('Download CSV')`)
		page.Press(kb.Escape)
		browsertest.Ask(page, chromedp.Evaluate[bool](`(() => { const choice = [...document.querySelectorAll('label')].find((l) => l.textContent.startsWith('Limit of plan')).querySelector('select'); Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(choice, 'pro'); return choice.dispatchEvent(new Event('change', { bubbles: true })) })()`))
		page.Until("another plan begins with its own limit, and stands in the address", `location.search.includes('plan=pro') && document.querySelector('[aria-labelledby=candidate-title]').innerText.includes('40 on <b>Pro</b>, as today')`)
		page.Fill(page.Labelled("Candidate limit"), "30")
		page.Press(kb.Enter)
		page.Until("a written limit is that plan's", `document.querySelector('[aria-labelledby=candidate-title]').innerText.includes('today 40 → 30 on <b>Pro</b>')`)
		page.Fill(page.Labelled("Segments by trait"), "industry")
		page.Press(kb.Enter)
		page.Until("segments are offered", `[...document.querySelectorAll('option')].some((o) => o.textContent.startsWith('law'))`)
		page.ClickNamed("button", "Put it into the draft")
		page.Until("the draft has it", `document.body.innerText.includes('1 edit in the draft')`)
		page.ClickNamed("button", "Discard")
	})

	t.Run("a feature's content is edited where who wants it stands", func(t *testing.T) {
		page := page.In(t)
		c.must("POST", "/v1/check", map[string]any{"account": "account-03", "user": "jo", "feature": "recordings"}, nil)
		page.Open(c.server.url() + "/packaging/features/recordings")
		page.Until("demand is counted from checks that said no", `document.querySelector('[aria-labelledby=demand-title] tbody')?.innerText.includes('Account 3')`)
		page.Until("with what gives it", `document.querySelector('[aria-labelledby=plans-title]').innerText.includes('<b>Pro</b>') && document.querySelector('[aria-labelledby=plans-title]').innerText.includes('Included')`)
		page.Fill(page.Labelled("Title in de"), "Aufnahmen")
		page.ClickNamed("button", "Put into the draft")
		page.Until("the draft has it", `document.body.innerText.includes('1 edit in the draft')`)
		page.Shot("feature")
		page.ClickNamed("button", "Discard")
	})

	t.Run("an account is found, and a grant changes the next check", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/accounts")
		page.Until("names are text", `document.querySelector('main')?.innerText.includes('<script>alert("x")</script>')`)
		page.Fill("input[type=search]", "account-11")
		page.Until("the address holds what was looked for", `location.search === '?q=account-11' && document.querySelectorAll('tbody tr').length === 1`)
		page.ClickNamed("a", "Account 11")
		page.ClickNamed("a", "Plan and usage")
		page.Until("usage stands beside the limit", `[...document.querySelectorAll('tbody tr')].some((tr) => tr.innerText.includes('Speakers') && tr.innerText.includes('10 of 10') && tr.innerText.includes('plan Starter'))`)
		page.Shot("7-account")
		page.ClickNamed("button", "Grant")
		page.Fill(page.Labelled("How much"), "3")
		page.Fill(page.Labelled("Reason"), "A <b>promise</b>")
		page.Press(kb.Enter)
		page.Until("the grant is a source", `[...document.querySelectorAll('tbody tr')].some((tr) => tr.innerText.includes('10 of 13') && tr.innerText.includes('grant by an operator'))`)
		if got := limitOf(c, "account-11"); got != 13 {
			t.Errorf("with the grant the limit is %v, want 13", got)
		}
		page.Until("its reason is text", `document.querySelector('[aria-labelledby=grants-title]').innerText.includes('A <b>promise</b>')`)
		page.Until("what it gains stands there, too", `document.querySelector('[aria-labelledby=value-title] tbody')?.innerText.includes('<u>Guests</u> reached')`)
		page.ClickNamed("button", "ROI statement")
		page.Until("the statement says what it rests on", `document.querySelector('dialog[open]')?.innerText.includes('A speaker brings twenty guests')`)
		page.Press(kb.Escape)
		page.Until("Escape closes the statement", `!document.querySelector('dialog[open]')`)
		page.ClickNamed("button", "Override")
		page.ClickNamed("label", "Unlimited")
		page.ClickNamed("button", "Override")
		page.Until("the override replaces all", `[...document.querySelectorAll('[aria-labelledby=entitlements-title] tbody tr')].some((tr) => tr.innerText.includes('10, unlimited') && tr.innerText.includes('override'))`)
		page.Shot("8-given")
		page.ClickNamed("button", "Clear")
		page.Until("and goes again", `document.querySelector('[aria-labelledby=overrides-title]').innerText.includes('No overrides')`)
		page.ClickNamed("button", "Revoke")
		page.Until("as the grant does", `[...document.querySelectorAll('[aria-labelledby=entitlements-title] tbody tr')].some((tr) => tr.innerText.includes('10 of 10'))`)
		page.Open(c.server.url() + "/accounts/markup.example%2Fa")
		page.Until("an account of any key has its page", `document.querySelector('h1')?.innerText === '<script>alert("x")</script>'`)
	})

	t.Run("a bundle is added, and an error in it is mended before it can be applied", func(t *testing.T) {
		page := page.In(t)
		page.Open(c.server.url() + "/packaging/worksheet?step=plans")
		page.Fill(page.Labelled("Bundle"), "Media")
		page.ClickNamed("[aria-labelledby=new-bundle-title] label", "Recording pack")
		page.ClickNamed("[aria-labelledby=new-bundle-title] label", "More exports")
		page.Fill(page.Labelled("How many of More exports"), "2")
		page.ClickNamed("[aria-labelledby=new-bundle-title] label", "A price of its own")
		browsertest.Ask(page, chromedp.Evaluate[bool](`[...document.querySelectorAll('[aria-labelledby=new-bundle-title] label')].find((l) => l.textContent === 'Price a month, USD').control.focus(), true`))
		page.Press("100")
		page.ClickNamed("[aria-labelledby=new-bundle-title] label", "Starter")
		page.Shot("bundle")
		page.ClickNamed("button", "Add the bundle")
		page.Until("it is a column", `document.querySelector('[aria-labelledby=plans-title] thead').innerText.includes('Recording pack, 2 × More exports')`)
		page.ClickNamed("td button", "Speakers in Starter: 10")
		page.Fill(page.Labelled("Limit"), "12")
		page.Press(kb.Enter)
		page.ClickNamed("a", "See what it changes")
		page.Until("the error stands where it cannot be missed", `document.querySelector('[aria-labelledby=errors-title]')?.innerText.includes('costs more than its parts')`)
		page.Until("what is right is still weighed", `/Accounts that change\s*16/.test(document.querySelector('[aria-labelledby=impact-title]')?.innerText ?? '')`)
		page.Until("and nothing can be applied, with the reason", `document.querySelector('[aria-labelledby=apply-title] button').disabled && document.getElementById('apply-blocked').innerText.includes('One error has to be mended')`)
		page.Shot("error")
		page.ClickNamed("a", "Mend it where it stands")
		page.Fill(page.Labelled("Price a month, USD"), "40")
		page.Press(kb.Enter)
		page.Until("the dialog is closed", `!document.querySelector('dialog[open]')`)
		page.ClickNamed("a", "See what it changes")
		page.Until("mended, it can be applied", `document.querySelector('[aria-labelledby=apply-title] button')?.disabled === false && !document.querySelector('[aria-labelledby=errors-title]')`)
		page.Until("a key of its own keeps the bundle that is there", `document.querySelector('[aria-labelledby=edits-title]').innerText.includes('bundles.media_2')`)
		page.ClickNamed("button", "Leave out plans.starter")
		page.ClickNamed("button", "Apply the catalog")
		page.Until("it is applied", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
		c.must("PUT", "/v1/accounts/account-11/subscription", map[string]any{"addons": []map[string]any{{"key": "media_2", "quantity": 1}}}, nil)
		c.must("PUT", "/v1/accounts/account-11/subscription", map[string]any{"addons": []map[string]any{}}, nil)
	})

	accessible(t, browser, c.server.url(), "/packaging", "/packaging/versions", "/packaging/changes", "/packaging/worksheet", "/packaging/features/recordings",
		"/packaging/limits/speakers?candidate=12", "/packaging/value", "/packaging/worksheet?step=plans", "/accounts", "/accounts/account-11", "/packaging?edit=plans.pro.entitlements.emails")
}

func TestTheWorksheetWritesAFirstCatalog(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	c := &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 1, secretKey: "hr_sk_test_key", demo: "New", logger: slog.New(slog.DiscardHandler)}
	c.open()
	t.Cleanup(func() { c.server.close() })
	page := browsertest.OpenBrowser(t).Window("worksheet", c.server.url()+"/packaging")
	page.Until("the empty page says what to do", `document.querySelector('main')?.innerText.includes('There is no catalog yet')`)
	page.ClickNamed("a", "worksheet")

	page.Until("the currency comes first, and nothing else can be said", `document.querySelector('main').innerText.includes('First: the currency') && !document.querySelector('[aria-labelledby=new-feature-title]')`)
	page.ClickNamed("button", "Plans")
	page.Until("at every step", `document.querySelector('main').innerText.includes('First: the currency') && ![...document.querySelectorAll('main label')].some((l) => l.textContent.startsWith('Price'))`)
	page.ClickNamed("button", "← Value features")
	page.Choose("Currency", "EUR")
	page.ClickNamed("button", "Use this currency")
	page.Fill(page.Labelled("Feature"), "Speakers")
	page.Fill(page.Labelled("Why do they buy it?"), "More voices bring more guests")
	page.ClickNamed("label", "So many of it")
	page.Choose("How is it counted?", "level")
	page.ClickNamed("button", "Add the feature")
	page.Until("what is missing is said", `document.body.innerText.includes('Name the event that adds one.')`)
	page.Fill(page.Labelled("Event that adds one"), "speaker.added")
	page.Fill(page.Labelled("Event that takes one away"), "speaker.removed")
	page.ClickNamed("button", "Add the feature")
	page.Until("the feature is listed", `document.querySelector('[aria-labelledby=features-title]').innerText.includes('Speakers')`)
	page.Shot("1-features")

	page.ClickNamed("button", "Plans")
	for i, plan := range []string{"Starter", "Pro"} {
		page.Fill(page.Labelled("Plan"), plan)
		page.Fill(page.Labelled("Price a month, EUR"), []string{"49", "149"}[i])
		page.ClickNamed("button", "Add the plan")
		page.Until("the plan is a column", fmt.Sprintf(`document.querySelector('[aria-labelledby=plans-title]').innerText.includes(%q)`, plan))
		page.ClickNamed("td button", "Speakers in "+plan)
		page.ClickNamed("label", "Up to a limit")
		page.Fill(page.Labelled("Limit"), []string{"10", "40"}[i])
		page.Press(kb.Enter)
		page.Until("the dialog is closed", `!document.querySelector('dialog[open]')`)
	}
	page.Shot("2-plans")

	page.ClickNamed("button", "Offers")
	page.Choose("It gives", "plan:pro")
	page.Fill(page.Labelled("At the place"), "speakers.add")
	page.Fill(page.Labelled("Title"), "Room for {limit_next} speakers")
	page.ClickNamed("button", "Add the offer")
	page.Until("the offer is listed", `document.querySelector('[aria-labelledby=offers-title]').innerText.includes('at speakers.add, when Speakers reaches 80% of its limit')`)
	page.ClickNamed("button", "Upgrade moments")
	page.Until("its moment came with it", `document.querySelector('[aria-labelledby=moments-title]').innerText.includes('Speakers reaches 80% of its limit')`)
	page.ClickNamed("button", "Profiles and collaboration")
	page.Fill(page.Labelled("Profile"), "Host")
	page.ClickNamed("button", "Add the profile")
	page.Until("the profile is listed", `document.querySelector('[aria-labelledby=profiles-title]').innerText.includes('Host')`)
	page.Shot("3-profiles")

	page.ClickNamed("a", "See what it changes")
	page.Until("the text is all new", `document.querySelector('[aria-labelledby=diff-title]')?.innerText.includes('lines added')`)
	page.Shot("4-changes")
	page.Fill(page.Labelled("Note"), "The first one")
	page.ClickNamed("button", "Apply the catalog")
	page.Until("it is applied", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter", "interval": "month"}, nil)
	if got := limitOf(c, "acme"); got != 10 {
		t.Errorf("the catalog that the worksheet wrote gives %v speakers, want 10", got)
	}
}

// limitOf is an account's limit of speakers, as the next check says it.
func limitOf(c *company, account string) float64 {
	c.t.Helper()
	var answer struct{ Limit float64 }
	c.must("POST", "/v1/check", map[string]any{"account": account, "feature": "speakers"}, &answer)
	return answer.Limit
}

// accessible looks at pages with axe, narrow and wide, in both schemes, and that nothing but
// tables scrolls sideways.
func accessible(t *testing.T, browser *browsertest.Browser, base string, pages ...string) {
	t.Helper()
	window := browser.In(t).Window("axe", base+pages[0])
	for _, path := range pages {
		t.Run("axe finds nothing on "+path, func(t *testing.T) {
			w := window.In(t)
			w.Open(base + path)
			for _, width := range []int64{2560, 640, 390} { // 640 is 1280 at 200%
				w.Do(chromedp.EmulateViewport(width, 900))
				w.Until(fmt.Sprintf("the page is no wider than %d px", width), `document.querySelector('main h1') && document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
			}
			for _, width := range []int64{390, 1280} {
				w.Do(chromedp.EmulateViewport(width, 900))
				for _, scheme := range []string{"light", "dark"} {
					w.Media("prefers-color-scheme", scheme, "prefers-reduced-motion", "reduce")
					w.Until("the scheme is "+scheme, fmt.Sprintf(`document.documentElement.dataset.mantineColorScheme === %q`, scheme))
					w.Until("everything is there", `document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]') && !document.querySelector('main .mantine-Skeleton-root')`)
					w.Until("no colour is on its way to another", `document.getAnimations().every((a) => a.playState === 'finished')`)
					if found := w.Axe(); found != "" {
						t.Errorf("%d px, %s:\n%s", width, scheme, found)
					}
					w.Shot(fmt.Sprintf("axe-%s-%d-%s", strings.Trim(strings.ReplaceAll(path, "/", "-"), "-"), width, scheme))
				}
			}
		})
	}
}
