package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
)

// Taking all tables out and putting them into an empty database, of the other engine if
// need be. Values are int64, string and []byte on both.

// tables are all tables in an order in which they can be filled: what is referred to comes
// first. A test holds the list against the database.
var tables = []string{
	"meta", "partitions", "account_states", "account_sets", "timers", "dedup_segments", "answers", "outbox",
	"accounts", "people", "limits", "signals", "decisions", "outcomes", "requests", "notices", "opportunities",
	"ledger", "usage_periods", "event_types", "gates", "value_lines", "contacts", "variants", "moments", "fact_changes", "milestones", "stage_moves", "lifecycle", "readiness", "invites", "access_requests", "referrals", "sign_ups", "survey_asks",
	"catalogs", "catalog_activations", "keys", "console_users", "sessions",
	"person_keys", "imports", "views",
}

// Tables returns the names of all tables, in an order in which they can be filled.
func Tables() []string { return slices.Clone(tables) }

// restoringMark is the name in meta that says that a restore into this database has not ended.
const restoringMark = "restoring"

// Snapshot reads the database as it was at one moment, whatever is written meanwhile.
type Snapshot struct {
	store  *Store
	tx     *sql.Tx
	Schema int // version of the tables
}

// Snapshot calls f with the database as it is now. On SQLite the write-ahead log grows
// until f returns.
func (s *Store) Snapshot(ctx context.Context, f func(*Snapshot) error) error {
	o := &sql.TxOptions{ReadOnly: true}
	if s.db.Engine() == db.Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.db.Read().BeginTx(ctx, o)
	if err != nil {
		return db.Fault(err)
	}
	defer tx.Rollback() // nothing was written
	x := &Snapshot{store: s, tx: tx}
	// The first read fixes the moment.
	if x.Schema, err = schemaOf(ctx, tx); err != nil {
		return err
	}
	return f(x)
}

func schemaOf(ctx context.Context, on db.Querier) (version int, err error) {
	err = on.QueryRowContext(ctx, "SELECT MAX(version) FROM schema_version").Scan(&version)
	return version, db.Fault(err)
}

// Schema returns the version of the tables.
func (s *Store) Schema(ctx context.Context) (int, error) { return schemaOf(ctx, s.db.Read()) }

// Partitions returns every partition as it stood at the moment, in order.
func (x *Snapshot) Partitions(ctx context.Context) ([]Lease, error) {
	var out []Lease
	q := ask("SELECT " + leaseColumns + " FROM partitions ORDER BY partition")
	err := x.store.rowsOn(ctx, x.tx, q, func(r *sql.Rows) error {
		l, err := scanLease(r)
		out = append(out, l)
		return err
	})
	return out, err
}

// Each calls f for every row of a table. columns is the same for all rows; values belong to f.
func (x *Snapshot) Each(ctx context.Context, table string, f func(columns []string, values []any) error) error {
	if !slices.Contains(tables, table) {
		return fmt.Errorf("no table %q", table)
	}
	text := "SELECT * FROM " + table //nolint:gosec,unqueryvet // one of tables, and all there is
	switch table {                   // where the order means something
	case "outbox":
		text += " ORDER BY id"
	case "account_sets":
		text += " ORDER BY partition, account, meter, per, start_at, seq"
	}
	rows, err := x.tx.QueryContext(ctx, text)
	if err != nil {
		return db.Fault(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return db.Fault(err)
	}
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return db.Fault(err)
		}
		if err := f(columns, values); err != nil {
			return err
		}
	}
	return db.Fault(rows.Err())
}

// Rows are rows of one table.
type Rows struct {
	Table   string
	Columns []string
	Values  [][]any // int64, string and []byte
}

// Projection returns the rows that Commit would write for c, in order; a later row replaces
// an earlier one of the same key. What Commit does besides (limits, which show usage with a delay,
// segments, pseudonyms given up, sweeping) is not in it.
func Projection(c *engine.Checkpoint) ([]Rows, error) {
	batches, err := prepare(c)
	if err != nil {
		return nil, err
	}
	out := make([]Rows, 0, len(batches))
	for _, b := range batches {
		table, rest, _ := strings.Cut(strings.TrimPrefix(b.head, "INSERT INTO "), " (")
		columns, _, _ := strings.Cut(rest, ") VALUES")
		r := Rows{Table: table, Columns: strings.FieldsFunc(columns, func(c rune) bool { return strings.ContainsRune(", \n\t", c) })}
		for args := b.args; len(args) > 0; args = args[b.columns:] {
			r.Values = append(r.Values, args[:b.columns:b.columns])
		}
		out = append(out, r)
	}
	return out, nil
}

