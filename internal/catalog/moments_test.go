package catalog

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// village is what tests of moments refer to, besides the small world.
const village = `
profiles: {host: {}, guest: {external: true}}
milestones: {begun: {event: begin, within: 7d}, done: {feature: f, at_least: 3, after: begun}}
referrals: {friends: {reward: A month}}
value: {hours: {formula: "m * 2", worth: "3", band: 5% to 20%}, days: {formula: "m"}}
plans: {tried: {price: {month: 1, year: 10}, trial: 14d, entitlements: {f: 1}}}
addons: {pack: {kind: pack, price: {month: 1, year: 10}, entitlements: {f: 5}}, seen: {price: {month: 1, year: 10}, trial: 7d, entitlements: {g: true}}}
features: {tryable: {trial: 7d}, free: {meter: m}}
`

// inVillage returns the small world with the village and one more part.
func inVillage(more string) []byte {
	return []byte(world + marker + "people.yaml\n" + village + marker + "more.yaml\n" + more + "\n")
}

func errorsIn(findings []Finding) []string {
	var all []string
	for _, f := range findings {
		if f.Severity == SeverityError {
			all = append(all, short(f))
		}
	}
	return all
}

func TestConditionsOfSignalsAreReadWithTheirDefaults(t *testing.T) {
	for _, c := range []struct {
		name, when string
		want       When
		words      string
		driven     string
	}{
		{"a limit that runs out", "{runs_out: f}", When{RunsOut: "f", Ahead: day, Over: 7 * day, Within: 14 * day}, "f runs out 1d or more before its reset (of what never resets, within 14d), at the pace of 7d", "usage"},
		{"a limit that runs out at another pace", "{runs_out: f, ahead: 3d, over: 14d, within: 30d}", When{RunsOut: "f", Ahead: 3 * day, Over: 14 * day, Within: 30 * day}, "f runs out 3d or more before its reset (of what never resets, within 30d), at the pace of 14d", "usage"},
		{"much of what has no limit", "{unlimited: f, above: 1000}", When{Unlimited: "f", Above: quantity.Of(1000)}, "more than 1000 of f, which has no limit, in a month", "usage"},
		{"most of it, month after month", "{held: f, periods: 3}", When{Held: "f", Reaches: 90, Periods: 3}, "90% of the limit of f or more, and never more than all, in 3 periods", "usage"},
		{"a touch and nothing after it", "{gate: g, without: bought, within: 1h}", When{Gate: "g", Without: "bought", Within: time.Hour}, "locked g touched without bought within 1h", "usage"},
		{"an event and nothing after it", "{event: a, without: b, within: 2d}", When{Event: "a", Without: "b", Within: 2 * day}, "a without b within 2d", "usage"},
		{"a new value", "{event: a, new: country}", When{Event: "a", New: "country", From: 2}, "a with the 2nd new country or a later one", "usage"},
		{"the fifth value", "{event: a, new: country, from: 5, where: {b: c}}", When{Event: "a", New: "country", From: 5}, "a with the 5th new country or a later one, where b is c", "usage"},
		{"what is paid for and not used", "{unused: any, for: 30d}", When{Unused: "any", Below: 10, For: 30 * day}, "less than 10% of the limit of any used for 30d", "usage"},
		{"no growth", "{flat: 180d}", When{Flat: true, For: 180 * day}, "neither MRR nor use has grown for 180d", "time"},
		{"a plan that would fit", "{fit: lower}", When{Fit: "lower"}, "a lower plan would fit", "usage"},
		{"a price out of its band", "{value: hours, leaves: below}", When{Value: "hours", Leaves: "below"}, "the price of hours leaves its band below", "usage"},
		{"a milestone", "{milestone: done}", When{Milestone: "done"}, "milestone done reached", "usage"},
		{"stuck", "{stuck: begun}", When{Stuck: "begun"}, "milestone begun not reached in its time", "time"},
		{"stuck for days", "{stuck: begun, for: 3d}", When{Stuck: "begun", For: 3 * day}, "milestone begun not reached 3d after its time", "time"},
		{"people outside", "{outside: 5}", When{Outside: 5}, "5 people of the account's domain outside its plan", "usage"},
		{"a champion not seen", "{champion_left: 30d}", When{ChampionLeft: true, For: 30 * day}, "a champion left, or was not seen for 30d", "usage"},
		{"a champion who left", "{champion_left: true}", When{ChampionLeft: true}, "a champion left", "usage"},
		{"the end of a trial", "{trial_expired: true}", When{TrialExpired: true}, "trial ended and nothing was bought", "time"},
		{"a renewal", "{renews_in: 30d}", When{RenewsIn: 30 * day}, "renews in 30d", "time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parsed, findings := Parse("", inVillage("signals: {x: {when: "+c.when+", type: upsell}}"))
			if parsed == nil {
				t.Fatal(errorsIn(findings))
			}
			s := parsed.Signals["x"]
			got := s.When
			got.Where = nil
			if !reflect.DeepEqual(got, c.want) || s.When.String() != c.words || s.Driven != c.driven {
				t.Errorf("it is %+v: %s, driven by %s", got, s.When, s.Driven)
			}
		})
	}
}

