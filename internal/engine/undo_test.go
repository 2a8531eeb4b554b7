package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/subscription"
)

// desk takes calls about the account acme, one after the other.
type desk struct {
	t       testing.TB
	cat     *catalog.Catalog
	state   *engine.State
	n       int
	lines   []revenue.Line
	moments map[string]engine.Moment // by id
}

func newDesk(t testing.TB, cat *catalog.Catalog) *desk {
	s := engine.NewState(0, 0, 0, cat.Version, 1, nil)
	if err := s.LoadAccount("acme", nil); err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, cat: cat, state: s}
}

// call makes a call at a time counted from the start, and keeps the ledger lines it wrote.
func (d *desk) call(after clock.Time, kind event.Kind, v any) engine.Answer {
	d.n++
	r := body(kind, "acme", fmt.Sprint("c", d.n), "", start+after, v)
	if kind == event.KindConsume {
		r.Type = "exports"
	}
	for _, day := range d.state.Needs([]event.Record{r}).Days {
		d.state.LoadDay(day, nil)
	}
	a := engine.Step(d.state, &r, d.cat)
	d.lines = append(d.lines, d.state.Harvest(d.cat).Effects.Lines...)
	return a
}

// buys makes a change that must be possible.
func (d *desk) buys(after clock.Time, ch subscription.Change) engine.Subscribed {
	d.t.Helper()
	a := d.call(after, event.KindSubscription, engine.SubscribeCall{Change: ch})
	if a.Fault != nil {
		d.t.Fatal(a.Fault)
	}
	var out engine.Subscribed
	if err := json.Unmarshal(a.Body, &out); err != nil {
		d.t.Fatal(err)
	}
	return out
}

func (d *desk) account() *engine.Account { return d.state.Account("acme") }

// ledger writes the lines: movement, MRR after it, source.
func (d *desk) ledger() string {
	var out []string
	for _, l := range d.lines {
		out = append(out, fmt.Sprintf("%s %s %s %s", l.Movement, l.MRR.Amount(l.Currency), l.Type, l.Source))
	}
	return strings.Join(out, "; ")
}

const hour = clock.Hour

// refusal is the code of an answer that is a fault, empty for another.
func refusal(a engine.Answer) string {
	if a.Fault == nil {
		return ""
	}
	return fault.CodeOf(a.Fault)
}

func TestUndoingWritesReversingLinesAndGivesTheMoneyBack(t *testing.T) {
	cat := parse(t, catalogText)
	d := newDesk(t, cat)
	d.buys(0, subscription.Change{Plan: "starter"})
	bought := d.buys(15*clock.Day+12*hour, subscription.Change{Plan: "pro"})
	if bought.Now.String() != "50.00 USD" || bought.Undo == nil || bought.Undo.Now.String() != "-50.00 USD" {
		t.Fatalf("the upgrade: now %v, undo %+v", bought.Now, bought.Undo)
	}
	undone := d.buys(16*clock.Day, subscription.Change{Undo: true})
	if undone.Now.String() != "-50.00 USD" || undone.MRR.String() != "49.00 USD" || undone.Plan != "starter" || undone.Undo != nil {
		t.Fatalf("the undo: %+v", undone.Subscription)
	}
	for _, item := range undone.Entitlements {
		if item.Feature == "recordings" && item.Allowed {
			t.Error("what was undone can still be used")
		}
	}
	if got, want := d.ledger(), "new 49.00 USD new_logo subscription; expansion 149.00 USD upsell subscription; undo 49.00 USD upsell undo"; got != want {
		t.Errorf("the ledger is %s, want %s", got, want)
	}
	if up, back := d.lines[1], d.lines[2]; back.Delta != -up.Delta || back.EffectiveAt != up.EffectiveAt || back.RecordedAt <= up.RecordedAt {
		t.Errorf("%+v does not reverse %+v", back, up)
	}
	// A report sees no expansion and no contraction, as neither lasted.
	items, err := revenue.BookOf(d.lines, "USD", 0).Movements(0, 0, revenue.Policy{Gross: true})
	if err != nil || items[0].Expansion != 0 || items[0].Contraction != 0 {
		t.Errorf("movements %+v, %v", items, err)
	}
}

func TestAFirstPurchaseThatWasUndoneNeverHappened(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	undone := d.buys(hour, subscription.Change{Undo: true})
	if undone.Plan != "" || d.account().Ledger.Paid || undone.MRR.Minor != 0 {
		t.Errorf("after the undo: %+v", undone.Subscription)
	}
	d.buys(2*hour, subscription.Change{Plan: "pro"})
	if got, want := d.ledger(), "new 49.00 USD new_logo subscription; undo 0.00 USD new_logo undo; new 149.00 USD new_logo subscription"; got != want {
		t.Errorf("the ledger is %s, want %s", got, want)
	}
}

