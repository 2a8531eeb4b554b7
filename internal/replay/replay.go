// Package replay rebuilds the state of all partitions from the log with the same Step, and
// compares it with what the database holds.
package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// Rows gives the rows of tables, in the order of store.Tables.
type Rows func(ctx context.Context, visit backup.RowVisitor) error

// Messages gives the log's messages from from to to, both included, in order. They belong to f.
type Messages func(ctx context.Context, from, to uint64, f func(position uint64, at time.Time, message []byte) error) error

// Source is what a replay reads. It writes nothing.
type Source struct {
	Stored   Rows     // what the database holds at its checkpoints
	Messages Messages // the log
	First    uint64   // first position of the log that is there
	Last     uint64   // last one; first-1 when it is empty
	// Base is the state to begin from, an older backup's, when the log does not begin at its
	// first record any more. Nil: from nothing.
	Base Rows
	// Signals: Stored has the table of signals, be it empty.
	Signals bool
}

// Options bound a replay. The zero value replays all.
type Options struct {
	// Progress hears how many positions of the log were stepped, a few times a second.
	Progress func(done, total uint64)
	// Discard takes every message and only decodes it: the reference of a measurement.
	Discard bool

	workers int  // how many cores at most; 0: all
	idle    bool // only what else runs leaves of them
}

// Report is what a replay found.
type Report struct {
	First       uint64       `json:"first"`    // first position that was stepped
	Last        uint64       `json:"last"`     // last one: the highest checkpoint
	LogLast     uint64       `json:"log_last"` // last position of the log; what is after Last is in no checkpoint yet, and stepped at the next start
	Partitions  int          `json:"partitions"`
	Records     int64        `json:"records"`
	Events      int64        `json:"events"`      // of the records, product events
	Accounts    int64        `json:"accounts"`    // compared
	Rows        int64        `json:"rows"`        // compared, of all tables
	Seconds     float64      `json:"seconds"`     // reading and stepping
	Different   int64        `json:"different"`   // how many differences there are
	Differences []Difference `json:"differences"` // the first of them, MaxDifferences at most
	FromBackup  bool         `json:"from_backup"` // begun from a backup's tables
}

// MaxDifferences bounds the differences that a report lists.
const MaxDifferences = 1000

// Difference is one thing that the database holds otherwise than the log says.
type Difference struct {
	Partition int    `json:"partition"`
	Table     string `json:"table"`             // where it is stored
	Account   string `json:"account,omitempty"` // empty where it is of no account
	Field     string `json:"field,omitempty"`   // of the account's state, or a column with the row's key
	Stored    string `json:"stored"`            // in the database, shortened
	Replayed  string `json:"replayed"`          // by the log, shortened
}

// String says it in a sentence.
func (d Difference) String() string {
	where := fmt.Sprintf("partition %d, %s", d.Partition, d.Table)
	if d.Account != "" {
		where = fmt.Sprintf("account %s, %s", fault.Shorten(d.Account), d.Table)
	}
	if d.Field != "" {
		where += ", " + d.Field
	}
	return fmt.Sprintf("%s: the database says %s, the log says %s", where, d.Stored, d.Replayed)
}

// Err returns fault replay_differs (Conflict) when there are differences.
func (r *Report) Err() error {
	if r.Different == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "replay_differs", "the database differs from what the log says in %d places", r.Different).
		WithMend("keep the log; restore the tables from a backup that replays without a difference (`headroom replay --backup DIR`), " +
			"and please report it with the versions of headroom that ran on this data")
}

// Check replays the log of a running or stopped company and compares it with its database as
// it stood at one moment during the call. st and log stay open. It is what `headroom replay` does
// without further flags, and what the doctor calls. Faults: replay_base_missing (Conflict) when the log
// does not begin at its first record, replay_catalog_missing, and those of store and log. Differences
// are in the report, not an error.
func Check(ctx context.Context, st *store.Store, log *eventlog.Log, o Options) (*Report, error) {
	s, done, err := Live(ctx, st, log)
	if err != nil {
		return nil, err
	}
	defer done()
	return Run(ctx, s, o)
}

// compared are the tables that the log determines.
var compared = []string{
	"partitions", "account_states", "account_sets", "timers", "dedup_segments", "answers", "accounts", "people", "signals",
	"decisions", "outcomes", "requests", "notices", "opportunities", "ledger", "usage_periods", "gates", "value_lines", "contacts", "variants", "moments", "fact_changes", "milestones", "stage_moves", "lifecycle", "readiness", "invites", "access_requests", "referrals", "sign_ups", "survey_asks", "catalogs",
}

