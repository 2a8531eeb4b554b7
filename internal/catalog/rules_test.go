package catalog

import (
	"fmt"
	"strings"
	"testing"
)

// world is a small catalog without findings, to which tests add what they are about.
const world = head + `
meters: {m: {event: e}, l: {add: a, remove: r}}
features: {f: {meter: m}, level: {meter: l}, g: {kind: boolean}}
plans:
  low: {price: {month: 1, year: 10}, entitlements: {f: 1, level: 1}}
  high: {above: low, price: {month: 2, year: 20}, entitlements: {f: 2, level: 2, g: true}}
signals: {s: {when: {limit: f, reaches: 80%}, type: upsell}, wants: {when: {gate: g}, type: upsell}}
offers: {o: {on: [s, wants], give: {plan: high}, at: [here]}}
lint: {no_next_step: off, unsold_feature: off, plan_gives_less: off, yearly_too_deep: off}
`

func TestTheSmallWorldHasNoFindings(t *testing.T) {
	if _, findings := Parse("", []byte(world)); len(findings) > 0 {
		t.Fatal(findings)
	}
}

// with returns the small world with one more part of a bundle.
func with(more string) []byte { return []byte(world + marker + "more.yaml\n" + more + "\n") }

func TestAContradictionIsAnError(t *testing.T) {
	for _, c := range []struct{ name, more, want string }{
		{"feature of no meter", "features: {x: {kind: metered}}", `missing features.x "" @1:12`},
		{"feature of an unknown meter", "features: {x: {meter: mm}}", `unknown_reference features.x.meter "mm" @1:23`},
		{"boolean feature with a limit", "plans: {x: {entitlements: {g: 3}}}", `contradiction plans.x.entitlements.g.limit "3" @1:31`},
		{"boolean feature without a limit", "plans: {x: {entitlements: {g: unlimited}}}", `contradiction plans.x.entitlements.g.limit "unlimited" @1:31`},
		{"metered feature as true", "plans: {x: {entitlements: {f: true}}}", `contradiction plans.x.entitlements.f "true" @1:31`},
		{"metered feature as false", "addons: {x: {entitlements: {f: false}}}", `contradiction addons.x.entitlements.f "false" @1:32`},
		{"unknown feature", "plans: {x: {entitlements: {ff: 3}}}", `unknown_reference plans.x.entitlements.ff "ff" @1:32`},
		{"negative limit", "plans: {x: {entitlements: {f: -3}}}", `out_of_range plans.x.entitlements.f.limit "-3" @1:31`},
		{"level that begins anew", "plans: {x: {entitlements: {level: {limit: 3, per: month}}}}", `contradiction plans.x.entitlements.level.per "month" @1:51`},
		{"above itself", "plans: {x: {above: x}}", `cycle plans.x.above "x" @1:20`},
		{"a circle that others lead to", "plans: {x: {above: y}, y: {above: z}, z: {above: y}}", `cycle plans.y.above "z" @1:35`},
		{"above in another family", "plans: {x: {family: other, above: low}}", `contradiction plans.x.above "low" @1:35`},
		{"needs what is not there", "addons: {x: {needs: [hihg]}}", `unknown_reference addons.x.needs[0] "hihg" @1:22`},
		{"needs itself", "addons: {x: {price: {month: 1, year: 2}, needs: [x]}}", `cycle addons.x.needs "x" @1:49`},
		{"event and consume", "meters: {x: {event: a, fed_by: consume}}", `contradiction meters.x.event "" @1:21`},
		{"unique consume", "meters: {x: {fed_by: consume, aggregate: unique}}", `contradiction meters.x.aggregate "unique" @1:42`},
		{"property of a count", "meters: {x: {event: a, aggregate: count, property: p}}", `contradiction meters.x.property "" @1:52`},
		{"property without aggregate", "meters: {x: {event: a, property: p}}", `missing meters.x "" @1:10`},
		{"level with an event", "meters: {x: {aggregate: level, add: a, remove: b, event: c}}", `contradiction meters.x.event "" @1:58`},
		{"signal on an unknown feature", "signals: {x: {when: {limit: ff, reaches: 80%}, type: upsell}}", `unknown_reference signals.x.when.limit "ff" @1:29`},
		{"signal without a share", "signals: {x: {when: {limit: f}, type: upsell}}", `missing signals.x.when "" @1:21`},
		{"signal that reaches nothing", "signals: {x: {when: {limit: f, reaches: 0%}, type: upsell}}", `out_of_range signals.x.when.reaches "0%" @1:41`},
		{"when as text", "signals: {x: {when: often, type: upsell}}", `wrong_type signals.x.when "often" @1:21`},
		{"offer of nothing", "offers: {x: {on: [s], give: {}}}", `missing offers.x.give "" @1:29`},
		{"offer of an unknown add-on", "offers: {x: {on: [s], give: {addon: high}}}", `unknown_reference offers.x.give.addon "high" @1:37`},
		{"offer on an unknown signal", "offers: {x: {on: [z], give: {plan: high}}}", `unknown_reference offers.x.on[0] "z" @1:19`},
		{"offer for a misspelt role", "offers: {x: {give: {plan: high}, for: \"user.role == 'adimn'\"}}", `unknown_reference offers.x.for "adimn" @1:53`},
		{"condition with an error in its second line", "offers:\n  x:\n    give: {plan: high}\n    for: |\n      true &&\n      acount.plan == ''", `invalid_condition offers.x.for "true &&\nacount.plan == ''" @6:7`},
		{"version of the future", "version: 2", `unknown_version version "2" @1:10`},
		{"two currencies", "currency: EUR", `duplicate_key currency "EUR" @1:11`},
		{"section that is a list", "plans: [a]", `wrong_type plans "" @1:8`},
		{"definition that is text", "plans: {x: y}", `wrong_type plans.x "y" @1:12`},
		{"definition that is nothing", "plans:\n  x:\n", `wrong_type plans.x "null" @2:6`},
		{"catalog that is a list", "- plans", `wrong_type  "" @1:1`},
		{"control character", "plans: {x: {title: \"a\\0\"}}", `invalid_value plans.x.title "a\x00" @1:20`},
		{"title without end", "plans: {x: {title: " + strings.Repeat("a", 201) + "}}", `too_long plans.x.title "` + strings.Repeat("a", 200) + `…" @1:20`},
		{"anchor", "plans: {x: &a {}}", `yaml_unsupported  "" @1:12`},
		{"alias", "plans: {x: *a}", `yaml_unsupported  "" @1:12`},
		{"merge key", "plans: {<<: {}}", `yaml_unsupported  "" @1:9`},
		{"tag", "plans: {x: !!binary aa}", `yaml_unsupported  "" @1:12`},
		{"not YAML", "plans: {x: [1", `yaml_invalid  "" @1:12`},
		{"not UTF-8", "plans:\n  x: {title: \xff}", `not_utf8  "" @2:1`},
		{"deep", "plans: " + strings.Repeat("[", 100), `too_deep  "" @1:23`},
		{"deep in lines", "- - - - - - - - - - - - - - - - - - a", `too_deep  "" @1:33`},
		{"long key", "plans: {" + strings.Repeat("k", 101) + ": {}}", `too_large  "" @1:9`},
	} {
		t.Run(c.name, func(t *testing.T) {
			catalog, findings := Parse("world.yaml", with(c.more))
			var got []string
			for _, f := range findings {
				if f.Severity == SeverityError {
					got = append(got, short(f))
					if f.File != "more.yaml" {
						t.Errorf("%s is said to be in %s", f, f.File)
					}
				}
			}
			if catalog != nil || len(got) != 1 || got[0] != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), c.want)
			}
		})
	}
}

