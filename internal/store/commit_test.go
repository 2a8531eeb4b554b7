package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

var ctx = context.Background()

const noon = 1_700_000_000 * clock.Second

// each runs f on both engines with a store whose four partitions are leased by "me".
func each(t *testing.T, f func(t *testing.T, s *store.Store, open func() *db.DB)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		s := store.New(open())
		if n, stream, err := s.InitPartitions(ctx, 4, "log-1"); err != nil || n != 4 || stream != "log-1" {
			t.Fatalf("%d partitions of %q, %v", n, stream, err)
		}
		for p := range 4 {
			if l, ok, err := s.Acquire(ctx, p, "me", "127.0.0.1:1", time.Minute); err != nil || !ok || l.Epoch != 1 {
				t.Fatalf("lease %+v, %v, %v", l, ok, err)
			}
		}
		f(t, s, open)
	})
}

// next returns an empty checkpoint of partition 0 from position from to to.
func next(from, to uint64) *engine.Checkpoint {
	return &engine.Checkpoint{Partition: 0, Epoch: 1, Stream: "log-1", From: from, To: to, Now: noon, Catalog: "v1", Rules: 1}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Fatalf("want fault %s, got %v", code, err)
	}
}

// full is a checkpoint with something of everything.
func full() *engine.Checkpoint {
	c := next(0, 10)
	for i := range 3 {
		key := fmt.Sprintf("acme-%d", i)
		c.Accounts = append(c.Accounts, engine.AccountRow{
			Key: key, State: []byte(`{"n":` + fmt.Sprint(i) + `}`),
			Listing: &engine.Listing{
				Account: account.Account{Key: key, Name: "Acme " + fmt.Sprint(i), Domain: "acme.example", Traits: map[string]any{"segment": "smb"}, CreatedAt: noon, UpdatedAt: noon},
				Plan:    "starter", Status: "active", Interval: "month", MRR: 12 * 4900, Currency: "USD",
			},
			People: []account.Person{{Pseudonym: "P" + fmt.Sprint(i), Account: key, Role: "admin", Profile: "host", Traits: map[string]any{"tier": "gold"}, Sealed: []byte{1, 2}, SeenAt: noon}},
			Limits: []engine.LimitRow{
				{Feature: "speakers", Usage: int64(i) * 3_000_000, Limit: 10_000_000, Percent: int64(i) * 30},
				{Feature: "emails", Usage: 990_000_000, Limit: 1_000_000_000, Percent: 99, ResetsAt: noon + clock.Day},
			},
			Timers: []engine.Timer{{Due: noon + clock.Hour, ID: "trial"}, {Due: noon + clock.Minute, ID: "period"}},
		})
	}
	c.Accounts = append(c.Accounts, engine.AccountRow{Key: event.UserKey("P9"), State: []byte("{}")})
	c.Segments = []engine.Segment{{Day: noon.Day(), Fingerprints: []event.Fingerprint{event.FingerprintOf("s", "1"), event.FingerprintOf("s", "2")}}}
	c.Answers = []engine.AnswerRow{{Account: "acme-0", Fingerprint: event.FingerprintOf("api:consume", "k"), At: noon, Request: make([]byte, 16), Answer: []byte(`{"allowed":true}`)}}
	c.Effects = engine.Effects{
		Signals:   []signal.Signal{{ID: "sig1", Key: "nearly_full", Account: "acme-2", At: noon, Evidence: "used 9 of 10", Data: map[string]string{"limit": "10"}}},
		Decisions: []offer.Decision{{ID: "dec1", Account: "acme-2", Status: "show", Placement: "billing", Offer: &offer.Shown{Key: "pro"}, At: noon}},
		Outcomes:  []offer.Outcome{{Decision: "dec1", Account: "acme-2", Offer: "pro", Type: "seen", At: noon + 1}},
		Requests:  []offer.Request{{ID: "req1", Account: "acme-2", User: "P2", Status: "open", Offer: "pro", At: noon}},
		Opportunities: []opportunity.Opportunity{
			{ID: "opp1", Account: "acme-2", Stage: opportunity.Open, Owner: "eve", Type: "upsell", Amount: money.Of(120000, "USD"), OpenedAt: noon},
			{ID: "opp2", Account: "acme-1", Stage: opportunity.Open, Type: "cross_sell", OpenedAt: noon + 1}, // nobody could estimate it
		},
		Lines:    []revenue.Line{{Account: "acme-0", Seq: 1, EffectiveAt: noon, RecordedAt: noon, Delta: 12 * 4900, MRR: 12 * 4900, Currency: "USD", Movement: "new", Type: "new_logo", Source: "subscription", Note: "Starter"}},
		Periods:  []engine.PeriodRow{{Account: "acme-0", Meter: "emails", Start: noon - 30*clock.Day, End: noon, Usage: 5_000_000, Late: 1}},
		Forwards: []event.Record{{Kind: event.KindPerson, Source: "fwd", ID: "f1", Key: "other", ReceivedAt: noon}},
	}
	return c
}

