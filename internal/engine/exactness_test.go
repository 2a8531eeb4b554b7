package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The exactness of section 4, as one property: whatever is split, repeated, crashed or
// fought over, the same log gives the same state, answers and effects as one clean run.

const catalogText = `
version: 1
currency: USD
billing: {undo: 3d}
meters:
  emails:   {event: email.sent, aggregate: sum, property: count}
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  visitors: {event: visit, aggregate: unique, property: visitor}
  exports:  {fed_by: consume}
  seats:    {aggregate: level, add: seat.added, remove: seat.removed}
  licences: {aggregate: level, fed_by: consume}
features:
  recordings: {title: Recordings, kind: boolean, trial: {length: 7d, extend: 3d, extensions: 1}}
  licences:   {title: Licences, kind: seats, meter: licences, pooled: true}
  seats:      {title: Seats, kind: seats, meter: seats}
  speakers:   {title: Speakers, kind: metered, meter: speakers}
  emails:     {title: Emails, kind: metered, meter: emails}
  visitors:   {title: Visitors, kind: metered, meter: visitors}
  exports:    {title: Exports, kind: metered, meter: exports}
plans:
  free:    {title: Free, family: core, price: {month: "0"}, reverse: pro, entitlements: {speakers: 2}}
  starter: {title: Starter, family: core, price: {month: "49", year: "490"},
            entitlements: {speakers: 5, seats: 2, licences: 3, recordings: false, emails: {limit: 100, per: month, grace: {percent: 20%, for: 5d}}, visitors: {limit: 10, per: month}, exports: {limit: 4, per: month}}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, trial: {length: 14d, then: free, extend: 7d, extensions: 1},
            entitlements: {speakers: 50, seats: 4, recordings: true, emails: {limit: 2000, per: month}, visitors: unlimited, exports: {limit: 20, per: month, rollover: {cap: 30, for: 60d}}, licences: 6}}
  scale:   {title: Scale, family: core, above: pro, price: {month: "999", year: "9990"},
            entitlements: {speakers: unlimited, recordings: true, emails: unlimited, visitors: unlimited, exports: unlimited}}
addons:
  rooms: {title: Rooms, price: {month: "20"}, needs: [pro, scale], trial: 5d, entitlements: {speakers: 10}}
  more_exports: {title: More exports, kind: top_up, price: {once: "9"}, expires: 60d, entitlements: {exports: 5}}
signals:
  speakers_full: {when: {limit: speakers, reaches: 80%}, type: upsell}
  emails_full:   {when: {limit: emails, reaches: 90%}, type: upsell}
  wants:         {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
  third:         {when: {event: email.sent, nth: 3}, type: cross_sell}
  ending:        {when: {trial_ends_in: 3d}, type: new_logo}
  busy:          {when: {event: email.sent, times: 3, within: 2d}, type: upsell}
  journey:       {when: {sequence: [speaker.added, {event: email.sent, where: {count: {at_least: 1}}}], within: 5d}, type: upsell}
  grows:         {when: {rate: emails, over: 2d, rises: 20%, at_least: 1}, type: upsell}
  fades:         {when: {rate: exports, over: 1d, falls: 50%, at_least: 1}, type: save}
  stopped:       {when: {absent: visit, for: 3d, after: 2}, type: save}
  burns:         {when: {runs_out: emails, over: 3d, ahead: 1d}, type: upsell}
  fills:         {when: {runs_out: speakers, within: 9d}, type: upsell}
  much:          {when: {unlimited: emails, above: 20}, type: upsell}
  held:          {when: {held: exports, reaches: 50%, periods: 2}, type: upsell}
  left:          {when: {event: speaker.added, without: email.sent, within: 2d}, type: upsell}
  walked_off:    {when: {gate: recordings, without: headroom.subscription.changed, within: 1d}, type: upsell}
  newcomer:      {when: {event: visit, new: visitor, from: 3}, type: upsell}
  unused:        {when: {unused: any, below: 20%, for: 2d}, type: save}
  flat:          {when: {flat: 10d}, type: save}
  too_much:      {when: {fit: lower}, type: save}
  too_little:    {when: {fit: higher}, type: upsell}
  cheap:         {when: {value: reach, leaves: below}, type: upsell}
  renews:        {when: {renews_in: 20d}, type: renewal}
  tried:         {when: {trial_expired: true}, type: new_logo}
  judged:        {when: {rule: "usage.emails.percent > 20 && signals.third == 0"}, type: upsell}
  besides:       {when: {event: email.sent, every: 2, and: "money.mrr > 0 && usage.speakers.used > 1"}, type: upsell}
  ours:          {when: {event: headroom.subscription.changed, nth: 2}, type: upsell}
offers:
  pro_offer: {on: [speakers_full, wants], give: {plan: pro}, at: [speakers.add, billing], kind: contextual,
              contact: {cooldown: 3d, at_most: 3 per 30d}, content: {title: "Room for {limit_next}", body: "{usage} of {limit}", action: Upgrade}, holdout: 20%}
  scale_offer: {on: [emails_full], give: {plan: scale}, at: [billing], kind: contextual, content: {title: "More", body: "{usage}", action: Upgrade}}
value:
  reach: {title: Reach, unit: people, formula: "emails * 2 + visitors", worth: "0.5", band: 5% to 50%, main: true}
  work:  {title: Work, unit: hours, formula: "exports * 0.25 + max(speakers - 2, 0)"}
routing:
  - {when: "amount >= 5000", to: account_executive}
  - {to: self_service}
`