func TestWhatIsDoubtfulIsAWarning(t *testing.T) {
	for _, c := range []struct{ name, more, want string }{
		{"offer without signal", "offers: {x: {give: {plan: high}, at: [here]}}", `offer_without_signal offers.x "" @1:10`},
		{"offer of retired signals only", "signals: {old: {when: {event: x}, type: save, state: retired}}\noffers: {x: {on: [old], give: {plan: high}, at: [here]}}", `offer_without_signal offers.x.on "old" @2:18`},
		{"offer without placement", "offers: {x: {on: [s], give: {plan: high}}}", `offer_without_placement offers.x "" @1:10`},
		{"offer that does not help", "offers: {x: {on: [s], give: {plan: low}, at: [here]}}", `offer_does_not_help offers.x.give "low" @1:29`},
		{"offer of what has no price", "plans: {x: {entitlements: {f: 9}}}\noffers: {x: {on: [s], give: {plan: x}, at: [here]}}", `missing_price offers.x.give "x" @2:29`},
		{"offer with an unknown placeholder", "offers: {x: {on: [s], give: {plan: high}, at: [here], content: {title: \"{usag} {usage}\"}}}", `unknown_placeholder offers.x.content.title "{usag}" @1:72`},
		{"signal nobody uses", "signals: {x: {when: {event: b}, type: save}}", `unused_signal signals.x "" @1:11`},
		{"signals nobody uses", "signals: {x: {when: {event: b}, type: save}, y: {when: {event: b}, type: save}}", `unused_signal signals "" @1:10`},
		{"limit that nothing limits", "features: {x: {meter: m}}\nsignals: {x: {when: {limit: x, reaches: 80%}, type: upsell}}\nrouting: [{to: alice}]", `never_fires signals.x.when.limit "x" @2:29`},
		{"gate that no moment promotes", "features: {x: {}}\naddons: {x: {price: {month: 1, year: 1}, entitlements: {x: true}}}", `unpromoted_gate features.x "" @1:12`},
		{"meter that no feature uses", "meters: {x: {event: e}}", `unused_meter meters.x "" @1:10`},
		{"plan without the interval of the one below", "plans: {x: {above: high, price: {month: 3}, entitlements: {g: true}}}", `missing_price plans.x.price "" @1:33`},
		{"add-on without the interval of its plan", "addons: {x: {price: {month: 3}, needs: [low]}}", `missing_price addons.x.price "" @1:21`},
		{"property named by its place in the event", "meters: {x: {event: e, aggregate: unique, property: data.user}}\nfeatures: {x: {meter: x}}", `data_prefix meters.x.property "data.user" @1:53`},
		{"test named by its place in the event", "meters: {x: {event: e, where: {data.region: eu}}}\nfeatures: {x: {meter: x}}", `data_prefix meters.x.where.data.region "data.region" @1:45`},
		{"test of a user, who is a pseudonym", "meters: {x: {event: e, where: {user: kim}}}\nfeatures: {x: {meter: x}}", `never_matches meters.x.where.user "kim" @1:38`},
		{"test of an address, which is sealed", "signals: {x: {when: {event: b, where: {email: {not: a}}}, type: save}}\nrouting: [{to: alice}]", `never_matches signals.x.when.where.email "a" @1:47`},
		{"route behind one that takes everything", "routing: [{to: alice}, {to: bob}]", `unreachable_route routing[1] "" @1:24`},
	} {
		t.Run(c.name, func(t *testing.T) {
			catalog, findings := Parse("world.yaml", with(c.more))
			var got []string
			for _, f := range findings {
				got = append(got, short(f))
			}
			if catalog == nil || len(got) != 1 || got[0] != c.want || findings[0].Severity != SeverityWarning {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), c.want)
			}
		})
	}
}

