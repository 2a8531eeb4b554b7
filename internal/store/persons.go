package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
)

// personKeySize is for AES-256.
const personKeySize = 32

// PersonKeys returns the keys under which what names these persons is sealed, making those
// that are missing. All callers get the same key of a person, whoever was first. A person who was
// erased gets no key again and is left out.
func (s *Store) PersonKeys(ctx context.Context, pseudonyms []string, at clock.Time) (map[string][]byte, error) {
	known, err := s.personKeys(ctx, s.db.Read(), pseudonyms)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, p := range pseudonyms {
		if _, ok := known[p]; !ok {
			missing = append(missing, p)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing) // one order for all, so that nobody waits for each other
		missing = slices.Compact(missing)
		err := s.db.InTx(ctx, func(tx *sql.Tx) error {
			b := insert("person_keys", "pseudonym, secret, created_at, erased_at", "ON CONFLICT (pseudonym) DO NOTHING")
			for _, p := range missing {
				key := make([]byte, personKeySize)
				rand.Read(key) // never fails
				b.add(p, key, at, 0)
			}
			if err := s.run(ctx, tx, b); err != nil {
				return err
			}
			made, err := s.personKeys(ctx, tx, missing)
			maps.Copy(known, made)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return withoutErased(known), nil
}

// FindPersonKeys returns the keys of those persons who have one.
func (s *Store) FindPersonKeys(ctx context.Context, pseudonyms []string) (map[string][]byte, error) {
	known, err := s.personKeys(ctx, s.db.Read(), pseudonyms)
	return withoutErased(known), err
}

func (s *Store) personKeys(ctx context.Context, on db.Querier, pseudonyms []string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(pseudonyms))
	err := each(pseudonyms, func(run []any) error {
		q := ask("SELECT pseudonym, secret FROM person_keys WHERE pseudonym IN "+in(len(run)), run...)
		return s.rowsOn(ctx, on, q, func(r *sql.Rows) error {
			var p string
			var key []byte
			err := r.Scan(&p, &key)
			out[p] = key
			return err
		})
	})
	return out, err
}

func withoutErased(keys map[string][]byte) map[string][]byte {
	for p, key := range keys {
		if len(key) == 0 {
			delete(keys, p)
		}
	}
	return keys
}

// ErasePerson overwrites a person's key for good: nothing that was sealed with it, in the
// log, an archive or a backup of the log, can be read again. The mark that stays keeps a
// new key from being made.
func (s *Store) ErasePerson(ctx context.Context, pseudonym string, at clock.Time) error {
	_, err := s.db.Exec(ctx, `INSERT INTO person_keys (pseudonym, secret, created_at, erased_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (pseudonym) DO UPDATE SET secret = excluded.secret,
		erased_at = CASE WHEN person_keys.erased_at = 0 THEN excluded.erased_at ELSE person_keys.erased_at END`,
		plain(pseudonym), []byte{}, int64(at), int64(at))
	return err
}