func parse(t interface{ Fatal(...any) }, text string) *catalog.Catalog {
	c, findings := catalog.Parse("test.yaml", []byte(text))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err)
	}
	return c
}

// disk is what survives a crash: the committed checkpoints of one partition.
type disk struct {
	epoch    int64
	position uint64
	now      clock.Time
	catalog  string
	rules    int
	accounts map[string][]byte
	timers   map[string]clock.Time
	segments map[int32][]event.Fingerprint
	answers  map[event.Fingerprint]engine.AnswerRow
	effects  []string
}

func newDisk() *disk {
	return &disk{accounts: map[string][]byte{}, timers: map[string]clock.Time{},
		segments: map[int32][]event.Fingerprint{}, answers: map[event.Fingerprint]engine.AnswerRow{}}
}

// commit is the compare-and-set of rule 6.
func (d *disk) commit(c *engine.Checkpoint, epoch int64) bool {
	if c.From != d.position || epoch != d.epoch {
		return false
	}
	d.position, d.now, d.catalog, d.rules = c.To, c.Now, c.Catalog, c.Rules
	for _, a := range c.Accounts {
		d.accounts[a.Key] = a.State
		if !a.TimersKept {
			delete(d.timers, a.Key)
		}
		for _, t := range a.Timers {
			d.timers[a.Key] = t.Due
		}
	}
	for _, s := range c.Segments {
		d.segments[s.Day] = append(d.segments[s.Day], s.Fingerprints...)
	}
	for _, a := range c.Answers {
		d.answers[a.Fingerprint] = a
	}
	d.effects = append(d.effects, effectsOf(c)...)
	return true
}

// effectsOf lists the effects one by one, so that runs can be compared however they were split.
func effectsOf(c *engine.Checkpoint) []string {
	var out []string
	v := reflect.ValueOf(c.Effects)
	for i := range v.NumField() {
		for j := range v.Field(i).Len() {
			b, err := json.Marshal(v.Field(i).Index(j).Interface())
			if err != nil {
				panic(err)
			}
			out = append(out, v.Type().Field(i).Name+" "+string(b))
		}
	}
	return out
}

// owner is a process that owns, or believes it owns, the partition.
type owner struct {
	state *engine.State
	epoch int64
	disk  *disk
	cats  map[string]*catalog.Catalog
}

func (d *disk) acquire(cats map[string]*catalog.Catalog) *owner {
	d.epoch++
	s := engine.NewState(0, d.position, d.now, d.catalog, d.rules, maps.Clone(d.timers))
	return &owner{state: s, epoch: d.epoch, disk: d, cats: cats}
}

func (o *owner) cat() *catalog.Catalog { return o.cats[o.state.Catalog] }