func TestARoutedSignalNeedsNoOffer(t *testing.T) {
	_, findings := Parse("", with("signals: {x: {when: {event: b}, type: save}}\nrouting: [{when: amount > 1, to: alice}]"))
	if len(findings) > 0 {
		t.Error(findings)
	}
}

func TestTheExampleCompanyHasNoFindings(t *testing.T) {
	c, findings := Parse("catalog.yaml", read(t, "../../examples/summit/catalog.yaml"))
	for _, f := range findings {
		t.Error(f)
	}
	if c == nil {
		return
	}
	want := "[billing.page dashboard.card doors.open home.badge home.card nav.plan recordings.open speakers.add speakers.bar speakers.invite speakers.meter " +
		"sponsors.page summit.done summit.wizard team.invite team.page trial.banner whats.new]"
	if got := fmt.Sprint(c.Placements()); got != want {
		t.Errorf("placements %s, want %s", got, want)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"everything", "", "missing currency, missing version"},
		{"only comments", "# nothing\n", "missing currency, missing version"},
		{"empty sections", head + "plans:\nmeters: ~\nrouting:\n", ""},
		{"byte order mark", "\uFEFF" + head, ""},
		{"lines of Windows", strings.ReplaceAll(world, "\n", "\r\n"), ""},
		{"documents in one file", head + "---\nplans: {p: {}}\n", ""},
		{"routing in two files", head + "routing: [{to: a}]\n---\nrouting: [{to: b}]\n", "duplicate_key routing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, findings := Parse("x.yaml", []byte(c.text))
			var got []string
			for _, f := range findings {
				if f.Severity == SeverityError {
					got = append(got, f.Code+" "+f.Path)
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %v, want %s", findings, c.want)
			}
		})
	}
}

