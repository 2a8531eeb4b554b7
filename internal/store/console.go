package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
)

// ConsoleUser is a person of the console.
type ConsoleUser struct {
	Name      string
	Password  string // argon2id hash in its text form
	Role      string
	CreatedAt clock.Time
}

// PutConsoleUser stores a person, or gives one who is there another password and role.
func (s *Store) PutConsoleUser(ctx context.Context, u ConsoleUser) error {
	_, err := s.db.Exec(ctx, `INSERT INTO console_users (name, password, role, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET password = excluded.password, role = excluded.role`,
		plain(u.Name), plain(u.Password), plain(u.Role), int64(u.CreatedAt))
	return err
}

// ConsoleUser returns a person; ok is false when there is none of that name.
func (s *Store) ConsoleUser(ctx context.Context, name string) (u ConsoleUser, ok bool, err error) {
	u.Name = name
	ok, err = s.row(ctx, ask("SELECT password, role, created_at FROM console_users WHERE name = ?", name), &u.Password, &u.Role, &u.CreatedAt)
	return u, ok, err
}

// ConsoleUsers returns everyone, by name.
func (s *Store) ConsoleUsers(ctx context.Context) ([]ConsoleUser, error) {
	out := []ConsoleUser{}
	err := s.rows(ctx, ask("SELECT name, password, role, created_at FROM console_users ORDER BY name"), func(r *sql.Rows) error {
		var u ConsoleUser
		err := r.Scan(&u.Name, &u.Password, &u.Role, &u.CreatedAt)
		out = append(out, u)
		return err
	})
	return out, err
}

// Session is a console session, known by the hash of its token.
type Session struct {
	Hash      []byte
	User      string
	CreatedAt clock.Time
	ExpiresAt clock.Time
}

// PutSession stores a session, and deletes those that had expired when it was created.
func (s *Store) PutSession(ctx context.Context, x Session) error {
	return s.db.InTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE expires <= $1", int64(x.CreatedAt)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO sessions (hash, name, created_at, expires) VALUES ($1, $2, $3, $4)",
			plain(x.Hash), plain(x.User), int64(x.CreatedAt), int64(x.ExpiresAt))
		return err
	})
}

// ExtendSession lets a session last until expires. One that was ended meanwhile stays so.
func (s *Store) ExtendSession(ctx context.Context, hash []byte, expires clock.Time) error {
	_, err := s.db.Exec(ctx, "UPDATE sessions SET expires = $1 WHERE hash = $2", int64(expires), plain(hash))
	return err
}

// Session returns a session; ok is false when there is none. Whether it expired is for the
// caller to judge, by the real clock.
func (s *Store) Session(ctx context.Context, hash []byte) (x Session, ok bool, err error) {
	x.Hash = hash
	ok, err = s.row(ctx, ask("SELECT name, created_at, expires FROM sessions WHERE hash = ?", hash), &x.User, &x.CreatedAt, &x.ExpiresAt)
	return x, ok, err
}

// DeleteSession ends a session.
func (s *Store) DeleteSession(ctx context.Context, hash []byte) error {
	_, err := s.db.Exec(ctx, "DELETE FROM sessions WHERE hash = $1", plain(hash))
	return err
}

// DeleteSessionsOf ends all sessions of a person, as a new password should.
func (s *Store) DeleteSessionsOf(ctx context.Context, user string) error {
	_, err := s.db.Exec(ctx, "DELETE FROM sessions WHERE name = $1", plain(user))
	return err
}
