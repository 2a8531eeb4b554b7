package catalog

import (
	"fmt"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/headroomhq/headroom/internal/clock"
)

func TestMetersThatContradictThemselvesAreErrors(t *testing.T) {
	for _, c := range []struct{ name, more, want string }{
		{"highest of nothing", "meters: {x: {event: a, aggregate: max}}", `missing meters.x "" @1:10`},
		{"product of one after all too many", "meters: {x: {event: a, aggregate: sum, property: [a, b, c, d, e, f, g, h, i]}}", `too_long meters.x.property "" @1:50`},
		{"product of the same twice", "meters: {x: {event: a, aggregate: sum, property: [a, a]}}", `duplicate_value meters.x.property[1] "a" @1:54`},
		{"product of nothing", "meters: {x: {event: a, aggregate: sum, property: []}}", `invalid_value meters.x.property "" @1:50`},
		{"members of a product", "meters: {x: {event: a, aggregate: unique, property: [a, b]}}", `contradiction meters.x.property "a, b" @1:53`},
		{"set without its property", "meters: {x: {set: a}}", `missing meters.x "" @1:10`},
		{"property without its set", "meters: {x: {add: a, remove: b, to: n}}", `contradiction meters.x.to "n" @1:37`},
		{"up without down", "meters: {x: {add: a, set: b, to: n}}", `missing meters.x "" @1:10`},
		{"set that also raises", "meters: {x: {add: a, remove: b, set: a, to: n}}", `contradiction meters.x.set "a" @1:38`},
		{"set of a sum", "meters: {x: {event: a, aggregate: sum, property: p, set: b}}", `contradiction meters.x.set "" @1:58`},
		{"parts of members", "meters: {x: {event: a, aggregate: unique, property: p, by: [q]}}", `contradiction meters.x.by "q" @1:60`},
		{"parts of a highest", "meters: {x: {event: a, aggregate: max, property: p, by: [q]}}", `contradiction meters.x.by "q" @1:57`},
		{"parts of a level that is set", "meters: {x: {set: a, to: p, by: [q]}}", `contradiction meters.x.by "q" @1:33`},
		{"parts by too many", "meters: {x: {event: a, by: [p, q, r, s, t]}}", `too_long meters.x.by "" @1:28`},
		{"where on consume", "meters: {x: {fed_by: consume, where: {a: b}}}", `contradiction meters.x.where "" @1:38`},
		{"where that is a text", "meters: {x: {event: a, where: region}}", `wrong_type meters.x.where "region" @1:31`},
		{"comparison with nothing", "meters: {x: {event: a, where: {p: {}}}}", `missing meters.x.where.p "" @1:35`},
		{"comparison nobody knows", "meters: {x: {event: a, where: {p: {over: 3}}}}", `unknown_key meters.x.where.p.over "over" @1:36`},
		{"more than a text", "meters: {x: {event: a, where: {p: {above: big}}}}", `wrong_type meters.x.where.p.above "big" @1:43`},
		{"more than a number in quotes", "meters: {x: {event: a, where: {p: {above: \"3\"}}}}", `wrong_type meters.x.where.p.above "3" @1:43`},
		{"numbers and texts in one list", "meters: {x: {event: a, where: {p: [1, \"2\"]}}}", `wrong_type meters.x.where.p[1] "2" @1:39`},
		{"the same number twice", "meters: {x: {event: a, where: {p: [1, 1.0]}}}", `duplicate_value meters.x.where.p[1] "1.0" @1:39`},
		{"a list of nothing", "meters: {x: {event: a, where: {p: []}}}", `invalid_value meters.x.where.p "" @1:35`},
		{"a value of nothing", "meters: {x: {event: a, where: {p: ~}}}", `wrong_type meters.x.where.p "~" @1:35`},
		{"a range that nothing is in", "meters: {x: {event: a, where: {p: {above: 5, at_most: 5}}}}", `contradiction meters.x.where.p "" @1:35`},
		{"a number compared with a text", "meters: {x: {event: a, aggregate: sum, property: p, where: {p: big}}}", `contradiction meters.x.where.p "big" @1:64`},
		{"a period nobody knows", "plans: {x: {entitlements: {f: {limit: 3, per: fortnight}}}}", `invalid_value plans.x.entitlements.f.per "fortnight" @1:47`},
		{"rolling without a length", "plans: {x: {entitlements: {f: {limit: 3, per: rolling}}}}", `invalid_value plans.x.entitlements.f.per "rolling" @1:47`},
		{"rolling by minutes", "plans: {x: {entitlements: {f: {limit: 3, per: rolling 90m}}}}", `invalid_duration plans.x.entitlements.f.per "rolling 90m" @1:47`},
		{"rolling for two years", "plans: {x: {entitlements: {f: {limit: 3, per: rolling 731d}}}}", `invalid_duration plans.x.entitlements.f.per "rolling 731d" @1:47`},
		{"rolling members", "meters: {u: {event: a, aggregate: unique, property: p}}\nfeatures: {u: {meter: u}}\nplans: {x: {entitlements: {u: {limit: 3, per: rolling 7d}}}}", `contradiction plans.x.entitlements.u.per "rolling 7d" @3:47`},
		{"a level by the day", "plans: {x: {entitlements: {level: {limit: 3, per: day}}}}", `contradiction plans.x.entitlements.level.per "day" @1:51`},
		{"a time zone nobody knows", "time_zone: Berlin", `unknown_time_zone time_zone "Berlin" @1:12`},
		{"the machine's time zone", "time_zone: Local", `unknown_time_zone time_zone "Local" @1:12`},
	} {
		t.Run(c.name, func(t *testing.T) {
			catalog, findings := Parse("world.yaml", with(c.more))
			var got []string
			for _, f := range findings {
				if f.Severity == SeverityError {
					got = append(got, short(f))
				}
			}
			if catalog != nil || len(got) != 1 || got[0] != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), c.want)
			}
		})
	}
}

