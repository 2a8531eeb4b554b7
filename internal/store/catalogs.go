package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
)

// Catalog is an immutable version of the catalog's text.
type Catalog struct {
	Version   string     `json:"version"`
	Text      string     `json:"text,omitempty"`
	Author    string     `json:"author"`
	Note      string     `json:"note"`
	CreatedAt clock.Time `json:"created_at"`
}

// PutCatalog stores a version. Storing one that is there changes nothing: a version is a
// name for its text and never gets another.
func (s *Store) PutCatalog(ctx context.Context, c Catalog) error {
	_, err := s.db.Exec(ctx, `INSERT INTO catalogs (version, body, author, note, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (version) DO NOTHING`, plain(c.Version), plain(c.Text), plain(c.Author), plain(c.Note), int64(c.CreatedAt))
	return err
}

// Catalog returns a version, fault catalog_not_found (NotFound).
func (s *Store) Catalog(ctx context.Context, version string) (Catalog, error) {
	c := Catalog{Version: version}
	found, err := s.row(ctx, ask("SELECT body, author, note, created_at FROM catalogs WHERE version = ?", version),
		&c.Text, &c.Author, &c.Note, &c.CreatedAt)
	if err == nil && !found {
		err = notFound("catalog", version)
	}
	return c, err
}

// Catalogs lists versions, newest first, without their text.
func (s *Store) Catalogs(ctx context.Context, p Page) (List[Catalog], error) {
	q := ask("SELECT version, author, note, created_at FROM catalogs WHERE 1 = 1")
	var at int64
	var version string
	more, err := p.after(&at, &version)
	if err != nil {
		return List[Catalog]{}, err
	}
	if more {
		q.and("AND (created_at, version) < (?, ?)", at, version)
	}
	return list(ctx, s, p, q.and("ORDER BY created_at DESC, version DESC"), func(r *sql.Rows) (Catalog, []any, error) {
		var c Catalog
		err := r.Scan(&c.Version, &c.Author, &c.Note, &c.CreatedAt)
		return c, []any{int64(c.CreatedAt), c.Version}, err
	})
}

// Activation is a catalog version becoming active by the record at a log position.
type Activation struct {
	Version  string     `json:"version"`
	Author   string     `json:"author"`
	Note     string     `json:"note"`
	At       clock.Time `json:"at"`
	Position uint64     `json:"position"`
}

// PutActivation notes an activation; the same position again changes nothing. The version
// must have been stored before.
func (s *Store) PutActivation(ctx context.Context, a Activation) error {
	_, err := s.db.Exec(ctx, `INSERT INTO catalog_activations (position, version, author, note, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (position) DO NOTHING`, int64(a.Position), plain(a.Version), plain(a.Author), plain(a.Note), int64(a.At))
	return err
}

// Activations lists activations, newest first.
func (s *Store) Activations(ctx context.Context, p Page) (List[Activation], error) {
	q := ask("SELECT position, version, author, note, at FROM catalog_activations WHERE 1 = 1")
	var position int64
	more, err := p.after(&position)
	if err != nil {
		return List[Activation]{}, err
	}
	if more {
		q.and("AND position < ?", position)
	}
	return list(ctx, s, p, q.and("ORDER BY position DESC"), func(r *sql.Rows) (Activation, []any, error) {
		var a Activation
		var position int64
		err := r.Scan(&position, &a.Version, &a.Author, &a.Note, &a.At)
		a.Position = uint64(position)
		return a, []any{position}, err
	})
}