func TestATopUpIsGivenAtOnceAndUndoneOnlyUnused(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	use := func(after clock.Time, n int64) bool {
		var answer struct{ Allowed bool }
		a := d.call(after, event.KindConsume, engine.ConsumeCall{Quantity: quantity.Of(n)})
		if a.Fault != nil || json.Unmarshal(a.Body, &answer) != nil {
			t.Fatal(a.Fault)
		}
		return answer.Allowed
	}
	topUp := subscription.Change{Once: []subscription.AddonLine{{Key: "more_exports", Quantity: 1}}}
	d.buys(0, subscription.Change{Plan: "starter"})
	if use(hour, 5) {
		t.Fatal("5 of 4 could be used")
	}
	bought := d.buys(2*hour, topUp)
	if bought.Now.String() != "9.00 USD" || bought.MRR.String() != "49.00 USD" {
		t.Errorf("a top-up costs %s, and the MRR is %s", bought.Now, bought.MRR)
	}
	undone := d.buys(3*hour, subscription.Change{Undo: true})
	if undone.Now.String() != "-9.00 USD" || use(4*hour, 5) {
		t.Errorf("undoing gives back %s, or what was undone can still be used", undone.Now)
	}
	d.buys(5*hour, topUp)
	if !use(6*hour, 9) {
		t.Fatal("4 of the plan and 5 of the top-up are not 9")
	}
	a := d.call(7*hour, event.KindSubscription, engine.SubscribeCall{Change: subscription.Change{Undo: true}})
	if refusal(a) != "undo_used" {
		t.Errorf("undoing what was used: %v", a.Fault)
	}
	if got, want := d.ledger(), "new 49.00 USD new_logo subscription"; got != want {
		t.Errorf("the ledger is %s, want %s", got, want)
	}
}

// previewed makes the binding of a preview, as the server's shell does.
func (d *desk) previewed(ch subscription.Change) *subscription.Binding {
	a := d.account()
	q, _, err := subscription.Preview(a.Subscription, ch, a.Terms(d.cat, d.state.Now))
	if err != nil {
		d.t.Fatal(err)
	}
	return &subscription.Binding{Account: "acme", Version: a.Subscription.Version, Change: ch, Quote: q, CatalogVersion: d.state.Catalog, At: d.state.Now}
}

