package offer

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// moments is a catalog with an offer of every shape and places of several kinds.
const moments = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  credits:  {fed_by: consume}
  members:  {aggregate: level, add: member.added, remove: member.removed}
features:
  speakers:   {title: Speakers, benefit: Bring more voices, kind: metered, meter: speakers,
               translations: {de: {title: Redner, benefit: Mehr Stimmen auf der Bühne}}}
  recordings: {title: Talk recordings, benefit: Sell every talk after the day, kind: boolean, trial: 7d}
  credits:    {title: Credits, benefit: Write to everybody, kind: metered, meter: credits}
  members:    {title: Members, benefit: Work together, kind: seats, meter: members}
plans:
  starter: {title: Starter, family: core, price: {month: "49", year: "490"},
            entitlements: {speakers: 10, credits: {limit: 100, per: month}, members: 3}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, trial: 14d,
            entitlements: {speakers: 50, recordings: true, credits: {limit: 1000, per: month}, members: 10}}
addons:
  room:    {title: Extra room, kind: capacity, price: {month: "20", year: "200"}, entitlements: {speakers: 5}}
  seat:    {title: Seat, kind: seat, price: {month: "10", year: "100"}, entitlements: {members: 1}}
  mails:   {title: Mail pack, kind: pack, price: {month: "15", year: "150"}, entitlements: {credits: {limit: 100, per: month}}}
  small:   {title: Small top-up, kind: top_up, price: {once: "5"}, entitlements: {credits: 50}}
  large:   {title: Large top-up, kind: top_up, price: {once: "20"}, entitlements: {credits: 500}}
  setup:   {title: Set-up day, kind: service, price: {once: "900"}}
  studio:  {title: Studio, kind: module, price: {month: "99", year: "990"}, trial: 10d, entitlements: {recordings: true}}
profiles:
  host:     {title: Host}
  attendee: {title: Attendee, external: true}
  developer: {title: Developer}
placements:
  bar:   {title: The bar, kind: usage_meter}
  flow:  {title: In the flow, kind: in_flow}
  room:  {title: Speakers, kind: limit, feature: speakers}
referrals:
  friends: {title: Friends, reward: A month}
