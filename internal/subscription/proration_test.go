package subscription

import (
	"math/big"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

func TestWhatAChangeInTheMiddleOfAPeriodCosts(t *testing.T) {
	starter := step{"2026-01-01", Change{Plan: "starter"}}
	pro := step{"2026-01-01", Change{Plan: "pro"}}
	proYear := step{"2026-01-01", Change{Plan: "pro", Interval: Year}}
	for _, c := range []struct {
		name   string
		policy string // of the catalog, the default when empty
		given  []step
		at     string
		change Change
		then   string // due now
		next   string // the next invoice
	}{
		{"half way through a month of 31 days, to a plan of 149 from one of 49: half of each", "", []step{starter}, "2026-01-16T12:00:00Z", Change{Plan: "pro"},
			"-24.50 + 74.50 = 50.00", "1 Feb 2026 149.00"},
		{"half way through a February of 28 days", "", []step{starter}, "2026-02-15", Change{Plan: "pro"},
			"-24.50 + 74.50 = 50.00", "1 Mar 2026 149.00"},
		{"half way through a February of 29 days", "", []step{{"2028-01-01", Change{Plan: "starter"}}}, "2028-02-15T12:00:00Z", Change{Plan: "pro"},
			"-24.50 + 74.50 = 50.00", "1 Mar 2028 149.00"},
		{"one second before the period ends: a cent or none", "", []step{starter}, "2026-01-31T23:59:59Z", Change{Plan: "pro"},
			"0.00", "1 Feb 2026 149.00"},
		{"at the very second it ends the new period is charged whole", "", []step{starter}, "2026-02-01", Change{Plan: "pro"},
			"-49.00 + 149.00 = 100.00", "1 Mar 2026 149.00"},
		{"anchored on the 31st, in a period from 31 January to 28 February", "", []step{{"2026-01-31", Change{Plan: "starter"}}}, "2026-02-14", Change{Plan: "pro"},
			"-24.50 + 74.50 = 50.00", "28 Feb 2026 149.00"},
		{"and the one after that, to 31 March", "", []step{{"2026-01-31", Change{Plan: "starter"}}}, "2026-03-15T12:00:00Z", Change{Plan: "pro"},
			"-24.50 + 74.50 = 50.00", "31 Mar 2026 149.00"},
		{"clocks that change in between do not matter: periods are counted in UTC", "", []step{{"2026-03-15", Change{Plan: "starter"}}}, "2026-03-30T12:00:00Z", Change{Plan: "pro"},
			"-24.50 + 74.50 = 50.00", "15 Apr 2026 149.00"},
		{"a year, after a quarter of it", "", []step{{"2026-01-01", Change{Plan: "starter", Interval: Year}}}, "2026-04-02T06:00:00Z", Change{Plan: "pro"},
			"-367.50 + 1117.50 = 750.00", "1 Jan 2027 1490.00"},
		{"a leap year begun on 29 February", "", []step{{"2028-02-29", Change{Plan: "starter", Interval: Year}}}, "2028-08-29T12:00:00Z", Change{Plan: "pro"},
			"-245.00 + 745.00 = 500.00", "28 Feb 2029 1490.00"},
		{"from monthly to yearly a new period begins", "", []step{pro}, "2026-01-16T12:00:00Z", Change{Interval: Year},
			"-74.50 + 1490.00 = 1415.50", "16 Jan 2027 1490.00"},
		{"from yearly to monthly the rest of the year comes back", "", []step{proYear}, "2026-07-02T12:00:00Z", Change{Interval: Month},
			"-745.00 + 149.00 = -596.00", "2 Aug 2026 149.00"},
		{"twice as many", "", []step{pro}, "2026-01-16T12:00:00Z", Change{Quantity: 2},
			"-74.50 + 149.00 = 74.50", "1 Feb 2026 298.00"},
		{"an end at once gives the rest back", "", []step{pro}, "2026-01-16T12:00:00Z", Change{Cancel: true},
			"-74.50", " 0.00"},
		{"an add-on for a third of the month", "", []step{{"2026-04-01", Change{Plan: "pro"}}}, "2026-04-21", Change{Addons: addons(one("theme"))},
			"-49.67 + 54.67 = 5.00", "1 May 2026 164.00"},

		{"by the day, at any time of the 16th of 31: 16 days are left", "proration: day", []step{starter}, "2026-01-16T23:59:59Z", Change{Plan: "pro"},
			"-25.29 + 76.90 = 51.61", "1 Feb 2026 149.00"},
		{"by the day, on the first day: all of it", "proration: day", []step{starter}, "2026-01-01T18:00:00Z", Change{Plan: "pro"},
			"-49.00 + 149.00 = 100.00", "1 Feb 2026 149.00"},
		{"by the day, on the last: one of 31", "proration: day", []step{starter}, "2026-01-31T01:00:00Z", Change{Plan: "pro"},
			"-1.58 + 4.81 = 3.23", "1 Feb 2026 149.00"},

		{"without proration nothing is due before the next invoice", "proration: none", []step{starter}, "2026-01-16", Change{Plan: "pro"},
			"0.00", "1 Feb 2026 149.00"},
		{"nor given back", "proration: none", []step{pro}, "2026-01-16", Change{Plan: "starter"},
			"0.00", "1 Feb 2026 49.00"},
		{"nor at the end", "proration: none", []step{pro}, "2026-01-16", Change{Cancel: true},
			"0.00", " 0.00"},
		{"but a new interval is charged, and the old one given back", "proration: none", []step{pro}, "2026-01-16T12:00:00Z", Change{Interval: Year},
			"-74.50 + 1490.00 = 1415.50", "16 Jan 2027 1490.00"},
		{"from free, paying begins with a period of its own", "proration: none", []step{pro, {"2026-01-02", Change{Cancel: true}}, {"2026-01-03", Change{Plan: "free"}}}, "2026-01-16", Change{Plan: "starter"},
			"49.00", "16 Feb 2026 49.00"},
		{"going up and down within the free plan's month is paid for every time", "proration: none", []step{{"2025-01-03", Change{Plan: "pro"}}, {"2025-01-04", Change{Cancel: true}}, {"2025-02-03", Change{Plan: "free"}},
			{"2025-03-04", Change{Plan: "pro"}}, {"2025-03-31", Change{Plan: "free"}}}, "2025-04-05", Change{Plan: "pro"},
			"149.00", "5 May 2025 149.00"},
		{"what was paid for and left for free is not paid for twice", "proration: none", []step{starter, {"2026-01-10", Change{Plan: "free"}}}, "2026-01-16", Change{Plan: "starter"},
			"0.00", "1 Feb 2026 49.00"},
		{"but after its end it is", "proration: none", []step{starter, {"2026-01-10", Change{Plan: "free"}}}, "2026-02-02", Change{Plan: "starter"},
			"49.00", "2 Mar 2026 49.00"},
		{"also when the free plan came with the renewal", "proration: none", []step{starter, {"2026-01-10", Change{Plan: "free", Effective: AtRenewal}}}, "2026-02-01", Change{Plan: "starter"},
			"49.00", "1 Mar 2026 49.00"},
		{"by the second, from free, the rest of the month is paid for", "", []step{starter, {"2026-01-02", Change{Plan: "free"}}}, "2026-01-16T12:00:00Z", Change{Plan: "pro"},
			"74.50", "1 Feb 2026 149.00"},
		{"a first purchase is charged whole", "proration: none", nil, "2026-01-16", Change{Plan: "pro"},
			"149.00", "16 Feb 2026 149.00"},

		{"less takes effect at once by default", "", []step{pro}, "2026-01-16T12:00:00Z", Change{Plan: "starter"},
			"-74.50 + 24.50 = -50.00", "1 Feb 2026 49.00"},
		{"or at the renewal, where the catalog says so", "downgrade: renewal", []step{pro}, "2026-01-16T12:00:00Z", Change{Plan: "starter"},
			"0.00", "1 Feb 2026 49.00"},
		{"which the change may say otherwise", "downgrade: renewal", []step{pro}, "2026-01-16T12:00:00Z", Change{Plan: "starter", Effective: Now},
			"-74.50 + 24.50 = -50.00", "1 Feb 2026 49.00"},
		{"more takes effect at once all the same", "downgrade: renewal", []step{starter}, "2026-01-16T12:00:00Z", Change{Plan: "pro"},
			"-24.50 + 74.50 = 50.00", "1 Feb 2026 149.00"},
		{"an end is a change to less, too", "downgrade: renewal", []step{pro}, "2026-01-16T12:00:00Z", Change{Cancel: true},
			"0.00", " 0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t, "{undo: 2d}", "{"+c.policy+"}")}
			for _, st := range c.given {
				s.does(st.at, st.ch)
			}
			q := s.does(c.at, c.change)
			got := ""
			for i, line := range q.Lines {
				if i > 0 {
					got += " + "
				}
				got += line.Amount.Minor.Decimal("USD")
			}
			if len(q.Lines) != 1 {
				if got != "" {
					got += " = "
				}
				got += q.Now.Minor.Decimal("USD")
			}
			if next := dayOfNext(q) + " " + q.NextInvoice.Total.Minor.Decimal("USD"); got != c.then || next != c.next {
				t.Errorf("got  %s, then %s\nwant %s, then %s", got, next, c.then, c.next)
			}
		})
	}
}