// Empty says whether no company's data is in the tables.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var n int64
	_, err := s.row(ctx, ask("SELECT (SELECT COUNT(*) FROM partitions) + (SELECT COUNT(*) FROM meta) + (SELECT COUNT(*) FROM keys)"), &n)
	return n == 0, err
}

// BeginRestore marks the database as one that a restore is filling. Fault restore_not_empty
// (Conflict) when there is something in it.
func (s *Store) BeginRestore(ctx context.Context) error {
	return s.db.InTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) SELECT $1, $2
			WHERE NOT EXISTS (SELECT 1 FROM meta) AND NOT EXISTS (SELECT 1 FROM partitions)`, restoringMark, []byte("1"))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.Conflict, "restore_not_empty", "there is data in the database already").
			WithMend("restore into an empty place: a new directory for --data, a new database for --database")
	})
}

// Restoring returns fault restore_unfinished (Conflict) when a restore into this database
// has begun and not ended.
func (s *Store) Restoring(ctx context.Context) error {
	if _, begun, err := s.Meta(ctx, restoringMark); !begun || err != nil {
		return err
	}
	return RestoreUnfinished()
}

// RestoreUnfinished is the fault of a place that is not whole.
func RestoreUnfinished() error {
	return fault.New(fault.Conflict, "restore_unfinished", "a restore into this place has begun and not ended: what is here is not whole").
		WithMend("remove the data directory (with PostgreSQL or NATS: the database and the stream HEADROOM) and run `headroom restore` again")
}

// restoreBytes is about how much is written at once.
const restoreBytes = 4 << 20

// Restore fills the tables that BeginRestore has marked, in one transaction that also takes
// the mark away. from calls its argument for every row, tables in the order of Tables, and may be called again
// when the engine breaks a conflict. Leases come out free and checkpoints belong to the
// log named stream.
func (s *Store) Restore(ctx context.Context, stream string, from func(row func(table string, columns []string, values []any) error) error) error {
	return s.db.InTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM meta WHERE name = $1", restoringMark); err != nil {
			return err
		}
		f := filler{s: s, tx: tx}
		err := from(func(table string, columns []string, values []any) error {
			if f.table != table {
				if err := f.next(ctx, table, columns); err != nil {
					return err
				}
			}
			return f.add(ctx, columns, values)
		})
		if err == nil {
			err = f.flush(ctx)
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, "UPDATE partitions SET owner = '', address = '', expires = 0, stream = $1", stream)
		}
		return err
	})
}

// filler writes one table after the other.
type filler struct {
	s     *Store
	tx    *sql.Tx
	table string
	skip  int // column that the database numbers by itself, -1 when none
	b     *batch
	size  int
}

func (f *filler) next(ctx context.Context, table string, columns []string) error {
	if err := f.flush(ctx); err != nil {
		return err
	}
	if !slices.Contains(tables, table) {
		return fault.New(fault.Invalid, "backup_unknown_table", "the backup holds a table %q that this headroom does not know", fault.Shorten(table)).
			WithMend("restore it with the version of headroom that made it")
	}
	rows, err := f.tx.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0") //nolint:gosec,rowserrcheck,unqueryvet // one of tables; no rows, the names of all columns
	if err != nil {
		return err
	}
	defer rows.Close()
	known, err := rows.Columns()
	if err != nil {
		return err
	}
	if !slices.Equal(slices.Sorted(slices.Values(known)), slices.Sorted(slices.Values(columns))) {
		return fault.New(fault.Invalid, "backup_unknown_table", "the table %s has other columns in the backup than here", table).
			WithMend("restore it with the version of headroom that made it")
	}
	f.table, f.skip = table, -1
	named := slices.Clone(columns)
	if table == "outbox" {
		f.skip = slices.Index(columns, "id")
		named = slices.Delete(named, f.skip, f.skip+1)
	}
	f.b = insert(table, strings.Join(named, ", "), "")
	return nil
}

func (f *filler) add(ctx context.Context, columns []string, values []any) error {
	if len(values) != len(columns) || len(values) < f.b.columns {
		return fmt.Errorf("table %s: %d values for %d columns", f.table, len(values), len(columns))
	}
	if f.skip >= 0 {
		values = slices.Delete(slices.Clone(values), f.skip, f.skip+1)
	}
	f.b.add(values...)
	for _, v := range values {
		f.size += 16
		switch v := v.(type) {
		case string:
			f.size += len(v)
		case []byte:
			f.size += len(v)
		}
	}
	if f.size < restoreBytes {
		return nil
	}
	return f.flush(ctx)
}

func (f *filler) flush(ctx context.Context) error {
	if f.b == nil {
		return nil
	}
	err := f.s.run(ctx, f.tx, f.b)
	f.b.args, f.size = f.b.args[:0], 0
	if err != nil {
		return fmt.Errorf("table %s: %w", f.table, err)
	}
	return nil
}
