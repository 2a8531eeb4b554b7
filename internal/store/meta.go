package store

import (
	"context"
	"crypto/rand"
	"database/sql"
)

// Meta returns a value of the installation by name; ok is false when there is none.
func (s *Store) Meta(ctx context.Context, name string) (value []byte, ok bool, err error) {
	ok, err = s.row(ctx, ask("SELECT value FROM meta WHERE name = ?", name), &value)
	return value, ok, err
}

// SetMetaOnce stores value unless the name has one already, and returns the one that
// stands: of several processes that try at once, all get the first one's.
func (s *Store) SetMetaOnce(ctx context.Context, name string, value []byte) ([]byte, error) {
	var stands []byte
	err := s.db.InTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", plain(name), plain(value))
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = $1", plain(name)).Scan(&stands)
	})
	return stands, err
}

// EnsureSecret returns the installation's secret of that name, made of size random bytes
// at its first use.
func (s *Store) EnsureSecret(ctx context.Context, name string, size int) ([]byte, error) {
	name = "secret:" + name
	if value, ok, err := s.Meta(ctx, name); ok || err != nil {
		return value, err
	}
	value := make([]byte, size)
	rand.Read(value) // never fails
	return s.SetMetaOnce(ctx, name, value)
}