func TestACheckpointCanBeReadBackWhole(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		c := full()
		must(t, s.Commit(ctx, c))

		states, err := s.AccountStates(ctx, 0, []string{"acme-0", "acme-2", "nobody", event.UserKey("P9")})
		if err != nil || len(states) != 3 || string(states["acme-2"]) != `{"n":2}` {
			t.Errorf("states %q, %v", states, err)
		}
		timers, err := s.Timers(ctx, 0)
		if err != nil || len(timers) != 6 || !slices.Contains(timers, store.AccountTimer{Account: "acme-1", Timer: engine.Timer{Due: noon + clock.Minute, ID: "period"}}) {
			t.Errorf("timers %v, %v", timers, err)
		}
		prints, err := s.Segments(ctx, 0, noon.Day())
		if err != nil || !slices.Equal(prints, c.Segments[0].Fingerprints) {
			t.Errorf("fingerprints %v, %v", prints, err)
		}
		answer, ok, err := s.Answer(ctx, "acme-0", event.FingerprintOf("api:consume", "k"))
		if err != nil || !ok || string(answer.Answer) != `{"allowed":true}` || len(answer.Request) != 16 || answer.At != noon {
			t.Errorf("answer %+v, %v, %v", answer, ok, err)
		}
		if _, ok, err := s.Answer(ctx, "acme-1", event.FingerprintOf("api:consume", "k")); ok || err != nil {
			t.Errorf("another account's answer: %v, %v", ok, err)
		}
		out, err := s.Outbox(ctx, 0, 10)
		if err != nil || len(out) != 1 || out[0].Record.Key != "other" {
			t.Fatalf("outbox %+v, %v", out, err)
		}
		must(t, s.DeleteOutbox(ctx, []int64{out[0].ID}))
		if out, err := s.Outbox(ctx, 0, 10); err != nil || len(out) != 0 {
			t.Errorf("outbox after deletion %+v, %v", out, err)
		}
		listing, err := s.Account(ctx, "acme-1")
		if err != nil || listing.Account.Name != "Acme 1" || listing.MRR != 12*4900 || listing.Account.Traits["segment"] != "smb" || listing.Account.CreatedAt != noon {
			t.Errorf("listing %+v, %v", listing, err)
		}
		people, err := s.People(ctx, "acme-1", store.Page{})
		if err != nil || len(people.Items) != 1 || people.Items[0].Traits["tier"] != "gold" || len(people.Items[0].Sealed) != 2 {
			t.Errorf("people %+v, %v", people, err)
		}
		if of, err := s.AccountsOf(ctx, "P1"); err != nil || !slices.Equal(of, []string{"acme-1"}) {
			t.Errorf("accounts of P1: %v, %v", of, err)
		}
		decision, err := s.Decision(ctx, "dec1")
		if err != nil || decision.Offer == nil || decision.Offer.Key != "pro" {
			t.Errorf("decision %+v, %v", decision, err)
		}
		if outcomes, err := s.Outcomes(ctx, "dec1"); err != nil || len(outcomes) != 1 || outcomes[0].Type != "seen" {
			t.Errorf("outcomes %+v, %v", outcomes, err)
		}
		if request, err := s.Request(ctx, "req1"); err != nil || request.User != "P2" {
			t.Errorf("request %+v, %v", request, err)
		}
		for id, want := range map[string]money.Amount{"opp1": money.Of(120000, "USD"), "opp2": {}} {
			if o, err := s.Opportunity(ctx, id); err != nil || o.Amount != want || o.Account == "" {
				t.Errorf("opportunity %+v, %v", o, err)
			}
		}
		for l, err := range s.Ledger(ctx, store.LedgerFilter{}) {
			if err != nil || l != c.Effects.Lines[0] {
				t.Errorf("line %+v, %v", l, err)
			}
		}
		periods, err := s.Periods(ctx, "acme-0", store.Page{})
		if err != nil || len(periods.Items) != 1 || periods.Items[0] != c.Effects.Periods[0] {
			t.Errorf("periods %+v, %v", periods, err)
		}
		partitions, err := s.Partitions(ctx)
		if err != nil || len(partitions) != 4 {
			t.Fatalf("partitions %v, %v", partitions, err)
		}
		if p := partitions[0]; p.Position != 10 || p.Now != noon || p.Catalog != "v1" || p.Rules != 1 || p.Owner != "me" {
			t.Errorf("partition %+v", p)
		}
		if least, err := s.MinPosition(ctx); err != nil || least != 0 {
			t.Errorf("oldest position %d, %v", least, err)
		}
		if was, err := s.Committed(ctx); err != nil || was != 10 {
			t.Errorf("committed %d, %v", was, err)
		}
		other := next(0, 1)
		other.Partition = 3
		must(t, s.Commit(ctx, other))
		if is, err := s.Committed(ctx); err != nil || is != 11 {
			t.Errorf("after a commit of another partition %d, %v", is, err)
		}
		counts, err := s.Counts(ctx)
		want := store.Counts{Accounts: 3, Paying: 3, Signals: 1, OpenOpportunities: 2, OpenRequests: 1, MRR: map[money.Currency]money.Twelfths{"USD": 3 * 12 * 4900}}
		if err != nil || counts.Accounts != want.Accounts || counts.Paying != 3 || counts.Signals != 1 || counts.OpenOpportunities != 2 ||
			counts.OpenRequests != 1 || !maps.Equal(counts.MRR, want.MRR) {
			t.Errorf("counts %+v, %v", counts, err)
		}
	})
}