// Live returns an open company as a source: the tables are copied to a temporary file (in
// TMPDIR), so that the comparison is with one moment and holds nobody up. done removes it.
func Live(ctx context.Context, st *store.Store, log *eventlog.Log) (s Source, done func(), err error) {
	spool, err := os.CreateTemp("", "headroom-replay-")
	if err != nil {
		return s, nil, fault.New(fault.Unavailable, "backup_not_written", "no temporary file can be made: %v", err).
			WithMend("set TMPDIR to a directory with room for a copy of the database")
	}
	done = func() { _ = spool.Close(); _ = os.Remove(spool.Name()) }
	err = st.Snapshot(ctx, func(x *store.Snapshot) error {
		partitions, err := x.Partitions(ctx)
		if err != nil {
			return err
		}
		first, last, err := log.Bounds(ctx)
		if err != nil {
			return err
		}
		s.First, s.Last = first, last
		for _, p := range partitions {
			if err := eventlog.Verify(p.Stream, p.Position, log.Identity(), 0, last); err != nil {
				return err
			}
		}
		_, err = backup.WriteTables(ctx, spool, x, compared, func(int64) {})
		return err
	})
	if err != nil {
		done()
		return s, nil, err
	}
	s.Messages = log.ReadTo
	s.Stored = func(_ context.Context, visit backup.RowVisitor) error {
		if _, err := spool.Seek(0, 0); err != nil {
			return err
		}
		return backup.ReadTables(spool, visit)
	}
	return s, done, nil
}

// Backup returns a backup's folder as a source.
func Backup(dir string) (Source, error) {
	m, err := backup.ReadManifest(dir)
	if err != nil {
		return Source{}, err
	}
	return Source{First: m.First, Last: m.Last,
		Stored: func(ctx context.Context, visit backup.RowVisitor) error { return m.EachRow(ctx, dir, visit) },
		Messages: func(ctx context.Context, from, to uint64, f func(uint64, time.Time, []byte) error) error {
			return m.EachMessage(ctx, dir, from, to, f)
		}}, nil
}

// Run replays and compares.
func Run(ctx context.Context, s Source, o Options) (*Report, error) {
	parts, err := begin(ctx, s)
	if err != nil {
		return nil, err
	}
	r := &Report{LogLast: s.Last, Partitions: len(parts), FromBackup: s.Base != nil, Differences: []Difference{}}
	began := time.Now()
	if err := step(ctx, s, o, parts, r); err != nil {
		return nil, err
	}
	r.Seconds = time.Since(began).Seconds()
	if o.Discard {
		return r, nil
	}
	return r, compare(ctx, s, parts, r)
}

// begin makes the partitions as they stood before the first message to be stepped.
func begin(ctx context.Context, s Source) ([]*partition, error) {
	return beginWith(ctx, s, &catalogs{})
}

