package catalog

import (
	"slices"
	"strings"
	"testing"
)

// wares is a catalog of which lint has nothing to say. {…} are places that tests fill in
// differently.
const wares = `version: 1
currency: USD
meters: {reports: {event: report}, seats: {aggregate: level, add: a, remove: r}}
features:
  reports: {title: Reports, benefit: Know more, meter: reports}
  seats: {title: Seats, benefit: Work together, kind: seats, meter: seats}
  sso: {title: Single sign-on, benefit: One key for all}
plans:
  basic: {title: Basic, price: {month: "20", year: "200"}, trial: 14d, entitlements: {reports: {limit: 10, per: month}, seats: 3}}
  pro: {title: Pro, above: basic, price: {month: "50", year: "500"}, entitlements: {reports: {limit: 100, per: month, overage: {unit: 1, price: "1"}}, seats: 10, sso: true}}
signals:
  full: {when: {limit: reports, reaches: 80%}, type: upsell}
  wants: {when: {gate: sso}, type: upsell}
  ending: {when: {trial_ends_in: 3d}, type: new_logo, decays: 14d}
offers:
  up: {on: [full, wants], give: {plan: pro}, at: [here], for: "account.plan == 'basic'", kind: interruption, contact: {at_most: 3 per 30d}, holdout: 10%}
  stay: {on: [ending], give: {plan: basic}, at: [here]}
`

func TestLintHasNothingToSayOfAGoodCatalog(t *testing.T) {
	if _, findings := Parse("", []byte(wares)); len(findings) > 0 {
		t.Fatal(findings)
	}
}

// swap is one change of the wares: the first text becomes the second; an empty first text adds.
type swap struct{ from, to string }

func (s swap) in(t *testing.T, text string) string {
	t.Helper()
	if s.from == "" {
		return text + s.to + "\n"
	}
	if !strings.Contains(text, s.from) {
		t.Fatalf("the shop has no %q", s.from)
	}
	return strings.Replace(text, s.from, s.to, 1)
}