func TestHostileTextsAreRefusedQuickly(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		b.WriteString(head + "features:\n")
		for i := range n {
			fmt.Fprintf(&b, "  f%d: {}\n", i)
		}
		return b.String()
	}
	for _, c := range []struct{ name, text, code string }{
		{"more than four megabytes", head + "#" + strings.Repeat("x", MaxText), "too_large"},
		{"ten thousand definitions and one", many(MaxDefinitions + 1), "too_large"},
		{"a hundred thousand definitions", many(100_000), "too_large"},
		{"many keys of nothing", strings.Repeat("k: v\n", 500_000), "too_large"},
		{"many brackets", strings.Repeat("[", 1_000_000), "too_deep"},
		{"fewer brackets", strings.Repeat("[", 100_000), "too_deep"},
		{"many quotes", strings.Repeat("\"", 400_000), "yaml_invalid"},
		{"many maps in a line", strings.Repeat("{a: ", 100_000), "too_deep"},
		{"a thousand errors and more", head + "plans:\n" + strings.Repeat("  -: {}\n", 3000), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			catalog, findings := Parse("x", []byte(c.text))
			if catalog != nil || len(findings) == 0 || len(findings) > maxFindings {
				t.Fatalf("%d findings", len(findings))
			}
			if c.code != "" && findings[len(findings)-1].Code != c.code {
				t.Errorf("got %v", findings[:1])
			}
		})
	}
	if _, findings := Parse("x", []byte(many(MaxDefinitions))); HasErrors(findings) {
		t.Error(findings[0])
	}
}

func TestATextWithAComma(t *testing.T) {
	_, findings := Parse("", []byte(head+"plans: {p: {title: Pro, and more}}\n"))
	if len(findings) != 1 || findings[0].Code != "unknown_key" || !strings.HasPrefix(findings[0].Mend, "put text with a comma in quotes") {
		t.Error(findings)
	}
}

func TestAThousandWithAComma(t *testing.T) {
	_, findings := Parse("", []byte(head+"plans: {p: {price: {month: 1,000, year: 2}}}\n"))
	if len(findings) != 1 || findings[0].Code != "unknown_key" || !strings.HasPrefix(findings[0].Mend, "numbers have no thousands separators") {
		t.Error(findings)
	}
}
