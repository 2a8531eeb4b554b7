package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/signal"
)

// OffersSold says whether anything that was offered or worked on ever changed a subscription: an
// accepted offer, an approved request, or a won opportunity.
func (s *Store) OffersSold(ctx context.Context) (bool, error) {
	var n int64
	_, err := s.row(ctx, ask("SELECT COUNT(*) FROM (SELECT 1 FROM ledger WHERE source IN ('offer', 'request', 'opportunity') LIMIT 1) x"), &n)
	return n > 0, err
}

// typeDay is a day's row: by type how many events, and when the last of them came in.
type typeDay map[string][2]int64

// putTypes adds what came in to the rows of the days. The transaction holds the partition, so nobody
// else writes them.
func (s *Store) putTypes(ctx context.Context, tx *sql.Tx, c *engine.Checkpoint) error {
	days := make(map[int32][]engine.TypeCount)
	for _, t := range c.Types {
		days[t.Day] = append(days[t.Day], t)
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		now := typeDay{}
		var text string
		err := tx.QueryRowContext(ctx, "SELECT document FROM event_types WHERE partition = $1 AND day = $2", c.Partition, int64(day)).Scan(&text)
		if err == nil {
			err = json.Unmarshal([]byte(text), &now)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		for _, t := range days[day] {
			name := t.Type
			if _, known := now[name]; !known && len(now) >= engine.MaxTypes {
				name = engine.OtherTypes
			}
			was := now[name]
			now[name] = [2]int64{was[0] + t.Events, max(was[1], int64(t.Last))}
		}
		b, err := json.Marshal(now)
		if err != nil {
			return err
		}
		_, err = s.db.Prepared(ctx, tx, `INSERT INTO event_types (partition, day, document) VALUES ($1, $2, $3)
			ON CONFLICT (partition, day) DO UPDATE SET document = excluded.document`, c.Partition, int64(day), string(b))
		if err != nil {
			return err
		}
	}
	return nil
}

// TypeSeen is what came in of an event type; Type is empty for those beyond engine.MaxTypes of a
// partition and day.
type TypeSeen struct {
	Type   string
	Events int64
	First  int32 // day since 1970 on which it came in first, of those looked at
	Last   clock.Time
}

// TypesSeen returns which types of event came in from a day on, by type.
func (s *Store) TypesSeen(ctx context.Context, from int32) ([]TypeSeen, error) {
	all := make(map[string]*TypeSeen)
	err := s.rows(ctx, ask("SELECT day, document FROM event_types WHERE day >= ?", int64(from)), func(r *sql.Rows) error {
		var day int64
		var text string
		if err := r.Scan(&day, &text); err != nil {
			return err
		}
		one := typeDay{}
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return err
		}
		for name, counted := range one {
			t := all[name]
			if t == nil {
				t = &TypeSeen{Type: name, First: int32(day)}
				all[name] = t
			}
			t.Events += counted[0]
			t.First, t.Last = min(t.First, int32(day)), max(t.Last, clock.Time(counted[1]))
		}
		return nil
	})
	out := make([]TypeSeen, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, *all[name])
	}
	return out, err
}

// FiringsIn calls f for every signal that fired from a time on, in no particular order.
func (s *Store) FiringsIn(ctx context.Context, from clock.Time, f func(rule, account string, at clock.Time)) error {
	return s.rows(ctx, ask("SELECT name, account, at FROM signals WHERE at >= ?", from), func(r *sql.Rows) error {
		var rule, account string
		var at clock.Time
		err := r.Scan(&rule, &account, &at)
		f(rule, account, at)
		return err
	})
}

// Fired is how often a rule fired in all.
type Fired struct {
	Fired int64
	Last  clock.Time
}

// FiredEver returns how often each rule fired in all.
func (s *Store) FiredEver(ctx context.Context) (map[string]Fired, error) {
	out := make(map[string]Fired)
	err := s.rows(ctx, ask("SELECT name, COUNT(*), MAX(at) FROM signals GROUP BY name"), func(r *sql.Rows) error {
		var name string
		var one Fired
		err := r.Scan(&name, &one.Fired, &one.Last)
		out[name] = one
		return err
	})
	return out, err
}

// GrowthIn calls f for the lines of the ledger that take effect from a time on and say how an account
// grew: by what type of revenue.
func (s *Store) GrowthIn(ctx context.Context, from clock.Time, f func(account string, kind catalog.RevenueType, m signal.Move)) error {
	q := ask("SELECT account, type, movement, effective_at, delta, currency FROM ledger WHERE effective_at >= ?", from)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var account, kind, movement string
		var m signal.Move
		if err := r.Scan(&account, &kind, &movement, &m.At, &m.Delta, &m.Currency); err != nil {
			return err
		}
		f(account, signal.GrewBy(catalog.RevenueType(kind), movement), m)
		return nil
	})
}
