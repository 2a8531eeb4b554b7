package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// free offers what costs nothing to accept, and seats that fit.
const free = `
version: 1
currency: USD
meters: {seats: {aggregate: level, fed_by: consume}}
features:
  recordings: {title: Recordings, kind: boolean, trial: 7d}
  team:       {title: Team members, kind: seats, meter: seats}
plans:
  starter: {title: Starter, family: core, price: {month: "49", year: "490"}, entitlements: {recordings: false, team: 3}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, trial: 14d, entitlements: {recordings: true, team: 5}}
addons:
  seat:    {title: Seat, kind: seat, price: {month: "10", year: "100"}, entitlements: {team: 1}}
profiles: {developer: {title: Developer}, guest: {title: Guest, external: true}}
referrals: {friends: {title: Friends}}
signals: {s: {when: {event: done, nth: 1}, type: upsell}}
routing: [{to: closers}]
offers:
  try:    {on: [s], give: {trial: {feature: recordings}}, at: [try], content: {title: Try, body: b}}
  plan:   {on: [s], give: {trial: {plan: pro}}, at: [plan], content: {title: Try, body: b}}
  talk:   {on: [s], give: {talk: sales}, at: [talk], content: {title: Talk, body: b}}
  refer:  {on: [s], give: {refer: friends}, at: [refer], content: {title: Refer, body: b}}
  invite: {on: [s], give: {invite: developer}, at: [invite], content: {title: Invite, body: b}}
  seats:  {on: [s], give: {addon: seat, fit: true}, at: [seats], content: {title: Seats, body: b}}
  year:   {on: [s], give: {interval: year}, at: [year], content: {title: Year, body: b}}
`

// takes decides at a place as somebody who asked, and accepts what is shown; it says what came of it.
func (d *desk) takes(place string, role offer.Role, ask engine.DecideCall) string {
	d.t.Helper()
	ask.Placement, ask.Requested, ask.Role = place, true, role
	a := d.call(hour, event.KindDecide, ask)
	var made offer.Decision
	if err := json.Unmarshal(a.Body, &made); err != nil || a.Fault != nil {
		d.t.Fatal(err, a.Fault)
	}
	if made.Offer == nil {
		return made.Reason
	}
	if a = d.call(hour, event.KindOutcome, engine.OutcomeCall{Act: offer.Act{Decision: made.ID, Type: offer.Accepted, Role: role}}); a.Fault != nil {
		return refusal(a)
	}
	return fmt.Sprint("accepted ", made.Offer.Type)
}

func TestWhatCostsNothingTakesEffectInTheRecordThatAcceptsIt(t *testing.T) {
	cat := parse(t, free)
	started := func(t *testing.T) *desk {
		d := newDesk(t, cat)
		d.buys(0, subscription.Change{Plan: "starter"})
		return d
	}
	for _, c := range []struct {
		name, place string
		role        offer.Role
		want        string
		then        func(d *desk) string
		is          string
	}{
		{"a trial of a feature begins", "try", offer.Admin, "accepted trial", func(d *desk) string { return d.trials() + d.may("recordings") }, "feature:recordings running; true trial"},
		{"a trial of a plan begins beside what is paid", "plan", offer.Admin, "accepted trial", func(d *desk) string { return d.trials() + d.account().Subscription.Plan }, "plan:pro running; starter"},
		{"a trial is no member's to begin", "try", offer.Member, "not_allowed_to_buy", (*desk).trials, ""},
		{"a talk opens an opportunity", "talk", offer.Admin, "accepted talk", (*desk).open, "closers sales 1200.00 USD gives pro"},
		{"a member may ask to talk", "talk", offer.Member, "accepted talk", (*desk).open, "closers sales 1200.00 USD gives pro"},
		{"a referral changes nothing", "refer", offer.Member, "accepted referral", (*desk).ledger, "new 49.00 USD new_logo subscription"},
		{"an invitation changes nothing", "invite", offer.Member, "accepted invite", (*desk).ledger, "new 49.00 USD new_logo subscription"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := started(t)
			if got := d.takes(c.place, c.role, engine.DecideCall{}); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if got := c.then(d); got != c.is {
				t.Errorf("then %q, want %q", got, c.is)
			}
		})
	}
}

// open lists the opportunities.
func (d *desk) open() string {
	var out []string
	for _, op := range d.account().Opportunities {
		out = append(out, fmt.Sprint(op.Owner, " ", op.Motion, " ", op.Amount, " gives ", op.Give.Plan))
	}
	return strings.Join(out, "; ")
}

func TestWhoAsksToTalkTwiceIsOneOpportunity(t *testing.T) {
	d := newDesk(t, parse(t, free))
	d.buys(0, subscription.Change{Plan: "starter"})
	if got := d.takes("talk", offer.Admin, engine.DecideCall{}); got != "accepted talk" {
		t.Fatal(got)
	}
	if got := d.takes("talk", offer.Admin, engine.DecideCall{}); got != "routed_to_people" {
		t.Errorf("somebody works on it, and it is offered again: %s", got)
	}
	if n := len(d.account().Opportunities); n != 1 {
		t.Errorf("%d opportunities", n)
	}
}

func TestSeatsThatWereShownAreThoseThatAreBought(t *testing.T) {
	d := newDesk(t, parse(t, free))
	d.buys(0, subscription.Change{Plan: "starter"})
	if got := d.takes("seats", offer.Admin, engine.DecideCall{Feature: "team", Wanted: quantity.Of(13)}); got != "accepted seats" {
		t.Fatal(got)
	}
	if got := fmt.Sprint(d.account().Subscription.Addons); got != "[{seat 10}]" {
		t.Errorf("13 people on 3 seats: %s", got)
	}
	if got := d.takes("year", offer.Admin, engine.DecideCall{}); got != "accepted annual" || d.account().Subscription.Recurring != 149000 {
		t.Errorf("%s, then %d a year", got, d.account().Subscription.Recurring)
	}
}

func TestWhoseProfileIsExternalSeesNothing(t *testing.T) {
	d := newDesk(t, parse(t, free))
	d.buys(0, subscription.Change{Plan: "starter"})
	if got := d.takes("refer", offer.Member, engine.DecideCall{Profile: "guest"}); got != "external" {
		t.Errorf("a guest: %s", got)
	}
	if got := d.takes("refer", offer.Member, engine.DecideCall{Profile: "developer"}); got != "accepted referral" {
		t.Errorf("a developer: %s", got)
	}
}

func TestARetryWithTheSameKeyHearsTheSameWhateverWasFoundMeanwhile(t *testing.T) {
	d := newDesk(t, parse(t, free))
	d.buys(0, subscription.Change{Plan: "starter"})
	first := body(event.KindDecide, "acme", "key-1", "refer", d.state.Now, engine.DecideCall{Placement: "refer", Requested: true, Claim: "con_1", Within: catalog.InProduct})
	again := body(event.KindDecide, "acme", "key-1", "refer", d.state.Now, engine.DecideCall{Placement: "refer", Requested: true, Family: "acme", Within: engine.WithinAmbient})
	a, b := engine.Step(d.state, &first, d.cat), engine.Step(d.state, &again, d.cat)
	if b.Fault != nil || !b.Duplicate || string(a.Body) != string(b.Body) {
		t.Errorf("%s, then %v %s", a.Body, b.Fault, b.Body)
	}
}
