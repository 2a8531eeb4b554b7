package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// tries makes a call about trials and returns the trial as the answer has it, or the fault.
func (d *desk) tries(after clock.Time, call engine.TrialCall) string {
	d.t.Helper()
	a := d.call(after, event.KindGrant, engine.GrantCall{TrialCall: call})
	if a.Fault != nil {
		return refusal(a)
	}
	var out engine.Tried
	if err := json.Unmarshal(a.Body, &out); err != nil {
		d.t.Fatal(err)
	}
	return fmt.Sprint(out.Trial.ID, " ", out.Trial.State, " to day ", int64((out.Trial.EndsAt-start)/clock.Day))
}

// trials lists what the account tries and has tried, the newest first.
func (d *desk) trials() string {
	out := ""
	for _, t := range d.account().Tries(d.state.Now) {
		out += fmt.Sprint(t.ID, " ", t.State, "; ")
	}
	return out
}

// may says whether the account may use a feature now.
func (d *desk) may(feature string) string {
	a := entitlement.Check(d.account().Input(d.cat, d.state.Now), feature, quantity.One)
	return fmt.Sprint(a.Allowed, " ", a.Reason)
}

func (d *desk) passes(until clock.Time) { d.call(until, event.KindGate, struct{}{}) }

func TestATrialOfAFeatureOpensItAtOnceAndClosesItByItself(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	if got := d.may("recordings"); got != "false not_in_plan" {
		t.Fatal(got)
	}
	if got := d.tries(hour, engine.TrialCall{Trial: &engine.TrialAsk{Feature: "recordings"}}); got != "feature:recordings running to day 7" {
		t.Fatal(got)
	}
	if got := d.may("recordings"); got[:4] != "true" {
		t.Errorf("while it is tried: %s", got)
	}
	if got := d.tries(clock.Day, engine.TrialCall{Extend: "feature:recordings"}); got != "feature:recordings running to day 10" {
		t.Errorf("extended: %s", got)
	}
	d.passes(10*clock.Day + hour)
	if got, list := d.may("recordings"), d.trials(); got != "false not_in_plan" || list != "feature:recordings expired; " {
		t.Errorf("after it: %s, %s", got, list)
	}
	if got := d.tries(11*clock.Day, engine.TrialCall{Trial: &engine.TrialAsk{Feature: "recordings"}}); got != "trial_used" {
		t.Errorf("a second time: %s", got)
	}
	if got, want := d.ledger(), "new 49.00 USD new_logo subscription"; got != want {
		t.Errorf("trials are in the ledger: %s", got)
	}
}

func TestBuyingWhatIsTriedConvertsTheTrial(t *testing.T) {
	rooms := subscription.Change{Addons: &[]subscription.AddonLine{{Key: "rooms", Quantity: 1}}}
	for _, c := range []struct {
		name   string
		has    string
		try    engine.TrialAsk
		change subscription.Change
		want   string
	}{
		{"a feature, with a plan that has it", "starter", engine.TrialAsk{Feature: "recordings"}, subscription.Change{Plan: "pro"}, "feature:recordings converted; "},
		{"a feature, without it", "starter", engine.TrialAsk{Feature: "recordings"}, subscription.Change{Quantity: 2}, "feature:recordings running; "},
		{"an add-on", "pro", engine.TrialAsk{Addon: "rooms"}, rooms, "addon:rooms converted; "},
		{"a plan", "", engine.TrialAsk{Plan: "pro"}, subscription.Change{Plan: "pro"}, "plan:pro converted; "},
		{"a higher plan than the one tried", "", engine.TrialAsk{Plan: "pro"}, subscription.Change{Plan: "scale"}, "plan:pro converted; "},
		{"the free plan instead", "", engine.TrialAsk{Plan: "pro"}, subscription.Change{Plan: "free"}, "plan:pro ended; "},
		{"a plan tried beside another one", "starter", engine.TrialAsk{Plan: "pro"}, subscription.Change{Plan: "pro"}, "plan:pro converted; "},
		{"an end of the one it is tried beside", "starter", engine.TrialAsk{Plan: "pro"}, subscription.Change{Cancel: true}, "plan:pro ended; "},
		{"nothing, and an end", "", engine.TrialAsk{Plan: "pro"}, subscription.Change{Cancel: true}, "plan:pro ended; "},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, parse(t, catalogText))
			if c.has != "" {
				d.buys(0, subscription.Change{Plan: c.has})
			}
			before := ""
			d.tries(hour, engine.TrialCall{Trial: &c.try})
			before = d.trials()
			d.buys(2*hour, c.change)
			if got := d.trials(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			d.buys(3*hour, subscription.Change{Undo: true})
			if got := d.trials(); got != before {
				t.Errorf("after undoing the purchase got %s, want %s", got, before)
			}
		})
	}
}

