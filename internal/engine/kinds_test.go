package engine_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/subscription"
)

// kindsCatalog has one signal, it, whose rule is put in.
const kindsCatalog = `
version: 1
currency: USD
meters:
  emails:   {event: email.sent, aggregate: sum, property: count}
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  recordings: {title: Talk recordings, kind: boolean, trial: {length: 7d}}
  emails:     {title: Emails, kind: metered, meter: emails}
  speakers:   {title: Speakers, kind: metered, meter: speakers}
plans:
  free:    {title: Free, family: core, price: {month: "0", year: "0"}, entitlements: {speakers: 2}}
  starter: {title: Starter, family: core, above: free, price: {month: "49", year: "490"}, entitlements: {speakers: 10, emails: {limit: 1000, per: month}}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, trial: {length: 14d, then: free},
            entitlements: {speakers: 50, recordings: true, emails: {limit: 20000, per: month, overage: {unit: 1000, price: "2"}}}}
  scale:   {title: Scale, family: core, above: pro, price: {month: "999", year: "9990"}, entitlements: {speakers: 500, recordings: true, emails: unlimited}}
milestones:
  first_summit: {title: First summit, event: summit.published, within: 7d}
value:
  reach: {title: Emails sent, formula: "emails", worth: "0.1", band: 5% to 50%}
signals:
  it: {when: WHEN, type: upsell}
`

// kind is one kind of signal: a history that must fire it once, and one that nearly does.
type kind struct {
	name, when    string
	history, says string // what happens on which day, in order; "day: evidence" of what fires
	miss, near    string // why the second history is none, and what happens in it
}

