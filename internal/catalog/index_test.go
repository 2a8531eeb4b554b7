package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func keys[T any](of func(*T) string, list []*T) string {
	var out []string
	for _, d := range list {
		out = append(out, of(d))
	}
	return strings.Join(out, " ")
}

func TestLookUpsAreInTheOrderOfKeys(t *testing.T) {
	c := must(t, head+`
meters: {z: {event: e}, b: {event: e}, l: {add: up, remove: down}, c: {fed_by: consume}}
features: {q: {meter: b}, p: {meter: b}, k: {meter: l}, g: {}}
plans:
  top: {family: web, above: mid, price: {month: 3}}
  mid: {family: web, above: low, price: {year: 12}}
  low: {family: web, price: {month: 9}}
  side: {family: web, price: {month: 1}}
  free: {family: app, price: {month: 0}, entitlements: {p: 1, k: 1}}
signals:
  s2: {when: {limit: p, reaches: 80%}, type: upsell}
  s1: {when: {limit: p, reaches: 90%}, type: upsell}
  old: {when: {limit: p, reaches: 95%}, type: upsell, state: retired}
  g: {when: {gate: g}, type: upsell}
  e: {when: {event: x.y, nth: 2}, type: upsell}
  oldevent: {when: {event: gone, nth: 2}, type: upsell, state: retired}
  t: {when: {trial_ends_in: 1d}, type: new_logo}
offers:
  o2: {on: [s1, old], give: {plan: top}, at: [there, here]}
  o1: {on: [s1], give: {plan: top}, at: [here]}
`)
	meter := func(m *Meter) string { return m.Key }
	feature := func(f *Feature) string { return f.Key }
	signal := func(s *Signal) string { return s.Key }
	offer := func(o *Offer) string { return o.Key }
	plan := func(p *Plan) string { return p.Key }
	for _, check := range []struct{ name, got, want string }{
		{"meters of an event", keys(meter, c.MetersOf("e")), "b z"},
		{"level goes up", keys(meter, c.MetersOf("up")), "l"},
		{"level goes down", keys(meter, c.MetersOf("down")), "l"},
		{"meters of an unknown event", keys(meter, c.MetersOf("")), ""},
		{"features of a meter", keys(feature, c.FeaturesOf("b")), "p q"},
		{"signals on a limit, none retired", keys(signal, c.SignalsOnLimit("p")), "s1 s2"},
		{"signals on a gate", keys(signal, c.Streams().OnGate("g").Times[0].Rules), "g"},
		{"signals on an event", keys(signal, c.Streams().OnEvent("x.y")[0].Nth), "e"},
		{"signals on trials", keys(signal, c.SignalsOnTrial()), "t"},
		{"offers at a placement", keys(offer, c.OffersAt("here")), "o1 o2"},
		{"offers on a signal", keys(offer, c.OffersOn("s1")), "o1 o2"},
		{"offers on a retired signal", keys(offer, c.OffersOn("old")), ""},
		{"plans by family, height, price", keys(plan, c.PlansInOrder()), "free side low mid top"},
		{"event types", strings.Join(c.EventTypes(), " "), "down e up x.y"},
		{"placements", strings.Join(c.Placements(), " "), "here there"},
	} {
		if check.got != check.want {
			t.Errorf("%s: got %q, want %q", check.name, check.got, check.want)
		}
	}
}

