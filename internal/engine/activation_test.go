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

const wayText = `
version: 1
currency: USD
meters:
  emails:   {event: email.sent, aggregate: sum, property: count}
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  summits:  {event: summit.published, aggregate: count}
features:
  emails:   {title: Emails, kind: metered, meter: emails}
  speakers: {title: Speakers, kind: metered, meter: speakers}
  summits:  {title: Summits, kind: metered, meter: summits}
plans:
  free:    {title: Free, price: {month: "0"}, entitlements: {speakers: 2, emails: {limit: 100, per: month}}}
  starter: {title: Starter, above: free, price: {month: "49"}, entitlements: {speakers: 10, emails: {limit: 1000, per: month}, summits: {limit: 4, per: year}}}
  pro:     {title: Pro, above: starter, price: {month: "149"}, entitlements: {speakers: 50, emails: {limit: 20000, per: month}, summits: unlimited}}
profiles:
  developer: {title: Developer}
milestones:
  domain:  {title: Domain connected, event: domain.verified, within: 3d, help: {title: Connect your domain, body: Your developer can do it, link: "https://example.com/dns", invite: developer}}
  summit:  {title: First summit, event: summit.published, within: 14d, after: domain}
  crowd:   {title: Five speakers, feature: speakers, at_least: 5, within: 30d, after: summit}
  third:   {title: Third summit, event: summit.published, nth: 3, optional: true}
  big:     {title: A mailing to many, event: email.sent, where: {count: {at_least: 100}}, optional: true}
  api:     {title: First API call, event: api.called, plans: [pro], for: "account.traits.segment == 'tech'", within: 7d}
lifecycle:
  adopted:   {features: 2, share: 25%}
  under_use: {below: 10%, for: 30d, help: {title: Write to your attendees}}
  expanding: 60d
  at_risk:   {falls: 50%, over: 28d}
readiness:
  upsell:
    ready: 60
    parts:
      - {group: fit, when: "account.plan == 'starter'", points: 30, why: On the plan that grows}
      - {group: usage, when: "usage.speakers.percent >= 50.0", points: 40, why: Half of the speakers are in use}
      - {group: intent, signal: mailed, points: 20, why: Writes to attendees}
signals:
  mailed:    {when: {event: email.sent, nth: 2}, type: upsell, decays: 10d}
  crowded:   {when: {milestone: crowd}, type: upsell}
  stuck:     {when: {stuck: domain, for: 1d}, type: save}
  left:      {when: {champion_left: true}, type: save}
`

// way is a world with accounts on their way, told in days since the start.
func way(t testing.TB, text string) *world {
	cat := parse(t, text)
	w := &world{t: t, owner: newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat}), now: start}
	w.send(event.Record{Kind: event.KindCatalog, Type: cat.Version, Body: []byte(`{"rules":1}`)})
	return w
}

// on goes to a day, at noon, with a tick.
func (w *world) on(day int) *world {
	w.now = start + clock.Time(day)*clock.Day + 12*clock.Hour
	w.send(event.Record{Kind: event.KindTick})
	return w
}

func (w *world) buys(plan string) *world {
	w.send(body(event.KindSubscription, "acme", "", "", w.now, engine.SubscribeCall{Change: subscription.Change{Plan: plan}}))
	return w
}

// does sends events of a user: type, or type and the number of its property count.
func (w *world) does(types ...string) *world {
	for _, typ := range types {
		typ, count, counted := strings.Cut(typ, " ")
		r := event.Record{Kind: event.KindEvent, Key: "acme", User: "ada", Type: typ, At: w.now}
		if counted {
			r.Props = []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: count}}}
		}
		w.send(r)
	}
	return w
}