// kinds reads as the specification of SIG-1 to SIG-6. Days count from 1 January 2026.
var kinds = []kind{
	// SIG-1: limits and pace.
	{"limit approaching", "{limit: emails, reaches: 80%}",
		"0 buys starter; 5 sends 800", "5: Used 800 of 1,000 emails, 25 days before reset",
		"one less than the share", "0 buys starter; 5 sends 799; 20 passes"},
	{"limit reached", "{limit: speakers, reaches: 100%}",
		"0 buys starter; 3 adds 10", "3: Used 10 of 10 speakers",
		"one is still free", "0 buys starter; 3 adds 9; 20 passes"},
	{"burn rate of an allowance", "{runs_out: emails, ahead: 3d}",
		"0 buys starter; 1 sends 120; 2 sends 120; 3 sends 120; 4 sends 120; 9 passes",
		"3: Uses 80 emails a day; at that pace the 1,000 of this month are used up on 13 January, 18 days before they reset",
		"at that pace the month ends first", "0 buys starter; 1 sends 30; 2 sends 30; 3 sends 30; 4 sends 30; 5 sends 30; 6 sends 30; 40 passes"},
	{"burn rate of what never resets", "{runs_out: speakers, within: 10d}",
		"0 buys starter; 1 adds 1; 2 adds 1; 3 adds 1; 4 adds 1; 5 passes", "4: Adds 5.3 speakers a week; at that pace all 10 are used on 14 January, in 9 days",
		"there is room for longer than that", "0 buys pro; 1 adds 1; 2 adds 1; 3 adds 1; 4 adds 1; 5 passes"},
	{"top usage on an unlimited plan", "{unlimited: emails, above: 10000}",
		"0 buys scale; 3 sends 6000; 4 sends 6000; 40 passes", "4: Used 12,000 emails this month without a limit, more than 10,000",
		"half of it was last month's", "0 buys scale; 20 sends 6000; 40 sends 6000; 70 passes"},

	// SIG-2: interest.
	{"locked feature touched", "{gate: recordings, times: 2, within: 7d}",
		"0 buys starter; 1 touches recordings; 3 touches recordings", "3: Opened Talk recordings twice in 2 days, which Starter does not include",
		"a week and a day apart", "0 buys starter; 1 touches recordings; 9 touches recordings"},
	{"pricing page viewed", "{event: page.viewed, where: {page: pricing}, times: 3, within: 7d}",
		"1 does page.viewed page=pricing; 2 does page.viewed page=pricing; 3 does page.viewed page=pricing", "3: Viewed a page 3 times in 2 days",
		"one of the three was another page", "1 does page.viewed page=pricing; 2 does page.viewed page=pricing; 3 does page.viewed page=docs"},
	{"upgrade started and left", "{event: upgrade.started, without: upgrade.completed, within: 2d}",
		"1 does upgrade.started; 10 passes", "3: Started an upgrade, and has not completed an upgrade for 2 days",
		"completed a day later", "1 does upgrade.started; 2 does upgrade.completed; 10 passes"},

	// SIG-3: the journey.
	{"onboarding step", "{milestone: first_summit}",
		"0 buys starter; 5 does summit.published", `5: Reached the milestone "First summit", 6 days after it began`,
		"another step", "0 buys starter; 5 does summit.drafted"},
	{"set-up finished", "{first: setup.finished}",
		"2 does setup.finished; 3 does setup.finished", "2: Finished a first setup",
		"only begun", "2 does setup.started"},
	{"task completed, every so often", "{event: task.completed, every: 3}",
		"1 does task.completed; 2 does task.completed; 3 does task.completed", "3: Completed a 3rd task",
		"one short", "1 does task.completed; 2 does task.completed"},
	{"nth success", "{event: summit.published, nth: 2}",
		"1 does summit.published; 2 does summit.published; 3 does summit.published", "2: Published a 2nd summit",
		"the first", "1 does summit.published"},
	{"one step after another", "{sequence: [setup.finished, member.invited], within: 5d}",
		"1 does setup.finished; 4 does member.invited", "4: Finished a setup, then invited a member, in 3 days",
		"the other way round", "1 does member.invited; 4 does setup.finished"},
	{"stalled integration", "{event: integration.started, without: integration.connected, within: 7d}",
		"1 does integration.started; 2 does integration.started; 30 passes", "8: Started an integration, and has not connected an integration for 7 days",
		"connected a day before", "1 does integration.started; 7 does integration.connected; 30 passes"},
	{"stuck before a milestone", "{stuck: first_summit, for: 3d}",
		"0 buys starter; 20 passes", `10: Has not reached the milestone "First summit" in 10 days; it was to take 7 days`,
		"reached a day before", "0 buys starter; 9 does summit.published; 20 passes"},
	{"trial ending", "{trial_ends_in: 3d}",
		"0 tries pro; 12 passes", "11: Trial of Pro ends in 3 days",
		"bought before", "0 tries pro; 5 buys pro; 30 passes"},
	{"trial expired", "{trial_expired: true}",
		"0 tries pro; 30 passes", "14: The trial of Pro ended and nothing was bought",
		"bought on the last day", "0 tries pro; 13 buys pro; 30 passes"},
	{"trial of a feature expired", "{trial_expired: true}",
		"0 buys starter; 1 tries recordings; 30 passes", "8: The trial of Talk recordings ended and nothing was bought",
		"bought with a plan that has it", "0 buys starter; 1 tries recordings; 3 buys pro; 30 passes"},

	// SIG-4: people working together.
	{"people of the domain outside of the plan", "{outside: 5}",
		"0 claims acme.com; 3 counts 13; 20 passes", "3: 13 people of acme.com use this outside its plan",
		"one too few", "0 claims acme.com; 3 counts 4; 20 passes"},
	{"a champion left", "{champion_left: true}",
		"1 knows anna champion; 3 knows anna left; 20 passes", "3: A champion left on 4 January",
		"somebody else did", "1 knows anna champion; 1 knows ben; 3 knows ben left; 20 passes"},
	{"a champion is not seen", "{champion_left: 30d}",
		"1 knows anna champion; 50 passes", "31: A champion has not been seen for 30 days",
		"seen on the way", "1 knows anna champion; 20 knows anna; 45 passes"},
	{"invites sent", "{event: invite.sent, times: 3, within: 1d}",
		"1 does invite.sent; 1 does invite.sent; 1 does invite.sent", "1: Sent an invite 3 times in a moment",
		"on three days", "1 does invite.sent; 3 does invite.sent; 5 does invite.sent"},
	{"a new department appears", "{event: member.added, new: department}",
		"1 does member.added department=Sales; 2 does member.added department=Sales; 3 does member.added department=Legal", "3: A 2nd department came up: Legal",
		"one department and people of none", "1 does member.added department=Sales; 2 does member.added department=Sales; 3 does member.added"},
	{"sub-roles appearing", "{event: member.added, new: sub_role, from: 3}",
		"1 does member.added sub_role=a; 2 does member.added sub_role=b; 3 does member.added sub_role=c", "3: A 3rd sub role came up: c",
		"two of them", "1 does member.added sub_role=a; 2 does member.added sub_role=b; 3 does member.added sub_role=b"},
	{"shared items", "{event: item.shared, nth: 3}",
		"1 does item.shared; 1 does item.shared; 2 does item.shared", "2: Shared a 3rd item",
		"two", "1 does item.shared; 2 does item.shared"},
	{"usage by external audiences", "{event: page.opened, where: {audience: external}, times: 2, within: 7d}",
		"1 does page.opened audience=external; 2 does page.opened audience=external", "2: Opened a page twice in 1 day",
		"one of them from inside", "1 does page.opened audience=external; 2 does page.opened audience=team"},

	// SIG-5: what is bought against what is used.
	{"renewal in so many days", "{renews_in: 30d}",
		"0 buys starter by year; 360 passes", "335: Starter renews in 30 days, on 1 January, for 490.00 USD",
		"renews each month, which is never further away", "0 buys starter; 360 passes"},
	{"price above its value", "{value: reach, leaves: above}",
		"0 buys starter; 5 sends 100; 70 passes", "31: Paid 490% of the worth of emails sent in January, above the band of 5 to 50%",
		"within its band", "0 buys starter; 5 sends 1000; 33 passes"},
	{"price below its value", "{value: reach, leaves: below}",
		"0 buys pro; 5 sends 50000; 33 passes", "31: Paid 2.9% of the worth of emails sent in January, below the band of 5 to 50%",
		"nothing is paid", "0 buys free; 5 sends 50000; 33 passes"},
	{"under-use of what is paid for", "{unused: speakers, below: 20%, for: 30d}",
		"0 buys starter; 3 adds 1; 50 passes", "30: Uses 1 of 10 speakers it pays for, and has used less than 20% for 30 days",
		"used on the way", "0 buys starter; 20 adds 2; 45 passes"},
	{"nothing that is paid for is used", "{unused: any, below: 10%, for: 20d}",
		"0 buys scale; 5 adds 60; 60 passes", "20: Has not used emails for 20 days, and pays for it",
		"nothing is paid", "0 buys free; 60 passes"},
	{"a lower plan would do", "{fit: lower}",
		"0 buys pro; 5 sends 800; 6 adds 6; 70 passes",
		"31: Used 6 of 50 speakers and 800 of 20,000 emails in January: Starter, which has room for 10 and 1,000, costs 49.00 USD a month instead of 149.00 USD; it lacks Talk recordings",
		"hardly a tenth to spare", "0 buys pro; 5 sends 950; 6 adds 6; 40 passes"},
	{"a higher plan would fit", "{fit: higher}",
		"0 buys starter; 5 sends 1200; 70 passes",
		"31: Used 1,200 of 1,000 emails in January: Pro, which has room for 20,000, costs 149.00 USD a month instead of 49.00 USD",
		"the limit was not reached", "0 buys starter; 5 sends 999; 70 passes"},
	{"flat account", "{flat: 60d}",
		"0 buys starter; 5 sends 500; 35 sends 500; 65 sends 500; 80 passes", "66: Neither what it pays, 49.00 USD a month, nor what it uses has grown for 60 days",
		"grows a little each month", "0 buys starter; 5 sends 500; 35 sends 600; 65 sends 700; 80 passes"},
	{"uses less", "{rate: emails, over: 7d, falls: 50%, at_least: 10}",
		"0 sends 10; 1 sends 10; 7 passes; 30 passes", `14: "emails": 0 in 7 days, 100% less than the 20 before`,
		"as much as before", "0 sends 10; 7 sends 10; 14 passes"},
	{"uses more", "{rate: emails, over: 7d, rises: 100%, at_least: 10}",
		"0 sends 10; 13 sends 30", `13: "emails": 30 in 7 days, 200% more than the 10 before`,
		"half more", "0 sends 10; 13 sends 15"},
	{"no longer used", "{absent: summit.published, for: 14d, after: 2}",
		"1 does summit.published; 2 does summit.published; 40 passes", "16: Has not published a summit for 14 days, after twice before",
		"a habit it never had", "1 does summit.published; 40 passes"},

	// SIG-6: prices that dissuade use.
	{"held just below a limit", "{held: emails, periods: 3}",
		"0 buys starter; 5 sends 950; 35 sends 990; 65 sends 1000; 95 passes",
		"90: Used 95% or more of 1,000 emails in each of the last 3 periods, and never more than all of them",
		"over it once", "0 buys starter; 5 sends 950; 35 sends 1001; 65 sends 1000; 95 passes"},
	{"a level held just below its limit", "{held: speakers, periods: 2}",
		"0 buys starter; 5 adds 9; 40 passes; 70 passes", "59: Used 90% or more of 10 speakers in each of the last 2 periods, and never more than all of them",
		"a month below", "0 buys starter; 45 adds 9; 70 passes"},
	{"invites abandoned at a paywall", "{gate: speakers, without: headroom.subscription.changed, within: 3d}",
		"0 buys starter; 5 touches speakers; 20 passes", "8: Opened Speakers without having it, and has not changed a subscription for 3 days",
		"bought more", "0 buys starter; 5 touches speakers; 6 buys pro; 20 passes"},

	// Conditions.
	{"a condition of several things", `{rule: "usage.speakers.percent >= 50 && account.plan == 'starter' && milestones.first_summit"}`,
		"0 buys starter; 3 adds 6; 4 does summit.published; 9 passes", `5: It: on Starter, has reached first summit, 60% of speakers used`,
		"one of them does not hold", "0 buys pro; 3 adds 30; 4 does summit.published; 9 passes"},
	{"a condition besides", `{gate: recordings, times: 1, within: 1d, and: "usage.emails.used >= 100 && money.mrr > 0"}`,
		"0 buys starter; 1 sends 100; 2 touches recordings", "2: Opened Talk recordings once, which Starter does not include",
		"it does not hold then", "0 buys starter; 1 touches recordings; 2 sends 100"},
	{"our own occurrences", "{event: headroom.trial.expired, nth: 1}",
		"0 tries pro; 20 passes", `14: The event "headroom.trial.expired" happened for the first time`,
		"converted", "0 tries pro; 5 buys pro; 20 passes"},
}