func beginWith(ctx context.Context, s Source, catalogs *catalogs) ([]*partition, error) {
	var parts []*partition
	err := s.Stored(ctx, func(table string, columns []string, values []any) error {
		row := rowOf(columns, values)
		switch table {
		case "partitions":
			parts = append(parts, newPartition(row.int("partition"), uint64(row.int("position")), catalogs))
		case "catalogs":
			catalogs.put(row.text("version"), row.text("body"))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(parts, func(a, b *partition) int { return a.n - b.n })
	for i, p := range parts {
		if p.n != i {
			return nil, errors.New("the table of partitions has a gap")
		}
	}
	if s.Base != nil {
		if err := load(ctx, s.Base, parts); err != nil {
			return nil, err
		}
	}
	for _, p := range parts {
		if err := p.open(); err != nil {
			return nil, err
		}
		if p.state.Position < p.to && s.First > p.state.Position+1 {
			return nil, fault.New(fault.Conflict, "replay_base_missing", "the log begins at position %d, a replay needs it from %d on", s.First, p.state.Position+1).
				WithMend("name a backup that was taken before the log was trimmed, with --from-backup DIR: its tables are where the replay begins")
		}
	}
	return parts, nil
}

const (
	// chunkBytes is how much of the log goes to the workers at once: a partition then steps
	// many records in a row, while what it looks at is near to the processor.
	chunkBytes = 4 << 20
	// readAhead is how many chunks wait for each worker.
	readAhead = 3
)

// step brings every partition to its checkpoint, on all cores.
func step(ctx context.Context, s Source, o Options, parts []*partition, r *Report) error {
	from, to := uint64(0), uint64(0)
	for _, p := range parts {
		if at := p.state.Position; p.to > at && (from == 0 || at+1 < from) {
			from = at + 1
		}
		to = max(to, p.to)
	}
	r.First, r.Last = from, to
	if from == 0 { // nothing to step
		r.First = to + 1
		return nil
	}
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := min(runtime.GOMAXPROCS(0), len(parts))
	if o.workers > 0 {
		workers = min(workers, o.workers)
	}
	far := &pace{from: from, to: to, stepped: make([]uint64, workers), tell: o.Progress}
	queues := make([]chan chunk, workers)
	var wg sync.WaitGroup
	for w := range queues {
		queues[w] = make(chan chunk, readAhead)
		own := make(map[int]*partition)
		for n := w; n < len(parts); n += workers {
			own[n] = parts[n]
		}
		wg.Go(func() {
			if o.idle {
				beIdle()
			}
			for c := range queues[w] {
				if run.Err() != nil {
					continue
				}
				stepped := func(position uint64) { far.passed(w, position) }
				if err := c.step(run, own, o.Discard, stepped); err != nil {
					cancel(err)
				}
			}
		})
	}
	var gathered chunk
	size := 0
	err := s.Messages(run, from, to, func(position uint64, _ time.Time, b []byte) error {
		gathered = append(gathered, message{position, string(b)})
		if size += len(b); size < chunkBytes && position < to {
			return nil
		}
		for _, q := range queues {
			select {
			case q <- gathered:
			case <-run.Done():
				return context.Cause(run)
			}
		}
		gathered, size = nil, 0
		return nil
	})
	for _, q := range queues {
		close(q)
	}
	wg.Wait()
	if cause := context.Cause(run); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	for _, p := range parts {
		r.Records += p.records
		r.Events += p.events
		if p.state.Position < p.to && !o.Discard {
			return fault.New(fault.Conflict, "log_behind", "the log ends at position %d, the database has already seen %d", p.state.Position, p.to).
				WithMend("the log is older than the tables: restore both from the same backup")
		}
	}
	return nil
}

// pace is how far the workers are: what is read ahead of them does not count.
type pace struct {
	from, to uint64
	tell     func(done, total uint64) // nil: nobody listens

	mu      sync.Mutex
	stepped []uint64 // by worker: the last position that all of its partitions have stepped
	last    time.Time
}

// passed notes a worker's position, and tells how far the slowest is, a few times a second.
func (p *pace) passed(worker int, position uint64) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stepped[worker] = position
	if slowest := slices.Min(p.stepped); slowest >= p.from && (slowest == p.to || time.Since(p.last) > 250*time.Millisecond) {
		p.last = time.Now()
		p.tell(slowest+1-p.from, p.to+1-p.from)
	}
}

// message is one of the log's.
type message struct {
	position uint64
	text     string
}

// chunk is some messages in a row.
type chunk []message

// step applies the messages to those of own that they are for, and tells stepped how far it is: after
// each partition by its share of the chunk, as one chunk may take many seconds.
func (c chunk) step(ctx context.Context, own map[int]*partition, discard bool, stepped func(position uint64)) error {
	for _, m := range c {
		err := event.Sections(m.text, func(n int, records string) error {
			if n == event.AllPartitions {
				for _, p := range own {
					p.waiting = append(p.waiting, section{m.position, records})
				}
			} else if p := own[n]; p != nil {
				p.waiting = append(p.waiting, section{m.position, records})
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("log message %d: %w", m.position, err)
		}
	}
	first, last, done := c[0].position, c[len(c)-1].position, uint64(0)
	for _, p := range own {
		for _, one := range p.waiting {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			p.passed(one.position - 1)
			if err := p.apply(ctx, one, discard); err != nil {
				return fmt.Errorf("log message %d: %w", one.position, err)
			}
		}
		clear(p.waiting)
		p.waiting = p.waiting[:0]
		p.passed(last)
		done++
		if at := first + (last+1-first)*done/uint64(len(own)); at > first {
			stepped(at - 1)
		}
	}
	return nil
}

// At is how an account stood.
type At struct {
	Account  string     `json:"account"`
	Exists   bool       `json:"exists"`
	Position uint64     `json:"position"` // last log position in it
	Now      clock.Time `json:"now"`      // the partition's time
	Catalog  string     `json:"catalog"`
	State    []Field    `json:"state"`
}

// Field is a part of an account's state by its path, such as usage.emails.
type Field struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Account rebuilds one account as it stood after the message at position, or at that
// time by the partition's clock; zero leaves a bound out. Without both it is as at the
// partition's checkpoint. Fault at_invalid (Invalid) for a position after the log's end.
func Account(ctx context.Context, s Source, key string, position uint64, at clock.Time) (*At, error) {
	if position > s.Last {
		return nil, fault.New(fault.Invalid, "at_invalid", "position %d is after the end of the log, which is at %d", position, s.Last).
			WithMend("name a position up to %d, or none for the last checkpoint", s.Last)
	}
	parts, err := begin(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, fault.New(fault.NotFound, "account_not_found", "there is no account %q: there are no records at all", fault.Shorten(key))
	}
	p := parts[event.Partition(key, len(parts))]
	switch {
	case position != 0:
		p.to = position
	case at != 0:
		p.to = s.Last
	}
	if p.to < p.state.Position {
		return nil, fault.New(fault.Conflict, "replay_base_missing", "the replay begins at position %d, after %d", p.state.Position, p.to).
			WithMend("name an older backup with --from-backup DIR, or leave it out when the log is whole")
	}
	own := map[int]*partition{p.n: p}
	p.until = at
	err = s.Messages(ctx, p.state.Position+1, p.to, func(position uint64, _ time.Time, b []byte) error {
		if p.over {
			return errOver
		}
		return chunk{{position, string(b)}}.step(ctx, own, false, func(uint64) {})
	})
	if err != nil && !errors.Is(err, errOver) {
		return nil, err
	}
	if at != 0 {
		if err := p.tick(ctx, at); err != nil {
			return nil, err
		}
	}
	return p.at(key)
}

// errOver ends a replay that has come to the time asked for.
var errOver = errors.New("far enough")
