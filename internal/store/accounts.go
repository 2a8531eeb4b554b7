package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/engine"
)

const listingColumns = "a.account, a.plan, a.status, a.billing_interval, a.mrr, a.currency, a.next_at, a.next_is, a.document"

func scanListing(r *sql.Rows, sorts ...any) (engine.Listing, error) {
	var l engine.Listing
	var key, doc string
	if err := r.Scan(append([]any{&key, &l.Plan, &l.Status, &l.Interval, &l.MRR, &l.Currency, &l.NextAt, &l.Next, &doc}, sorts...)...); err != nil {
		return l, err
	}
	err := document(doc, &l.Account)
	l.Account.Key = key
	return l, err
}

// lowerASCII lowers A to Z only, as lower() does in both engines with the byte collation.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// Account returns one listing, fault account_not_found (NotFound) when there is none.
func (s *Store) Account(ctx context.Context, key string) (engine.Listing, error) {
	var l engine.Listing
	found := false
	err := s.rows(ctx, ask("SELECT "+listingColumns+" FROM accounts a WHERE a.account = ?", key), func(r *sql.Rows) (err error) {
		found = true
		l, err = scanListing(r)
		return err
	})
	if err == nil && !found {
		err = notFound("account", key)
	}
	return l, err
}

// People lists the people of an account by pseudonym.
func (s *Store) People(ctx context.Context, acct string, p Page) (List[account.Person], error) {
	q := ask("SELECT pseudonym, role, profile, traits, sealed, seen_at FROM people WHERE account = ?", acct)
	var after string
	more, err := p.after(&after)
	if err != nil {
		return List[account.Person]{}, err
	}
	if more {
		q.and("AND pseudonym > ?", after)
	}
	return list(ctx, s, p, q.and("ORDER BY pseudonym"), func(r *sql.Rows) (account.Person, []any, error) {
		x := account.Person{Account: acct}
		var traits string
		if err := r.Scan(&x.Pseudonym, &x.Role, &x.Profile, &traits, &x.Sealed, &x.SeenAt); err != nil {
			return x, nil, err
		}
		return x, []any{x.Pseudonym}, document(traits, &x.Traits)
	})
}

// AccountsOf returns the keys of the accounts a person belongs to, in order.
func (s *Store) AccountsOf(ctx context.Context, pseudonym string) ([]string, error) {
	var out []string
	err := s.rows(ctx, ask("SELECT account FROM people WHERE pseudonym = ? ORDER BY account", pseudonym), func(r *sql.Rows) error {
		var key string
		err := r.Scan(&key)
		out = append(out, key)
		return err
	})
	return out, err
}

// AccountNames returns the names of those of the accounts that have one, by key.
func (s *Store) AccountNames(ctx context.Context, keys []string) (map[string]string, error) {
	names := make(map[string]string, len(keys))
	err := each(keys, func(run []any) error {
		q := ask("SELECT account, name FROM accounts WHERE name <> '' AND account IN "+in(len(run)), run...)
		return s.rows(ctx, q, func(r *sql.Rows) error {
			var key, name string
			err := r.Scan(&key, &name)
			names[key] = name
			return err
		})
	})
	return names, err
}
