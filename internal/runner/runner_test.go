package runner

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/subscription"
)

const catalogText = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  exports:  {fed_by: consume}
features:
  speakers: {title: Speakers, kind: metered, meter: speakers}
  exports:  {title: Exports, kind: metered, meter: exports}
plans:
  base: {title: Base, family: core, price: {month: "49"}, entitlements: {speakers: 10, exports: {limit: 2, per: month}}}
`

const partitions = 4

// shop is a data directory: a database and a log.
type shop struct {
	t     *testing.T
	db    *db.DB
	store *store.Store
	log   *eventlog.Log
	n     int
}

func open(t *testing.T) *shop {
	s := &shop{t: t}
	var err error
	if s.db, err = db.Open(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	s.store = store.New(s.db)
	if s.log, err = eventlog.Open(t.Context(), eventlog.Options{Dir: t.TempDir(), MinFree: -1, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.log.Close() })
	if _, _, err := s.store.InitPartitions(t.Context(), partitions, s.log.Identity()); err != nil {
		t.Fatal(err)
	}
	return s
}

// start runs a runner of its own process, as far as anybody can tell.
func (s *shop) start(change ...func(*Options)) *Runner {
	s.t.Helper()
	s.n++
	writer := eventlog.NewWriter(s.log, partitions)
	o := Options{Store: s.store, Log: s.log, Writer: writer, Clock: clock.Real(), Logger: slog.New(slog.DiscardHandler),
		Owner: fmt.Sprint("process-", s.n), Address: fmt.Sprintf("http://node-%d", s.n), Partitions: partitions,
		LeaseTTL: 300 * time.Millisecond, CheckpointEvery: 20 * time.Millisecond}
	for _, f := range change {
		f(&o)
	}
	r, err := Start(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { r.Close(); writer.Close() })
	return r
}

func submit(t *testing.T, r *Runner, records ...event.Record) uint64 {
	t.Helper()
	for i := range records {
		records[i].ReceivedAt = r.Clock.Now()
	}
	position, err := r.Submit(t.Context(), records...)
	if err != nil {
		t.Fatal(err)
	}
	return position
}

// activate makes the catalog active by its record alone.
func activate(t *testing.T, r *Runner) {
	t.Helper()
	c, findings := catalog.Parse("test", []byte(catalogText))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(engine.Activation{Rules: engine.Rules, Text: catalogText})
	if err != nil {
		t.Fatal(err)
	}
	position := submit(t, r, event.Record{Kind: event.KindCatalog, Type: c.Version, Body: body})
	if err := r.WaitAll(t.Context(), position, false); err != nil {
		t.Fatal(err)
	}
}

func call(kind event.Kind, account, id, typ string, body any) event.Record {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return event.Record{Kind: kind, Source: "api:" + kind.String() + ":" + account, ID: id, Key: account, Type: typ, ReceivedAt: clock.At(time.Now()), Body: b}
}

func subscribe(t *testing.T, r *Runner, account string) {
	t.Helper()
	a, _, err := r.Call(t.Context(), call(event.KindSubscription, account, "sub", "", engine.SubscribeCall{Change: subscription.Change{Plan: "base"}}))
	if err != nil || a.Fault != nil {
		t.Fatal(err, a.Fault)
	}
}

func added(account, id string) event.Record {
	return event.Record{Kind: event.KindEvent, Source: "app", ID: id, Key: account, Type: "speaker.added"}
}

// speakers is what a read that carries a position sees.
func speakers(t *testing.T, r *Runner, account string, after uint64) quantity.Quantity {
	t.Helper()
	var used quantity.Quantity
	err := r.Read(t.Context(), account, after, func(v View) error {
		used = *entitlement.Check(v.Account.Input(v.Catalog, v.State.Now), "speakers", 0).Usage
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for: " + what)
		}
	}
}

func TestAReadThatCarriesAPositionSeesWhatWasDoneThere(t *testing.T) {
	r := open(t).start()
	activate(t, r)
	subscribe(t, r, "acme")
	for i := range 9 {
		position, err := r.ParsePosition(r.Position(submit(t, r, added("acme", fmt.Sprint(i)))))
		if err != nil {
			t.Fatal(err)
		}
		if got := speakers(t, r, "acme", position); got != quantity.Of(int64(i+1)) {
			t.Fatalf("after %d speakers it sees %s", i+1, got)
		}
	}
}

func TestAPositionTokenIsOfOneLog(t *testing.T) {
	r := open(t).start()
	token := r.Position(17)
	for _, c := range []struct {
		name, token string
		want        uint64
		ok          bool
	}{
		{"none", "", 0, true},
		{"its own", token, 17, true},
		{"of another log", "0123456789abcdef0123456789abcdef-17", 0, false},
		{"without a position", r.Log.Identity(), 0, false},
		{"with a position below zero", r.Log.Identity() + "--1", 0, false},
		{"with more behind it", token + "x", 0, false},
		{"a number", "17", 0, false},
	} {
		got, err := r.ParsePosition(c.token)
		if got != c.want || (err == nil) != c.ok || err != nil && fault.CodeOf(err) != "position_unknown" {
			t.Errorf("%s: %d, %v", c.name, got, err)
		}
		if !c.ok && (err == nil || !strings.Contains(err.Error(), "after a restore from a backup")) {
			t.Errorf("%s: it does not tell who restored a backup what to do: %v", c.name, err)
		}
	}
}

func TestAPositionThatNeverComesEndsWithTheCallersPatience(t *testing.T) {
	r := open(t).start()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.Read(ctx, "acme", 1_000_000, func(View) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("it ended with %v", err)
	}
}

func TestARepeatedCallHearsTheSame(t *testing.T) {
	s := open(t)
	r := s.start()
	activate(t, r)
	subscribe(t, r, "acme")
	consume := func(r *Runner, id string) engine.Answer {
		t.Helper()
		a, _, err := r.Call(t.Context(), call(event.KindConsume, "acme", id, "exports", engine.ConsumeCall{Quantity: quantity.One}))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var first [3]engine.Answer
	for i := range first {
		first[i] = consume(r, fmt.Sprint(i))
	}
	r.Close()
	later := s.start()
	for i := range first {
		if again := consume(later, fmt.Sprint(i)); string(again.Body) != string(first[i].Body) || !again.Duplicate {
			t.Errorf("consume %d was answered\n%s and by the next process\n%s", i, first[i].Body, again.Body)
		}
	}
	if a := consume(later, "4"); string(a.Body) != string(first[2].Body) {
		t.Errorf("another one was answered %s", a.Body)
	}
}

func TestAnswersSayStaleOnceTheLeaseMayHaveRunOut(t *testing.T) {
	s := open(t)
	r := s.start()
	activate(t, r)
	subscribe(t, r, "acme")
	stale := func() (is bool) {
		t.Helper()
		if err := r.Read(t.Context(), "acme", 0, func(v View) error { is = v.Stale; return nil }); err != nil {
			t.Fatal(err)
		}
		return is
	}
	until(t, "a fresh answer", func() bool { return !stale() })
	held, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() { // a database in which nobody gets to write
		done <- s.db.InTx(context.Background(), func(*sql.Tx) error { close(held); <-release; return nil })
	}()
	<-held
	until(t, "an answer that says stale", stale)
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	until(t, "a fresh answer again", func() bool { return !stale() })
}

func TestWhatLostItsLeaseSendsCallersToTheNextOwner(t *testing.T) {
	s := open(t)
	first := s.start(func(o *Options) { o.LeaseTTL = time.Hour }) // it will not look before the test is over
	activate(t, first)
	subscribe(t, first, "acme")
	at := submit(t, first, added("acme", "1"))
	speakers(t, first, "acme", at)
	if err := s.store.FreeLeases(t.Context()); err != nil { // as if it had slept
		t.Fatal(err)
	}
	second := s.start()
	at = submit(t, second, added("acme", "1"), added("acme", "2"))
	if got := speakers(t, second, "acme", at); got != quantity.Of(2) {
		t.Errorf("the next owner counts %s speakers, want 2", got)
	}
	until(t, "the first to notice that its checkpoints are refused", func() bool {
		for i := range 8 * partitions { // something for every partition
			submit(t, first, added(fmt.Sprint("other-", i), ""))
		}
		return len(first.partitions()) == 0
	})
	var elsewhere *Elsewhere
	if err := first.Read(t.Context(), "acme", 0, func(View) error { return nil }); !errors.As(err, &elsewhere) || elsewhere.Address != second.Address {
		t.Errorf("the first answers %v, want the address of the second", err)
	}
	_, _, err := first.Call(t.Context(), call(event.KindConsume, "acme", "1", "exports", engine.ConsumeCall{Quantity: quantity.One}))
	if !errors.As(err, &elsewhere) {
		t.Errorf("a call to the first ended with %v", err)
	}
	if got := speakers(t, second, "acme", 0); got != quantity.Of(2) {
		t.Errorf("in the end there are %s speakers, want 2", got)
	}
}

func TestANodeThatOwnsNothingNeedNotWaitForIdlePartitions(t *testing.T) {
	s := open(t)
	owner := s.start()
	position := submit(t, owner, added("acme", "1")) // three of four partitions have nothing to write
	ctx, cancel := context.WithTimeout(t.Context(), idleCheckpoint/2)
	defer cancel()
	if err := s.start().WaitAll(ctx, position, true); err != nil {
		t.Errorf("waiting for position %d ended with %v", position, err)
	}
}

func TestAForwardIsCountedOnceThoughTheProcessDiedBeforeForgettingIt(t *testing.T) {
	s := open(t)
	mute := eventlog.NewWriter(s.log, partitions) // a log that takes nothing from this process
	if err := mute.Close(); err != nil {
		t.Fatal(err)
	}
	hand := eventlog.NewWriter(s.log, partitions)
	t.Cleanup(func() { hand.Close() })
	setUp := s.start()
	activate(t, setUp)
	subscribe(t, setUp, "acme")
	setUp.Close()

	first := s.start(func(o *Options) { o.Writer = mute })
	key := event.UserKey("ada")
	now := clock.At(time.Now())
	position, err := hand.Submit(t.Context(),
		event.Record{Kind: event.KindEvent, Source: "segment", ID: "1", Key: key, User: "ada", Type: "speaker.added", ReceivedAt: now},
		event.Record{Kind: event.KindPerson, Source: "segment", ID: "2", Key: key, User: "ada", ReceivedAt: now, Body: []byte(`{"account":"acme"}`)},
		event.Record{Kind: event.KindEvent, Source: "segment", ID: "3", Key: key, User: "ada", Type: "speaker.added", ReceivedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.WaitAll(t.Context(), position, true); err != nil {
		t.Fatal(err)
	}
	n := event.Partition(key, partitions)
	rows, err := s.store.Outbox(t.Context(), n, 10)
	if err != nil || len(rows) != 3 { // what she did twice, and that she is one of acme's people
		t.Fatalf("waiting to be forwarded: %+v, %v", rows, err)
	}
	if got := speakers(t, first, "acme", position); got != 0 {
		t.Fatalf("before they are forwarded acme has %s speakers", got)
	}
	for _, row := range rows { // it appends them, and dies
		if position, err = hand.Submit(t.Context(), row.Record); err != nil {
			t.Fatal(err)
		}
	}
	first.Close()
	second := s.start()
	until(t, "the outbox to be empty", func() bool {
		rows, err := s.store.Outbox(t.Context(), n, 10)
		return err == nil && len(rows) == 0
	})
	_, last, err := s.log.Bounds(t.Context())
	if err != nil || last < position+1 {
		t.Fatalf("they were not forwarded again: the log ends at %d, %v", last, err)
	}
	if got := speakers(t, second, "acme", last); got != quantity.Of(2) {
		t.Errorf("acme has %s speakers, want 2", got)
	}
}

func TestATestClockGoesForwardOnlyAndTakesEverybodyAlong(t *testing.T) {
	at, err := clock.Parse("2026-01-31T09:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	r := open(t).start(func(o *Options) { o.Clock = clock.Test(at) })
	if _, err := r.Advance(t.Context(), at+clock.Day); err != nil {
		t.Fatal(err)
	}
	for n := range partitions {
		if now := r.owned[n].state.Now; now != at+clock.Day {
			t.Errorf("partition %d stands at %s", n, now)
		}
	}
	if _, err := r.Advance(t.Context(), at); fault.CodeOf(err) != "clock_backwards" || !strings.Contains(err.Error(), "advance to a later time") {
		t.Errorf("going back ended with %v", err)
	}
}

func TestACatalogThatTheDatabaseLostComesBackFromTheLog(t *testing.T) {
	s := open(t)
	r := s.start()
	activate(t, r) // without putting its text anywhere else
	c, err := r.Active(t.Context())
	if err != nil || c.Plans["base"] == nil {
		t.Fatalf("the active catalog is %+v, %v", c, err)
	}
	if kept, err := s.store.Catalog(t.Context(), c.Version); err != nil || kept.Text != catalogText {
		t.Errorf("the database holds %+v, %v", kept, err)
	}
}

func TestLagTellsWhatWaits(t *testing.T) {
	r := open(t).start()
	position := submit(t, r, added("acme", "1"))
	if err := r.WaitAll(t.Context(), position, true); err != nil {
		t.Fatal(err)
	}
	lags, err := r.Lags(t.Context())
	if err != nil || len(lags) != partitions {
		t.Fatal(lags, err)
	}
	for n, l := range lags {
		if l.Partition != n || l.Unstepped < 0 || l.Uncommitted < 0 {
			t.Errorf("partition %d: %+v", n, l)
		}
	}
}