func TestACheckpointIsFenced(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.Commit(ctx, full()))
		for _, c := range []struct {
			name   string
			change func(*engine.Checkpoint)
			code   string
		}{
			{"under an older epoch", func(c *engine.Checkpoint) { c.Epoch = 0 }, "lost_partition"},
			{"under an epoch to come", func(c *engine.Checkpoint) { c.Epoch = 2 }, "lost_partition"},
			{"from a position already passed", func(c *engine.Checkpoint) { c.From, c.To = 5, 12 }, "lost_partition"},
			{"from a position not yet reached", func(c *engine.Checkpoint) { c.From = 11 }, "lost_partition"},
			{"of another log", func(c *engine.Checkpoint) { c.Stream = "log-2" }, "lost_partition"},
			{"the same one again", func(c *engine.Checkpoint) { c.From, c.To = 0, 10 }, "already_committed"},
			{"the same one again under a lost epoch", func(c *engine.Checkpoint) { c.From, c.To, c.Epoch = 0, 10, 0 }, "lost_partition"},
			{"the right one", func(c *engine.Checkpoint) {}, ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				x := next(10, 20)
				x.Accounts = []engine.AccountRow{{Key: "intruder", State: []byte("{}")}}
				c.change(x)
				err := s.Commit(ctx, x)
				states, err2 := s.AccountStates(ctx, 0, []string{"intruder"})
				must(t, err2)
				if c.code == "" {
					must(t, err)
				} else {
					wantCode(t, err, c.code)
				}
				if (len(states) == 1) != (c.code == "") {
					t.Errorf("written: %v", states)
				}
			})
		}
		if err := s.Commit(ctx, next(20, 20)); err == nil {
			t.Error("a checkpoint that does not move on was taken")
		}
	})
}

func TestAnOldOwnerCanDoNoHarmAfterItsLeaseWasTaken(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.Release(ctx, 0, 1))
		l, ok, err := s.Acquire(ctx, 0, "you", "127.0.0.1:2", time.Minute)
		if err != nil || !ok || l.Epoch != 2 || l.Stream != "log-1" {
			t.Fatalf("%+v, %v, %v", l, ok, err)
		}
		wantCode(t, s.Commit(ctx, full()), "lost_partition")
		mine := full()
		mine.Epoch = 2
		must(t, s.Commit(ctx, mine))
	})
}

