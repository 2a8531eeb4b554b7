package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

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
	browser := openBrowserFor(t)
	page := browser.window("packaging", c.server.url()+"/packaging")
	asked := page.letLeave()
	page.until("the matrix stands", `document.querySelectorAll('[aria-labelledby=matrix-title] tbody tr').length > 6`)

	t.Run("the matrix shows everything that is sold, as text", func(t *testing.T) {
		page := page.in(t)
		for _, words := range []string{"Starter", "<b>Pro</b>", "$149 a month", "$1,490 a year", "version 2", "retired: no longer sold", "Recording pack", "bundle", "of Recording pack, More exports", "10% off its parts",
			"Run events", "Sell talks", "not ready: never offered", "20,000 a month", "then $2 for each started 1,000", "Unlimited", "<img src=x onerror=alert(1)> Recordings", "needs Starter or <b>Pro</b>", "value feature"} {
			page.until("it says "+words, fmt.Sprintf(`document.querySelector('[aria-labelledby=matrix-title]').innerText.includes(%q)`, words))
		}
		page.until("parts are indented below their whole", `(() => { const rows = [...document.querySelectorAll('tbody th[scope=row]')].map((th) => th.innerText); return rows.findIndex((t) => t.includes('Captions')) === rows.findIndex((t) => t.includes('Recordings')) + 1 })()`)
		page.until("nothing of a name became markup", `!document.querySelector('main img, main b, main i, main script')`)
		page.click("input[type=checkbox]")
		page.until("earlier versions are a column", `document.querySelector('thead').innerText.includes('version 1, kept by who bought it') && location.search.includes('earlier=1')`)
		page.shot("1-matrix")
	})

	t.Run("a lower limit is edited, seen, applied, in force, and taken back", func(t *testing.T) {
		page := page.in(t)
		page.go_(c.server.url() + "/packaging")
		page.clickNamed("button", "Speakers in Starter: 10")
		page.until("the address says what is edited", `location.search.includes('edit=plans.starter.entitlements.speakers')`)
		page.fill(page.labelled("Limit"), "12")
		page.shot("2-edit")
		page.press(kb.Enter)
		page.until("the cell shows the draft", `[...document.querySelectorAll('td button')].some((b) => b.textContent.startsWith('Speakers in Starter: 12was 10'))`)
		page.do(chromedp.Reload())
		select {
		case err := <-asked:
			if err != nil {
				t.Fatal(err)
			}
		default:
			t.Error("the page with a draft was left without a question")
		}
		page.until("a reload keeps the draft", `document.body.innerText.includes('1 edit in the draft, not applied')`)
		page.clickNamed("a", "See what it changes")
		page.until("the edit is said as the matrix says it", `document.querySelector('[aria-labelledby=edits-title]')?.innerText.includes('Speakers in Starter: 12, was 10')`)
		page.until("with who pays what", `document.querySelector('[aria-labelledby=edits-title]').innerText.includes('pays the price it was bought at until')`)
		page.until("the change is said in words", `document.querySelector('[aria-labelledby=changes-title]')?.innerText.includes('speakers')`)
		page.until("old and new lines stand below each other", `(() => { const lines = [...document.querySelectorAll('[aria-labelledby=diff-title] tr')].map((tr) => tr.textContent); return lines.some((l) => l.includes('−removed: ') && l.includes('speakers: 10 # the limit')) && lines.some((l) => l.includes('+added: ') && l.includes('speakers: 12 # the limit')) })()`)
		page.until("it says whom it changes", `/Accounts that change\s*16/.test(document.querySelector('[aria-labelledby=impact-title]')?.innerText ?? '')`)
		page.until("what the change adds to the findings stands apart from what was there", `/added/.test(document.querySelector('[aria-labelledby=findings-title] h3')?.innerText ?? '')`)
		page.shot("3-changes")
		page.fill(page.labelled("Note"), "Room for <b>two</b> more")
		page.clickNamed("button", "Apply the catalog")
		page.until("it is applied", `document.querySelector('[role=status]')?.innerText.startsWith('Applied: c-') || [...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
		if got := limitOf(c, "account-11"); got != 12 {
			t.Errorf("after it was applied the limit is %v, want 12", got)
		}
		page.shot("4-applied")
		page.clickNamed("button", "Undo: go back to")
		page.until("it is taken back", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Rolled back'))`)
		if got := limitOf(c, "account-11"); got != 10 {
			t.Errorf("after the roll-back the limit is %v, want 10", got)
		}
	})

	t.Run("versions say who, when and why, and what differs", func(t *testing.T) {
		page := page.in(t)
		page.go_(c.server.url() + "/packaging/versions")
		page.until("the notes stand there as text", `document.querySelector('main')?.innerText.includes('Room for <b>two</b> more') && document.querySelector('main')?.innerText.includes('Imke')`)
		page.until("the difference of two is shown", `document.querySelector('[aria-labelledby=diff-title]')?.innerText.includes('speakers: 12')`)
		page.clickNamed("button", "Roll back")
		page.until("rolling back is previewed", `document.querySelector('dialog[open]')?.innerText.includes('What it does to accounts')`)
		page.press(kb.Escape)
		page.until("Escape closes it", `!document.querySelector('dialog[open]')`)
		page.shot("5-versions")
	})

	t.Run("a limit is designed with the keyboard", func(t *testing.T) {
		page := page.in(t)
		page.go_(c.server.url() + "/packaging/limits/speakers?candidate=10")
		page.until("the candidate is judged", `/Accounts above it\s*5/.test(document.querySelector('[aria-labelledby=candidate-title]')?.innerText ?? '')`)
		ask(page, chromedp.Evaluate[bool](`document.querySelector('[role=slider]').focus(), true`))
		for range 6 {
			page.press(kb.ArrowLeft)
		}
		page.until("the line moves by whole steps, and the address follows", `document.querySelector('[role=slider]').getAttribute('aria-valuenow') === '4' && location.search.includes('candidate=4')`)
		page.until("more accounts are above", `/Accounts above it\s*13/.test(document.querySelector('[aria-labelledby=candidate-title]').innerText)`)
		page.until("with whom it squeezes and what it assumes", `document.querySelector('[aria-labelledby=candidate-title] a[href="/accounts/account-14"]') && document.querySelector('[aria-label="What the revenue assumes"] li')`)
		page.until("it says from where to where, on which plan", `document.querySelector('[aria-labelledby=candidate-title]').innerText.includes('today 10 → 4 on Starter')`)
		page.until("those on Pro are left alone", `!document.querySelector('[aria-labelledby=candidate-title] a[href="/accounts/account-19"]')`)
		page.until("today's limit says who stops below it", `document.querySelector('[aria-labelledby=limits-title]').innerText.includes('Starter')`)
		page.shot("6-limit")
		page.clickNamed("button", "Table and definition")
		page.until("the table is one click away", `document.querySelector('dialog[open] tbody tr') && document.querySelector('dialog[open]').innerText.includes('Download CSV')`)
		page.press(kb.Escape)
		ask(page, chromedp.Evaluate[bool](`(() => { const choice = [...document.querySelectorAll('label')].find((l) => l.textContent.startsWith('Limit of plan')).querySelector('select'); Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(choice, 'pro'); return choice.dispatchEvent(new Event('change', { bubbles: true })) })()`))
		page.until("another plan begins with its own limit, and stands in the address", `location.search.includes('plan=pro') && document.querySelector('[aria-labelledby=candidate-title]').innerText.includes('40 on <b>Pro</b>, as today')`)
		page.fill(page.labelled("Candidate limit"), "30")
		page.press(kb.Enter)
		page.until("a written limit is that plan's", `document.querySelector('[aria-labelledby=candidate-title]').innerText.includes('today 40 → 30 on <b>Pro</b>')`)
		page.fill(page.labelled("Segments by trait"), "industry")
		page.press(kb.Enter)
		page.until("segments are offered", `[...document.querySelectorAll('option')].some((o) => o.textContent.startsWith('law'))`)
		page.clickNamed("button", "Put it into the draft")
		page.until("the draft has it", `document.body.innerText.includes('1 edit in the draft')`)
		page.clickNamed("button", "Discard")
	})

	t.Run("a feature's content is edited where who wants it stands", func(t *testing.T) {
		page := page.in(t)
		c.must("POST", "/v1/check", map[string]any{"account": "account-03", "user": "jo", "feature": "recordings"}, nil)
		page.go_(c.server.url() + "/packaging/features/recordings")
		page.until("demand is counted from checks that said no", `document.querySelector('[aria-labelledby=demand-title] tbody')?.innerText.includes('Account 3')`)
		page.until("with what gives it", `document.querySelector('[aria-labelledby=plans-title]').innerText.includes('<b>Pro</b>') && document.querySelector('[aria-labelledby=plans-title]').innerText.includes('Included')`)
		page.fill(page.labelled("Title in de"), "Aufnahmen")
		page.clickNamed("button", "Put into the draft")
		page.until("the draft has it", `document.body.innerText.includes('1 edit in the draft')`)
		page.shot("feature")
		page.clickNamed("button", "Discard")
	})

	t.Run("an account is found, and a grant changes the next check", func(t *testing.T) {
		page := page.in(t)
		page.go_(c.server.url() + "/accounts")
		page.until("names are text", `document.querySelector('main')?.innerText.includes('<script>alert("x")</script>')`)
		page.fill("input[type=search]", "account-11")
		page.until("the address holds what was looked for", `location.search === '?q=account-11' && document.querySelectorAll('tbody tr').length === 1`)
		page.clickNamed("a", "Account 11")
		page.until("usage stands beside the limit", `[...document.querySelectorAll('tbody tr')].some((tr) => tr.innerText.includes('Speakers') && tr.innerText.includes('10 of 10') && tr.innerText.includes('plan Starter'))`)
		page.shot("7-account")
		page.clickNamed("button", "Grant")
		page.fill(page.labelled("How much"), "3")
		page.fill(page.labelled("Reason"), "A <b>promise</b>")
		page.press(kb.Enter)
		page.until("the grant is a source", `[...document.querySelectorAll('tbody tr')].some((tr) => tr.innerText.includes('10 of 13') && tr.innerText.includes('grant by an operator'))`)
		if got := limitOf(c, "account-11"); got != 13 {
			t.Errorf("with the grant the limit is %v, want 13", got)
		}
		page.until("its reason is text", `document.querySelector('[aria-labelledby=grants-title]').innerText.includes('A <b>promise</b>')`)
		page.until("what it gains stands there, too", `document.querySelector('[aria-labelledby=value-title] tbody')?.innerText.includes('<u>Guests</u> reached')`)
		page.clickNamed("button", "ROI statement")
		page.until("the statement says what it rests on", `document.querySelector('dialog[open]')?.innerText.includes('A speaker brings twenty guests')`)
		page.press(kb.Escape)
		page.until("Escape closes the statement", `!document.querySelector('dialog[open]')`)
		page.clickNamed("button", "Override")
		page.clickNamed("label", "Unlimited")
		page.clickNamed("button", "Override")
		page.until("the override replaces all", `[...document.querySelectorAll('[aria-labelledby=entitlements-title] tbody tr')].some((tr) => tr.innerText.includes('10, unlimited') && tr.innerText.includes('override'))`)
		page.shot("8-given")
		page.clickNamed("button", "Clear")
		page.until("and goes again", `document.querySelector('[aria-labelledby=overrides-title]').innerText.includes('No overrides')`)
		page.clickNamed("button", "Revoke")
		page.until("as the grant does", `[...document.querySelectorAll('[aria-labelledby=entitlements-title] tbody tr')].some((tr) => tr.innerText.includes('10 of 10'))`)
		page.go_(c.server.url() + "/accounts/markup.example%2Fa")
		page.until("an account of any key has its page", `document.querySelector('h1')?.innerText === '<script>alert("x")</script>'`)
	})

	t.Run("a bundle is added, and an error in it is mended before it can be applied", func(t *testing.T) {
		page := page.in(t)
		page.go_(c.server.url() + "/packaging/worksheet?step=plans")
		page.fill(page.labelled("Bundle"), "Media")
		page.clickNamed("[aria-labelledby=new-bundle-title] label", "Recording pack")
		page.clickNamed("[aria-labelledby=new-bundle-title] label", "More exports")
		page.fill(page.labelled("How many of More exports"), "2")
		page.clickNamed("[aria-labelledby=new-bundle-title] label", "A price of its own")
		ask(page, chromedp.Evaluate[bool](`[...document.querySelectorAll('[aria-labelledby=new-bundle-title] label')].find((l) => l.textContent === 'Price a month, USD').control.focus(), true`))
		page.press("100")
		page.clickNamed("[aria-labelledby=new-bundle-title] label", "Starter")
		page.shot("bundle")
		page.clickNamed("button", "Add the bundle")
		page.until("it is a column", `document.querySelector('[aria-labelledby=plans-title] thead').innerText.includes('Recording pack, 2 × More exports')`)
		page.clickNamed("td button", "Speakers in Starter: 10")
		page.fill(page.labelled("Limit"), "12")
		page.press(kb.Enter)
		page.clickNamed("a", "See what it changes")
		page.until("the error stands where it cannot be missed", `document.querySelector('[aria-labelledby=errors-title]')?.innerText.includes('costs more than its parts')`)
		page.until("what is right is still weighed", `/Accounts that change\s*16/.test(document.querySelector('[aria-labelledby=impact-title]')?.innerText ?? '')`)
		page.until("and nothing can be applied, with the reason", `document.querySelector('[aria-labelledby=apply-title] button').disabled && document.getElementById('apply-blocked').innerText.includes('One error has to be mended')`)
		page.shot("error")
		page.clickNamed("a", "Mend it where it stands")
		page.fill(page.labelled("Price a month, USD"), "40")
		page.press(kb.Enter)
		page.until("the dialog is closed", `!document.querySelector('dialog[open]')`)
		page.clickNamed("a", "See what it changes")
		page.until("mended, it can be applied", `document.querySelector('[aria-labelledby=apply-title] button')?.disabled === false && !document.querySelector('[aria-labelledby=errors-title]')`)
		page.until("a key of its own keeps the bundle that is there", `document.querySelector('[aria-labelledby=edits-title]').innerText.includes('bundles.media_2')`)
		page.clickNamed("button", "Leave out plans.starter")
		page.clickNamed("button", "Apply the catalog")
		page.until("it is applied", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
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
	page := openBrowserFor(t).window("worksheet", c.server.url()+"/packaging")
	page.until("the empty page says what to do", `document.querySelector('main')?.innerText.includes('There is no catalog yet')`)
	page.clickNamed("a", "worksheet")

	page.until("the currency comes first, and nothing else can be said", `document.querySelector('main').innerText.includes('First: the currency') && !document.querySelector('[aria-labelledby=new-feature-title]')`)
	page.clickNamed("button", "Plans")
	page.until("at every step", `document.querySelector('main').innerText.includes('First: the currency') && ![...document.querySelectorAll('main label')].some((l) => l.textContent.startsWith('Price'))`)
	page.clickNamed("button", "← Value features")
	page.choose("Currency", "EUR")
	page.clickNamed("button", "Use this currency")
	page.fill(page.labelled("Feature"), "Speakers")
	page.fill(page.labelled("Why do they buy it?"), "More voices bring more guests")
	page.clickNamed("label", "So many of it")
	page.choose("How is it counted?", "level")
	page.clickNamed("button", "Add the feature")
	page.until("what is missing is said", `document.body.innerText.includes('Name the event that adds one.')`)
	page.fill(page.labelled("Event that adds one"), "speaker.added")
	page.fill(page.labelled("Event that takes one away"), "speaker.removed")
	page.clickNamed("button", "Add the feature")
	page.until("the feature is listed", `document.querySelector('[aria-labelledby=features-title]').innerText.includes('Speakers')`)
	page.shot("1-features")

	page.clickNamed("button", "Plans")
	for i, plan := range []string{"Starter", "Pro"} {
		page.fill(page.labelled("Plan"), plan)
		page.fill(page.labelled("Price a month, EUR"), []string{"49", "149"}[i])
		page.clickNamed("button", "Add the plan")
		page.until("the plan is a column", fmt.Sprintf(`document.querySelector('[aria-labelledby=plans-title]').innerText.includes(%q)`, plan))
		page.clickNamed("td button", "Speakers in "+plan)
		page.clickNamed("label", "Up to a limit")
		page.fill(page.labelled("Limit"), []string{"10", "40"}[i])
		page.press(kb.Enter)
		page.until("the dialog is closed", `!document.querySelector('dialog[open]')`)
	}
	page.shot("2-plans")

	page.clickNamed("button", "Offers")
	page.choose("It gives", "plan:pro")
	page.fill(page.labelled("At the place"), "speakers.add")
	page.fill(page.labelled("Title"), "Room for {limit_next} speakers")
	page.clickNamed("button", "Add the offer")
	page.until("the offer is listed", `document.querySelector('[aria-labelledby=offers-title]').innerText.includes('at speakers.add, when Speakers reaches 80% of its limit')`)
	page.clickNamed("button", "Upgrade moments")
	page.until("its moment came with it", `document.querySelector('[aria-labelledby=moments-title]').innerText.includes('Speakers reaches 80% of its limit')`)
	page.clickNamed("button", "Profiles and collaboration")
	page.fill(page.labelled("Profile"), "Host")
	page.clickNamed("button", "Add the profile")
	page.until("the profile is listed", `document.querySelector('[aria-labelledby=profiles-title]').innerText.includes('Host')`)
	page.shot("3-profiles")

	page.clickNamed("a", "See what it changes")
	page.until("the text is all new", `document.querySelector('[aria-labelledby=diff-title]')?.innerText.includes('lines added')`)
	page.shot("4-changes")
	page.fill(page.labelled("Note"), "The first one")
	page.clickNamed("button", "Apply the catalog")
	page.until("it is applied", `[...document.querySelectorAll('[role=status]')].some((s) => s.innerText.startsWith('Applied: c-'))`)
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
func accessible(t *testing.T, browser *chromium, base string, pages ...string) {
	t.Helper()
	axe, err := os.ReadFile(filepath.Join("..", "..", "web", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe is not installed (npm --prefix web ci): %v", err)
	}
	window := browser.in(t).window("axe", base+pages[0])
	for _, path := range pages {
		t.Run("axe finds nothing on "+path, func(t *testing.T) {
			w := window.in(t)
			w.go_(base + path)
			for _, width := range []int64{2560, 640, 390} { // 640 is 1280 at 200%
				w.do(chromedp.EmulateViewport(width, 900))
				w.until(fmt.Sprintf("the page is no wider than %d px", width), `document.querySelector('main h1') && document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
			}
			for _, width := range []int64{390, 1280} {
				w.do(chromedp.EmulateViewport(width, 900))
				for _, scheme := range []string{"light", "dark"} {
					if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
						t.Fatal(err)
					}
					w.until("the scheme is "+scheme, fmt.Sprintf(`document.documentElement.dataset.mantineColorScheme === %q`, scheme))
					w.until("everything is there", `document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]') && !document.querySelector('main .mantine-Skeleton-root')`)
					w.until("no colour is on its way to another", `document.getAnimations().every((a) => a.playState === 'finished')`)
					ask(w, chromedp.Evaluate[bool](string(axe)+`; true`))
					found := ask(w, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => v.id + ': ' + v.help + '\n  ' + v.nodes.slice(0, 3).map((n) => n.html + ' ' + n.any.map((a) => a.message).join(' ')).join('\n  ')).join('\n'))`, chromedp.EvalAwaitPromise))
					if found != "" {
						t.Errorf("%d px, %s:\n%s", width, scheme, found)
					}
					w.shot(fmt.Sprintf("axe-%s-%d-%s", strings.Trim(strings.ReplaceAll(path, "/", "-"), "-"), width, scheme))
				}
			}
		})
	}
}

// go_ opens another address in the window.
func (w *window) go_(url string) {
	w.t.Helper()
	w.do(chromedp.Navigate(url))
}

// letLeave answers yes whenever the page asks before it is left, and tells each time.
func (w *window) letLeave() <-chan error {
	asked := make(chan error, 100)
	dialogs := chromedp.Events(w.ctx, cdppage.JavascriptDialogOpening)
	go func() {
		for _, err := range dialogs {
			if err == nil {
				_, err = chromedp.Call(w.ctx, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true})
			}
			if w.ctx.Err() != nil {
				return
			}
			asked <- err
		}
	}()
	return asked
}

// clickNamed clicks what a person would call so: by its label or words, from their beginning.
func (w *window) clickNamed(tag, name string) {
	w.t.Helper()
	find := fmt.Sprintf(`[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('%s')].filter((e) => e.checkVisibility()).find((e) => (e.getAttribute('aria-label') ?? e.textContent).replace(/\s+/g, ' ').trim().startsWith(%q))`, tag, name)
	w.until(tag+" "+name+" is there", find)
	ask(w, chromedp.Evaluate[bool](find+`.setAttribute('data-clicked', ''), true`))
	w.click("[data-clicked]")
	ask(w, chromedp.Evaluate[bool](`document.querySelector('[data-clicked]')?.removeAttribute('data-clicked'), true`))
}

// labelled is the selector of a form's control by its label.
func (w *window) labelled(label string) string {
	w.t.Helper()
	find := fmt.Sprintf(`[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('label')].find((l) => l.checkVisibility() && l.firstChild?.textContent.trim() === %q)?.control`, label)
	w.until("there is a field "+label, find)
	return fmt.Sprintf("[id=%q]", ask(w, chromedp.Evaluate[string](fmt.Sprintf(`(() => { const c = %s; c.id ||= 'field-' + Math.random().toString(36).slice(2); return c.id })()`, find))))
}

// choose takes an option of a select by its value.
func (w *window) choose(label, value string) {
	w.t.Helper()
	selector := w.labelled(label)
	ask(w, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { const e = document.querySelector(%q); Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(e, %q); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value === %q })()`, selector, value, value)))
}

// fill replaces what stands in a field, as a person does.
func (w *window) fill(selector, text string) {
	w.t.Helper()
	ask(w, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select(); return true })()`, selector)))
	w.press(text)
}
