package engine_test

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/subscription"
)

func TestWhatWasTriedStaysTriedWhenItsBeginningIsUndone(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.tries(0, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}})
	d.buys(2*hour, subscription.Change{Undo: true})
	if got := d.trials(); got != "plan:pro ended; " || d.may("recordings")[:5] != "false" {
		t.Errorf("after the undo: %s, recordings %s", got, d.may("recordings"))
	}
	if got := d.tries(3*hour, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}}); got != "trial_used" {
		t.Errorf("a second time: %s", got)
	}
	d.buys(4*hour, subscription.Change{Plan: "starter"})
	if got := d.tries(5*hour, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}}); got != "trial_used" {
		t.Errorf("beside another plan: %s", got)
	}
}

func TestATrialBesideEndsWithWhatItStandsBeside(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	d.tries(hour, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}})
	d.buys(2*hour, subscription.Change{Undo: true})
	if got := d.trials(); got != "plan:pro ended; " || d.may("recordings")[:5] != "false" {
		t.Errorf("after the purchase was undone: %s, recordings %s", got, d.may("recordings"))
	}
}

func TestATrialThatRanOutMeanwhileIsOverWhenItsPurchaseIsUndone(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	d.tries(hour, engine.TrialCall{Trial: &engine.TrialAsk{Feature: "recordings"}}) // until day 7
	d.buys(6*clock.Day, subscription.Change{Plan: "pro"})
	d.buys(7*clock.Day+2*hour, subscription.Change{Undo: true})
	if got := d.trials(); got != "feature:recordings expired; " || d.may("recordings")[:5] != "false" {
		t.Errorf("after the undo: %s, recordings %s", got, d.may("recordings"))
	}
}

func TestThePurchaseThatWaitsForTheEndOfATrialIsMadeWhenTheTrialIsEnded(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.tries(0, engine.TrialCall{Trial: &engine.TrialAsk{Plan: "pro"}})
	d.buys(hour, subscription.Change{Plan: "pro", Effective: "renewal"})
	d.tries(2*hour, engine.TrialCall{EndTrial: "plan:pro"})
	if got, want := d.ledger(), "new 149.00 USD new_logo subscription"; got != want || d.trials() != "plan:pro converted; " {
		t.Errorf("the ledger is %s, want %s; trials %s", got, want, d.trials())
	}
}

func TestBuyingSomethingOnceMovesNoRevenueOfAnotherSystem(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	row := func(id string, ends clock.Time) engine.ImportRow {
		return engine.ImportRow{Import: "f", Subscription: &engine.ImportedRow{ID: id, Imported: subscription.Imported{
			Plan: "starter", Interval: "month", Quantity: 1, Currency: "USD", StartsAt: start - 100*clock.Day, Amount: 4900, EndsAt: ends}}}
	}
	d.call(0, event.KindImport, row("a", 0))
	d.call(0, event.KindImport, row("b", start+10*clock.Day))
	topUp := subscription.Change{Once: []subscription.AddonLine{{Key: "more_exports", Quantity: 1}}}
	before := d.ledger()
	if s := d.buys(hour, topUp); s.Now.String() != "9.00 USD" {
		t.Errorf("it costs %s", s.Now)
	}
	if s := d.buys(2*hour, subscription.Change{Undo: true}); s.Now.String() != "-9.00 USD" {
		t.Errorf("undoing gives back %s", s.Now)
	}
	d.buys(3*hour, topUp)
	if a := d.account(); d.ledger() != before || !a.Adopted || a.Ledger.MRR != money.Monthly(9800) {
		t.Errorf("the ledger is %s, want %s; adopted %v, MRR %s", d.ledger(), before, a.Adopted, a.Ledger.MRR.Amount("USD"))
	}
	d.passes(11 * clock.Day) // one of them ends, as the other system said
	if a := d.account(); a.Ledger.MRR != money.Monthly(4900) || !a.Subscription.Live() {
		t.Errorf("MRR %s, %s", a.Ledger.MRR.Amount("USD"), a.Subscription.Status)
	}
	if got := refusal(d.call(11*clock.Day+1, event.KindSubscription, engine.SubscribeCall{Change: subscription.Change{Undo: true}})); got != "nothing_to_undo" {
		t.Errorf("undoing after that: %q", got)
	}
}

func TestTheLedgerSaysWhatHappenedOnceOnly(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "pro"})
	d.buys(hour, subscription.Change{Plan: "starter", Effective: "renewal"})
	d.passes(40 * clock.Day)
	if note := d.lines[len(d.lines)-1].Note; len(d.lines) != 2 || strings.Count(note, "Starter") != 1 {
		t.Errorf("%d lines, the last: %q", len(d.lines), note)
	}
}

func TestAnOpportunityWhosePurchaseIsUndoneIsNoLongerWon(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	sent := event.Record{Kind: event.KindEvent, Key: "acme", ID: "e1", Source: "app", Type: "email.sent", At: start + hour, ReceivedAt: start + hour,
		Props: []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: "95"}}}}
	for _, day := range d.state.Needs([]event.Record{sent}).Days {
		d.state.LoadDay(day, nil)
	}
	engine.Step(d.state, &sent, d.cat)
	if len(d.account().Opportunities) != 1 {
		t.Fatalf("opportunities %+v", d.account().Opportunities)
	}
	id, won, open := d.account().Opportunities[0].ID, opportunity.Won, opportunity.Open
	stage := func(after clock.Time, to *opportunity.Stage) string {
		return refusal(d.call(after, event.KindOpportunity, engine.EditCall{ID: id, Edit: opportunity.Edit{Stage: to}}))
	}
	if got := stage(2*hour, &won); got != "" || d.account().Subscription.Plan != "scale" {
		t.Fatalf("winning it: %s, plan %s", got, d.account().Subscription.Plan)
	}
	d.buys(3*hour, subscription.Change{Undo: true})
	if op := d.account().Opportunities[0]; op.Stage != opportunity.Lost || op.LostWhy != "The purchase was undone" || op.ClosedAt != start+3*hour {
		t.Errorf("after the undo it is %s, %q", op.Stage, op.LostWhy)
	}
	if got := stage(4*hour, &open); got != "" {
		t.Errorf("reopening it: %s", got)
	}
	if got := stage(5*hour, &won); got != "" || d.account().Subscription.Plan != "scale" {
		t.Errorf("winning it again: %s", got)
	}
}