func TestATrialOfAPlanIsASubscriptionThatFallsToWhatFollows(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	if got := d.tries(0, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}}); got != "plan:pro running to day 14" {
		t.Fatal(got)
	}
	if got := d.tries(hour, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}}); got != "trial_used" {
		t.Errorf("while it runs: %s", got)
	}
	if got := d.tries(hour, engine.TrialCall{Extend: "plan:pro"}); got != "plan:pro running to day 21" {
		t.Errorf("extended: %s", got)
	}
	if got := d.tries(hour, engine.TrialCall{Extend: "plan:pro"}); got != "trial_extensions_used" {
		t.Errorf("extended twice: %s", got)
	}
	for n := range 40 { // more speakers than the free plan has
		r := event.Record{Kind: event.KindEvent, Source: "app", ID: fmt.Sprint("s", n), Key: "acme", Type: "speaker.added", At: start + 2*hour, ReceivedAt: start + 2*hour}
		engine.Step(d.state, &r, d.cat)
	}
	d.passes(21*clock.Day + hour)
	a := entitlement.Check(d.account().Input(d.cat, d.state.Now), "speakers", quantity.One)
	if d.account().Subscription.Plan != "free" || a.Allowed || *a.Usage != quantity.Of(40) || *a.Limit != quantity.Of(2) {
		t.Errorf("after it: %+v of %s", a, d.account().Subscription.Plan)
	}
	if got := d.trials(); got != "plan:pro expired; " {
		t.Errorf("the trials are %s", got)
	}
	d.buys(30*clock.Day, subscription.Change{Plan: "starter"})
	if got, want := d.ledger(), "new 49.00 USD new_logo subscription"; got != want {
		t.Errorf("the ledger is %s, want %s", got, want)
	}
}

func TestATrialEndedEarlyIsOver(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "free"}) // tries pro first
	if got := d.trials(); got != "plan:pro running; " {
		t.Fatal(got)
	}
	if got := d.tries(hour, engine.TrialCall{EndTrial: "plan:pro"}); got != "plan:pro ended to day 0" || d.account().Subscription.Plan != "free" {
		t.Errorf("got %s on %s", got, d.account().Subscription.Plan)
	}
	for _, call := range []engine.TrialCall{{EndTrial: "plan:pro"}, {Extend: "plan:pro"}} {
		if got := d.tries(2*hour, call); got != "trial_over" {
			t.Errorf("%+v again: %s", call, got)
		}
	}
	d.buys(3*hour, subscription.Change{Plan: "pro"})
	d.tries(4*hour, engine.TrialCall{Trial: &engine.TrialAsk{Addon: "rooms"}})
	if got := d.tries(5*hour, engine.TrialCall{EndTrial: "addon:rooms"}); got != "addon:rooms ended to day 0" || d.may("speakers") != "true within_limit" {
		t.Error(got)
	}
}

func TestWhatIsRefusedAboutTrialsChangesNothing(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	before, err := json.Marshal(d.account())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		call engine.TrialCall
		want string
	}{
		{engine.TrialCall{Trial: &engine.TrialAsk{}}, "trial_of_one"},
		{engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro", Feature: "recordings"}}, "trial_of_one"},
		{engine.TrialCall{Trial: &engine.TrialAsk{Plan: "starter"}}, "already_has"},
		{engine.TrialCall{Trial: &engine.TrialAsk{Plan: "scale"}}, "trial_not_offered"},
		{engine.TrialCall{Trial: &engine.TrialAsk{Addon: "rooms"}}, "addon_needs"},
		{engine.TrialCall{Trial: &engine.TrialAsk{Addon: "more_exports"}}, "trial_not_offered"},
		{engine.TrialCall{Trial: &engine.TrialAsk{Feature: "recordings", Length: 8 * clock.Day}}, "trial_length_invalid"},
		{engine.TrialCall{Trial: &engine.TrialAsk{Feature: "recordings", Length: -1}}, "trial_length_invalid"},
		{engine.TrialCall{Extend: "plan:pro"}, "trial_unknown"},
		{engine.TrialCall{EndTrial: "feature:recordings"}, "trial_unknown"},
	} {
		if got := d.tries(hour, c.call); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.call, got, c.want)
		}
	}
	if after, err := json.Marshal(d.account()); err != nil || string(after) != string(before) {
		t.Errorf("it was %s\nand is %s", before, after)
	}
}

func TestWhoPaysTriesAHigherPlanBesideTheirs(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	limit := func() string {
		a := entitlement.Check(d.account().Input(d.cat, d.state.Now), "speakers", quantity.One)
		return fmt.Sprint(*a.Limit, " of ", a.Source)
	}
	if got := d.tries(hour, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}}); got != "plan:pro running to day 14" {
		t.Fatal(got)
	}
	if got := limit(); got != "50 of plan:starter,trial:pro" || d.may("recordings")[:4] != "true" {
		t.Errorf("while it is tried: %s, %s", got, d.may("recordings"))
	}
	if sub := d.account().Subscription; sub.Plan != "starter" || sub.MRR() != d.account().Ledger.MRR || sub.Recurring != 4900 {
		t.Errorf("the subscription is %+v", sub)
	}
	if got := d.tries(2*hour, engine.TrialCall{Extend: "plan:pro"}); got != "plan:pro running to day 21" {
		t.Errorf("extended: %s", got)
	}
	fired := 0
	for _, sig := range func() []string { d.passes(18*clock.Day + hour); return d.signals() }() {
		if sig == "ending" {
			fired++
		}
	}
	if fired != 1 {
		t.Errorf("%d signals told of its end", fired)
	}
	d.passes(21*clock.Day + hour)
	if got := limit(); got != "5 of plan:starter" || d.trials() != "plan:pro expired; " {
		t.Errorf("after it: %s, %s", got, d.trials())
	}
	d.buys(22*clock.Day, subscription.Change{Plan: "pro"})
	if got, want := d.ledger(), "new 49.00 USD new_logo subscription; expansion 149.00 USD upsell subscription"; got != want {
		t.Errorf("the ledger is %s, want %s", got, want)
	}
}

// signals lists the keys of those that are alive.
func (d *desk) signals() []string {
	var out []string
	for _, sig := range d.account().Signals.Alive(d.state.Now) {
		out = append(out, sig.Key)
	}
	return out
}
