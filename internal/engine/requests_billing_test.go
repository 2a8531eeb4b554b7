package engine_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

var update = flag.Bool("update", false, "write the golden files anew")

// billed sells of everything: plans, seats, packs, a bundle, a top-up, overage.
const billed = `
version: 1
currency: USD
billing: {undo: 24h, downgrade: renewal}
meters:
  exports:  {fed_by: consume}
  seats:    {aggregate: level, fed_by: consume}
  emails:   {fed_by: consume}
features:
  recordings: {title: Recordings, kind: boolean}
  support:    {title: Support, kind: value, values: [email, phone]}
  team:       {title: Team members, kind: seats, meter: seats}
  exports:    {title: Exports, kind: metered, meter: exports}
  emails:     {title: Emails, kind: metered, meter: emails}
plans:
  starter:  {title: Starter, family: core, price: {month: "49", year: "490"},
             entitlements: {recordings: false, support: email, team: 3, exports: {limit: 10, per: month}, emails: {limit: 100, per: month, overage: {unit: 100, price: "2"}}}}
  pro:      {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"},
             entitlements: {recordings: true, support: email, team: 5, exports: {limit: 11, per: month}, emails: {limit: 1000, per: month, overage: {unit: 100, price: "1"}}}}
  business: {title: Business, family: core, above: pro, price: {month: "499", year: "4990"},
             entitlements: {recordings: true, support: phone, team: unlimited, exports: {limit: 200, per: month}, emails: unlimited}}
addons:
  seat:    {title: Extra seat, kind: seat, price: {month: "10", year: "100"}, entitlements: {team: 1}}
  pack:    {title: Export pack, kind: pack, price: {month: "15", year: "150"}, entitlements: {exports: {limit: 20, per: month}}}
  topup:   {title: Export top-up, kind: top_up, price: {once: "9"}, expires: 60d, entitlements: {exports: 5}}
  library: {title: Talk library, price: {month: "20", year: "200"}, entitlements: {recordings: true}}
bundles:
  studio:  {title: Studio, includes: {seat: 2, library: 1}, discount: 25%}
offers:
  go_pro: {on: [full], give: {plan: pro}, at: [billing], kind: contextual, content: {title: Pro, body: More, action: Upgrade}}
signals:
  full: {when: {limit: exports, reaches: 80%}, type: upsell}
`

// rich is an account with something in every part of the page.
func rich(t testing.TB) *desk {
	d := newDesk(t, parse(t, billed))
	d.buys(0, subscription.Change{Plan: "starter", Addons: &[]subscription.AddonLine{{Key: "studio", Quantity: 1}}})
	consume := func(feature string, n int64) {
		r := body(event.KindConsume, "acme", feature+"-1", "", start+hour, engine.ConsumeCall{Quantity: quantity.Of(n)})
		r.Type = feature
		for _, day := range d.state.Needs([]event.Record{r}).Days {
			d.state.LoadDay(day, nil)
		}
		if a := engine.Step(d.state, &r, d.cat); a.Fault != nil {
			t.Fatal(a.Fault)
		}
	}
	consume("exports", 9)
	consume("team", 4)
	consume("emails", 250)
	for _, user := range []string{"mo", "mia"} {
		if a := d.call(2*hour, event.KindRequest, engine.RequestCall{Ask: &offer.Ask{User: user, Give: catalog.Give{Plan: "business"}}}); a.Fault != nil {
			t.Fatal(a.Fault)
		}
	}
	d.call(3*hour, event.KindRequest, engine.RequestCall{Ask: &offer.Ask{User: "mia", Give: catalog.Give{Addon: "pack"}}})
	return d
}

// page is what somebody sees.
func (d *desk) page(ask engine.BillingAsk) engine.BillingPage {
	a := d.account()
	ask.Quote = func(ch subscription.Change) (subscription.Quote, error) {
		q, _, err := subscription.Preview(a.Subscription, ch, a.Terms(d.cat, d.state.Now))
		return q, err
	}
	return d.state.BillingPage(a, ask, d.cat)
}

func TestTheBillingPageOfARichAccount(t *testing.T) {
	d := rich(t)
	for name, ask := range map[string]engine.BillingAsk{
		"billing_admin":  {User: "ada", Buyer: true, Offer: "go_pro"},
		"billing_member": {User: "mo", Plan: "pro"},
	} {
		got, err := json.MarshalIndent(d.page(ask), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		file := "testdata/" + name + ".json"
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is another (%v): look at it, and run  go test ./internal/engine -run BillingPage -update\n%s", file, err, got)
		}
		if sees := strings.Contains(string(got), `"currency"`); sees != ask.Buyer {
			t.Errorf("%s: sees money %v", name, sees)
		}
	}
}