// step applies one message, loading from this owner's view of the disk what is needed.
func (o *owner) step(position uint64, records []event.Record) []engine.Answer {
	if position <= o.state.Position {
		return nil
	}
	for need := o.state.Needs(records); !need.Empty(); need = o.state.Needs(records) {
		if o.epoch != o.disk.epoch { // what the disk holds is of a later position: the runner sees it and stops
			return nil
		}
		for _, k := range need.Accounts {
			if err := o.state.LoadAccount(k, o.disk.accounts[k]); err != nil {
				panic(err)
			}
		}
		for _, day := range need.Days {
			o.state.LoadDay(day, o.disk.segments[day])
		}
		for _, call := range need.Answers {
			var row *engine.AnswerRow
			if a, kept := o.disk.answers[call.Fingerprint]; kept {
				row = &a
			}
			if err := o.state.LoadAnswer(call, row); err != nil {
				panic(err)
			}
		}
	}
	var out []engine.Answer
	for i := range records {
		out = append(out, engine.Step(o.state, &records[i], o.cat()))
	}
	o.state.Position = position
	return out
}

// told is an answer in the form that is compared.
func told(a engine.Answer) string {
	if a.Fault != nil {
		return fmt.Sprintf("%v %s: %s", a.Duplicate, a.Fault.Code, a.Fault.Message)
	}
	return fmt.Sprintf("%v %s", a.Duplicate, a.Body)
}

const start = clock.Time(1_767_225_600_000_000) // 2026-01-01T00:00:00Z

// messages draws a log: mostly events, some repeated, with calls, gates, ticks and people among them.
func messages(t *rapid.T, version string) [][]event.Record {
	now := start
	accounts := []string{"acme", "bolt", "core"}
	kinds, pause := everyKind, 9*clock.Day
	if rapid.IntRange(0, 3).Draw(t, "of seats") == 0 {
		accounts, kinds, pause = accounts[:1], kindsOfSeats, clock.Day
	}
	log := [][]event.Record{{{Kind: event.KindCatalog, Type: version, ReceivedAt: now, Body: []byte(`{"rules":1}`)}}}
	for i, a := range accounts {
		log = append(log, []event.Record{body(event.KindSubscription, a, fmt.Sprint("sub", i), "", now,
			engine.SubscribeCall{Change: subscription.Change{Plan: "starter"}})})
	}
	var past []event.Record
	n := rapid.IntRange(5, 40).Draw(t, "messages")
	for m := range n {
		now += clock.Time(rapid.Int64Range(0, int64(pause)).Draw(t, "pause"))
		var msg []event.Record
		for range rapid.IntRange(1, 6).Draw(t, "records") {
			if len(past) > 0 && rapid.IntRange(0, 5).Draw(t, "repeat") == 0 {
				again := past[rapid.IntRange(0, len(past)-1).Draw(t, "which")]
				if again.At == 0 || now-again.At < 34*clock.Day {
					again.ReceivedAt = now
					msg = append(msg, again)
				}
				continue
			}
			r := record(t, kinds, rapid.SampledFrom(accounts).Draw(t, "account"), fmt.Sprintf("r%d-%d", m, len(past)), now)
			msg = append(msg, r)
			if r.ID != "" {
				past = append(past, r)
			}
		}
		log = append(log, msg)
	}
	return log
}

// The kinds of record, as record draws them.
var (
	everyKind    = [2]int{0, 26}
	kindsOfSeats = [2]int{22, 25} // invitations and the use of seats: rare among all
)