// paid is the recurring price of whatever is drawn, in one interval.
func paid(recurring money.Minor, anchor clock.Time) Subscription {
	return Subscription{Plan: "p", Interval: Month, Quantity: 1, Currency: "USD", Status: Active, Anchor: anchor, Recurring: recurring}
}

// TestThePartsOfAPeriod is the exact statement about rounding. However often a period is cut,
// and whatever the price is between two cuts: what is charged in all is the sum of the parts,
// where a part is the difference of the two rests at its ends; parts of one price add up to
// that price to the cent; and each part is within one minor unit of the exact share.
func TestThePartsOfAPeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cat := &catalog.Catalog{Currency: "USD", Billing: catalog.Billing{Proration: rapid.SampledFrom([]string{"", BySecond, ByDay}).Draw(t, "policy")}}
		unit := clock.Second
		if cat.Billing.Proration == ByDay {
			unit = clock.Day
		}
		anchor := clock.Time(rapid.Int64Range(0, 40*365*86400).Draw(t, "anchor")) * clock.Second
		p := PeriodOf(Month, anchor, anchor)
		whole := int64((p.End - p.Start) / unit)
		price := rapid.Custom(func(t *rapid.T) money.Minor { return money.Minor(rapid.Int64Range(0, 100_000_000).Draw(t, "price")) })
		cur := paid(price.Draw(t, "first price"), anchor)
		charged := cur.Recurring // the invoice of the period
		constant, exact := true, new(big.Rat)
		parts, at := money.Minor(0), p.Start
		left := func(t clock.Time) int64 { return whole - int64((t-p.Start)/unit) }
		close := func(until int64) { // ends the part at the current price
			from := left(at)
			part := cur.Recurring.Share(from, whole) - cur.Recurring.Share(until, whole)
			parts += part
			share := big.NewRat(int64(cur.Recurring)*(from-until), whole)
			exact.Add(exact, share)
			if off := new(big.Rat).Sub(big.NewRat(int64(part), 1), share); off.Abs(off).Cmp(big.NewRat(1, 1)) > 0 {
				t.Fatalf("a part of %d/%d of %d costs %d", from-until, whole, cur.Recurring, part)
			}
		}
		n := rapid.IntRange(0, 12).Draw(t, "changes")
		for range n {
			moment := at + clock.Time(rapid.Int64Range(0, int64(p.End-at-1)).Draw(t, "later"))
			next := paid(price.Draw(t, "price"), anchor)
			if rapid.Bool().Draw(t, "the same price") {
				next.Recurring = cur.Recurring
			}
			due := sumOf(settle(&cur, &next, cat, moment), "USD").Minor
			back := sumOf(settle(&next, &cur, cat, moment), "USD").Minor
			if due+back != 0 {
				t.Fatalf("there costs %d and back %d", due, back)
			}
			constant = constant && next.Recurring == cur.Recurring
			close(left(moment))
			charged += due
			cur, at = next, moment
		}
		close(0)
		if charged != parts {
			t.Fatalf("charged %d, the parts are %d", charged, parts)
		}
		if constant && charged != cur.Recurring {
			t.Fatalf("parts of one price add up to %d, not to %d", charged, cur.Recurring)
		}
		if off := new(big.Rat).Sub(big.NewRat(int64(charged), 1), exact); off.Abs(off).Cmp(big.NewRat(int64(n+1), 1)) > 0 {
			t.Fatalf("charged %d for %s after %d changes", charged, exact.FloatString(3), n)
		}
	})
}