func TestEveryFormOfAMeterIsReadAndTold(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"the highest", "{event: a, aggregate: max, property: n}", "aggregate max, event a, property n"},
		{"the newest", "{event: a, aggregate: latest, property: n}", "aggregate latest, event a, property n"},
		{"a product", "{event: a, aggregate: sum, property: [nodes, cpus, memory_gb]}", "aggregate sum, event a, property nodes × cpus × memory_gb"},
		{"a product of one", "{event: a, aggregate: sum, property: [nodes]}", "aggregate sum, event a, property nodes"},
		{"a level that is only set", "{set: measured, to: gb}", "aggregate level, set measured, to gb"},
		{"a level that moves and is set", "{add: a, remove: b, property: n, set: c, to: m}", "add a, aggregate level, property n, remove b, set c, to m"},
		{"one value", "{event: a, where: {region: eu}}", "aggregate count, event a, where region is eu"},
		{"several tests", "{event: a, where: {tier: [pro, business], ok: true, size: {at_least: 10, below: 100}, region: {not: [eu]}}}",
			"aggregate count, event a, where ok is true and region is not eu and size is at least 10 and size is below 100 and tier is pro or business"},
		{"parts", "{event: a, by: [region, model]}", "aggregate count, by region, model, event a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parsed, findings := Parse("", with("meters: {x: "+c.text+"}"))
			if parsed == nil {
				t.Fatal(findings)
			}
			var got []string
			d := meterWords(parsed.Meters["x"])
			for _, key := range fieldKeys(meterFields) {
				if d.values[key] != "" {
					got = append(got, key+" "+d.values[key])
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

func TestAMeterKeepsTheWindowsThatAllowancesAskFor(t *testing.T) {
	for _, c := range []struct{ name, plans, want string }{
		{"none asked for", "p: {entitlements: {f: 10}}", "[month]"},
		{"a month", "p: {entitlements: {f: {limit: 10, per: month}}}", "[month]"},
		{"a day", "p: {entitlements: {f: {limit: 10, per: day}}}", "[day]"},
		{"several, the longest first", "p: {entitlements: {f: {limit: 10, per: hour}}}, q: {entitlements: {f: {limit: 10, per: year}}}, r: {entitlements: {f: {limit: 10, per: week}}}", "[year week hour]"},
		{"a rolling one goes beside the month", "p: {entitlements: {f: {limit: 10, per: rolling 24h}}}", "[month rolling 24h]"},
		{"what is the same is kept once", "p: {entitlements: {f: {limit: 10, per: rolling 1d}}}, q: {entitlements: {f: {limit: 10, per: rolling 24h}}}, r: {entitlements: {f: {limit: 9, per: rolling 4w}}}, s: {entitlements: {f: {limit: 9, per: rolling 28d}}}", "[month rolling 28d rolling 24h]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parsed, findings := Parse("", []byte("version: 1\ncurrency: EUR\nmeters: {m: {event: e}, l: {add: a, remove: b}}\nfeatures: {f: {meter: m}}\nplans: {"+c.plans+"}\n"))
			if parsed == nil {
				t.Fatal(findings)
			}
			var got []Period
			for _, w := range parsed.Meters["m"].Windows() {
				got = append(got, w.Per)
				if again, ok := WindowOf(w.Per); !ok || again != w || PeriodOf(w.Kind, w.Width) != w.Per {
					t.Errorf("%+v, again %+v", w, again)
				}
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
			if w := parsed.Meters["l"].Windows(); len(w) > 0 {
				t.Errorf("a level has windows: %v", w)
			}
		})
	}
	if w, ok := WindowOf("rolling 36h"); !ok || w.Width != 36*clock.Hour || w.Kind != Rolling {
		t.Errorf("%+v", w)
	}
	if _, ok := WindowOf(Lifetime); ok {
		t.Error("a life is a window")
	}
}

func TestTheTimeZoneIsPartOfTheCatalog(t *testing.T) {
	c, findings := Parse("", with("time_zone: Europe/Berlin"))
	if c == nil || c.Zone == nil || c.Zone.String() != "Europe/Berlin" {
		t.Fatal(c, findings)
	}
	utc, _ := Parse("", with("time_zone: UTC"))
	if changes := Diff(utc, c); len(changes) != 1 || changes[0].String() != "+ time_zone: the catalog's time_zone is added: Europe/Berlin" {
		t.Error(changes)
	}
}
