package store_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

func TestEveryTableIsTakenOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		text := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
		if d.Engine() == db.Postgres {
			text = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
		}
		rows, err := d.Read().QueryContext(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var have []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			if name != "schema_version" { // of the program, not of the company
				have = append(have, name)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(have)
		if taken := slices.Sorted(slices.Values(store.Tables())); !slices.Equal(have, taken) {
			t.Errorf("the database has\n%v, taken out are\n%v: give the new one its place in store/export.go", have, taken)
		}
	})
}

func TestTablesFillAnEmptyDatabaseAndNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		s := store.New(d)
		ctx := t.Context()
		if err := s.BeginRestore(ctx); err != nil {
			t.Fatal(err)
		}
		if code := fault.CodeOf(s.Restoring(ctx)); code != "restore_unfinished" {
			t.Errorf("in the middle of a restore: %s", code)
		}
		if code := fault.CodeOf(s.BeginRestore(ctx)); code != "restore_not_empty" {
			t.Errorf("a second restore into the same place: %s", code)
		}
		err := s.Restore(ctx, "new-log", func(row func(string, []string, []any) error) error {
			if err := row("meta", []string{"name", "value"}, []any{"partitions", []byte("1")}); err != nil {
				return err
			}
			err := row("partitions", []string{"partition", "owner", "address", "epoch", "expires", "stream", "position", "now", "catalog", "rules"},
				[]any{int64(0), "somebody", "http://x", int64(7), int64(1 << 60), "old-log", int64(12), int64(5), "", int64(1)})
			for range 3 {
				if err == nil {
					err = row("outbox", []string{"id", "partition", "record", "due"}, []any{int64(41), int64(0), []byte{1}, int64(0)})
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Restoring(ctx); err != nil {
			t.Errorf("after the restore: %v", err)
		}
		l, ok, err := s.Acquire(ctx, 0, "me", "", 1e9)
		if err != nil || !ok || l.Stream != "new-log" || l.Position != 12 || l.Epoch != 8 {
			t.Errorf("the lease came out as %+v, %v, %v", l, ok, err)
		}
		if _, err := d.Exec(ctx, "INSERT INTO outbox (partition, record, due) VALUES (0, $1, 0)", []byte{2}); err != nil {
			t.Errorf("numbering goes on wrongly: %v", err)
		}
		for name, row := range map[string][]any{"a table of a later version": {"tomorrow", []string{"a"}, []any{"b"}},
			"a column of a later version": {"meta", []string{"name", "value", "more"}, []any{"a", []byte("b"), int64(1)}}} {
			err := s.Restore(ctx, "new-log", func(visit func(string, []string, []any) error) error {
				return visit(row[0].(string), row[1].([]string), row[2].([]any))
			})
			if fault.CodeOf(err) != "backup_unknown_table" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestASnapshotStaysAsItWasWhatComesAfter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		s := store.New(d)
		ctx := t.Context()
		put := func(name string) {
			if _, err := s.SetMetaOnce(ctx, name, []byte(name)); err != nil {
				t.Fatal(err)
			}
		}
		put("before")
		err := s.Snapshot(ctx, func(x *store.Snapshot) error {
			put("after")
			found := map[string]string{}
			err := x.Each(ctx, "meta", func(columns []string, values []any) error {
				found[values[slices.Index(columns, "name")].(string)] = string(values[slices.Index(columns, "value")].([]byte))
				return nil
			})
			if !maps.Equal(found, map[string]string{"before": "before"}) {
				t.Errorf("the snapshot holds %v", found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAProjectionIsWhatACommitWrites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		s := store.New(d)
		ctx := t.Context()
		if _, _, err := s.InitPartitions(ctx, 1, "log"); err != nil {
			t.Fatal(err)
		}
		lease, _, err := s.Acquire(ctx, 0, "me", "", 1e9)
		if err != nil {
			t.Fatal(err)
		}
		c := &engine.Checkpoint{Partition: 0, Epoch: lease.Epoch, Stream: "log", To: 1, Now: 5,
			Accounts: []engine.AccountRow{{Key: "acme", State: []byte("state"), Timers: []engine.Timer{{Due: 9, ID: "next"}}, Listing: &engine.Listing{Plan: "pro"}}},
			Effects:  engine.Effects{Periods: []engine.PeriodRow{{Account: "acme", Meter: "m", Start: 1, End: 2, Usage: 3}}}}
		if err := s.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
		projected, err := store.Projection(c)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		err = s.Snapshot(ctx, func(x *store.Snapshot) error {
			for _, p := range projected {
				n := 0
				err := x.Each(ctx, p.Table, func(columns []string, values []any) error {
					for i, name := range p.Columns {
						got, want := values[slices.Index(columns, name)], p.Values[n][i]
						if b, ok := got.([]byte); ok {
							got, want = string(b), string(want.([]byte))
						}
						if got != want {
							t.Errorf("%s.%s is %v, projected %v", p.Table, name, got, want)
						}
					}
					n++
					return nil
				})
				if err != nil || n != len(p.Values) {
					t.Errorf("%s has %d rows, projected %d: %v", p.Table, n, len(p.Values), err)
				}
				total += n
			}
			return nil
		})
		if err != nil || total != 4 {
			t.Errorf("%d rows compared: %v", total, err)
		}
	})
}
