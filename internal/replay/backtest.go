package replay

import (
	"context"
	"encoding/json"
	"time"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

// A backtest steps the history with other rules, by the same Step. Nothing is encoded, listed or
// compared, so that it costs what Step costs.

// keepDecoded is how many accounts of all partitions a backtest keeps decoded, 3 to 4 KB each; the
// others rest in their stored form.
const keepDecoded = 250_000

// drainEvery is after how many records a partition's effects are taken.
const drainEvery = 20_000

// Tries bounds a backtest or an analysis of a history.
type Tries struct {
	// Progress hears how many positions of the log were stepped, a few times a second.
	Progress func(done, total uint64)
	// Workers is how many cores are used at most; 0: all.
	Workers int
	// Idle: what else runs on the machine goes first, and leaves it a tenth of a busy core (on Linux; elsewhere no less).
	Idle bool
	// Beside runs the rules of the time as well, and what became of offers goes by those: needed where
	// accepted offers, approved requests or won opportunities changed subscriptions, because other
	// rules would have made other offers.
	Beside bool
	// Fired hears of each firing of the proposal, in no particular order of accounts.
	Fired func(signal.Signal)
}

// tested makes a partition one of a backtest.
type tested struct {
	tally *signal.Tally
	watch *signal.Watch // precursors; nil: none
	most  int           // accounts decoded
	try   *Tries
	fired func(*signal.Signal)
	twin  *partition // of the rules of the time; nil: none
}

// HistoryOf returns an open company's log as a source of backtests: its Stored has partitions and catalogs
// alone, and the signals that were fired where signals is set.
func HistoryOf(ctx context.Context, st *store.Store, log *eventlog.Log, signals bool) (Source, error) {
	var s Source
	var rows []store.Rows
	err := st.Snapshot(ctx, func(x *store.Snapshot) error {
		tables := []string{"partitions", "catalogs"}
		if signals {
			tables = append(tables, "signals")
		}
		for _, table := range tables {
			r := store.Rows{Table: table}
			err := x.Each(ctx, table, func(columns []string, values []any) error {
				r.Columns = columns
				r.Values = append(r.Values, values)
				return nil
			})
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		var err error
		s.First, s.Last, err = log.Bounds(ctx)
		return err
	})
	s.Messages = log.ReadTo
	s.Stored = func(_ context.Context, visit backup.RowVisitor) error {
		for _, r := range rows {
			for _, values := range r.Values {
				if err := visit(r.Table, r.Columns, values); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return s, err
}

// Backtest steps the whole history with the proposed signals in the place of those of each version
// of the catalog, from the first on; plans, prices and all else stay what they were at the time.
// What s.Stored has of signals is what they are compared with. Faults as of Check.
func Backtest(ctx context.Context, s Source, q *signal.Question, try Tries) (*signal.Backtest, error) {
	before := signal.NewTally(q)
	stored := false
	err := s.Stored(ctx, func(table string, columns []string, values []any) error {
		if table != "signals" {
			return nil
		}
		stored = true
		var one signal.Signal
		if err := json.Unmarshal([]byte(rowOf(columns, values).text("document")), &one); err != nil {
			return err
		}
		before.Before(&one)
		return nil
	})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	parts, r, err := stepHistory(ctx, s, try, func(p *partition) {
		p.tested.tally = signal.NewTally(q)
		if try.Beside && !stored && q.Current != nil {
			p.tested.twin.tested.tally = signal.NewTally(q)
		}
	}, q)
	if err != nil {
		return nil, err
	}
	all := signal.NewTally(q)
	for _, p := range parts {
		if twin := p.tested.twin; twin != nil && twin.tested.tally != nil {
			p.tested.tally.Merge(twin.tested.tally)
		}
		all.Merge(p.tested.tally)
	}
	all.Merge(before)
	b := all.Result()
	b.Records, b.Events, b.Seconds = r.Records, r.Events, time.Since(began).Seconds()
	switch {
	case q.Current == nil:
	case stored || s.Signals:
		b.Compared = "stored"
	case try.Beside:
		b.Compared = "rules"
	}
	return b, nil
}

// Precursors steps the whole history with the rules of the time and tells which actions precede
// upgrades. Faults as of Check.
func Precursors(ctx context.Context, s Source, q *signal.Precede, try Tries) (*signal.Precursors, error) {
	began := time.Now()
	try.Beside = false
	parts, _, err := stepHistory(ctx, s, try, func(p *partition) { p.tested.watch = signal.NewWatch(q) }, &signal.Question{})
	if err != nil {
		return nil, err
	}
	all := signal.NewWatch(q)
	for _, p := range parts {
		all.Merge(p.tested.watch)
	}
	out := all.Result()
	out.Seconds = time.Since(began).Seconds()
	return out, nil
}

// stepHistory steps all partitions to their checkpoints; prepare says what of each is gathered.
func stepHistory(ctx context.Context, s Source, try Tries, prepare func(*partition), q *signal.Question) ([]*partition, *Report, error) {
	proposal := &catalogs{}
	if q.Proposed != nil {
		proposal.swap = func(c *catalog.Catalog) *catalog.Catalog { return c.WithSignals(q.Proposed) }
	}
	parts, err := beginWith(ctx, s, proposal)
	if err != nil {
		return nil, nil, err
	}
	var twins []*partition
	if try.Beside {
		if twins, err = begin(ctx, s); err != nil {
			return nil, nil, err
		}
	}
	for i, p := range parts {
		p.tested = &tested{most: max(keepDecoded/len(parts), 1), try: &try}
		if twins != nil {
			p.tested.most /= 2
			p.tested.twin = twins[i]
			twins[i].tested = &tested{most: p.tested.most, try: &try}
		}
		if fired := try.Fired; fired != nil {
			p.tested.fired = func(s *signal.Signal) { fired(*s) }
		}
		p.state.Drain() // from the first record on nothing is kept to be stored
		if twins != nil {
			twins[i].state.Drain()
		}
		prepare(p)
	}
	r := &Report{}
	if err := step(ctx, s, Options{Progress: try.Progress, workers: try.Workers, idle: try.Idle}, parts, r); err != nil {
		return nil, nil, err
	}
	for _, p := range parts {
		p.gather()
		if twin := p.tested.twin; twin != nil {
			twin.gather()
		}
		if err := p.known(); err != nil {
			return nil, nil, err
		}
	}
	return parts, r, nil
}

// steers says whether what a record does depends on what was offered, and that on the rules.
func steers(k event.Kind) bool {
	return k == event.KindDecide || k == event.KindOutcome || k == event.KindOpportunity || k == event.KindRequest
}

// try steps records of a backtest, beside the rules of the time where they run as well.
func (p *partition) try(ctx context.Context, records []event.Record) error {
	if err := p.load(records); err != nil {
		return err
	}
	twin := p.tested.twin
	if twin != nil {
		twin.state.Position = p.state.Position
		if err := twin.load(records); err != nil {
			return err
		}
	}
	for i := range records {
		rec := &records[i]
		if twin != nil {
			if steers(rec.Kind) {
				p.state.Mirror(twin.state, rec.Key)
			}
			if err := twin.one(rec); err != nil {
				return err
			}
		}
		if w := p.tested.watch; w != nil {
			w.Record(rec)
		}
		if err := p.one(rec); err != nil {
			return err
		}
		if twin != nil && steers(rec.Kind) {
			p.state.Mirror(twin.state, rec.Key)
		}
	}
	if p.since += len(records); p.since < drainEvery {
		return nil
	}
	p.since = 0
	p.gather()
	p.unload()
	if twin != nil {
		twin.gather()
		twin.unload()
	}
	return ctx.Err()
}

// gather takes what was fired and booked since the last time.
func (p *partition) gather() {
	e := p.state.Drain()
	t := p.tested
	for i := range e.Signals {
		if t.tally != nil {
			if p.catalogs.swap == nil {
				t.tally.Before(&e.Signals[i])
				continue
			}
			t.tally.Fired(&e.Signals[i])
		}
		if t.watch != nil {
			t.watch.Fired(&e.Signals[i])
		}
		if t.fired != nil {
			t.fired(&e.Signals[i])
		}
	}
	if p.catalogs.swap == nil && t.watch == nil {
		return // a twin: ledgers are the same
	}
	for i := range e.Lines {
		l := &e.Lines[i]
		move := signal.Move{At: l.EffectiveAt, Delta: l.Delta, Currency: l.Currency}
		if t.tally != nil {
			t.tally.Moved(l.Account, move)
		}
		if t.watch != nil {
			t.watch.Moved(l.Account, l.Type, l.Movement, move)
		}
	}
	if t.tally != nil {
		t.tally.Until(p.state.Now)
	}
	if t.watch != nil {
		t.watch.Until(p.state.Now)
	}
}

// known tells the tally which accounts there are, and since when.
func (p *partition) known() error {
	t := p.tested.tally
	if t == nil {
		return nil
	}
	p.state.Known(t.Seen)
	for key, stored := range p.shelf.accounts {
		if _, isPerson := event.IsUserKey(key); isPerson || p.state.Loaded(key) {
			continue
		}
		a, err := engine.ReadStored(key, stored)
		if err != nil {
			return err
		}
		t.Seen(key, a.Facts.CreatedAt)
	}
	return nil
}

// unload puts accounts to rest when there are too many in memory.
func (p *partition) unload() {
	if p.state.Size() <= p.tested.most {
		return
	}
	p.state.Unload(func(key string, stored []byte, sets []engine.SetRow) {
		p.shelf.accounts[key] = stored
		for _, row := range sets {
			p.shelf.sets[key] = engine.KeepSet(p.shelf.sets[key], row)
		}
	})
}

// Trimmed says why a log that does not begin at its first record cannot be backtested.
func Trimmed(first uint64) error {
	return fault.New(fault.Conflict, "replay_base_missing", "the log begins at position %d: what came before was trimmed", first).
		WithMend("backtest a backup that was taken before the log was trimmed, or export the events and use --events FILE")
}