signals:
  full: {when: {limit: speakers, reaches: 80%}, type: upsell}
  low:  {when: {limit: credits, reaches: 80%}, type: upsell}
  many: {when: {event: summit.published, nth: 8}, type: cross_sell}
  wish: {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
offers:
  plan:     {on: [full, many], give: {plan: pro}, at: [all, room, bar, money, here], chance: 20%, link: "/billing?offer={offer}&d={decision}",
             content: {title: "Room for {limit_next, plural, one {# speaker} other {# speakers}}", body: "You use {usage} of {limit}. {plan_next} is {price}.", action: Upgrade,
                       translations: {de: {title: "Platz für {limit_next, plural, one {# Redner} other {# Redner}}", body: "Sie nutzen {usage} von {limit}. {plan_next} kostet {price}.", action: Buchen}}}}
  addon:    {on: [full], give: {addon: room, fit: true}, at: [all, room, bar, here], content: {title: "{quantity} more", body: b, action: Add}}
  seats:    {on: [many], give: {addon: seat, fit: true}, at: [all, seats, here], content: {title: Seats, body: b, action: Add}}
  pack:     {on: [low], give: {addon: mails}, at: [all, credits, here], content: {title: Pack, body: b, action: Add}}
  small:    {on: [low], give: {addon: small}, at: [all, credits, topup, here], content: {title: Top up, body: b, action: Add}}
  large:    {on: [low], give: {addon: large}, at: [all, topup, here], content: {title: Top up, body: b, action: Add}}
  service:  {on: [many], give: {addon: setup}, at: [all, here], content: {title: Set up, body: b, action: Add}}
  try_plan: {on: [many], give: {trial: {plan: pro}}, at: [all, try, here], content: {title: "Try for {days} days", body: b, action: Try}}
  try_it:   {on: [wish], give: {trial: {feature: recordings}}, at: [all, try_it, here], content: {title: "Try {feature}", body: b, action: Try}}
  try_more: {on: [many], give: {trial: {addon: studio}}, at: [all, here], content: {title: Try, body: b, action: Try}}
  annual:   {on: [many], give: {interval: year}, at: [all, annual, here], content: {title: "Save {saved}", body: b, action: Switch}}
  talk:     {on: [many], give: {talk: sales}, at: [all, talk, here], content: {title: Talk, body: b, action: Talk}}
  refer:    {on: [many], give: {refer: friends}, at: [all, refer, here], content: {title: Refer, body: b, action: Tell}}
  invite:   {on: [many], give: {invite: developer}, at: [all, invite, here], content: {title: Invite, body: b, action: Invite}}
  stay:     {save: true, give: {plan: starter}, at: [all, leave, here], content: {title: Stay, body: b, action: Stay}}
  stay_talk: {save: true, give: {talk: success}, at: [all, leave_talk, here], content: {title: Stay, body: b, action: Talk}}
  stop:     {on: [full], give: {plan: pro}, at: [bar, flow, here], kind: interruption, content: {title: Stop, body: b, action: Upgrade}}
  badge:    {on: [full], give: {plan: pro}, at: [nav, here], kind: ambient, content: {title: New, body: b, action: Look}}
  open:     {on: [many], give: {refer: friends}, at: [street, here], external: true, content: {title: Open, body: b, action: Tell}}
  street:   {on: [many], give: {refer: friends}, at: [street, here], content: {title: Closed, body: b, action: Tell}}
`

// atMoments is an admin of an account on Starter whose speakers and credits run low.
func atMoments(t testing.TB) Input {
	in := onStarter(parse(t, moments))
	in.Features = map[string]Feature{
		"speakers": {Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10), Remaining: quantity.Of(2)},
		"credits":  {Allowed: true, Usage: quantity.Of(90), Limit: quantity.Of(100), Remaining: quantity.Of(10)},
		"members":  {Allowed: true, Usage: quantity.Of(3), Limit: quantity.Of(3)},
	}
	live := func(key, evidence string, data map[string]string) signal.Signal {
		return signal.Signal{ID: "s-" + key, Key: key, At: now - aDay, DecaysAt: now + 29*aDay, Score: 60, Evidence: evidence, Data: data}
	}
	in.Signals = []signal.Signal{
		live("full", "Used 8 of 10 speakers", map[string]string{"feature": "speakers"}),
		live("low", "Used 90 of 100 credits", map[string]string{"feature": "credits"}),
		live("many", "Published an 8th summit", nil),
		live("wish", "Opened Talk recordings twice", map[string]string{"feature": "recordings", "times": "2"}),
	}
	in.Placement = "all"
	return in
}

func place(key string) func(*Input) { return func(in *Input) { in.Placement = key } }
func quiet(rule string) func(*Input) {
	return func(in *Input) { in.Quiet = []contact.Quiet{{Rule: rule, Reason: "an incident is open"}} }
}
func spent(channel catalog.Channel, code string) func(*Input) {
	return func(in *Input) {
		in.Refusals = []contact.Refusal{{Scope: catalog.PerPerson, Channel: channel, Code: code, Reason: "Its budget is spent"}}
	}
}
func member(in *Input)   { in.Role = Member }
func asks(in *Input)     { in.Requested = true }
func leaving(in *Input)  { in.Leaving = true }
func outsider(in *Input) { in.External = true }
func held(in *Input)     { in.HeldOut = true; in.Catalog.Holdout = 5 }
func needs(rule string) func(*Input) {
	return func(in *Input) { in.Help = &Help{Rule: rule, Title: "Publish your first summit"} }
}
func seenBy(place, person string) func(*Input) { // profiles
	return func(in *Input) {
		in.Profile = person
		in.Catalog.Places[in.Placement] = &catalog.Placement{Key: in.Placement, Profile: place}
	}
}
func wants(n int64, feature string) func(*Input) {
	return func(in *Input) { in.Feature, in.Wanted = feature, quantity.Of(n) }
}
func on(plan string) func(*Input) {
	return func(in *Input) { in.Subscription.Plan, in.Subscription.Recurring = plan, 14900 }
}

// untold is the decision where nobody is told what was thought of each offer.
func untold(in Input) Decision {
	in.Brief = true
	return Decide(in)
}

func without(d Decision) Decision {
	d.Considered = nil
	return d
}

// TestEveryRuleSaysWhatItForbidsAndWhy: for each rule what is shown, and the sentence that one of
// the offers is explained by.
func TestEveryRuleSaysWhatItForbidsAndWhy(t *testing.T) {
	for _, c := range []struct {
		name   string
		given  []func(*Input)
		shown  string // the offer; empty: none
		reason string // of the decision
		about  string // an offer that is considered ...
		code   string // ... what is said of it
		words  string // and how
	}{
		{"an interruption where none may be", []func(*Input){place("bar")}, "plan", "signal", "stop", "wrong_place", "It is an interruption, and bar is no place to interrupt"},
		{"an interruption in the flow", []func(*Input){place("flow")}, "stop", "signal", "stop", "chosen", "Used 8 of 10 speakers"},
		{"an interruption where nothing is said of the place", []func(*Input){place("here"), func(in *Input) { in.Signals = in.Signals[:1] }}, "plan", "signal", "stop", "outranked", "plan goes first: worth 1,200.00 USD a year at a chance of 20% against worth 1,200.00 USD a year at a chance of 10%"},

		{"a place that is about something", []func(*Input){place("room")}, "plan", "signal", "addon", "outranked", "It could be shown, but plan goes first: worth 1,200.00 USD a year at a chance of 20% against worth 240.00 USD a year at a chance of 10%"},
		{"a moment about something else than the offer", []func(*Input){place("seats"), wants(1, "speakers")}, "", "not_related", "seats", "not_related", "It has nothing to do with Speakers, which this moment is about"},
		{"a talk belongs to every moment", []func(*Input){place("talk"), wants(1, "speakers")}, "talk", "signal", "talk", "chosen", "Published an 8th summit"},

		{"a place for another profile", []func(*Input){place("talk"), seenBy("host", "developer")}, "", "other_profile", "talk", "other_profile", "talk is for the profile host, and the person's is developer"},
		{"a place for another profile, and the person asked", []func(*Input){place("talk"), seenBy("host", "developer"), asks}, "", "other_profile", "talk", "other_profile", "talk is for the profile host"},
		{"a place for the person's profile", []func(*Input){place("talk"), seenBy("host", "host")}, "talk", "signal", "talk", "chosen", "Published an 8th summit"},
		{"a place for a profile, the person's is not known", []func(*Input){place("talk"), seenBy("host", "")}, "talk", "signal", "talk", "chosen", "Published an 8th summit"},

		{"help before any offer, not activated", []func(*Input){needs("not_activated")}, "", "not_activated", "plan", "not_activated", "The account is not activated yet, so it gets help before any offer"},
		{"help before any offer, under-using", []func(*Input){needs("under_using")}, "", "under_using", "plan", "under_using", "The account hardly uses what it pays for, so it gets help before any offer"},
		{"help, and the person asked for offers", []func(*Input){needs("not_activated"), asks, place("talk")}, "talk", "signal", "talk", "chosen", "Published an 8th summit"},
		{"help, and the person is leaving", []func(*Input){needs("not_activated"), leaving, place("leave_talk")}, "stay_talk", "leaving", "stay_talk", "chosen", "The person is about to buy less"},

		{"quiet", []func(*Input){quiet("incident"), place("nav")}, "", "quiet", "badge", "quiet", "Nothing is offered now: an incident is open"},
		{"quiet, and the person asked", []func(*Input){quiet("incident"), asks, place("talk")}, "talk", "signal", "talk", "chosen", "Published an 8th summit"},
		{"quiet, and the person is leaving", []func(*Input){quiet("overdue"), leaving, place("leave_talk")}, "stay_talk", "leaving", "stay_talk", "chosen", "The person is about to buy less"},

		{"a budget over all channels is spent", []func(*Input){spent(catalog.AnyChannel, "contact_budget"), place("talk")}, "", "contact_budget", "talk", "contact_budget", "Its budget is spent"},
		{"a budget in the product is spent: ambient may show", []func(*Input){spent(catalog.InProduct, "contact_budget"), place("here")}, "badge", "signal", "stop", "contact_budget", "Its budget is spent"},
		{"a budget of interruptions is spent", []func(*Input){spent(catalog.Interruptions, "contact_budget"), place("flow")}, "", "contact_budget", "stop", "contact_budget", "Its budget is spent"},
		{"a budget of interruptions binds nothing else", []func(*Input){spent(catalog.Interruptions, "contact_budget"), place("talk")}, "talk", "signal", "talk", "chosen", "Published an 8th summit"},
		{"a budget of emails binds nothing here", []func(*Input){spent(catalog.Email, "contact_budget"), place("flow")}, "stop", "signal", "stop", "chosen", "Used 8 of 10 speakers"},
		{"a budget is spent, and the person asked", []func(*Input){spent(catalog.AnyChannel, "contact_budget"), asks, place("talk")}, "talk", "signal", "talk", "chosen", "Published an 8th summit"},
		{"silence after another dismissal", []func(*Input){spent(catalog.AnyChannel, "after_dismissal"), place("talk")}, "", "after_dismissal", "talk", "after_dismissal", "Its budget is spent"},

		{"the global holdout", []func(*Input){held, place("talk")}, "", "holdout", "talk", "holdout", "The account's family belongs to the 5% that see no offer at all, to measure what offers earn"},

		{"somebody outside of the customer", []func(*Input){outsider, place("street")}, "open", "signal", "street", "external", "The person is outside of the customer, and it is not for them"},
		{"somebody outside, and nothing is for them", []func(*Input){outsider, place("talk")}, "", "external", "talk", "external", "The person is outside of the customer, and it is not for them"},
		{"somebody outside who asked", []func(*Input){outsider, asks, place("talk")}, "", "external", "talk", "external", "The person is outside of the customer, and it is not for them"},

		{"leaving: only saves", []func(*Input){leaving, on("pro"), place("all")}, "stay", "leaving", "plan", "not_a_save", "The person is about to buy less, so only what may save the account is offered"},
		{"a save is for nobody else", []func(*Input){place("leave_talk")}, "", "save_only", "stay_talk", "save_only", "It is for who is about to buy less"},
		{"a save on a plan that is there", []func(*Input){leaving, place("leave")}, "", "already_has", "stay", "already_has", "the account is on Starter already"},

		{"a trial that was had", []func(*Input){place("try_it"), func(in *Input) {
			in.Trials = []subscription.Trial{{ID: "feature:recordings", Feature: "recordings", State: subscription.TrialOver}}
		}}, "", "already_tried", "try_it", "already_tried", "the account has already tried feature recordings"},
		{"paying by the year already", []func(*Input){place("annual"), func(in *Input) { in.Subscription.Interval = subscription.Year }}, "", "already_has", "annual", "already_has", "the account pays by the year already"},

		{"a described place without offers", []func(*Input){place("nothing"), func(in *Input) {
			in.Catalog.Places["nothing"] = &catalog.Placement{Key: "nothing"}
		}}, "", "no_offer", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := atMoments(t)
			for _, change := range c.given {
				change(&in)
			}
			d := Decide(in)
			shown := ""
			if d.Offer != nil {
				shown = d.Offer.Key
			}
			if shown != c.shown || d.Reason != c.reason {
				t.Errorf("%q because %s, want %q because %s: %+v", shown, d.Reason, c.shown, c.reason, d.Considered)
			}
			if len(d.Considered) != len(in.Catalog.OffersAt(in.Placement)) {
				t.Errorf("%d offers are named, there are %d", len(d.Considered), len(in.Catalog.OffersAt(in.Placement)))
			}
			i := slices.IndexFunc(d.Considered, func(o Considered) bool { return o.Offer == c.about })
			if c.code != "" && (i < 0 || d.Considered[i].Code != c.code || !strings.Contains(d.Considered[i].Reason, c.words)) {
				t.Errorf("of %s it says %+v, want %s %q", c.about, d.Considered[max(i, 0)], c.code, c.words)
			}
			if in.Help != nil && !in.Leaving && d.Help == nil {
				t.Error("the help is not told")
			}
			if brief := untold(in); !reflect.DeepEqual(brief, without(d)) {
				t.Errorf("told in brief it is another decision: %+v", brief)
			}
			if len(d.Quiet) != len(in.Quiet) || len(d.Refusals) != len(in.Refusals) {
				t.Error("what keeps offers away is not told")
			}
		})
	}
}
