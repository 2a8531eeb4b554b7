package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/headroomhq/headroom/internal/clock"
)

// Import is the progress of an import: rows up to RowsDone are in the log.
type Import struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	File      string          `json:"file"`
	RowsDone  int64           `json:"rows_done"`
	Status    string          `json:"status"` // running, done or failed
	Report    json.RawMessage `json:"report,omitempty"`
	CreatedAt clock.Time      `json:"created_at"`
	UpdatedAt clock.Time      `json:"updated_at"`
}

const importColumns = "id, kind, file, rows_done, status, report, created_at, updated_at"

func scanImport(r *sql.Rows) (Import, error) {
	var i Import
	var report string
	err := r.Scan(&i.ID, &i.Kind, &i.File, &i.RowsDone, &i.Status, &report, &i.CreatedAt, &i.UpdatedAt)
	if report != "" {
		i.Report = json.RawMessage(report)
	}
	return i, err
}

// PutImport stores an import or how far it has come. Kind, file and creation stay as first stored.
func (s *Store) PutImport(ctx context.Context, i Import) error {
	_, err := s.db.Exec(ctx, "INSERT INTO imports ("+importColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET rows_done = excluded.rows_done, status = excluded.status,
		report = excluded.report, updated_at = excluded.updated_at`,
		plain(i.ID), plain(i.Kind), plain(i.File), i.RowsDone, plain(i.Status), plain(string(i.Report)), int64(i.CreatedAt), int64(i.UpdatedAt))
	return err
}

// Import returns an import; ok is false when there is none.
func (s *Store) Import(ctx context.Context, id string) (i Import, ok bool, err error) {
	err = s.rows(ctx, ask("SELECT "+importColumns+" FROM imports WHERE id = ?", id), func(r *sql.Rows) (err error) {
		ok = true
		i, err = scanImport(r)
		return err
	})
	return i, ok, err
}

// Imports lists imports, newest first.
func (s *Store) Imports(ctx context.Context, p Page) (List[Import], error) {
	q := ask("SELECT " + importColumns + " FROM imports WHERE 1 = 1")
	var at int64
	var id string
	more, err := p.after(&at, &id)
	if err != nil {
		return List[Import]{}, err
	}
	if more {
		q.and("AND (created_at, id) < (?, ?)", at, id)
	}
	return list(ctx, s, p, q.and("ORDER BY created_at DESC, id DESC"), func(r *sql.Rows) (Import, []any, error) {
		i, err := scanImport(r)
		return i, []any{int64(i.CreatedAt), i.ID}, err
	})
}