func TestARuleInCELIsCheckedWhereItStands(t *testing.T) {
	for _, c := range []struct{ name, more, want string }{
		{"holds", `signals: {x: {when: {rule: "usage.f.percent > 50 && milestones.done && signals.s == 0 && people.profiles.host > 1"}, type: upsell}}`, ""},
		{"holds beside another", `signals: {x: {when: {fit: lower, and: "people.active > 1"}, type: upsell}}`, ""},
		{"a feature there is none of", `signals: {x: {when: {rule: "usage.ff.percent > 50"}, type: upsell}}`, `invalid_condition signals.x.when.rule "usage.ff.percent > 50" @1:34`},
		{"a feature of which nothing is counted", `signals: {x: {when: {rule: "usage.g.used > 50"}, type: upsell}}`, `invalid_condition signals.x.when.rule "usage.g.used > 50" @1:34`},
		{"a milestone that comes later in the text", "signals:\n  x:\n    type: upsell\n    when:\n      rule: |\n        people.count > 1 &&\n        milestones.dnoe", `invalid_condition signals.x.when.rule "people.count > 1 &&\nmilestones.dnoe" @7:19`},
		{"itself", `signals: {x: {when: {rule: "signals.x > 1"}, type: upsell}}`, `cycle signals.x.when.rule "signals.x" @1:28`},
		{"and with rule", `signals: {x: {when: {rule: "people.count > 1", and: "people.count > 2"}, type: upsell}}`, `contradiction signals.x.when.and "people.count > 2" @1:53`},
		{"a plan there is none of", `signals: {x: {when: {fit: lower, and: "account.plan == 'hihg'"}, type: upsell}}`, `unknown_reference signals.x.when.and "hihg" @1:56`},
		{"a stage there is none of", `signals: {x: {when: {rule: "account.stage == 'adoptd'"}, type: upsell}}`, `unknown_reference signals.x.when.rule "adoptd" @1:46`},
		{"a part of readiness", `readiness: {upsell: {parts: [{group: fit, when: "usage.ff.used > 1", points: 5}]}}`, `invalid_condition readiness.upsell.parts[0].when "usage.ff.used > 1" @1:55`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, findings := Parse("", inVillage(c.more))
			if got := strings.Join(errorsIn(findings), "\n"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAMomentThatContradictsItselfIsAnError(t *testing.T) {
	signal := func(when string) string { return "signals: {x: {when: " + when + ", type: upsell}}" }
	give := func(give string) string { return "offers: {x: {on: [s], at: [here], give: " + give + "}}" }
	for _, c := range []struct{ name, more, want string }{
		{"held of what no plan limits", signal("{held: free, periods: 3}"), `contradiction signals.x.when.held "free" @1:28`},
		{"held for one period", signal("{held: f, periods: 1}"), `out_of_range signals.x.when.periods "1" @1:40`},
		{"held beyond the limit", signal("{held: f, periods: 2, reaches: 120%}"), `out_of_range signals.x.when.reaches "120%" @1:52`},
		{"a lock that runs out", signal("{runs_out: g}"), `contradiction signals.x.when.runs_out "g" @1:32`},
		{"unlimited above nothing said", signal("{unlimited: f}"), `missing signals.x.when "" @1:21`},
		{"without, for ever", signal("{event: a, without: b}"), `missing signals.x.when "" @1:21`},
		{"without itself", signal("{event: a, without: a, within: 1d}"), `contradiction signals.x.when.without "a" @1:41`},
		{"a touch twice without", signal("{gate: g, times: 2, without: a, within: 1d}"), `contradiction signals.x.when.without "" @1:50`},
		{"from without new", signal("{event: a, from: 3}"), `contradiction signals.x.when.from "" @1:38`},
		{"new for the second time", signal("{event: a, nth: 2, new: b}"), `contradiction signals.x.when.new "" @1:45`},
		{"ahead of an event", signal("{event: a, ahead: 3d}"), `contradiction signals.x.when.ahead "" @1:39`},
		{"stuck before what takes its time", signal("{stuck: done}"), `contradiction signals.x.when.stuck "done" @1:29`},
		{"stuck before nothing known", signal("{stuck: bgun}"), `unknown_reference signals.x.when.stuck "bgun" @1:29`},
		{"a value metric without a band", signal("{value: days, leaves: above}"), `contradiction signals.x.when.value "days" @1:29`},
		{"a trial that does not expire", signal("{trial_expired: false}"), `invalid_value signals.x.when.trial_expired "false" @1:37`},
		{"a champion who stays", signal("{champion_left: false}"), `invalid_value signals.x.when.champion_left "false" @1:37`},
		{"unused for no time", signal("{unused: any}"), `missing signals.x.when "" @1:21`},
		{"a plan and a talk", give("{plan: high, talk: sales}"), `contradiction offers.x.give "" @1:41`},
		{"a trial of what cannot be tried", give("{trial: {plan: high}}"), `contradiction offers.x.give.trial.plan "high" @1:56`},
		{"a trial of a feature that cannot be tried", give("{trial: {feature: g}}"), `contradiction offers.x.give.trial.feature "g" @1:59`},
		{"a trial of two things", give("{trial: {plan: tried, feature: tryable}}"), `contradiction offers.x.give.trial "" @1:49`},
		{"a trial of nothing", give("{trial: {}}"), `missing offers.x.give.trial "" @1:49`},
		{"by the month", give("{interval: month}"), `invalid_value offers.x.give.interval "month" @1:52`},
		{"a talk with marketing", give("{talk: marketing}"), `invalid_value offers.x.give.talk "marketing" @1:48`},
		{"a quantity of a plan", give("{plan: high, quantity: 2}"), `contradiction offers.x.give.quantity "" @1:64`},
		{"as much as fits of what is not counted", give("{addon: seen, fit: true}"), `contradiction offers.x.give.fit "seen" @1:60`},
		{"a program there is none of", give("{refer: frends}"), `unknown_reference offers.x.give.refer "frends" @1:49`},
		{"a link to a script", `offers: {x: {save: true, give: {plan: high}, link: "javascript:alert(1)"}}`, `invalid_link offers.x.link "javascript:alert(1)" @1:52`},
		{"an invitation's link with a part of an offer's", `links: {invite: "/join?c={code}&o={offer}"}`, `invalid_link links.invite "/join?c={code}&o={offer}" @1:17`},
		{"a referral's link with a part of an invitation's", `links: {refer: "/r/{code}?i={invite}"}`, `invalid_link links.refer "/r/{code}?i={invite}" @1:16`},
		{"a billing link with a part of a referral's", `links: {billing: "/buy?c={code}"}`, `invalid_link links.billing "/buy?c={code}" @1:18`},
		{"a link with a hole", `offers: {x: {save: true, give: {plan: high}, link: "/buy?x={decisin}"}}`, `invalid_link offers.x.link "/buy?x={decisin}" @1:52`},
		{"an interruption in a language", `offers: {x: {save: true, give: {plan: high}, content: {translations: {German: {title: X}}}}}`, `invalid_language offers.x.content.translations.German "German" @1:71`},
		{"a milestone of two kinds", "milestones: {x: {event: a, feature: f}}", `contradiction milestones.x.feature "f" @1:37`},
		{"a milestone of nothing", "milestones: {x: {title: X}}", `missing milestones.x "" @1:14`},
		{"milestones that wait for each other", "milestones: {x: {event: a, after: y}, y: {event: b, after: x}}", `cycle milestones.x.after "y" @1:35`},
		{"a milestone by use, for the third time", "milestones: {x: {feature: f, nth: 3}}", `contradiction milestones.x.nth "" @1:35`},
		{"help by a profile there is none of", "milestones: {x: {event: a, help: {invite: hots}}}", `unknown_reference milestones.x.help.invite "hots" @1:43`},
		{"readiness of nothing known", "readiness: {upsel: {parts: []}}", `unknown_key readiness.upsel "upsel" @1:13`},
		{"a part of two kinds", `readiness: {upsell: {parts: [{group: fit, signal: s, when: "people.count > 1", points: 5}]}}`, `contradiction readiness.upsell.parts[0].signal "s" @1:51`},
		{"a part of no points", "readiness: {upsell: {parts: [{group: fit, signal: s, points: 0}]}}", `out_of_range readiness.upsell.parts[0].points "0" @1:62`},
		{"a budget of nothing", "contact: {person: {any: 0 per 7d}}", `out_of_range contact.person.any "0 per 7d" @1:25`},
		{"a channel there is none of", "contact: {person: {emial: 1 per 7d}}", `unknown_key contact.person.emial "emial" @1:20`},
		{"quiet for a time while it is so", "contact: {quiet: {overdue: 3d}}", `wrong_type contact.quiet.overdue "3d" @1:28`},
		{"a reminder after the end", "requests: {expire: 7d, remind: [3d, 10d]}", `contradiction requests.remind[1] "10d" @1:37`},
		{"reminders out of order", "requests: {remind: [7d, 3d]}", `contradiction requests.remind[1] "3d" @1:25`},
		{"a survey that asks nothing", "surveys: {x: {kind: nps, at: [here]}}", `missing surveys.x "" @1:11`},
		{"a survey of no kind", "surveys: {x: {question: Why?, at: [here]}}", `missing surveys.x "" @1:11`},
		{"a wish that recommends", "surveys: {x: {kind: feature_request, question: What?, at: [here], refer: friends}}", `contradiction surveys.x.refer "friends" @1:74`},
		{"variants beyond all", "experiments: {x: {variants: {a: 60%, b: 50%}}}", `contradiction experiments.x.variants "" @1:29`},
		{"an experiment without variants", "experiments: {x: {title: X}}", `missing experiments.x "" @1:15`},
		{"the outcome of nothing known", "experiments: {x: {variants: {a: 60%}, outcome: z}}", `unknown_reference experiments.x.outcome "z" @1:48`},
		{"a kind of place there is none of", "placements: {x: {kind: billling}}", `invalid_value placements.x.kind "billling" @1:24`},
		{"contact in two files", "contact: {}\n" + marker + "b.yaml\ncontact: {}", `duplicate_key contact "" @1:10`},
	} {
		t.Run(c.name, func(t *testing.T) {
			parsed, findings := Parse("", inVillage(c.more))
			if got := strings.Join(errorsIn(findings), "\n"); got != c.want || parsed != nil {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatIsNotSaidAboutMomentsHasItsDefault(t *testing.T) {
	for _, c := range []struct{ name, more string }{{"no section", ""}, {"empty sections", "contact:\nrequests:\nlinks:\n"}} {
		parsed, findings := Parse("", with(c.more))
		if parsed == nil {
			t.Fatal(findings)
		}
		for _, check := range []struct {
			name      string
			got, want any
		}{
			{"lifecycle", parsed.Lifecycle, Lifecycle{AdoptedFeatures: 3, AdoptedShare: 25, UnderUse: 10, UnderUseFor: 30 * day, Expanding: 90 * day, AtRisk: 50, AtRiskOver: 28 * day, Advocate: 9}},
			{"contact", parsed.Contact, ContactPolicy{
				Budgets:        []Budget{{PerPerson, Interruptions, 1, 7 * day}},
				AfterDismissal: day,
				Quiet: map[string]time.Duration{"incident": day, "overdue": 0, "contacted": 3 * day, "downgraded": 30 * day,
					"dissatisfied": 30 * day, "not_activated": 0, "under_using": 0, "muted": 0},
			}},
			{"requests", parsed.Requests, RequestPolicy{Expire: 30 * day, Remind: []time.Duration{3 * day, 7 * day}, CoolOff: 14 * day}},
			{"survey gap", parsed.SurveyGap, 30 * day},
			{"daily", parsed.Daily(), false},
		} {
			if !reflect.DeepEqual(check.got, check.want) {
				t.Errorf("%s: %s is %+v, want %+v", c.name, check.name, check.got, check.want)
			}
		}
	}
}

// everyMoment says something of everything.
const everyMoment = `
placements: {here: {kind: in_flow}}
signals:
  x: {title: Grown, when: {rule: "people.active > 3"}, type: upsell, state: validated, evidence: Half of them bought, driven: time, review: 2027-03-01}
offers:
  stay: {save: true, give: {plan: low}, at: [here], chance: 20%, external: true, link: "/stay?d={decision}", content: {title: Stay, translations: {de: {title: Bleiben}}}}
  try: {on: [x], at: [here], give: {trial: {feature: tryable}}}
  more: {on: [x], at: [here], give: {addon: pack, fit: true}}
lifecycle: {adopted: {features: 2, share: 50%}, under_use: {below: 5%, for: 60d, help: {title: Use it, invite: host}}, expanding: 30d, at_risk: {falls: 30%, over: 14d}, advocate: 10}
readiness: {upsell: {ready: 70, parts: [{group: usage, when: "usage.f.used > 3", points: -20, why: They use much}, {group: intent, signal: s, points: 40}]}}
contact: {family: {email: 2 per 30d}, person: {any: 5 per 7d}, after_dismissal: 2d, quiet: {incident: 2d, muted: false, contacted: true}}
requests: {expire: 20d, remind: [], cool_off: 7d}
links: {billing: "https://x.example/plans?o={offer}", invite: /invite, refer: "/join/{code}", powered: "https://x.example"}
holdout: 5%
survey_gap: 20d
surveys: {nps: {title: Liked, kind: nps, question: Would you?, follow: Why?, at: [here], for: "user.role == 'admin'", sample: 20%, every: 30d, refer: friends, translations: {de: {question: Würden Sie?}}}}
experiments: {fast: {title: Fast, hypothesis: Fast wins, state: running, variants: {fast: 40%, control: 50%}, for: "account.plan == 'low'", outcome: s}}
`

func TestEverythingAboutMomentsIsRead(t *testing.T) {
	parsed, findings := Parse("", inVillage(everyMoment))
	if parsed == nil {
		t.Fatal(errorsIn(findings))
	}
	rule, survey, experiment := parsed.Readiness[Upsell], parsed.Surveys["nps"], parsed.Experiments["fast"]
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"signal", fmt.Sprint(parsed.Signals["x"].Title, parsed.Signals["x"].Evidence, parsed.Signals["x"].Driven, parsed.Signals["x"].Review == clock.At(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))), "GrownHalf of them boughttimetrue"},
		{"save", fmt.Sprint(parsed.Offers["stay"].Save, parsed.Offers["stay"].Chance, parsed.Offers["stay"].External, parsed.Offers["stay"].Link, parsed.Offers["stay"].Content.Translations["de"].Title), "true 20 true/stay?d={decision}Bleiben"},
		{"trial", parsed.Offers["try"].Give, Give{Trial: true, Feature: "tryable"}},
		{"chance", parsed.Offers["try"].Chance, int64(10)},
		{"fit", parsed.Offers["more"].Give, Give{Addon: "pack", Fit: true, Quantity: 1}},
		{"lifecycle", parsed.Lifecycle, Lifecycle{AdoptedFeatures: 2, AdoptedShare: 50, UnderUse: 5, UnderUseFor: 60 * day, Help: Help{Title: "Use it", Invite: "host"}, Expanding: 30 * day, AtRisk: 30, AtRiskOver: 14 * day, Advocate: 10}},
		{"readiness", fmt.Sprint(rule.Ready, len(rule.Parts), rule.Parts[0].When.Source, rule.Parts[0].Points, rule.Parts[1].Signal), "70 2usage.f.used > 3-20s"},
		{"budgets", parsed.Contact.Budgets, []Budget{{PerPerson, AnyChannel, 5, 7 * day}, {PerPerson, Interruptions, 1, 7 * day}, {PerFamily, Email, 2, 30 * day}}},
		{"quiet", fmt.Sprint(parsed.Contact.Quiet), "map[contacted:72h0m0s dissatisfied:720h0m0s downgraded:720h0m0s incident:48h0m0s not_activated:0s overdue:0s under_using:0s]"},
		{"requests", parsed.Requests, RequestPolicy{Expire: 20 * day, Remind: []time.Duration{}, CoolOff: 7 * day}},
		{"holdout and gap", []any{parsed.Holdout, parsed.SurveyGap}, []any{int64(5), 20 * day}},
		{"survey", fmt.Sprint(survey.Sample, survey.Every, survey.Refer, survey.Translations["de"].Question), "20 720h0m0sfriendsWürden Sie?"},
		{"experiment", experiment.Variants, []Variant{{"control", 50}, {"fast", 40}}},
		{"external profile", parsed.Profiles["guest"].External, true},
		{"milestones", fmt.Sprint(parsed.Milestones["begun"].Nth, parsed.Milestones["done"].AtLeast), "1 3"},
		{"milestones on an event", len(parsed.MilestonesOn("begin")), 1},
		{"milestones of a feature", len(parsed.MilestonesOf("f")), 1},
		{"surveys at a place", len(parsed.SurveysAt("here")), 1},
		{"a daily look", parsed.Daily(), true},
		{"rules of every day", parsed.SignalsDaily()[0].Key, "x"},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("%s is %+v, want %+v", check.name, check.got, check.want)
		}
	}
}

func TestADiffTellsWhatChangesAboutMoments(t *testing.T) {
	before, _ := Parse("", inVillage(""))
	after, findings := Parse("", inVillage(everyMoment))
	if after == nil {
		t.Fatal(errorsIn(findings))
	}
	var words []string
	for _, change := range Diff(before, after) {
		words = append(words, change.String())
	}
	all := strings.Join(words, "\n")
	for _, want := range []string{
		"+ contact: the catalog's contact is added",
		"+ holdout: the catalog's holdout is added: 5%",
		"+ lifecycle: the catalog's lifecycle is added",
		"+ signals.x: signal x is added: people.active > 3",
		"+ offers.try: offer try is added: gives a trial of tryable at here",
		"+ offers.more: offer more is added: gives as many of pack as are needed at here",
		"+ readiness.upsell: the readiness for upsell is added: from 70 points",
		"+ surveys.nps: survey nps is added: nps: Would you?",
		"+ experiments.fast: experiment fast is added: control 50%, fast 40%",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("there is no %q in\n%s", want, all)
		}
	}
	again, _ := Parse("", inVillage(strings.NewReplacer("5 per 7d", "4 per 7d", "-20", "-10", "fast: 40%", "fast: 50%").Replace(everyMoment)))
	words = nil
	for _, change := range Diff(after, again) {
		words = append(words, change.String())
	}
	if got, want := strings.Join(words, "\n"), `~ contact.person.any: the catalog's contact: person any from 5 per 7d to 4 per 7d
~ readiness.upsell.parts: the readiness for upsell: parts from -20 for usage when usage.f.used > 3 (They use much); +40 for intent when signal s to -10 for usage when usage.f.used > 3 (They use much); +40 for intent when signal s
~ experiments.fast.variants.fast: experiment fast: variants fast from 40% to 50%`; got != want {
		t.Errorf("got\n%s", got)
	}
}