// rows have for every rule that needs no data a change of the shop after which it speaks, and
// one near it after which it does not.
var rows = []struct {
	rule, name string
	speaks     swap
	silent     swap
}{
	{"addon_cheaper_than_step", "an add-on that gives what the higher plan adds, for less than the step; and for more",
		swap{"", `addons: {all: {price: {month: "29", year: "290"}, needs: [basic], entitlements: {reports: {limit: 90, per: month}, seats: 7, sso: true}}}`},
		swap{"", `addons: {all: {price: {month: "31", year: "310"}, needs: [basic], entitlements: {reports: {limit: 90, per: month}, seats: 7, sso: true}}}`}},
	{"addon_cheaper_than_step", "one that gives all of it; and one that gives a part",
		swap{"", `addons: {all: {price: {month: "9", year: "90"}, entitlements: {reports: {limit: 90, per: month}, seats: 7, sso: true}}}`},
		swap{"", `addons: {part: {price: {month: "9", year: "90"}, entitlements: {sso: true}}}`}},
	{"data_prefix", "a property named by its place in the event; and by its name",
		swap{"reports: {event: report}", "reports: {event: report, aggregate: unique, property: data.id}"},
		swap{"reports: {event: report}", "reports: {event: report, aggregate: unique, property: id}"}},
	{"equal_limits", "as many seats in the higher plan; and one more",
		swap{"seats: 10", "seats: 3"}, swap{"seats: 10", "seats: 4"}},
	{"expired_before_trial_ends", "signals about new customers that last a week, with a trial of two; and two weeks",
		swap{"", "signals: {first: {when: {event: report, nth: 1}, type: new_logo, decays: 7d}}"},
		swap{"", "signals: {first: {when: {event: report, nth: 1}, type: new_logo, decays: 14d}}"}},
	{"foreign_plural", "an English case that is Polish; and one that is English",
		swap{"at: [here]}", "at: [here], content: {title: \"{limit, plural, few {# seat} other {# seats}}\"}}"},
		swap{"at: [here]}", "at: [here], content: {title: \"{limit, plural, one {# seat} other {# seats}}\"}}"}},
	{"foreign_plural", "a Polish case in German; and in Polish",
		swap{"at: [here]}", "at: [here], content: {action: Up, translations: {de: {action: Auf, title: \"{limit, plural, few {# a} other {# b}}\"}}}}"},
		swap{"at: [here]}", "at: [here], content: {action: Up, translations: {pl: {action: Do, title: \"{limit, plural, one {a} few {# a} many {# b} other {# b}}\"}}}}"}},
	{"free_soft_limit", "a soft limit that nothing watches; and that a signal watches",
		swap{"seats: 3", "seats: {limit: 3, soft: true}"}, swap{"reports: {limit: 10, per: month}", "reports: {limit: 10, per: month, soft: true}"}},
	{"invite_without_code", "a page to invite people; and where they arrive",
		swap{"", "links: {invite: /people/new}"}, swap{"", "links: {invite: \"/join?i={invite}&c={code}&a={account}&r={request}\"}"}},
	{"launch_not_ready", "a launch of what is not ready; and of what is",
		swap{"", "features: {ai: {title: Assistant, benefit: Ask it, ready: not_ready}}\nlaunches: {ai: {title: Assistant, feature: ai, on: \"2026-12-01\"}}"},
		swap{"", "launches: {sso: {title: Single sign-on, feature: sso, on: \"2026-12-01\"}}"}},
	{"missing_action", "a button in English below a title in German; and in German",
		swap{"at: [here]}", "at: [here], content: {action: Up, translations: {de: {title: Auf}}}}"}, swap{"at: [here]}", "at: [here], content: {action: Up, translations: {de: {title: Auf, action: Auf}}}}"}},
	{"missing_action", "no words for a button in French; and in German, where it has some of its own",
		swap{"at: [here]}", "at: [here], content: {translations: {fr: {title: Plus}}}}"}, swap{"at: [here]}", "at: [here], content: {translations: {de: {title: Auf}}}}"}},
	{"misspelt_event", "a milestone of nearly an event; and of another",
		swap{"", "milestones: {x: {event: reprot}}"}, swap{"", "milestones: {x: {event: rapport}}"}},
	{"misspelt_event", "a required one; and an optional one",
		swap{"", "milestones: {x: {event: reporrt}}"}, swap{"", "milestones: {x: {event: reporrt, optional: true}}"}},
	{"missing_benefit", "a locked feature that says nothing for itself; and one that all have",
		swap{"sso: {title: Single sign-on, benefit: One key for all}", "sso: {title: Single sign-on}"},
		swap{"seats: {title: Seats, benefit: Work together,", "seats: {title: Seats,"}},
	{"missing_price", "a higher plan that is not sold by the year; and a lower one",
		swap{`{month: "50", year: "500"}`, `{month: "50"}`}, swap{`{month: "20", year: "200"}`, `{month: "20"}`}},
	{"missing_translation", "one feature in German, the others not; and all",
		swap{"sso: {title: Single sign-on,", "sso: {title: Single sign-on, translations: {de: {title: Einmalanmeldung, benefit: Ein Schlüssel}},"},
		swap{"features:\n", "features:\n"}},
	{"never_fires", "a moment before the end of the trial that is as long as the trial; and shorter",
		swap{"trial_ends_in: 3d", "trial_ends_in: 14d"}, swap{"trial_ends_in: 3d", "trial_ends_in: 13d"}},
	{"never_fires", "a signal on a limit that no plan has; and that one has",
		swap{"", "features: {pages: {title: Pages, benefit: Show more, meter: reports}}\nsignals: {pages: {when: {limit: pages, reaches: 80%}, type: upsell}}"},
		swap{"", "signals: {seats: {when: {limit: seats, reaches: 80%}, type: upsell}}"}},
	{"never_matches", "a test of who it was; and of what it was",
		swap{"reports: {event: report}", "reports: {event: report, where: {user: kim}}"},
		swap{"reports: {event: report}", "reports: {event: report, where: {form: long}}"}},
	{"no_next_step", "a highest plan that ends at its limits; and with an add-on to it",
		swap{", overage: {unit: 1, price: \"1\"}", ""},
		swap{"", `addons: {more: {price: {month: "40", year: "400"}, entitlements: {reports: {limit: 50, per: month}}}}`}},
	{"offer_does_not_help", "an offer of the plan they have; and of a higher one",
		swap{"on: [full, wants], give: {plan: pro}", "on: [wants], give: {plan: basic}"}, swap{"on: [full, wants]", "on: [full]"}},
	{"offer_not_ready", "an offer of a plan that is not ready; and of one that a partner delivers",
		swap{"pro: {title: Pro,", "pro: {title: Pro, ready: not_ready,"}, swap{"pro: {title: Pro,", "pro: {title: Pro, ready: partner,"}},
	{"offer_retired", "an offer of a plan that is no longer sold; and of one that is",
		swap{"pro: {title: Pro,", "pro: {title: Pro, retired: true,"}, swap{"pro: {title: Pro,", "pro: {title: Pro, retired: false,"}},
	{"offer_without_holdout", "an offer to all, where the rule is on; and where it is as usual",
		swap{"", "lint: {offer_without_holdout: note}"}, swap{"holdout: 10%", "holdout: 0%"}},
	{"offer_without_placement", "an offer at no place; and at one",
		swap{"give: {plan: basic}, at: [here]", "give: {plan: basic}"}, swap{"give: {plan: basic}, at: [here]", "give: {plan: basic}, at: [there]"}},
	{"offer_without_signal", "an offer on nothing; and on a signal",
		swap{"stay: {on: [ending], ", "stay: {"}, swap{"stay: {on: [ending], ", "stay: {on: [ending, full], "}},
	{"overage_undercuts_plan", "90 reports more for 18, where the step is 30; and for 45",
		swap{"{reports: {limit: 10, per: month}, seats: 3}", "{reports: {limit: 10, per: month, overage: {unit: 1, price: \"0.20\"}}, seats: 10, sso: true}"},
		swap{"{reports: {limit: 10, per: month}, seats: 3}", "{reports: {limit: 10, per: month, overage: {unit: 1, price: \"0.50\"}}, seats: 10, sso: true}"}},
	{"overage_undercuts_plan", "the same; and with single sign-on, which overage does not buy",
		swap{"{reports: {limit: 10, per: month}, seats: 3}", "{reports: {limit: 10, per: month, overage: {unit: 1, price: \"0.20\"}}, seats: 10, sso: true}"},
		swap{"{reports: {limit: 10, per: month}, seats: 3}", "{reports: {limit: 10, per: month, overage: {unit: 1, price: \"0.20\"}}, seats: 10}"}},
	{"plan_for_nobody_else", "plans for charities only; and one plan for them",
		swap{"plans:\n", "plans:\n  x: {eligible: \"account.traits.segment == 'nonprofit'\", family: other}\n"},
		swap{"plans:\n", "plans:\n  x: {eligible: \"account.traits.segment == 'nonprofit'\", family: other}\n"}},
	{"plan_gives_less", "fewer seats in the higher plan; and more",
		swap{"seats: 10", "seats: 2"}, swap{"seats: 10", "seats: 30"}},
	{"pushy_offer", "an interruption without bound; and something beside the page",
		swap{"kind: interruption, contact: {at_most: 3 per 30d}", "kind: interruption"}, swap{"kind: interruption, contact: {at_most: 3 per 30d}", "kind: ambient"}},
	{"rate_of_event", "a rate of nearly a meter; and of the meter",
		swap{"", "signals: {more: {when: {rate: report, rises: 50%, over: 7d}, type: upsell}}"},
		swap{"", "signals: {more: {when: {rate: reports, rises: 50%, over: 7d}, type: upsell}}"}},
	{"seats_only_growth", "plans that differ in seats; and in reports, too",
		swap{"reports: {limit: 100, per: month, overage: {unit: 1, price: \"1\"}}, seats: 10, sso: true", "seats: 10"}, swap{"seats: 10, sso: true", "seats: 10"}},
	{"steep_step", "six times the price; and five times",
		swap{`{month: "50", year: "500"}`, `{month: "120", year: "1200"}`}, swap{`{month: "50", year: "500"}`, `{month: "100", year: "1000"}`}},
	{"switchable_bundle", "two add-ons for less together; and for those who ask only",
		swap{"", bundled + "bundles: {both: {includes: [a, b], discount: 20%}}"},
		swap{"", bundled + "bundles: {both: {includes: [a, b], discount: 20%, eligible: \"account.traits.segment == 'new'\"}}"}},
	{"switchable_bundle", "two add-ons for less together; and for as much",
		swap{"", bundled + "bundles: {both: {includes: [a, b], discount: 20%}}"},
		swap{"", bundled + "bundles: {both: {includes: [a, b]}}"}},
	{"text_needs_price", "a body that only buyers can read; and one with another sentence",
		swap{"at: [here]}", "at: [here], content: {body: \"Pro for {price}.\"}}"}, swap{"at: [here]}", "at: [here], content: {body: \"Take Pro. It is {price}.\"}}"}},
	{"text_needs_price", "a title to all; and to buyers only",
		swap{"for: \"account.plan == 'basic'\"", "for: \"account.plan == 'basic'\", content: {title: \"Only {price}\"}"},
		swap{"for: \"account.plan == 'basic'\"", "for: \"account.plan == 'basic' && user.role == 'admin'\", content: {title: \"Only {price}\"}"}},
	{"text_needs_price", "a case without other words; and with some",
		swap{"at: [here]}", "at: [here], content: {title: \"{days, plural, one {# day for {price}} other {# days for {price}}}\"}}"},
		swap{"at: [here]}", "at: [here], content: {title: \"{role, select, admin {Only {price}} other {Ask for it}}\"}}"}},
	{"too_many_plans", "six plans of a family; and five",
		swap{"", "plans: {a: {}, b: {}, c: {}, d: {}}"}, swap{"", "plans: {a: {}, b: {}, c: {}}"}},
	{"trial_without_moment", "a trial that ends unnoticed; and no trial",
		swap{"when: {trial_ends_in: 3d}, type: new_logo", "when: {event: report, nth: 1}, type: new_logo"}, swap{"trial: 14d, ", ""}},
	{"unbounded_rollover", "what is left is kept for a year; and up to a bound",
		swap{"reports: {limit: 10, per: month}", "reports: {limit: 10, per: month, rollover: {for: 365d}}"},
		swap{"reports: {limit: 10, per: month}", "reports: {limit: 10, per: month, rollover: {for: 365d, cap: 20}}"}},
	{"undeclared_placement", "a place that is misspelt; and one that is described",
		swap{"", "placements: {heer: {}}"}, swap{"", "placements: {here: {}}"}},
	{"undeclared_placement", "a survey elsewhere; and where no place is described",
		swap{"", "placements: {here: {}}\nsurveys: {x: {kind: nps, question: Would you?, at: [there]}}"}, swap{"", "surveys: {x: {kind: nps, question: Would you?, at: [there]}}"}},
	{"unknown_placeholder", "a placeholder nobody fills; and one that is known",
		swap{"at: [here]}", "at: [here], content: {title: \"Only {prize}\"}}"}, swap{"at: [here]}", "at: [here], content: {title: \"Only {price}\"}}"}},
	{"unlimited_value_metric", "reports without limit; and seats",
		swap{"reports: {limit: 100, per: month, overage: {unit: 1, price: \"1\"}}", "reports: unlimited"}, swap{"seats: 10", "seats: unlimited"}},
	{"unlimited_value_metric", "reports without limit; and by agreement",
		swap{"reports: {limit: 100, per: month, overage: {unit: 1, price: \"1\"}}", "reports: unlimited"},
		swap{"", "plans: {enterprise: {title: Enterprise, above: pro, entitlements: {reports: unlimited, seats: unlimited, sso: true}}}"}},
	{"unpromoted_gate", "a locked feature without a moment; and one that nobody lacks",
		swap{"wants: {when: {gate: sso}", "wants: {when: {event: x, nth: 1}"}, swap{"on: [full, wants]", "on: [wants]"}},
	{"unreachable_offer", "for two plans at once; and for either",
		swap{"for: \"account.plan == 'basic'\"", "for: \"account.plan == 'basic' && account.plan == 'pro'\""},
		swap{"for: \"account.plan == 'basic'\"", "for: \"account.plan == 'basic' || account.plan == 'pro'\""}},
	{"unreachable_offer", "for another plan than the one; and for what is not another one",
		swap{"for: \"account.plan == 'basic'\"", "for: \"(account.plan == 'basic' && account.name != 'x') && account.plan == 'pro'\""},
		swap{"for: \"account.plan == 'basic'\"", "for: \"account.plan == 'basic' && !(account.status == 'active' && account.plan == 'pro' && account.name == 'x')\""}},
	{"unreachable_offer", "for those who have it; and for those below",
		swap{"for: \"account.plan == 'basic'\"", "for: \"account.plan == 'pro'\""}, swap{"for: \"account.plan == 'basic'\"", "for: \"account.plan in ['basic', 'pro']\""}},
	{"unreachable_offer", "a save to the plan they leave; and to the one below",
		swap{"stay: {on: [ending], give: {plan: basic}, at: [here]}", "stay: {save: true, give: {plan: basic}, at: [here], for: \"account.plan == 'basic'\"}"},
		swap{"stay: {on: [ending], give: {plan: basic}, at: [here]}", "stay: {save: true, give: {plan: basic}, at: [here], for: \"account.plan == 'pro'\"}"}},
	{"unreachable_offer", "a plan for charities offered to banks; and to charities",
		swap{"pro: {title: Pro, above: basic,", "pro: {title: Pro, eligible: \"account.traits.kind == 'charity' && account.traits.kind != 'charity'\", above: basic,"},
		swap{"pro: {title: Pro, above: basic,", "pro: {title: Pro, eligible: \"account.traits.kind == 'charity'\", above: basic,"}},
	{"unreachable_route", "a route below one that takes all; and above it",
		swap{"", "routing: [{to: kim}, {to: ada, when: \"amount > 5\"}]"}, swap{"", "routing: [{to: ada, when: \"amount > 5\"}, {to: kim}]"}},
	{"unsold_feature", "a feature in no plan; and a part of one that is",
		swap{"features:\n", "features:\n  audit: {title: Audit log, benefit: Know who}\n"}, swap{"features:\n", "features:\n  audit: {title: Audit log, benefit: Know who, part_of: sso}\n"}},
	{"unused_meter", "a meter that counts for nothing; and for a feature",
		swap{"meters: {", "meters: {other: {event: o}, "}, swap{"meter: reports}", "meter: reports, docs: \"https://example.com\"}"}},
	{"unused_signal", "a signal without offer; and with a route to people",
		swap{"", "signals: {lone: {when: {event: report, nth: 9}, type: upsell}}"}, swap{"", "signals: {lone: {when: {event: report, nth: 9}, type: upsell}}\nrouting: [{to: kim}]"}},
	{"experiment_without_outcome", "variants compared by nothing; and by a signal",
		swap{"", "experiments: {x: {variants: {a: 50%, b: 50%}}}"}, swap{"", "experiments: {x: {variants: {a: 50%, b: 50%}, outcome: full}}"}},
	{"experiment_without_outcome", "one variant; and two",
		swap{"", "experiments: {x: {variants: {a: 50%}, outcome: full}}"}, swap{"", "experiments: {x: {variants: {a: 50%, b: 1%}, outcome: full}}"}},
	{"idle_budget", "as many interruptions as contacts; and fewer",
		swap{"", "contact: {person: {any: 5 per 7d, interruption: 5 per 7d}}"}, swap{"", "contact: {person: {any: 5 per 7d, interruption: 4 per 7d}}"}},
	{"idle_budget", "more interruptions of an account than contacts; and of another scope",
		swap{"", "contact: {account: {any: 5 per 7d, interruption: 6 per 1d}}"}, swap{"", "contact: {person: {any: 5 per 7d}, account: {interruption: 6 per 1d}}"}},
	{"misplaced_interruption", "an interruption of a badge; and of what they do",
		swap{"", "placements: {here: {kind: nav_badge}}"}, swap{"", "placements: {here: {kind: in_flow}}"}},
	{"survey_without_placement", "a survey nowhere; and somewhere",
		swap{"", "surveys: {x: {kind: nps, question: Would you?}}"}, swap{"", "surveys: {x: {kind: nps, question: Would you?, at: [here]}}"}},
	{"unreachable_milestone", "more reports than the plan gives; and as many",
		swap{"", "milestones: {x: {feature: reports, at_least: 11, plans: [basic]}}"}, swap{"", "milestones: {x: {feature: reports, at_least: 10, plans: [basic]}}"}},
	{"unreachable_milestone", "after one for other plans; and for one of the same",
		swap{"", "milestones: {x: {event: a, plans: [pro]}, y: {event: b, plans: [basic], after: x}}"},
		swap{"", "milestones: {x: {event: a, plans: [pro, basic]}, y: {event: b, plans: [basic], after: x}}"}},
	{"unreachable_milestone", "for those of another plan than it is for; and of that",
		swap{"", "milestones: {x: {event: a, plans: [pro], for: \"account.plan == 'basic'\"}}"},
		swap{"", "milestones: {x: {event: a, plans: [pro], for: \"account.plan == 'pro'\"}}"}},
	{"unreachable_readiness", "59 points of 60; and 60",
		swap{"", "readiness: {upsell: {parts: [{group: fit, signal: full, points: 59}, {group: fit, signal: wants, points: -20}]}}"},
		swap{"", "readiness: {upsell: {parts: [{group: fit, signal: full, points: 59}, {group: fit, signal: wants, points: 1}]}}"}},
	{"validated_without_evidence", "taken for true; and shown to be",
		swap{"type: new_logo, decays: 14d", "type: new_logo, decays: 14d, state: validated"},
		swap{"type: new_logo, decays: 14d", "type: new_logo, decays: 14d, state: validated, evidence: Three of four decide then"}},
	{"never_fires", "one of our own events that there is not; and one that there is",
		swap{"", "signals: {x: {when: {first: headroom.offer.sen}, type: upsell}}"}, swap{"", "signals: {x: {when: {first: headroom.offer.seen}, type: upsell}}"}},
	{"never_fires", "a pace over a rolling window; and over a month",
		swap{"", "features: {calls: {title: Calls, benefit: b, meter: reports}}\naddons: {more: {price: {month: \"9\"}, entitlements: {calls: {limit: 50, per: rolling 7d}}}}\nsignals: {x: {when: {runs_out: calls}, type: upsell}}"},
		swap{"", "features: {calls: {title: Calls, benefit: b, meter: reports}}\naddons: {more: {price: {month: \"9\"}, entitlements: {calls: {limit: 50, per: month}}}}\nsignals: {x: {when: {runs_out: calls}, type: upsell}}"}},
	{"never_fires", "much use of what everybody has a limit of; and of what may be more",
		swap{"", "signals: {x: {when: {unlimited: seats, above: 5}, type: upsell}}"}, swap{"", "signals: {x: {when: {unlimited: reports, above: 5}, type: upsell}}"}},
	{"offer_without_signal", "an offer on nothing; and one that saves",
		swap{"stay: {on: [ending], ", "stay: {"}, swap{"stay: {on: [ending], ", "stay: {save: true, "}},
	{"unused_signal", "a signal nobody hears; and one that readiness does",
		swap{"", "signals: {lone: {when: {event: report, nth: 9}, type: upsell}}"},
		swap{"", "signals: {lone: {when: {event: report, nth: 9}, type: upsell}}\nreadiness: {upsell: {parts: [{group: fit, signal: lone, points: 60}]}}"}},
	{"yearly_no_discount", "twelve months' price for a year; and eleven",
		swap{`{month: "20", year: "200"}`, `{month: "20", year: "240"}`}, swap{`{month: "20", year: "200"}`, `{month: "20", year: "220"}`}},
	{"yearly_too_deep", "seven months' price for a year; and eight",
		swap{`{month: "20", year: "200"}`, `{month: "20", year: "140"}`}, swap{`{month: "20", year: "200"}`, `{month: "20", year: "160"}`}},
}