func TestOfTwoOwnersThatFightOnlyOneCommits(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		var mu sync.Mutex
		outcome := map[string]int{}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				c := next(0, uint64(10+i))
				c.Accounts = []engine.AccountRow{{Key: fmt.Sprintf("winner-%d", i), State: []byte("{}")}}
				err := s.Commit(ctx, c)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					outcome["committed"]++
				} else {
					outcome[fault.CodeOf(err)]++
				}
			})
		}
		wg.Wait()
		if outcome["committed"] != 1 || outcome["lost_partition"] != 7 {
			t.Errorf("%v", outcome)
		}
	})
}

func TestALaterRowOfACheckpointReplacesAnEarlierOne(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		c := full()
		c.Accounts = append(c.Accounts, engine.AccountRow{Key: "acme-0", State: []byte("newer"), Timers: []engine.Timer{{Due: 5, ID: "x"}}})
		c.Effects.Opportunities = append(c.Effects.Opportunities, opportunity.Opportunity{ID: "opp1", Account: "acme-2", Stage: opportunity.Won})
		c.Effects.Requests = append(c.Effects.Requests, offer.Request{ID: "req1", Account: "acme-2", Status: "approved"})
		c.Effects.Signals = append(c.Effects.Signals, signal.Signal{ID: "sig1", Account: "acme-2", At: noon, Evidence: "newer"})
		c.Answers = append(c.Answers, c.Answers[0])
		c.Effects.Outcomes = append(c.Effects.Outcomes, c.Effects.Outcomes[0])
		must(t, s.Commit(ctx, c))
		if states, err := s.AccountStates(ctx, 0, []string{"acme-0"}); err != nil || string(states["acme-0"]) != "newer" {
			t.Errorf("%q, %v", states, err)
		}
		if o, err := s.Opportunity(ctx, "opp1"); err != nil || o.Stage != opportunity.Won {
			t.Errorf("%+v, %v", o, err)
		}
		if r, err := s.Request(ctx, "req1"); err != nil || r.Status != "approved" {
			t.Errorf("%+v, %v", r, err)
		}
		if l, err := s.Signals(ctx, store.SignalFilter{}, store.Page{}); err != nil || len(l.Items) != 1 || l.Items[0].Evidence != "newer" {
			t.Errorf("%+v, %v", l, err)
		}
	})
}

func TestTimersAndLimitsAreReplacedNotAddedTo(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.Commit(ctx, full()))
		c := next(10, 11)
		c.Accounts = full().Accounts[:1]
		c.Accounts[0].Timers = []engine.Timer{{Due: noon + clock.Day, ID: "renewal"}}
		c.Accounts[0].DropLimits, c.Accounts[0].Limits = true, []engine.LimitRow{{Feature: "sponsors", Usage: 1, Limit: 2, Percent: 50}}
		must(t, s.Commit(ctx, c))
		timers, err := s.Timers(ctx, 0)
		must(t, err)
		n := 0
		for _, x := range timers {
			if x.Account == "acme-0" {
				n++
				if x.ID != "renewal" {
					t.Errorf("timer %+v", x)
				}
			}
		}
		limits, err := s.Limits(ctx, 0, store.Page{})
		must(t, err)
		features := map[string][]string{}
		for _, l := range limits.Items {
			features[l.Account] = append(features[l.Account], l.Feature)
		}
		if n != 1 || !slices.Equal(features["acme-0"], []string{"sponsors"}) || len(features["acme-1"]) != 2 {
			t.Errorf("%d timers, limits %v", n, features)
		}
		c = next(11, 12)
		c.Accounts = full().Accounts[:1]
		c.Accounts[0].Timers, c.Accounts[0].TimersKept = nil, true
		c.Accounts[0].Limits = []engine.LimitRow{{Feature: "emails", Usage: 1, Limit: 2, Percent: 50}}
		must(t, s.Commit(ctx, c))
		timers, err = s.Timers(ctx, 0)
		must(t, err)
		if n := len(timers); n != 5 {
			t.Errorf("%d timers though those of acme-0 were to be kept", n)
		}
		if limits, err := s.Limits(ctx, 0, store.Page{}); err != nil || len(limits.Items) != 6 {
			t.Errorf("%d limits, %v; want one added to those of acme-0", len(limits.Items), err)
		}
		c = next(12, 13)
		c.Accounts = full().Accounts[:1]
		c.Accounts[0].Timers, c.Accounts[0].Limits, c.Accounts[0].DropLimits = nil, nil, true
		must(t, s.Commit(ctx, c))
		if timers, err := s.Timers(ctx, 0); err != nil || len(timers) != 4 {
			t.Errorf("%d timers, %v", len(timers), err)
		}
		if limits, err := s.Limits(ctx, 0, store.Page{}); err != nil || len(limits.Items) != 4 {
			t.Errorf("%d limits, %v", len(limits.Items), err)
		}
	})
}

func TestTheLedgerTakesEachLineOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.Commit(ctx, full()))
		c := next(10, 11)
		c.Accounts = []engine.AccountRow{{Key: "other", State: []byte("{}")}}
		c.Effects.Lines = full().Effects.Lines
		if err := s.Commit(ctx, c); !db.IsUnique(err) {
			t.Errorf("the same line again: %v", err)
		}
		if states, err := s.AccountStates(ctx, 0, []string{"other"}); err != nil || len(states) != 0 {
			t.Errorf("the rest of that checkpoint was written: %v, %v", states, err)
		}
	})
}

func TestAPersonIsListedUnderTheLastPseudonymOnly(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.Commit(ctx, full()))
		c := next(10, 11)
		c.Accounts = []engine.AccountRow{
			{Key: event.UserKey("P1"), State: []byte("{}"), People: []account.Person{{Pseudonym: "P1", Account: "acme-1", Into: "later"}}},
			{Key: event.UserKey("later"), State: []byte("{}"), People: []account.Person{{Pseudonym: "later", Account: "acme-1", Role: "admin"}}},
		}
		must(t, s.Commit(ctx, c))
		people, err := s.People(ctx, "acme-1", store.Page{})
		if err != nil || len(people.Items) != 1 || people.Items[0].Pseudonym != "later" {
			t.Errorf("people %+v, %v", people, err)
		}
		if of, err := s.AccountsOf(ctx, "P1"); err != nil || len(of) != 0 {
			t.Errorf("accounts of the earlier pseudonym: %v, %v", of, err)
		}
	})
}

func TestRowsOfImportsAreRememberedForGood(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		row := event.FingerprintOf("import:usage", "1")
		c := next(0, 10)
		c.Segments = []engine.Segment{{Day: engine.ImportDay, Fingerprints: []event.Fingerprint{row}}}
		must(t, s.Commit(ctx, c))
		c = next(10, 11)
		c.Now = noon + 400*clock.Day
		must(t, s.Commit(ctx, c))
		if kept, err := s.Segments(ctx, 0, engine.ImportDay); err != nil || !slices.Equal(kept, []event.Fingerprint{row}) {
			t.Errorf("a year later the rows known are %v, %v", kept, err)
		}
	})
}

func TestHostileTextDoesNotHoldUpACheckpoint(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		c := full()
		nasty := "a\x00b\xff'; DROP TABLE ledger; --" + strings.Repeat("x", 100_000)
		c.Accounts[0].Listing.Account.Name = nasty
		c.Accounts[0].Listing.Account.Traits = map[string]any{"\x00": "\x00\xff"}
		c.Accounts[0].People[0].Profile = nasty
		c.Effects.Signals[0].Evidence = nasty
		c.Effects.Lines[0].Note = nasty
		c.Effects.Opportunities[0].Owner = nasty
		must(t, s.Commit(ctx, c))
		l, err := s.Account(ctx, "acme-0")
		if err != nil || !strings.HasPrefix(l.Account.Name, "a") {
			t.Errorf("%.20q, %v", l.Account.Name, err)
		}
	})
}

func TestFingerprintsOfManyCheckpointsAreMergedAndNoneIsLost(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		want := map[event.Fingerprint]bool{}
		const checkpoints = 300
		for i := range uint64(checkpoints) {
			c := next(i, i+1)
			g := engine.Segment{Day: noon.Day()}
			for j := range i%7 + 1 {
				fp := event.FingerprintOf("s", fmt.Sprint(i, j))
				want[fp] = true
				g.Fingerprints = append(g.Fingerprints, fp)
			}
			c.Segments = []engine.Segment{g, {Day: noon.Day() - 1, Fingerprints: []event.Fingerprint{event.FingerprintOf("yesterday", fmt.Sprint(i))}}}
			must(t, s.Commit(ctx, c))
		}
		got, err := s.Segments(ctx, 0, noon.Day())
		must(t, err)
		if len(got) != len(want) {
			t.Errorf("%d fingerprints, want %d", len(got), len(want))
		}
		for _, fp := range got {
			delete(want, fp)
		}
		if len(want) != 0 {
			t.Errorf("%d are missing", len(want))
		}
		if got, err := s.Segments(ctx, 0, noon.Day()-1); err != nil || len(got) != checkpoints {
			t.Errorf("yesterday has %d, %v", len(got), err)
		}
		if got, err := s.Segments(ctx, 1, noon.Day()); err != nil || len(got) != 0 {
			t.Errorf("another partition has %d, %v", len(got), err)
		}
	})
}