func TestThereAndBackInTheSameSecondCostsNothing(t *testing.T) {
	cats := map[string]*catalog.Catalog{}
	for _, policy := range []string{"second", "day", "none"} {
		cats[policy] = market(t, "{undo: 2d}", "{proration: "+policy+"}")
	}
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom([]string{"second", "day", "none"}).Draw(t, "policy")
		cat := cats[policy]
		interval := rapid.SampledFrom([]Interval{Month, Year}).Draw(t, "interval")
		plans := []string{"starter", "pro", "team"}
		if interval == Month {
			plans = append(plans, "bulk", "free")
		}
		draw := func() Change {
			return Change{Plan: rapid.SampledFrom(plans).Draw(t, "plan"), Quantity: rapid.Int64Range(1, 500).Draw(t, "quantity"), Interval: interval, Effective: Now}
		}
		start := clock.Time(1_767_225_600_000_000)
		first, second := draw(), draw()
		if policy == "none" && first.Plan == "free" && second.Plan != "free" {
			t.Skip("a period that was begun is not given back, but by undoing")
		}
		one, err := Apply(Subscription{Trialed: []string{"pro"}}, first, Terms{Catalog: cat, Now: start})
		if err != nil {
			t.Fatal(err)
		}
		now := Terms{Catalog: cat, Now: start + clock.Time(rapid.Int64Range(0, int64(800*clock.Day)).Draw(t, "later"))}
		there, two, err := Preview(one, second, now)
		if err != nil {
			t.Fatal(err)
		}
		back, three, err := Preview(two, first, now)
		if err != nil || there.Now.Minor+back.Now.Minor != 0 || three.MRR() != one.MRR() || three.Anchor != one.Anchor {
			t.Fatalf("%+v costs %s, and %+v back %s (%v)", second, there.Now, first, back.Now, err)
		}
	})
}