const bundled = "addons: {a: {price: {month: \"40\", year: \"400\"}, entitlements: {reports: {limit: 50, per: month}}}, b: {price: {month: \"40\", year: \"400\"}, entitlements: {seats: 5}}}\n"

func TestARuleSpeaksWhereItShouldAndNotNearby(t *testing.T) {
	for _, row := range rows {
		t.Run(row.rule+": "+row.name, func(t *testing.T) {
			speaks, silent := row.speaks, row.silent
			text, near := speaks.in(t, marked(speaks)), silent.in(t, marked(silent))
			switch {
			case row.rule == "offer_without_holdout":
				text = strings.Replace(text, "holdout: 10%", "holdout: 0%", 1)
			case row.rule == "seats_only_growth":
				text = strings.Replace(text, "reports: {limit: 10, per: month}, ", "", 1)
			case row.rule == "missing_translation":
				near = strings.NewReplacer("benefit: Know more", "benefit: Know more, translations: {de: {title: A, benefit: B}}",
					"benefit: Work together", "benefit: Work together, translations: {de: {title: A, benefit: B}}",
					"benefit: One key for all", "benefit: One key for all, translations: {de: {title: A, benefit: B}}").Replace(near)
			case row.rule == "plan_for_nobody_else":
				text = strings.NewReplacer("basic: {title", "basic: {eligible: \"account.traits.a == 'b'\", title", "pro: {title", "pro: {eligible: \"account.traits.a == 'c'\", title").Replace(text)
			case row.rule == "no_next_step" && strings.Contains(near, "addons:"):
				near = strings.Replace(near, ", overage: {unit: 1, price: \"1\"}", "", 1)
			case row.rule == "trial_without_moment" && !strings.Contains(near, "trial: 14d"):
				near = strings.Replace(near, "when: {trial_ends_in: 3d}, type: new_logo", "when: {event: report, nth: 1}, type: new_logo", 1)
			}
			if findings := codesOf(t, text); !slices.Contains(findings, row.rule) {
				t.Errorf("it is silent, of %v, about\n%s", findings, text)
			}
			if findings := codesOf(t, near); slices.Contains(findings, row.rule) {
				t.Errorf("it speaks about\n%s", near)
			}
		})
	}
	covered := map[string]bool{}
	for _, row := range rows {
		covered[row.rule] = true
	}
	for _, rule := range lintRules {
		if !covered[rule.Code] && !rule.Data {
			t.Errorf("no row is about %s", rule.Code)
		}
	}
}