func record(t *rapid.T, kinds [2]int, acct, id string, now clock.Time) event.Record {
	at := now - clock.Time(rapid.Int64Range(0, int64(20*clock.Day)).Draw(t, "late"))
	if rapid.Bool().Draw(t, "timely") {
		at = now
	}
	ev := event.Record{Kind: event.KindEvent, Source: "app", ID: id, Key: acct, User: "u1", At: at, ReceivedAt: now}
	switch rapid.IntRange(kinds[0], kinds[1]).Draw(t, "kind") {
	case 0, 1:
		ev.Type = "speaker.added"
	case 2:
		ev.Type = "speaker.removed"
	case 3, 4:
		ev.Type = "email.sent"
		ev.Props = []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: fmt.Sprint(rapid.IntRange(1, 60).Draw(t, "count"))}}}
	case 5:
		ev.Type = "visit"
		ev.Props = []event.Prop{{Name: "visitor", Value: event.Value{Kind: event.String, Text: fmt.Sprint("v", rapid.IntRange(1, 20).Draw(t, "visitor"))}}}
	case 6:
		ev.Kind, ev.Type = event.KindGate, "recordings"
	case 7:
		return body(event.KindConsume, acct, id, "exports", now, engine.ConsumeCall{Quantity: quantity.Of(int64(rapid.IntRange(1, 3).Draw(t, "quantity")))})
	case 8:
		return body(event.KindDecide, acct, id, "speakers.add", now, engine.DecideCall{Placement: "speakers.add", Role: offer.Admin})
	case 9:
		n := rapid.Int64Range(1, 3).Draw(t, "decision")
		typ := rapid.SampledFrom([]string{"seen", "dismissed", "accepted"}).Draw(t, "outcome")
		return body(event.KindOutcome, acct, id, typ, now, engine.OutcomeCall{Act: offer.Act{Decision: engine.ID("dec", acct, n), Type: typ}})
	case 10:
		ch := rapid.SampledFrom([]subscription.Change{{Plan: "pro"}, {Plan: "starter", Effective: "renewal"}, {Plan: "pro", Interval: "year", Quantity: 8},
			{Plan: "pro", TrialEndsAt: now + 10*clock.Day}, {Cancel: true}}).Draw(t, "change")
		return body(event.KindSubscription, acct, id, "", now, engine.SubscribeCall{Change: ch})
	case 11:
		name := "Name " + id
		return body(event.KindAccount, acct, id, "", now, event.AccountChange{Name: &name})
	case 12: // somebody without an account, yet
		ev.User = rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "person")
		ev.Source, ev.Key = "segment", event.UserKey(ev.User)
		ev.Type = "speaker.added"
	case 13:
		who := rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "person")
		ch := rapid.SampledFrom([]event.PersonChange{{Account: &acct}, {Previous: "p1"}, {Previous: "p2"}}).Draw(t, "change")
		r := body(event.KindPerson, event.UserKey(who), id, "", now, ch)
		r.User = who
		return r
	case 14:
		started := now - clock.Time(rapid.Int64Range(0, int64(200*clock.Day)).Draw(t, "started"))
		sub := subscription.Imported{Plan: "legacy", Interval: "month", Quantity: 1, Currency: "USD", StartsAt: started,
			Amount: money.Minor(rapid.Int64Range(100, 90000).Draw(t, "amount"))}
		if rapid.Bool().Draw(t, "ends") {
			sub.EndsAt = started + clock.Time(rapid.Int64Range(1, int64(300*clock.Day)).Draw(t, "ended"))
		}
		row := fmt.Sprint("s", rapid.IntRange(1, 3).Draw(t, "row"))
		return body(event.KindImport, "imported-"+acct, id, "", now, engine.ImportRow{Import: "f", Subscription: &engine.ImportedRow{ID: row, Imported: sub}})
	case 15:
		return body(event.KindImport, acct, id, "", now, engine.ImportRow{Import: "f", Usage: &engine.UsageRow{Event: "email.sent", Value: quantity.Of(5), At: at - 60*clock.Day}})
	case 16:
		return body(event.KindSubscription, acct, id, "", now, engine.SubscribeCall{Change: subscription.Change{Undo: true}})
	case 17:
		ch := rapid.SampledFrom([]subscription.Change{{Plan: "free"}, {Once: []subscription.AddonLine{{Key: "more_exports", Quantity: 2}}},
			{Addons: &[]subscription.AddonLine{{Key: "rooms", Quantity: 1}}}, {Plan: "starter"}}).Draw(t, "purchase")
		return body(event.KindSubscription, acct, id, "", now, engine.SubscribeCall{Change: ch})
	case 18:
		call := rapid.SampledFrom([]engine.TrialCall{{Trial: &engine.TrialAsk{Plan: "pro"}}, {Trial: &engine.TrialAsk{Addon: "rooms"}}, {Trial: &engine.TrialAsk{Feature: "recordings", Length: clock.Day}},
			{Extend: "plan:pro"}, {Extend: "feature:recordings"}, {EndTrial: "plan:pro"}, {EndTrial: "addon:rooms"}}).Draw(t, "trial")
		return body(event.KindGrant, acct, id, "", now, engine.GrantCall{TrialCall: call})
	case 19, 20, 21:
		return entitling(t, acct, id, now)
	case 22, 23:
		ev.Type = rapid.SampledFrom([]string{"seat.added", "seat.removed"}).Draw(t, "seat")
	case 24, 25:
		return inviting(t, acct, id, now)
	default:
		stage := opportunity.Stage(rapid.SampledFrom([]string{"in_progress", "won"}).Draw(t, "stage"))
		return body(event.KindOpportunity, acct, id, "", now, engine.EditCall{ID: engine.ID("opp", acct, 1), Edit: opportunity.Edit{Stage: &stage}})
	}
	return ev
}