func (w *world) acme() *engine.Account {
	w.t.Helper()
	if !w.state.Loaded("acme") {
		if err := w.state.LoadAccount("acme", w.disk.accounts["acme"]); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.state.Account("acme")
}

// says is the account's way in a line: what it reached when, what it is stuck on, the help first.
func (w *world) says() string {
	a := w.acme()
	way := a.Way(w.cat(), w.state.Now)
	var words []string
	for _, m := range way.Milestones {
		word := m.Key
		switch {
		case m.Reach != nil && m.Reach.Before:
			word += " before"
		case m.Reach != nil:
			word += fmt.Sprintf(" day %d by %s", (m.Reach.At-start)/clock.Day, m.Reach.By)
		case m.Stuck:
			word += " stuck"
		default:
			word += " -"
		}
		words = append(words, word)
	}
	if way.Activated {
		words = append(words, "activated")
	}
	if h := way.Help; h != nil {
		help := "help " + h.Title
		if h.Invite != "" {
			help += " invite " + h.Invite
		}
		words = append(words, help)
	}
	return strings.Join(words, ", ")
}

func TestMilestonesOfAnAccountAreReachedOnceInTheirTime(t *testing.T) {
	for _, c := range []struct {
		given string
		when  func(w *world)
		want  string
	}{
		{"an account that has just bought", func(w *world) { w.buys("starter").on(1) },
			"domain -, summit -, crowd -, big -, third -, help Connect your domain"},
		{"it has done the first thing", func(w *world) { w.buys("starter").on(1).does("domain.verified") },
			"domain day 1 by ada, summit -, crowd -, big -, third -, help First summit"},
		{"it does the first thing again: the first time stands", func(w *world) { w.buys("starter").on(1).does("domain.verified").on(2).does("domain.verified") },
			"domain day 1 by ada, summit -, crowd -, big -, third -, help First summit"},
		{"the first thing is late: a developer can help", func(w *world) { w.buys("starter").on(4) },
			"domain stuck, summit -, crowd -, big -, third -, help Connect your domain invite developer"},
		{"it is late, and a developer is there already", func(w *world) {
			profile := "developer"
			w.buys("starter").on(4).send(body(event.KindMember, "acme", "m", "", w.now, account.MemberChange{Profile: &profile}))
		}, "domain stuck, summit -, crowd -, big -, third -, help Connect your domain"},
		{"all is late: it is stuck on the first thing only", func(w *world) { w.buys("starter").on(60) },
			"domain stuck, summit -, crowd -, big -, third -, help Connect your domain invite developer"},
		{"what comes later is done first", func(w *world) { w.buys("starter").on(5).does("summit.published") },
			"domain stuck, summit day 5 by ada, crowd -, big -, third -, help Connect your domain invite developer"},
		{"usage reaches one", func(w *world) {
			w.buys("starter").on(1).does("speaker.added", "speaker.added", "speaker.added", "speaker.added").on(2).does("speaker.added")
		}, "domain -, summit -, crowd day 2 by ada, big -, third -, help Connect your domain"},
		{"usage has reached one and falls again", func(w *world) {
			w.buys("starter").on(1).does("speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.removed")
		}, "domain -, summit -, crowd day 1 by ada, big -, third -, help Connect your domain"},
		{"the third of a kind", func(w *world) {
			w.buys("starter").does("summit.published").on(1).does("summit.published").on(2).does("summit.published")
		},
			"domain -, summit day 0 by ada, crowd -, big -, third day 2 by ada, help Connect your domain"},
		{"only such events count", func(w *world) { w.buys("starter").on(1).does("email.sent 99").on(2).does("email.sent 100") },
			"domain -, summit -, crowd -, big day 2 by ada, third -, help Connect your domain"},
		{"all that is required", func(w *world) {
			w.buys("starter").does("domain.verified", "summit.published", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "email.sent 500")
		}, "domain day 0 by ada, summit day 0 by ada, crowd day 0 by ada, big day 0 by ada, third -, activated"},
		{"a milestone of another plan and segment is not asked", func(w *world) { w.buys("starter").does("api.called") },
			"domain -, summit -, crowd -, big -, third -, help Connect your domain"},
		{"it moves to that plan, and is of that segment: what it did counts", func(w *world) {
			w.buys("starter").on(1).does("api.called").buys("pro").send(body(event.KindAccount, "acme", "a", "", w.now, event.AccountChange{Traits: map[string]any{"segment": "tech"}}))
		}, "domain -, api day 1 by ada, summit -, crowd -, big -, third -, help Connect your domain"},
		{"nobody is to reach anything who has left", func(w *world) {
			w.buys("starter").on(1).send(body(event.KindSubscription, "acme", "", "", w.now, engine.SubscribeCall{Change: subscription.Change{Cancel: true, Effective: "now"}}))
		}, "activated"},
	} {
		t.Run(c.given, func(t *testing.T) {
			w := way(t, wayText)
			c.when(w)
			if got := w.says(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatWasDoneBeforeAMilestoneWasDefinedCountsWhereMetersKnowIt(t *testing.T) {
	without := wayText[:strings.Index(wayText, "milestones:")] + strings.ReplaceAll(wayText[strings.Index(wayText, "lifecycle:"):strings.Index(wayText, "  crowded:")], "", "")
	early, late := parse(t, without), parse(t, wayText)
	w := &world{t: t, owner: newDisk().acquire(map[string]*catalog.Catalog{"": {}, early.Version: early, late.Version: late}), now: start}
	w.send(event.Record{Kind: event.KindCatalog, Type: early.Version, Body: []byte(`{"rules":1}`)})
	w.buys("starter").does("summit.published", "summit.published", "domain.verified", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "email.sent 900")
	w.send(event.Record{Kind: event.KindCatalog, Type: late.Version, Body: []byte(`{"rules":1}`)})
	w.on(2)
	// Nobody knows of the domain, nor which mailings there were; two summits are not three.
	if got, want := w.says(), "domain -, summit before, crowd before, big -, third -, help Connect your domain"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAnEffectOfEachMilestoneAndStageIsToldOnce(t *testing.T) {
	w := way(t, wayText)
	w.buys("starter").on(1).does("domain.verified").on(2).on(3).does("domain.verified").on(40)
	told := func(kind string) (out []string) {
		for _, e := range w.disk.effects {
			if rest, ok := strings.CutPrefix(e, kind+" "); ok {
				out = append(out, rest)
			}
		}
		return out
	}
	if got := told("Milestones"); len(got) != 5+6 { // when it bought, and when the first was reached
		t.Errorf("%d rows:\n%s", len(got), strings.Join(got, "\n"))
	}
	if got := told("Stages"); len(got) != 1 || !strings.Contains(got[0], `"Stage":"landed"`) {
		t.Errorf("%d moves:\n%s", len(got), strings.Join(got, "\n"))
	}
	if got := told("Moments"); len(got) != 1 || !strings.Contains(got[0], `"milestone":"domain"`) {
		t.Errorf("%d moments:\n%s", len(got), strings.Join(got, "\n"))
	}
	w.on(41).does("summit.published", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.added")
	var moves []string
	for _, e := range told("Stages") {
		_, stage, _ := strings.Cut(e, `"Stage":"`)
		moves = append(moves, stage[:strings.Index(stage, `"`)])
	}
	if got := strings.Join(moves, " "); got != "landed adopted" { // half of the speakers and a quarter of the summits
		t.Errorf("moves: %s", got)
	}
	if got := told("Signals"); !strings.Contains(strings.Join(got, "\n"), `"key":"crowded"`) {
		t.Errorf("no signal of the milestone: %s", strings.Join(got, "\n"))
	}
}

func TestWhoHardlyUsesWhatItPaysForIsHelpedFirst(t *testing.T) {
	activated := []string{"domain.verified", "summit.published", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.added"}
	text := strings.ReplaceAll(wayText, "summits: {limit: 4, per: year}", "summits: {limit: 4, per: month}") // what is used is of the month
	for _, c := range []struct {
		given string
		when  func(w *world)
		want  bool
	}{
		{"all used", func(w *world) { w.on(40) }, false},
		{"nothing but a seat", func(w *world) {
			w.does("speaker.removed", "speaker.removed", "speaker.removed", "speaker.removed", "speaker.removed").on(35).on(80)
		}, true},
		{"not yet for 30 days", func(w *world) {
			w.does("speaker.removed", "speaker.removed", "speaker.removed", "speaker.removed", "speaker.removed").on(35).on(50)
		}, false},
		{"for long, until just now", func(w *world) {
			w.does("speaker.removed", "speaker.removed", "speaker.removed", "speaker.removed", "speaker.removed").on(35).on(80).does("email.sent 200")
		}, false},
	} {
		t.Run(c.given, func(t *testing.T) {
			w := way(t, text)
			w.buys("starter").does(activated...)
			c.when(w)
			help := w.acme().Way(w.cat(), w.state.Now).Help
			if got := help != nil && help.Rule == catalog.QuietUnderUsing && help.Title == "Write to your attendees"; got != c.want {
				t.Errorf("%+v", help)
			}
		})
	}
}

func TestHelpCanBeSwitchedOff(t *testing.T) {
	w := way(t, wayText+"contact: {quiet: {not_activated: false}}\n")
	if w.buys("starter").on(1); w.acme().Way(w.cat(), w.state.Now).Help != nil {
		t.Error("help although the rule is off")
	}
}

func TestUseThatFallsPutsAnAccountAtRiskAndGrowthMakesItExpand(t *testing.T) {
	w := way(t, wayText)
	w.buys("starter").does("domain.verified", "summit.published", "speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.added")
	stage := func() string {
		s, why := w.acme().StageWhy(w.cat(), w.state.Now)
		return string(s) + ": " + why
	}
	for day := range 28 {
		w.on(day).does("email.sent 20")
	}
	w.on(29)
	if got := stage(); got != "adopted: 3 of 3 counted features are used at 25% of the limit or more." {
		t.Error(got)
	}
	for day := 29; day < 60; day += 3 {
		w.on(day).does("email.sent 1")
	}
	if got := stage(); got != "at_risk: Use fell by 99% from one 28 days to the next, Emails most." {
		t.Error(got)
	}
	for day := 60; day < 120; day++ {
		w.on(day).does("email.sent 30")
	}
	w.buys("pro").on(121)
	if got := stage(); !strings.HasPrefix(got, "expanding: It has paid more since 2026-04-30") {
		t.Error(got)
	}
	w.on(120 + 61)
	if got := stage(); strings.HasPrefix(got, "expanding") {
		t.Error(got)
	}
}

func TestReadinessAndWhyItChangedSinceYesterday(t *testing.T) {
	w := way(t, wayText)
	explain := func() string {
		n := w.acme().Readiness(w.cat(), w.state.Now)[0]
		if n.Since == 0 {
			return fmt.Sprint(n.Score)
		}
		return n.Explain(n.Before, n.Changes, "yesterday")
	}
	w.buys("starter").on(1)
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"the second day", func() {}, "30 of 100, as yesterday."},
		{"the next day nothing is new", func() { w.on(2) }, "30 of 100, as yesterday."},
		{"half of the speakers", func() { w.does("speaker.added", "speaker.added", "speaker.added", "speaker.added", "speaker.added") },
			"70 of 100, +40 since yesterday: Half of the speakers are in use (+40)."},
		{"the day after, told against the look of the day before", func() { w.on(3) }, "70 of 100, +40 since yesterday: Half of the speakers are in use (+40)."},
		{"and one more", func() { w.on(4) }, "70 of 100, as yesterday."},
		{"a second mailing", func() { w.does("email.sent 1", "email.sent 1") }, "90 of 100, +20 since yesterday: Writes to attendees (+20)."},
		{"which fades", func() { w.on(6) }, "86 of 100, -3 since yesterday: Writes to attendees (-3)."},
	} {
		step.do()
		if got := explain(); got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
	rows := 0
	for _, e := range w.disk.effects {
		if strings.HasPrefix(e, "Readiness ") {
			rows++
		}
	}
	if rows == 0 || rows > 6 {
		t.Errorf("lists were told %d times", rows)
	}
}

func TestAChampionWhoLeavesIsNoticedAtOnce(t *testing.T) {
	w := way(t, wayText)
	yes := true
	say := func(ch account.MemberChange) {
		r := body(event.KindMember, "acme", fmt.Sprint(w.at), "", w.now, ch)
		r.User = "ada"
		w.send(r)
	}
	w.buys("starter").on(1)
	say(account.MemberChange{Champion: &yes})
	say(account.MemberChange{Left: &yes})
	if got := strings.Join(w.disk.effects, "\n"); !strings.Contains(got, `"key":"left"`) {
		t.Error("no signal")
	}
	if p := w.acme().People(w.state.Now); p.Count != 0 || p.Champions != 0 {
		t.Errorf("%+v", p)
	}
}

func TestOnePersonInTwoAccountsIsAMemberOfBoth(t *testing.T) {
	w := way(t, wayText)
	w.segment("identify", `{"userId":"ada","messageId":"i1","traits":{"role":"admin"},"context":{"groupId":"acme"}}`)
	w.segment("identify", `{"userId":"ada","messageId":"i2","traits":{"role":"member","profile":"developer"},"context":{"groupId":"bolt"}}`)
	w.segment("identify", `{"userId":"ada","messageId":"i3","traits":{"role":"member","profile":"developer"},"context":{"groupId":"bolt"}}`)
	w.now += 3 * clock.Day
	w.segment("track", `{"userId":"ada","messageId":"t1","event":"summit.published","context":{"groupId":"acme"}}`)
	for key, want := range map[string]string{"acme": "admin  3", "bolt": "member developer 0"} {
		if err := w.state.LoadAccount(key, w.disk.accounts[key]); err != nil {
			t.Fatal(err)
		}
		all := w.state.Account(key).Members.All()
		if len(all) != 1 {
			t.Fatalf("%s has %+v", key, all)
		}
		if got := fmt.Sprintf("%s %s %d", all[0].Role, all[0].Profile, all[0].SeenOn-start.Day()); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	if _, known := w.disk.accounts["acme"]; !known {
		t.Error("no account")
	}
}