// TestAMissingTranslationIsNamed and nothing that is there, or that the feature has not.
func TestAMissingTranslationIsNamed(t *testing.T) {
	for _, c := range []struct{ name, feature, want string }{
		{"none", "{title: Single sign-on, benefit: One key}", "title and benefit of sso is not translated into de"},
		{"no benefit to translate", "{title: Single sign-on}", "title of sso is not translated into de"},
		{"a title", "{title: Single sign-on, benefit: One key, translations: {de: {title: Einmalanmeldung}}}", "benefit of sso is not translated into de"},
		{"a benefit", "{title: Single sign-on, benefit: One key, translations: {de: {benefit: Ein Schlüssel}}}", "title of sso is not translated into de"},
		{"both", "{title: Single sign-on, benefit: One key, translations: {de: {title: Einmalanmeldung, benefit: Ein Schlüssel}}}", ""},
	} {
		text := strings.NewReplacer("benefit: Know more", "benefit: Know more, translations: {de: {title: A, benefit: B}}",
			"benefit: Work together", "benefit: Work together, translations: {de: {title: A, benefit: B}}",
			"{title: Single sign-on, benefit: One key for all}", c.feature).Replace(wares)
		_, findings := Parse("", []byte(text))
		got := ""
		for _, f := range findings {
			if f.Code == "missing_translation" {
				got += f.Message
			}
		}
		if strings.TrimSuffix(got, ", other features are") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// marked is the shop, ready for one more file when a change adds a section it has already.
func marked(s swap) string {
	if s.from == "" {
		return marker + "shop.yaml\n" + wares + marker + "more.yaml\n"
	}
	return wares
}

// codesOf returns the codes of all findings; none may be an error.
func codesOf(t *testing.T, text string) (codes []string) {
	t.Helper()
	_, findings := Parse("", []byte(text))
	for _, f := range findings {
		if f.Severity == SeverityError {
			t.Fatalf("%s\n%s", f, text)
		}
		codes = append(codes, f.Code)
	}
	return codes
}

func TestTheCatalogSetsHowSevereARuleIs(t *testing.T) {
	broken := strings.Replace(wares, "seats: 10", "seats: 2", 1) // plan_gives_less
	for _, c := range []struct {
		name, lint string
		want       string // of the finding; empty: there is none
	}{
		{"as it comes", "", "warning"},
		{"a note", "plan_gives_less: note", "note"},
		{"an error", "plan_gives_less: error", "error"},
		{"off", "plan_gives_less: off", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, findings := Parse("", []byte(broken+"lint: {"+c.lint+"}\n"))
			if got == nil {
				t.Fatal("a rule keeps the catalog from being read", findings)
			}
			severity := ""
			for _, f := range findings {
				severity = string(f.Severity)
			}
			if severity != c.want || HasErrors(findings) != (c.want == "error") {
				t.Errorf("got %v", findings)
			}
		})
	}
	for _, c := range []struct{ name, lint, want string }{
		{"an error of form cannot be turned off", "missing: off", "unknown_key"},
		{"a rule there is not", "plan_gives_les: off", "unknown_key"},
		{"a severity there is not", "plan_gives_less: fatal", "invalid_value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, findings := Parse("", []byte(wares+"lint: {"+c.lint+"}\n"))
			if got != nil || len(findings) != 1 || findings[0].Code != c.want {
				t.Errorf("got %v", findings)
			}
		})
	}
}

func TestRulesAreInOrderAndSayWhatToDo(t *testing.T) {
	for i, rule := range lintRules {
		if i > 0 && lintRules[i-1].Code >= rule.Code {
			t.Errorf("%s is out of order", rule.Code)
		}
		for _, words := range []string{rule.Says, rule.Why, rule.Mend} {
			if !strings.HasSuffix(strings.TrimRight(words, ")`"), ".") {
				t.Errorf("%s: %q is no sentence", rule.Code, words)
			}
		}
	}
}
