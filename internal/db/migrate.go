package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// advisoryLock is the number under which processes on one PostgreSQL queue up to migrate.
const advisoryLock = 0x48656164726f6f6d // "Headroom"

// migrate brings the tables up to date in one transaction: all steps or none.
func (d *DB) migrate(ctx context.Context) error {
	steps, err := d.steps()
	if err != nil {
		return err
	}
	return d.InTx(ctx, func(tx *sql.Tx) error {
		if d.engine == Postgres {
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(advisoryLock)); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)"); err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM schema_version").Scan(&have); err != nil {
			return err
		}
		if newest := steps[len(steps)-1].version; have > newest {
			return fault.New(fault.Unavailable, "data_newer_version",
				"the data has schema version %d, this headroom knows versions up to %d", have, newest).
				WithMend("run the newer headroom that wrote it, or restore a backup from before the upgrade")
		}
		for _, step := range steps {
			if step.version <= have {
				continue
			}
			if _, err := tx.ExecContext(ctx, step.text); err != nil {
				return fmt.Errorf("migration %d: %w", step.version, err)
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO schema_version (version, applied_at) VALUES ($1, $2)", step.version, int64(clock.At(time.Now()))); err != nil {
				return err
			}
		}
		return nil
	})
}

// step is a migration to a version of the tables.
type step struct {
	version int
	text    string
}

// steps returns every migration for this engine, in the order of the numbers their names begin with.
func (d *DB) steps() ([]step, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	steps := make([]step, len(names))
	for i, name := range names {
		var version int
		if _, err := fmt.Sscanf(name, "migrations/%04d_", &version); err != nil || i > 0 && version <= steps[i-1].version {
			return nil, fmt.Errorf("migration %s: want a name that begins with a number of its own", name)
		}
		b, err := fs.ReadFile(migrations, name)
		if err != nil {
			return nil, err
		}
		steps[i] = step{version, d.dialect(string(b))}
	}
	return steps, nil
}

// dialect fills in what differs: the types in braces, and blocks between "-- engine {" and
// "-- }", of which the other engine's are left out.
func (d *DB) dialect(text string) string {
	words := map[Engine][]string{
		SQLite: {"{bytes}", "BLOB", "{text}", "TEXT", "{compact}", "WITHOUT ROWID",
			"{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT"},
		// The C collation sorts by byte, as SQLite does, whatever the server's language.
		Postgres: {"{bytes}", "BYTEA", "{text}", `TEXT COLLATE "C"`, "{compact}", "",
			"{identity}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"},
	}
	var out strings.Builder
	skip := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if engine, ok := strings.CutSuffix(trimmed, " {"); ok && strings.HasPrefix(engine, "-- ") {
			skip = engine != "-- "+string(d.engine)
			continue
		}
		if trimmed == "-- }" {
			skip = false
			continue
		}
		if !skip {
			out.WriteString(line)
		}
	}
	return strings.NewReplacer(words[d.engine]...).Replace(out.String())
}
