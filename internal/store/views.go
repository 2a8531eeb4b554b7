package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// View is a list of the console as somebody keeps it, by name.
type View struct {
	Page      string     `json:"page"`  // of the console
	Name      string     `json:"name"`  // within the page
	Query     string     `json:"query"` // the page's part of the address
	Author    string     `json:"author"`
	CreatedAt clock.Time `json:"created_at"`
}

// MaxViews bounds the views of a page.
const MaxViews = 200

// Views returns the views of a page, or of all, by page and name.
func (s *Store) Views(ctx context.Context, page string) ([]View, error) {
	out := []View{}
	q := ask("SELECT page, name, query, author, created_at FROM views WHERE 1 = 1").where("page = ?", page).and("ORDER BY page, name")
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var v View
		err := r.Scan(&v.Page, &v.Name, &v.Query, &v.Author, &v.CreatedAt)
		out = append(out, v)
		return err
	})
	return out, err
}

// PutView keeps a view; one of the same name is replaced. Fault views_full.
func (s *Store) PutView(ctx context.Context, v View) error {
	return s.db.InTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO views (page, name, query, author, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (page, name) DO UPDATE SET query = excluded.query, author = excluded.author, created_at = excluded.created_at`,
			plain(v.Page), plain(v.Name), plain(v.Query), plain(v.Author), int64(v.CreatedAt))
		if err != nil {
			return err
		}
		var n int64
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM views WHERE page = $1", plain(v.Page)).Scan(&n); err != nil {
			return err
		}
		if n > MaxViews {
			return fault.New(fault.Conflict, "views_full", "%s has %d views, which is the most there can be", fault.Shorten(v.Page), MaxViews).
				WithMend("delete one that nobody uses any more")
		}
		return nil
	})
}

// DeleteView forgets a view, fault view_not_found (NotFound).
func (s *Store) DeleteView(ctx context.Context, page, name string) error {
	n, err := s.db.Exec(ctx, "DELETE FROM views WHERE page = $1 AND name = $2", plain(page), plain(name))
	if err != nil || n > 0 {
		return err
	}
	return notFound("view", name)
}
