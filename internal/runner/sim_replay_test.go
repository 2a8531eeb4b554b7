package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/store"
)

// This file compares a run with one clean pass of engine.Step over the same log: stored
// state, effects, answers and every early read.

// tables are compared row by row; the others are the shell's, or about owners. A row without a
// timer is as good as none, answers older than 35 days may be gone or not, and the usage in a
// list of limits may be off by a little.
var tables = []string{"* FROM account_states", "* FROM timers WHERE next_due > 0",
	"a.* FROM answers a JOIN partitions p ON p.partition = a.partition WHERE a.at > p.now - 3024000000000", "* FROM accounts", "* FROM people",
	"account, feature, limit_value FROM limits", "* FROM signals", "* FROM decisions", "* FROM outcomes",
	"* FROM requests", "* FROM opportunities", "* FROM ledger", "* FROM usage_periods", "* FROM gates", "* FROM value_lines", "* FROM invites", "* FROM access_requests", "* FROM referrals", "* FROM sign_ups", "* FROM survey_asks", "partition, stream, position, now, catalog, rules FROM partitions"}

// replay steps the log once from its beginning, in one checkpoint, into a database of its own.
func (w *world) replay() error {
	through := func(_ context.Context, _ dbtest.Op, _ string, do func() error) error { return do() }
	d, err := w.bench.clean.Open(context.Background(), through)
	if err != nil {
		return err
	}
	defer d.Close()
	clean := store.New(d)
	if _, _, err := clean.InitPartitions(context.Background(), w.partitions, simIdentity); err != nil {
		return err
	}
	for p := range w.partitions {
		if err := w.replayPartition(clean, p); err != nil {
			return fmt.Errorf("partition %d: %w", p, err)
		}
	}
	for _, table := range tables {
		if strings.HasSuffix(table, "limits") && w.clients.activated {
			continue // rows of accounts that nothing has happened to since are by the catalog before
		}
		want, err := rowsOf(d, "SELECT "+table)
		if err != nil {
			return err
		}
		got, err := rowsOf(w.db, "SELECT "+table)
		if err != nil {
			return err
		}
		if !slices.Equal(want, got) {
			return fmt.Errorf("SELECT %s differs from a clean run's:\n%s", table, difference(want, got))
		}
	}
	return nil
}

// difference lists the lines that only one of two sorted lists has.
func difference(want, got []string) string {
	var b strings.Builder
	for _, line := range want {
		if _, both := slices.BinarySearch(got, line); !both {
			fmt.Fprintln(&b, "clean", line)
		}
	}
	for _, line := range got {
		if _, both := slices.BinarySearch(want, line); !both {
			fmt.Fprintln(&b, "stored", line)
		}
	}
	return b.String()
}

func (w *world) replayPartition(clean *store.Store, p int) error {
	s := engine.NewState(p, 0, 0, "", 0, nil)
	for i := range w.log {
		all, err := records(w.log[i], p)
		if err != nil {
			return err
		}
		for need := s.Needs(all); !need.Empty(); need = s.Needs(all) {
			for _, key := range need.Accounts {
				if err := s.LoadAccount(key, nil); err != nil {
					return err
				}
			}
			for _, day := range need.Days {
				s.LoadDay(day, nil)
			}
			for _, c := range need.Answers {
				return fmt.Errorf("an answer of %s is not in memory", c.Account)
			}
		}
		for j := range all {
			a := engine.Step(s, &all[j], simCatalogs[s.Catalog])
			if err := w.toldAs(&all[j], a); err != nil {
				return fmt.Errorf("position %d: %w", i+1, err)
			}
		}
		s.Position = uint64(i + 1)
		for _, r := range w.clients.readings {
			if r.at == s.Position && event.Partition(r.key, w.partitions) == p {
				if saw := digest(s.Account(r.key), simCatalogs[s.Catalog], s.Now); saw != r.saw {
					return fmt.Errorf("a read of %s at %d saw\n%s\nwhich in a clean run is\n%s", r.key, r.at, r.saw, saw)
				}
			}
		}
	}
	l, ok, err := clean.Acquire(context.Background(), p, "clean", "", time.Hour)
	if err != nil || !ok {
		return fmt.Errorf("acquire: %v, %v", ok, err)
	}
	c := s.Harvest(simCatalogs[s.Catalog])
	c.Epoch, c.Stream = l.Epoch, l.Stream
	if err := w.forwarded(c); err != nil {
		return err
	}
	return clean.Commit(context.Background(), c)
}

// toldAs compares what callers heard with the clean run's answer.
func (w *world) toldAs(r *event.Record, a engine.Answer) error {
	if r.ID == "" || a.Fault == nil && a.Body == nil {
		return nil
	}
	for _, q := range w.clients.requests {
		if q.rec.ID != r.ID || q.rec.Source != r.Source {
			continue
		}
		for _, heard := range q.told {
			if heard != told(a) {
				return fmt.Errorf("%s %s %s was answered\n%s\nand in a clean run\n%s", r.Kind, r.Key, r.ID, heard, told(a))
			}
		}
	}
	return nil
}

// forwarded compares the forwards of a clean run with those in the log, whatever their number.
func (w *world) forwarded(c *engine.Checkpoint) error {
	want := map[string]bool{}
	for i := range c.Effects.Forwards {
		want[string(event.AppendRecord(nil, &c.Effects.Forwards[i]))] = true
	}
	for i := range w.log {
		for p := range w.partitions {
			all, err := records(w.log[i], p)
			if err != nil {
				return err
			}
			for j := range all {
				delete(want, string(event.AppendRecord(nil, &all[j])))
			}
		}
	}
	if len(want) > 0 {
		return fmt.Errorf("%d forwards of a clean run are not in the log", len(want))
	}
	return nil
}