func TestEveryKindOfSignalFiresOnItsHistoryAndNotOnTheNearMiss(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if got := kindsPlay(t, k.when, k.history); !slices.Equal(got, []string{k.says}) {
				t.Errorf("fired %q, want %q", got, k.says)
			}
		})
		t.Run(k.name+", but "+k.miss, func(t *testing.T) {
			if got := kindsPlay(t, k.when, k.near); got != nil {
				t.Errorf("fired %q", got)
			}
		})
	}
}

// What a month does not tell is not taken for nothing: of an allowance a year there are no months.
func TestPlansAreNotHeldAgainstUseThatIsNotKnown(t *testing.T) {
	for _, c := range []struct {
		name, when, per, history string
		says                     []string
	}{
		{"much of a year is used, and the lower plan has less", "{fit: lower}", "year", "0 buys pro; 5 sends 18000; 70 passes", nil},
		{"nothing of a year is used yet, and the lower plan has less", "{fit: lower}", "year", "0 buys pro; 70 passes", nil},
		{"much of each day is used, and the lower plan has less", "{fit: lower}", "day", "0 buys pro; 5 sends 18000; 6 sends 18000; 70 passes", nil},
		{"the year is used up", "{fit: higher}", "year", "0 buys starter; 5 sends 1000; 70 passes",
			[]string{"31: Used 1,000 of 1,000 emails this year: Pro, which has room for 20,000, costs 149.00 USD a month instead of 49.00 USD"}},
		{"the year is nearly used up", "{fit: higher}", "year", "0 buys starter; 5 sends 999; 70 passes", nil},
		{"the limit is used up, and the year is not", "{fit: higher}", "year", "0 buys starter; 5 sends 500; 6 adds 10; 70 passes",
			[]string{"31: Used 10 of 10 speakers in January and 500 of 1,000 emails this year: Pro, which has room for 50 and 20,000, costs 149.00 USD a month instead of 49.00 USD"}},
	} {
		text := strings.ReplaceAll(strings.Replace(kindsCatalog, "WHEN", c.when, 1), "per: month", "per: "+c.per)
		if got := playedOn(t, text, c.history); !slices.Equal(got, c.says) {
			t.Errorf("%s: fired %q, want %q", c.name, got, c.says)
		}
	}
}

