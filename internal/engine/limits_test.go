package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/subscription"
)

// under makes another catalog the active one.
func (w *world) under(text string) *world {
	cat := parse(w.t, text)
	w.cats[cat.Version] = cat
	w.send(event.Record{Kind: event.KindCatalog, Type: cat.Version, Body: []byte(`{"rules":1}`)})
	return w
}

func TestMilestonesOfEarlierCatalogsMakeRoomForNewOnes(t *testing.T) {
	of := func(from int) string {
		var b strings.Builder
		b.WriteString("version: 1\ncurrency: USD\nplans: {free: {price: {month: \"0\"}}}\nmilestones:\n")
		for i := range 100 {
			fmt.Fprintf(&b, "  m%[1]d: {title: M%[1]d, event: did.m%[1]d}\n", from+i)
		}
		return b.String()
	}
	w := way(t, of(0)).buys("free")
	for c := range 4 {
		w.under(of(100 * c))
		for i := range 100 {
			w.does(fmt.Sprint("did.m", 100*c+i))
		}
		if !w.acme().Activated(w.cat(), w.now) {
			t.Fatalf("under catalog %d the account is not activated", c+1)
		}
	}
}

func TestAnAccountIsLookedAtDailyAsLongAsThereIsSomethingToFind(t *testing.T) {
	yes := true
	for _, c := range []struct {
		name   string
		what   func(w *world)
		looked bool
	}{
		{"known by events alone", func(w *world) { w.does("a.done") }, false},
		{"known by events, of which one fired a signal", func(w *world) { w.does("email.sent", "email.sent") }, true},
		{"and the signal has decayed", func(w *world) { w.does("email.sent", "email.sent").on(40) }, false},
		{"described, and never subscribed", func(w *world) { w.describe("acme", map[string]any{"name": "Acme"}) }, true},
		{"subscribed", func(w *world) { w.buys("starter") }, true},
		{"subscribed and gone", func(w *world) { w.buys("starter").on(1).cancels().on(40) }, false},
		{"gone, with people", func(w *world) {
			w.buys("starter")
			w.send(body(event.KindMember, "acme", "m", "", w.now, account.MemberChange{Champion: &yes}))
			w.on(1).cancels().on(40)
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := way(t, wayText)
			c.what(w)
			if due := w.state.DueOf("acme"); (due != 0) != c.looked {
				t.Errorf("it is due at %s", due)
			}
		})
	}
}

func (w *world) cancels() *world {
	w.at++
	w.send(body(event.KindSubscription, "acme", fmt.Sprint("cancel", w.at), "", w.now, engine.SubscribeCall{Change: subscription.Change{Cancel: true, Effective: "now"}}))
	return w
}

func TestAConditionThatCanNoLongerBeJudgedEndsItsSignal(t *testing.T) {
	text := strings.Replace(kindsCatalog, "WHEN", `{rule: "account.traits.seats > 3"}`, 1)
	w := way(t, text).buys("starter")
	alive := func() int { return len(w.acme().Signals.Alive(w.now)) }
	for i, step := range []struct {
		seats any
		alive int
	}{{5, 1}, {"many", 0}, {6, 1}} {
		w.describe("acme", map[string]any{"traits": map[string]any{"seats": step.seats}})
		if w.on(i + 1); alive() != step.alive {
			t.Errorf("with %v seats %d signals are alive, want %d", step.seats, alive(), step.alive)
		}
	}
}

// An answer that is not kept could be another one tomorrow.
func TestAVariantIsAnsweredOnlyWhereItIsKept(t *testing.T) {
	const most = 100
	var b strings.Builder
	b.WriteString("version: 1\ncurrency: USD\nplans: {free: {price: {month: \"0\"}}}\nexperiments:\n")
	for i := range most + 1 {
		fmt.Fprintf(&b, "  e%[1]d: {title: E%[1]d, hypothesis: It helps, state: running, variants: {control: 50%%, fast: 50%%}}\n", i)
	}
	cat := parse(t, b.String())
	for _, family := range []bool{false, true} {
		o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
		o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}})
		for i := range most + 1 {
			call := engine.VariantCall{Family: family}
			a := o.step(uint64(i+2), []event.Record{body(event.KindVariant, "acme", fmt.Sprint(i), fmt.Sprint("e", i), start+clock.Time(i), call)})[0]
			if full := strings.Contains(string(a.Body), `{"variant":"","reason":"too_many_experiments"}`); full != (i == most) {
				t.Errorf("for the family: %v, experiment %d: %s", family, i, a.Body)
			}
		}
	}
}