// inviting draws a call about invitations of the account's people.
func inviting(t *rapid.T, acct, id string, now clock.Time) event.Record {
	what := rapid.SampledFrom([]string{engine.InviteMake, engine.InviteMake, engine.InviteAccept, engine.InviteAccept,
		engine.InviteCancel, engine.InviteAsk, engine.InviteApprove}).Draw(t, "inviting")
	who := rapid.SampledFrom([]string{"i1", "i2", "i3", "i4"}).Draw(t, "who")
	nth := rapid.Int64Range(1, 4).Draw(t, "invitation")
	var call any
	switch what {
	case engine.InviteMake:
		called := invite.Call{}
		for _, user := range []string{"i1", "i2", "i3", "i4"}[:nth] {
			called.People = append(called.People, invite.Person{User: user, Feature: "seats"})
		}
		call = called
	case engine.InviteAsk:
		call = invite.Ask{User: who, Feature: "seats"}
	case engine.InviteApprove:
		call = engine.InviteAnswer{ID: engine.ID("acc", acct, nth), User: who}
	default:
		call = engine.InviteAnswer{ID: engine.ID("inv", acct, nth), User: who}
	}
	return body(event.KindInvite, acct, id, what, now, call)
}

func body(k event.Kind, acct, id, typ string, now clock.Time, v any) event.Record {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return event.Record{Kind: k, Source: "api:" + k.String() + ":" + acct, ID: id, Key: acct, User: "u1", Type: typ, ReceivedAt: now, Body: b}
}

func TestAnyHistoryOfCrashesGivesTheStateOfOneCleanRun(t *testing.T) {
	cat := parse(t, catalogText)
	cats := map[string]*catalog.Catalog{"": {}, cat.Version: cat}
	rapid.Check(t, func(t *rapid.T) {
		log := messages(t, cat.Version)

		clean := newDisk()
		one := clean.acquire(cats)
		var answers [][]string
		for i, msg := range log {
			var a []string
			for _, ans := range one.step(uint64(i+1), msg) {
				a = append(a, told(ans))
			}
			answers = append(answers, a)
		}
		if !clean.commit(one.state.Harvest(one.cat()), one.epoch) {
			t.Fatal("the clean run could not commit")
		}

		d := newDisk()
		current := d.acquire(cats)
		var zombies []*owner
		next := map[*owner]uint64{current: 1}
		for rounds := 0; d.position < uint64(len(log)); rounds++ {
			who := current
			if len(zombies) > 0 && rapid.IntRange(0, 3).Draw(t, "zombie") == 0 {
				who = zombies[rapid.IntRange(0, len(zombies)-1).Draw(t, "which zombie")]
			}
			move := rapid.IntRange(0, 9).Draw(t, "move")
			if rounds > 400 { // enough chaos: bring it to an end
				who, move = current, rounds%2*7
			}
			switch {
			case move <= 5: // read on, possibly from before where it stands
				at := next[who]
				if move == 5 {
					at -= min(at-1, uint64(rapid.IntRange(0, 5).Draw(t, "back")))
				}
				if at > uint64(len(log)) {
					at = uint64(len(log))
				}
				fresh := at > who.state.Position
				for i, ans := range who.step(at, slices.Clone(log[at-1])) {
					if fresh && told(ans) != answers[at-1][i] {
						t.Fatalf("message %d record %d was answered\n%s\nand in the clean run\n%s", at, i, told(ans), answers[at-1][i])
					}
				}
				if who.state.Position < at { // it saw that the partition is no longer its own
					zombies = slices.DeleteFunc(zombies, func(o *owner) bool { return o == who })
					continue
				}
				next[who] = max(next[who], at+1)
			case move <= 7: // checkpoint
				c := who.state.Harvest(who.cat())
				if ok := d.commit(c, who.epoch); ok != (who == current) {
					t.Fatalf("commit of epoch %d at epoch %d: %v", who.epoch, d.epoch, ok)
				}
				if who == current {
					who.state.Forget(rapid.IntRange(0, 3).Draw(t, "keep"))
				} else {
					zombies = slices.DeleteFunc(zombies, func(o *owner) bool { return o == who })
				}
			case move == 8 && who == current: // crash: memory is gone
				current = d.acquire(cats)
				next[current] = d.position + 1
			case who == current: // another process takes over while this one goes on
				zombies = append(zombies, current)
				current = d.acquire(cats)
				next[current] = d.position + 1
			}
		}
		compare(t, clean, d)
		countOnce(t, log, one.state)
	})
}