func TestWhatWasShownIsWhatIsChargedOrNothingIs(t *testing.T) {
	upgrade := subscription.Change{Plan: "pro"}
	for _, c := range []struct {
		name    string
		shown   subscription.Change
		call    subscription.Change
		after   clock.Time // from the preview
		between subscription.Change
		want    string // charged, or the fault
	}{
		{"seconds later the amount shown stands", upgrade, upgrade, 10 * clock.Minute, subscription.Change{}, "50.00 USD"},
		{"the token says what is done, not the call", upgrade, subscription.Change{Plan: "scale"}, 1, subscription.Change{}, "50.00 USD"},
		{"a new period has begun", upgrade, upgrade, 16 * clock.Day, subscription.Change{}, "token_outdated"},
		{"the subscription has changed", upgrade, upgrade, 2, subscription.Change{Quantity: 2}, "token_outdated"},
		{"something was bought once in between", upgrade, upgrade, 2, subscription.Change{Once: []subscription.AddonLine{{Key: "more_exports"}}}, "token_outdated"},
		{"of another sort of call", upgrade, subscription.Change{Undo: true}, 1, subscription.Change{}, "token_invalid"},
		{"with what is bought once", subscription.Change{Plan: "pro", Once: []subscription.AddonLine{{Key: "more_exports", Quantity: 2}}}, upgrade, 1, subscription.Change{}, "68.00 USD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, parse(t, catalogText))
			d.buys(0, subscription.Change{Plan: "starter"})
			at := 15*clock.Day + 12*hour
			d.call(at, event.KindGate, struct{}{})
			b := d.previewed(c.shown)
			if c.between.Quantity != 0 || c.between.Once != nil {
				d.buys(at+1, c.between)
			}
			a := d.call(at+c.after, event.KindSubscription, engine.SubscribeCall{Change: c.call, Binding: b})
			got := refusal(a)
			if a.Fault == nil {
				var out engine.Subscribed
				if err := json.Unmarshal(a.Body, &out); err != nil {
					t.Fatal(err)
				}
				got = out.Now.String()
				undone := d.buys(at+c.after+1, subscription.Change{Undo: true})
				if undone.Now.Minor != -out.Now.Minor {
					t.Errorf("charged %s and gave back %s", out.Now, undone.Now)
				}
				again := d.call(at+c.after+2, event.KindSubscription, engine.SubscribeCall{Change: c.call, Binding: b})
				if refusal(again) != "token_outdated" {
					t.Errorf("a token that was used before: %v", again.Fault)
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTheLedgerIsWhatIsPaidWhateverIsUndone(t *testing.T) {
	cat := parse(t, catalogText)
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t, cat)
		now := clock.Time(0)
		for range rapid.IntRange(1, 20).Draw(rt, "calls") {
			now += clock.Time(rapid.SampledFrom([]int64{1, int64(hour), int64(clock.Day), int64(20 * clock.Day)}).Draw(rt, "later"))
			ch := rapid.SampledFrom([]subscription.Change{{Plan: "free"}, {Plan: "starter"}, {Plan: "pro"}, {Plan: "scale", Interval: "year"}, {Quantity: 3}, {Cancel: true},
				{Plan: "pro", TrialEndsAt: start + now + 10*clock.Day}, {Undo: true}, {Undo: true}, {Undo: true},
				{Once: []subscription.AddonLine{{Key: "more_exports", Quantity: 1}}}, {Addons: &[]subscription.AddonLine{{Key: "rooms", Quantity: 2}}}}).Draw(rt, "change")
			before, lines := d.account(), len(d.lines)
			var was engine.Account
			if before != nil {
				was = *before
			}
			a := d.call(now, event.KindSubscription, engine.SubscribeCall{Change: ch})
			acct := d.account()
			if acct.Ledger.MRR != acct.Subscription.MRR() {
				rt.Fatalf("the ledger says %d, the subscription %d", acct.Ledger.MRR, acct.Subscription.MRR())
			}
			sum := money.Twelfths(0)
			for _, l := range d.lines {
				sum += l.Delta
			}
			if sum != acct.Ledger.MRR {
				rt.Fatalf("the lines add up to %d, the MRR is %d", sum, acct.Ledger.MRR)
			}
			if a.Fault != nil {
				continue
			}
			var out engine.Subscribed
			if err := json.Unmarshal(a.Body, &out); err != nil {
				rt.Fatal(err)
			}
			if ch.Undo && was.Subscription.Undo != nil {
				if out.Now.Minor != -was.Subscription.Undo.Now.Minor || len(d.lines)-lines > 1 {
					rt.Fatalf("undoing what cost %s gives back %s, in %d lines", was.Subscription.Undo.Now, out.Now, len(d.lines)-lines)
				}
			}
		}
	})
}

func TestUndoingTheFirstChangeOfAnImportedSubscriptionGivesItBackToTheImports(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	row := func(id string, amount money.Minor, ends clock.Time) engine.ImportRow {
		return engine.ImportRow{Import: "f", Subscription: &engine.ImportedRow{ID: id, Imported: subscription.Imported{
			Plan: "legacy", Interval: "month", Quantity: 1, Currency: "USD", StartsAt: start - 100*clock.Day, Amount: amount, EndsAt: ends}}}
	}
	d.call(0, event.KindImport, row("a", 10000, 0))
	d.call(0, event.KindImport, row("b", 5000, start+40*clock.Day))
	d.buys(hour, subscription.Change{Plan: "pro"})
	if mrr := d.account().Ledger.MRR; mrr != money.Monthly(14900) {
		t.Fatalf("MRR %s after the change", mrr.Amount("USD"))
	}
	undone := d.buys(2*hour, subscription.Change{Undo: true})
	if a := d.account(); undone.Plan != "legacy" || !a.Adopted || a.Ledger.MRR != money.Monthly(15000) {
		t.Fatalf("after the undo: %s, adopted %v, MRR %s", undone.Plan, a.Adopted, a.Ledger.MRR.Amount("USD"))
	}
	d.call(41*clock.Day, event.KindGate, struct{}{})
	if mrr := d.account().Ledger.MRR; mrr != money.Monthly(10000) {
		t.Errorf("MRR %s after one of the imports has ended", mrr.Amount("USD"))
	}
}

func TestAnImportInBetweenEndsTheTimeForUndoing(t *testing.T) {
	d := newDesk(t, parse(t, catalogText))
	d.buys(0, subscription.Change{Plan: "starter"})
	d.buys(hour, subscription.Change{Plan: "pro"})
	d.call(2*hour, event.KindImport, engine.ImportRow{Import: "f", Subscription: &engine.ImportedRow{ID: "a", Imported: subscription.Imported{
		Plan: "legacy", Interval: "month", Quantity: 1, Currency: "USD", StartsAt: start - clock.Day, Amount: 100}}})
	if got := refusal(d.call(3*hour, event.KindSubscription, engine.SubscribeCall{Change: subscription.Change{Undo: true}})); got != "nothing_to_undo" {
		t.Errorf("got %q", got)
	}
}