func TestSeatsAreForSaleWhereThePlanTakesThem(t *testing.T) {
	sold := strings.Replace(billed, "seat:    {title: Extra seat,", "seat:    {title: Extra seat, needs: [pro, business],", 1)
	for plan, want := range map[string]string{"starter": "", "pro": "seat"} {
		d := newDesk(t, parse(t, sold))
		d.buys(0, subscription.Change{Plan: plan})
		page := d.page(engine.BillingAsk{User: "ada", Buyer: true})
		if len(page.Seats) != 1 || page.Seats[0].Addon != want {
			t.Errorf("on %s: %+v, want seats of %q", plan, page.Seats, want)
		}
	}
}

func TestWhatALinkPreselects(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  engine.BillingAsk
		want string // action, or why not; $ where an amount is shown
	}{
		{"nothing", engine.BillingAsk{Buyer: true}, ""},
		{"a plan, for an admin", engine.BillingAsk{Buyer: true, Plan: "pro"}, "buy $"},
		{"a plan, for a member", engine.BillingAsk{Plan: "pro"}, "request"},
		{"an offer, for an admin", engine.BillingAsk{Buyer: true, Offer: "go_pro"}, "buy $"},
		{"the plan they have", engine.BillingAsk{Buyer: true, Plan: "starter"}, "the account is on Starter already"},
		{"a plan there is not", engine.BillingAsk{Buyer: true, Plan: "gold"}, "There is no such plan."},
		{"an offer there is not", engine.BillingAsk{Buyer: true, Offer: "gold"}, "There is no such offer any more."},
		{"a decision that is over", engine.BillingAsk{Buyer: true, Decision: "dec_x.1"}, "This offer is over."},
	} {
		got := ""
		if sel := rich(t).page(c.ask).Preselected; sel != nil {
			if got = sel.Action + sel.Why; sel.Quote != nil {
				got += " $"
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestTheBillingPageShowsWhatIsCharged buys what the page of a random account shows, and holds that
// the preview, what is charged and what recurs then are what the page said.
func TestTheBillingPageShowsWhatIsCharged(t *testing.T) {
	cat := parse(t, billed)
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t, cat)
		addons := []subscription.AddonLine{}
		for _, key := range []string{"seat", "pack", "studio"} {
			if n := rapid.Int64Range(0, 3).Draw(rt, key); n > 0 {
				addons = append(addons, subscription.AddonLine{Key: key, Quantity: n})
			}
		}
		d.buys(0, subscription.Change{Plan: rapid.SampledFrom([]string{"starter", "pro", "business"}).Draw(rt, "plan"), Addons: &addons,
			Interval: rapid.SampledFrom([]subscription.Interval{"month", "year"}).Draw(rt, "interval"), Quantity: rapid.Int64Range(1, 3).Draw(rt, "quantity")})
		after := clock.Time(rapid.Int64Range(1, 400).Draw(rt, "days"))*clock.Day + hour
		d.passes(after)
		p := d.page(engine.BillingAsk{Buyer: true})
		if next := d.account().Subscription; p.Subscription.Recurring.Minor != next.Recurring || p.Subscription.PeriodEnd != p.Subscription.NextInvoice.At {
			rt.Fatalf("the page shows %+v of %+v", p.Subscription, next)
		}
		options := append(p.Options, p.More...)
		if len(options) == 0 {
			return
		}
		o := options[rapid.IntRange(0, len(options)-1).Draw(rt, "option")]
		if o.Quote == nil {
			if o.Refuse == "" {
				rt.Fatalf("%+v has neither price nor reason", o)
			}
			return
		}
		ch := offer.Change(o.Give, &d.account().Subscription, d.cat)
		preview, _, err := subscription.Preview(d.account().Subscription, ch, d.account().Terms(d.cat, d.state.Now))
		if err != nil || !reflect.DeepEqual(preview, *o.Quote) {
			rt.Fatalf("the preview says %+v (%v), the page %+v", preview, err, *o.Quote)
		}
		was := d.account().Subscription.Recurring
		bought := d.buys(after, ch)
		if *bought.Now != o.Quote.Now || bought.Recurring != o.Quote.Recurring || bought.Recurring.Minor-was != o.More.Minor {
			rt.Fatalf("charged %s, then %s each interval; the page said %s, %s, %s more", bought.Now, bought.Recurring, o.Quote.Now, o.Quote.Recurring, o.More)
		}
	})
}