// kindsPlay plays a history of the account acme, storing and loading everything before each record,
// and returns what fired, with its day.
func kindsPlay(t *testing.T, when, history string) []string {
	t.Helper()
	return playedOn(t, strings.Replace(kindsCatalog, "WHEN", when, 1), history)
}

func playedOn(t *testing.T, text, history string) []string {
	t.Helper()
	cat := parse(t, text)
	cats := map[string]*catalog.Catalog{"": {}, cat.Version: cat}
	d := newDisk()
	records := append([]event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}}, kindsRecords(t, history)...)
	var out []string
	for i, r := range records {
		o := d.acquire(cats)
		for _, a := range o.step(uint64(i+1), []event.Record{r}) {
			if a.Fault != nil {
				t.Fatal(a.Fault)
			}
		}
		c := o.state.Harvest(o.cat())
		for _, s := range c.Effects.Signals {
			out = append(out, fmt.Sprintf("%d: %s", (s.At-start)/clock.Day, s.Evidence))
			points := 0
			for _, p := range s.ScoreParts {
				points += p.Points
				if p.Why == "" || p.Points < 0 || p.Points > 60 {
					t.Errorf("a part of its score is %+v", p)
				}
			}
			if points != s.Score || s.Score > 100 || s.DecaysAt <= s.At {
				t.Errorf("its score is %d of parts that add up to %d, and it decays at %s", s.Score, points, s.DecaysAt)
			}
		}
		if !d.commit(c, o.epoch) {
			t.Fatal("not committed")
		}
	}
	return out
}

