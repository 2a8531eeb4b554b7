package subscription

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/money"
)

// marketText is a catalog with everything that can be sold.
const marketText = `
version: 1
currency: USD
billing: {undo: 2d}
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  emails:   {event: email.sent, aggregate: count}
features:
  speakers:   {title: Speakers, kind: seats, meter: speakers}
  emails:     {title: Emails, kind: metered, meter: emails, trial: {length: 7d, limit: 500, extend: 7d, extensions: 1}}
  recordings: {title: Recordings, kind: boolean, trial: 7d}
  branding:   {title: Branding, kind: boolean}
  support:    {title: Support, kind: value, values: [email, chat, phone]}
plans:
  free:     {title: Free, price: {month: "0"}, reverse: pro, entitlements: {speakers: 2}}
  starter:  {title: Starter, above: free, price: {month: "49", year: "490"}, entitlements: {speakers: 10, support: email}}
  pro:
    title: Pro
    above: starter
    version: 3
    price: {month: "149", year: "1490"}
    entitlements: {speakers: 50, recordings: true, support: chat}
    trial: {length: 14d, then: free, extend: 7d, extensions: 2}
    earlier:
      1: {price: {month: "99", year: "990"}, entitlements: {speakers: 40}}
      2: {price: {month: "129", year: "1290"}}
  team:     {title: Team, family: team, unit: workspace, price: {month: {base: "20", each: "10", included: 2}, year: {tiers: [{to: 10, each: "100"}, {to: 100, each: "80"}, {each: "60"}]}}, entitlements: {speakers: {limit: 5, per_unit: true}}}
  bulk:     {title: Bulk, family: team, price: {month: {volume: true, tiers: [{to: 10, each: "10"}, {each: "8", base: "5"}]}}}
  legacy:   {title: Legacy, retired: true, price: {month: "19"}}
  nonprofit: {title: Nonprofit, price: {month: "9"}, eligible: "account.traits.segment == 'nonprofit'"}
  quantum:  {title: Quantum, price: {month: "999"}, ready: not_ready}
addons:
  sponsors: {title: Sponsor tiers, price: {month: "79"}, needs: [pro], entitlements: {speakers: 5}, trial: {length: 10d}}
  film:     {title: Film, price: {month: "30", year: "300"}, entitlements: {recordings: true}}
  theme:    {title: Theme, kind: module, price: {month: "15"}, entitlements: {branding: true}}
  shirt:    {title: Shirts, price: {month: "5", year: "50"}, needs: [theme]}
  basic_support: {title: Basic help, kind: service_tier, price: {month: "10"}, entitlements: {support: chat}}
  gold_support:  {title: Gold help, kind: service_tier, price: {month: "50"}, entitlements: {support: phone}, excludes: [basic_support, free]}
  seats:    {title: Speaker seats, kind: seat, price: {month: {each: "8"}, year: {each: "80"}}, entitlements: {speakers: 1}}
  old_pack: {title: Old pack, retired: true, price: {month: "3"}, entitlements: {speakers: 3}}
  soon:     {title: Soon, ready: not_ready, price: {month: "1"}}
  charity:  {title: Charity, price: {month: "1"}, eligible: "account.traits.segment == 'nonprofit'", trial: 5d}
  mails:    {title: Mail top-up, kind: top_up, price: {once: "12"}, expires: 365d, entitlements: {emails: 1000}}
  setup:    {title: Set-up, kind: service, price: {once: "500"}, needs: [pro]}
bundles:
  stage:    {title: Stage, includes: {sponsors: 1, theme: 1}, discount: 20%, excludes: [film]}
`

// market parses the catalog of the specifications, with what a case wants otherwise put in.
func market(t testing.TB, replace ...string) *catalog.Catalog {
	t.Helper()
	text := strings.NewReplacer(replace...).Replace(marketText)
	cat, findings := catalog.Parse("market.yaml", []byte(text))
	for _, f := range findings {
		if f.Severity == catalog.SeverityError {
			t.Fatalf("the catalog of the test is wrong: %+v", f)
		}
	}
	// A catalog with several currencies has every price in each. What another one sells is
	// put in here, so that there are gaps.
	cat.Currencies = []money.Currency{"USD", "EUR", "JPY"}
	for _, in := range []struct {
		price *catalog.Price
		in    money.Currency
		each  money.Minor
	}{
		{cat.Plans["free"].Price.Month, "EUR", 0}, {cat.Plans["starter"].Price.Month, "EUR", 4500}, {cat.Plans["starter"].Price.Month, "JPY", 7000},
		{cat.Plans["pro"].Price.Month, "EUR", 13900}, {cat.Plans["pro"].Price.Year, "EUR", 139000},
		{cat.Addons["sponsors"].Price.Month, "EUR", 7500}, {cat.Addons["mails"].Price.Once, "EUR", 1100},
	} {
		(*in.price)[in.in] = catalog.Scale{Each: in.each}
	}
	return cat
}

// shop makes changes one after the other, with a catalog that may be another each time.
type shop struct {
	t        testing.TB
	cat      *catalog.Catalog
	sub      Subscription
	segment  string // of the account
	onceUsed bool
}

func (s *shop) terms(when string) Terms {
	return Terms{Catalog: s.cat, Now: at(s.t, when), OnceUsed: s.onceUsed,
		Eligible: condition.Holds(map[string]any{"account": map[string]any{"key": "acme", "name": "", "plan": s.sub.Plan, "status": "", "mrr": 0.0,
			"traits": map[string]any{"segment": s.segment}}})}
}

// does makes a change that must be possible and returns its quote.
func (s *shop) does(when string, ch Change) Quote {
	s.t.Helper()
	q, next, err := Preview(s.sub, ch, s.terms(when))
	if err != nil {
		s.t.Fatalf("given at %s: %v", when, err)
	}
	s.sub = next
	return q
}

func (s *shop) waits(when string) { s.sub = *AsOf(&s.sub, at(s.t, when), s.cat) }

// stands writes what is bought: "active pro v3, monthly, with 2 sponsors, USD 307.00".
func (s *shop) stands() string {
	b := &s.sub
	if b.Plan == "" {
		return "nothing"
	}
	out := string(b.Status) + " "
	if b.Quantity != 1 {
		out += counted(b.Quantity, "")
	}
	out += b.Plan
	if b.PlanVersion > 1 || s.cat.Plans[b.Plan] != nil && s.cat.Plans[b.Plan].Version > 1 {
		out += " v" + string(rune('0'+b.PlanVersion))
	}
	out += ", " + adverb(b.Interval)
	for i, line := range b.Addons {
		out += map[bool]string{true: ", with ", false: " and "}[i == 0] + counted(line.Quantity, line.Key)
	}
	out += ", " + string(b.Currency) + " " + b.Recurring.Decimal(b.Currency)
	if b.Status == Trialing {
		out += " until " + dayOf(b.TrialEndsAt)
		if b.Then != "" {
			out += " then " + b.Then
		}
	}
	if b.Pending != nil {
		out += ", on " + dayOf(b.Pending.At) + " " + b.Pending.Change.Plan
	}
	return out
}

func day(t testing.TB, when string) clock.Time { return at(t, when) }
