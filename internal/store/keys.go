package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/fault"
)

// Key is an API key. What the holder sends is not kept, only its hash.
type Key struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"` // secret or publishable
	Hash      []byte     `json:"-"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	Hint      string     `json:"hint"` // its beginning and end, to recognise it by
	TokenKey  []byte     `json:"-"`    // signs the user tokens of a publishable key
	CreatedAt clock.Time `json:"created_at"`
	RevokedAt clock.Time `json:"revoked_at"`
}

const keyColumns = "id, kind, hash, name, scopes, hint, token_key, created_at, revoked_at"

func scanKey(r *sql.Rows) (Key, error) {
	var k Key
	var scopes string
	if err := r.Scan(&k.ID, &k.Kind, &k.Hash, &k.Name, &scopes, &k.Hint, &k.TokenKey, &k.CreatedAt, &k.RevokedAt); err != nil {
		return k, err
	}
	return k, document(scopes, &k.Scopes)
}

// PutKey stores a new key, fault key_exists (Conflict) when its id or hash is taken.
func (s *Store) PutKey(ctx context.Context, k Key) error {
	scopes, err := encode(k.Scopes)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, "INSERT INTO keys ("+keyColumns+") VALUES ("+db.Placeholders(1, 9)+")",
		plain(k.ID), plain(k.Kind), plain(k.Hash), plain(k.Name), scopes, plain(k.Hint), plain(k.TokenKey), int64(k.CreatedAt), int64(k.RevokedAt))
	if db.IsUnique(err) {
		return fault.New(fault.Conflict, "key_exists", "there is a key with id %q, or the same key, already", k.ID).
			WithMend("revoke the other one first, or make a new key").WithCause(err)
	}
	return err
}

// KeyByHash returns a key, revoked or not; ok is false when there is none.
func (s *Store) KeyByHash(ctx context.Context, hash []byte) (k Key, ok bool, err error) {
	err = s.rows(ctx, ask("SELECT "+keyColumns+" FROM keys WHERE hash = ?", hash), func(r *sql.Rows) (err error) {
		ok = true
		k, err = scanKey(r)
		return err
	})
	return k, ok, err
}

// Keys returns all keys, newest first, revoked ones too.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	out := []Key{}
	err := s.rows(ctx, ask("SELECT "+keyColumns+" FROM keys ORDER BY created_at DESC, id DESC"), func(r *sql.Rows) error {
		k, err := scanKey(r)
		out = append(out, k)
		return err
	})
	return out, err
}

// RevokeKey revokes a key, fault key_not_found (NotFound). Revoking it again keeps the first time.
func (s *Store) RevokeKey(ctx context.Context, id string, at clock.Time) error {
	n, err := s.db.Exec(ctx, "UPDATE keys SET revoked_at = CASE WHEN revoked_at = 0 THEN $1 ELSE revoked_at END WHERE id = $2", int64(at), plain(id))
	if err == nil && n == 0 {
		return notFound("key", id)
	}
	return err
}