// kindsRecords reads a history: "5 sends 800; 40 passes".
func kindsRecords(t *testing.T, history string) []event.Record {
	t.Helper()
	var out []event.Record
	for i, line := range strings.Split(history, "; ") {
		words := strings.Fields(line)
		day, err := strconv.Atoi(words[0])
		if err != nil {
			t.Fatal(err)
		}
		// At noon, after the daily look.
		after, id := clock.Time(day)*clock.Day+12*clock.Hour+clock.Time(i), fmt.Sprint("r", i)
		if day == 0 {
			after = clock.Time(i)
		}
		now := start + after
		switch verb := words[1]; verb {
		case "passes":
			out = append(out, tick(after))
		case "buys", "tries":
			change := subscription.Change{Plan: words[2]}
			if len(words) > 3 {
				change.Interval = subscription.Year
			}
			if verb == "buys" {
				out = append(out, body(event.KindSubscription, "acme", id, "", now, engine.SubscribeCall{Change: change}))
				break
			}
			ask := engine.TrialAsk{Plan: words[2]}
			if words[2] == "recordings" {
				ask = engine.TrialAsk{Feature: words[2]}
			}
			out = append(out, body(event.KindGrant, "acme", id, "", now, engine.GrantCall{TrialCall: engine.TrialCall{Trial: &ask}}))
		case "claims":
			domain := words[2]
			out = append(out, body(event.KindAccount, "acme", id, "", now, event.AccountChange{Domain: &domain}))
		case "counts":
			n, _ := strconv.Atoi(words[2])
			out = append(out, body(event.KindDomain, "acme", id, "count", now, map[string]any{"domain": "acme.com", "outside": n}))
		case "knows":
			ch := account.MemberChange{}
			switch {
			case len(words) < 4:
			case words[3] == "champion":
				ch.Champion = new(true)
			default:
				ch.Left = new(true)
			}
			r := body(event.KindMember, "acme", id, "", now, ch)
			r.User = words[2]
			out = append(out, r)
		case "touches":
			out = append(out, event.Record{Kind: event.KindGate, Source: "app", ID: id, Key: "acme", User: "u1", Type: words[2], ReceivedAt: now})
		case "sends":
			out = append(out, happens(after, "email.sent", event.Prop{Name: "count", Value: event.Value{Kind: event.Number, Text: words[2]}}))
		case "adds":
			n, _ := strconv.Atoi(words[2])
			for range n {
				out = append(out, happens(after, "speaker.added"))
			}
		case "does":
			r := happens(after, words[2])
			for _, prop := range words[3:] {
				name, value, _ := strings.Cut(prop, "=")
				r.Props = append(r.Props, event.Prop{Name: name, Value: event.Value{Kind: event.String, Text: value}})
			}
			out = append(out, r)
		default:
			t.Fatalf("what is %q?", line)
		}
	}
	return out
}