// anOrder draws any change of the market, also such as make no sense.
func anOrder(t *rapid.T, now clock.Time) Change {
	ch := aChange(t, now)
	ch.Plan = rapid.SampledFrom([]string{"", "", "free", "starter", "starter", "pro", "pro", "pro", "team", "bulk", "legacy", "quantum", "nonprofit", "gone"}).Draw(t, "plan of the market")
	if rapid.Bool().Draw(t, "in no hurry") {
		ch.TrialEndsAt, ch.Anchor = 0, 0
	}
	some := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"sponsors", "film", "theme", "shirt", "basic_support", "gold_support", "seats", "old_pack", "soon", "stage", "mails", "gone"}), 0, 4, rapid.ID[string])
	switch rapid.IntRange(0, 9).Draw(t, "of the market") {
	case 0, 1, 2:
		list := []AddonLine{}
		for _, key := range some.Draw(t, "add-ons") {
			list = append(list, AddonLine{key, rapid.Int64Range(-1, 3).Draw(t, "of it")})
		}
		ch.Addons = &list
	case 3, 4:
		ch = Change{Once: []AddonLine{{rapid.SampledFrom([]string{"mails", "setup", "theme"}).Draw(t, "once"), rapid.Int64Range(-1, 1000).Draw(t, "of it")}}, Plan: ch.Plan}
	case 5:
		ch.PlanVersion = rapid.IntRange(0, 4).Draw(t, "version")
	case 6:
		ch.Currency = rapid.SampledFrom([]money.Currency{"USD", "EUR", "JPY", "XXX"}).Draw(t, "currency")
	case 7:
		ch = Change{Plan: rapid.SampledFrom([]string{"starter", "pro", "team"}).Draw(t, "a plan alone")}
	}
	if rapid.IntRange(0, 3).Draw(t, "undo") == 0 {
		ch = Change{Undo: true, Plan: rapid.SampledFrom([]string{"", "", "", "", "", "pro"}).Draw(t, "with")}
	}
	return ch
}