func TestTheNumberOfSegmentsStaysSmall(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		s := store.New(d)
		_, _, err := s.InitPartitions(ctx, 1, "log-1")
		must(t, err)
		_, _, err = s.Acquire(ctx, 0, "me", "", time.Minute)
		must(t, err)
		for i := range uint64(200) {
			c := next(i, i+1)
			c.Segments = []engine.Segment{{Day: 1, Fingerprints: []event.Fingerprint{event.FingerprintOf("s", fmt.Sprint(i))}}}
			c.Now = clock.Day
			must(t, s.Commit(ctx, c))
			var n int
			must(t, d.Read().QueryRow("SELECT COUNT(*) FROM dedup_segments").Scan(&n))
			if n > 32 {
				t.Fatalf("%d segments after %d checkpoints", n, i+1)
			}
		}
	})
}

func TestWhatIsTooOldIsSwept(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		c := full()
		for _, days := range []int32{36, 37, 38, 60} {
			c.Segments = append(c.Segments, engine.Segment{Day: noon.Day() - days, Fingerprints: []event.Fingerprint{event.FingerprintOf("old", fmt.Sprint(days))}})
		}
		old := c.Answers[0]
		old.Account, old.At = "acme-1", noon-36*clock.Day
		c.Answers = append(c.Answers, old)
		must(t, s.Commit(ctx, c))
		for days, kept := range map[int32]int{0: 2, 36: 1, 37: 1, 38: 0, 60: 0} {
			if got, err := s.Segments(ctx, 0, noon.Day()-days); err != nil || len(got) != kept {
				t.Errorf("%d days ago: %d fingerprints, want %d, %v", days, len(got), kept, err)
			}
		}
		if _, ok, err := s.Answer(ctx, "acme-1", old.Fingerprint); ok || err != nil {
			t.Errorf("an answer of 36 days ago: %v, %v", ok, err)
		}
		if _, ok, err := s.Answer(ctx, "acme-0", old.Fingerprint); !ok || err != nil {
			t.Errorf("an answer of today: %v, %v", ok, err)
		}
	})
}

func TestACheckpointOfThousandsOfAccountsIsWrittenWhole(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		c := large(3_333, 0)
		must(t, s.Commit(ctx, c))
		var keys []string
		for i := range c.Accounts {
			keys = append(keys, c.Accounts[i].Key)
		}
		states, err := s.AccountStates(ctx, 0, keys)
		if err != nil || len(states) != len(keys) {
			t.Fatalf("%d states, %v", len(states), err)
		}
		for i := range c.Accounts {
			if string(states[keys[i]]) != string(c.Accounts[i].State) {
				t.Fatalf("state of %s", keys[i])
			}
		}
		if timers, err := s.Timers(ctx, 0); err != nil || len(timers) != 2*len(keys) {
			t.Errorf("%d timers, %v", len(timers), err)
		}
	})
}

func TestExpiredAnswersGoHoweverManyThereAre(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		const many = 5000
		fingerprint := func(i int) (f event.Fingerprint) {
			f[0], f[1] = byte(i), byte(i>>8)
			return f
		}
		c := next(0, 1)
		for i := range many {
			c.Answers = append(c.Answers, engine.AnswerRow{Account: "a", Fingerprint: fingerprint(i), At: noon - 40*clock.Day, Request: []byte{1}, Answer: []byte("{}")})
		}
		must(t, s.Commit(ctx, c))
		for i := range uint64(20) {
			n := next(1+i, 2+i)
			n.Now = noon + clock.Time(i+1)*clock.Second
			must(t, s.Commit(ctx, n))
		}
		for i := range many {
			if _, kept, err := s.Answer(ctx, "a", fingerprint(i)); err != nil || kept {
				t.Fatalf("answer %d of 40 days ago is kept, %v", i, err)
			}
		}
	})
}