// countOnce counts again without the engine: what is equal in every run may still be wrong.
func countOnce(t *rapid.T, log [][]event.Record, s *engine.State) {
	seen, speakers := map[string]bool{}, map[string]int64{}
	for _, r := range slices.Concat(log...) {
		if _, isPerson := event.IsUserKey(r.Key); isPerson || seen[r.Source+r.ID] || r.Kind != event.KindEvent {
			continue
		}
		seen[r.Source+r.ID] = true
		switch r.Type {
		case "speaker.added":
			speakers[r.Key]++
		case "speaker.removed":
			speakers[r.Key]--
		}
	}
	for key, n := range speakers {
		a := s.Account(key)
		got := meter.Value(a.Usage["speakers"], &catalog.Meter{Key: "speakers", Aggregate: catalog.Level}, catalog.Lifetime, subscription.Calendar{}, s.Now)
		if got != quantity.Of(max(0, n)) {
			t.Fatalf("account %s has %v speakers, counted by hand %d", key, got, n)
		}
	}
}

// Consumes are answered one after the other: what was allowed within a month never adds up
// to more than its limit.
func TestAHardLimitIsNeverPassed(t *testing.T) {
	cat := parse(t, catalogText)
	rapid.Check(t, func(t *rapid.T) {
		d := newDisk()
		o := d.acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
		o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)},
			body(event.KindSubscription, "acme", "s", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "starter"}})})
		now, taken := start, map[clock.Time]quantity.Quantity{}
		for i := range rapid.IntRange(1, 60).Draw(t, "calls") {
			now += clock.Time(rapid.Int64Range(0, int64(6*clock.Day)).Draw(t, "pause"))
			q := quantity.Quantity(rapid.Int64Range(1, int64(3*quantity.One)).Draw(t, "quantity"))
			a := o.step(uint64(i+2), []event.Record{body(event.KindConsume, "acme", fmt.Sprint(i), "exports", now, engine.ConsumeCall{Quantity: q})})[0]
			var answer struct{ Allowed bool }
			if err := json.Unmarshal(a.Body, &answer); err != nil {
				t.Fatal(err)
			}
			month := subscription.MonthOf(start, now).Start
			fits := taken[month]+q <= quantity.Of(4)
			if answer.Allowed != fits {
				t.Fatalf("%v of 4 were taken, and %v more was answered %v", taken[month], q, answer.Allowed)
			}
			if fits {
				taken[month] += q
			}
		}
	})
}

func compare(t *rapid.T, want, got *disk) {
	for key, state := range want.accounts {
		if string(got.accounts[key]) != string(state) {
			t.Fatalf("account %q is\n%s\nand in the clean run\n%s", key, got.accounts[key], state)
		}
	}
	if !maps.Equal(want.timers, got.timers) {
		t.Fatalf("timers are %v, in the clean run %v", got.timers, want.timers)
	}
	slices.Sort(want.effects)
	slices.Sort(got.effects)
	if !slices.Equal(want.effects, got.effects) {
		t.Fatalf("effects are\n%q\nand in the clean run\n%q", got.effects, want.effects)
	}
}