func TestWhateverIsOrderedPreviewEqualsChangeAndARefusalChangesNothing(t *testing.T) {
	var cats []*catalog.Catalog
	for _, billing := range []string{"{undo: 2d}", "{undo: 40d, proration: day, downgrade: renewal}", "{proration: none}"} {
		cats = append(cats, market(t, "{undo: 2d}", billing))
	}
	undone := 0
	rapid.Check(t, func(t *rapid.T) {
		cat := rapid.SampledFrom(cats).Draw(t, "billing")
		var s Subscription
		now := clock.Time(1_767_225_600_000_000)
		for range rapid.IntRange(1, 15).Draw(t, "orders") {
			now += clock.Time(rapid.SampledFrom([]int64{0, 1, int64(clock.Hour), int64(clock.Day), int64(9 * clock.Day), int64(50 * clock.Day)}).Draw(t, "later"))
			ch := anOrder(t, now)
			terms := Terms{Catalog: cat, Now: now}
			before := *AsOf(&s, now, cat)
			quote, shown, err1 := Preview(s, ch, terms)
			after, err2 := Apply(s, ch, terms)
			if fault.CodeOf(err1) != fault.CodeOf(err2) || !reflect.DeepEqual(shown, after) {
				t.Fatalf("preview shows %+v (%v), the change makes %+v (%v)", shown, err1, after, err2)
			}
			if s = after; err2 != nil {
				if fault.KindOf(err2) == fault.Internal || !reflect.DeepEqual(after, before) {
					t.Fatalf("a refused change made %+v of %+v: %v", after, before, err2)
				}
				continue
			}
			if sumOf(quote.Lines, quote.Now.Currency) != quote.Now || sumOf(quote.NextInvoice.Lines, quote.NextInvoice.Total.Currency).Minor != quote.NextInvoice.Total.Minor {
				t.Fatalf("lines do not add up: %+v", quote)
			}
			if due, ok := NextDue(&after); after.Version != before.Version+1 || ok && due <= now {
				t.Fatalf("after a change at %s: version %d after %d, due at %s", now, after.Version, before.Version, due)
			}
			if ch.Undo {
				undone++
				was := before.Undo.Before
				was.Version, was.Trialed = after.Version, before.Trialed // a trial stays used
				if !reflect.DeepEqual(after, was) || quote.Now.Minor != -before.Undo.Now.Minor {
					t.Fatalf("undoing gives back %s of %s, and makes %+v of %+v", quote.Now, before.Undo.Now, after, was)
				}
			}
			if u := after.Undo; u != nil && (u.Until <= now || u.Before.Undo != nil || u.Now != quote.Now) {
				t.Fatalf("undo %+v of what cost %s", u, quote.Now)
			}
			_ = Describe(&before, &after, cat)
			_ = TypeOf(&before, &after, cat)
		}
	})
	if undone < 5 {
		t.Errorf("only %d changes were undone", undone)
	}
}