func TestDiffTellsWhatChangesInWords(t *testing.T) {
	old := must(t, world)
	changed := strings.NewReplacer(
		"high: {above: low, price: {month: 2, year: 20}", "high: {above: low, price: {month: 2.50}, trial: 2w",
		"f: 2, level: 2, g: true", "f: {limit: 5000, per: month, overage: {unit: 100, price: 1}}, level: unlimited",
		"reaches: 80%", "reaches: 90%",
		"wants: {when: {gate: g}, type: upsell}", "eighth: {when: {event: x, nth: 8}, type: cross_sell}",
		"on: [s, wants]", "on: [s, eighth]", "at: [here]", "at: [here], holdout: 10%, contact: {at_most: 3 per 90d}",
	).Replace(world) + "routing: [{when: amount > 1000, to: alice, involve: [bob], play: demo}]\n"
	want := strings.Split(strings.TrimSpace(`
~ plans.high.entitlements.f: plan high: entitlements f from 2 to 5000 per month, then 1.00 USD per 100
- plans.high.entitlements.g: plan high: entitlements g is no longer included
~ plans.high.entitlements.level: plan high: entitlements level from 2 to unlimited
~ plans.high.price.month: plan high: price month from 2.00 USD to 2.50 USD
- plans.high.price.year: plan high: price year is no longer 20.00 USD
+ plans.high.trial: plan high: trial is now 14d
+ signals.eighth: signal eighth is added: x for the 8th time
~ signals.s.when: signal s: when from f reaches 80% of its limit to f reaches 90% of its limit
- signals.wants: signal wants is removed
+ offers.o.contact.at_most: offer o: contact at_most is now 3 per 90d
+ offers.o.holdout: offer o: holdout is now 10%
~ offers.o.on: offer o: on from s, wants to s, eighth
~ routing: the list routing from self_service to when amount > 1000 to alice with bob by the play demo; self_service
`), "\n")
	var got []string
	for _, change := range Diff(old, must(t, changed)) {
		got = append(got, change.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheFirstCatalogIsAllAdded(t *testing.T) {
	changes := Diff(nil, must(t, world))
	var got []string
	for _, change := range changes {
		if change.Kind != Added {
			t.Errorf("%+v", change)
		}
		got = append(got, change.Path)
	}
	want := "currency meters.l meters.m features.f features.g features.level plans.high plans.low signals.s signals.wants offers.o lint.no_next_step lint.plan_gives_less lint.unsold_feature lint.yearly_too_deep" // but no routing, of which it says nothing
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
	if changes[6].To != "2.00 USD a month or 20.00 USD a year; f 2, g included, level 2" {
		t.Errorf("got %+v", changes[6])
	}
}

func TestACommentChangesTheVersionAndNothingElse(t *testing.T) {
	a, b := must(t, world), must(t, world+"# a comment\n")
	if a.Version == b.Version || len(Diff(a, b)) != 0 {
		t.Error(a.Version, b.Version, Diff(a, b))
	}
}

// Parsing the same text twice, in whatever order maps are walked, tells the same.
func TestParseIsDeterministic(t *testing.T) {
	broken, summit := read(t, "testdata/broken.yaml"), read(t, "../../examples/summit/catalog.yaml")
	_, first := Parse("x", broken)
	sold := read(t, "testdata/broken_sold.yaml")
	c := must(t, string(summit))
	rapid.Check(t, func(t *rapid.T) {
		// Cut a line out of either text: whatever it gives, it gives it twice.
		text := rapid.SampledFrom([][]byte{broken, sold, summit, []byte(shop)}).Draw(t, "text")
		lines := strings.Split(string(text), "\n")
		cut := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
		changed := []byte(strings.Join(slices.Delete(lines, cut, cut+1), "\n"))
		a, one := Parse("x", changed)
		b, two := Parse("x", changed)
		if fmt.Sprint(one) != fmt.Sprint(two) || (a == nil) != (b == nil) {
			t.Fatalf("%v\n%v", one, two)
		}
		if a != nil && (fmt.Sprint(Diff(c, a)) != fmt.Sprint(Diff(c, b)) || len(Diff(a, b)) > 0) {
			t.Fatal("differences differ")
		}
	})
	if _, again := Parse("x", broken); fmt.Sprint(first) != fmt.Sprint(again) {
		t.Error("findings differ")
	}
}

func fieldKeys[T any](fields []field[T]) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	slices.Sort(keys)
	return keys
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"testdata/summit.yaml", "testdata/broken.yaml", "testdata/broken_sold.yaml", "../../examples/summit/catalog.yaml"} {
		f.Add(read(f, name))
	}
	for _, s := range []string{
		"", "{", "- a", world, shop, string(shopWith("bundles: {b: {includes: {mail: 2, films: 1}, discount: 15%}}")), string(with("plans: {x: {}}")), "{\"version\": 1, \"currency\": \"EUR\"}", "version: 1\ncurrency: JPY\nplans: {p: {price: {month: 1.5}}}",
		"a: |\n  b\n", "a: >-\n\n b\n", "? a\n: b", "offers: {x: {for: \"a\\nb\"}}", "--- # file: \n--- # file: x\n", "a: 'b\n\n c'", "\xff", "a:\t1", "[]: {}", "{{}: 1}", "1: 2\n.5: ~\ntrue: {null: x}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, findings := Parse("fuzz.yaml", text)
		if (c == nil) != HasErrors(findings) {
			t.Fatalf("catalog %v with %v", c != nil, findings)
		}
		for _, f := range findings {
			if f.Line < 1 || f.Column < 1 || f.Message == "" || f.Mend == "" || f.Code == "" {
				t.Fatalf("%+v lacks something", f)
			}
		}
		if c == nil {
			return
		}
		if last := c.Routing[len(c.Routing)-1]; last.When != nil {
			t.Fatal("nothing catches all")
		}
		again, _ := Parse("fuzz.yaml", c.Text())
		if again == nil || again.Version != c.Version || len(Diff(c, again)) > 0 {
			t.Fatal("its own text is another catalog")
		}
		Diff(nil, c)
		c.PlansInOrder()
	})
}

func BenchmarkParse(b *testing.B) {
	text := read(b, "../../examples/summit/catalog.yaml")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if c, _ := Parse("catalog.yaml", text); c == nil {
			b.Fatal("no catalog")
		}
	}
}
