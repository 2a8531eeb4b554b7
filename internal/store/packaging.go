package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
)

// Subscriber is an account with a live subscription, as decisions about plans see it.
type Subscriber struct {
	Account   string
	Name      string
	Plan      string
	Status    string
	MRR       int64 // twelfths of a minor unit
	Currency  string
	CreatedAt clock.Time
}

// Subscribers calls f for every account with a live subscription, in the order of keys. doc is
// the account's document, valid during the call; nil unless documents are asked for.
func (s *Store) Subscribers(ctx context.Context, documents bool, f func(x Subscriber, doc []byte) error) error {
	text := "''"
	if documents {
		text = "document"
	}
	q := ask("SELECT account, name, plan, status, mrr, currency, created_at, " + text +
		" FROM accounts WHERE status IN ('active', 'trialing') ORDER BY account")
	var doc sql.RawBytes
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var x Subscriber
		if err := r.Scan(&x.Account, &x.Name, &x.Plan, &x.Status, &x.MRR, &x.Currency, &x.CreatedAt, &doc); err != nil {
			return err
		}
		return f(x, doc)
	})
}

// States calls f with the stored state of every account; it is valid during the call. Persons whose account is
// not known, as many again, are left where they are: their keys begin with a control character.
func (s *Store) States(ctx context.Context, f func(key string, state []byte) error) error {
	var state sql.RawBytes
	return s.rows(ctx, ask("SELECT account, state FROM account_states WHERE account >= ' '"), func(r *sql.Rows) error {
		var key string
		if err := r.Scan(&key, &state); err != nil {
			return err
		}
		return f(key, state)
	})
}

// Peaks calls f with the most (millionths) that each account used of a meter in one closed
// period that ended after since.
func (s *Store) Peaks(ctx context.Context, meter, per string, since clock.Time, f func(account string, usage int64)) error {
	q := ask("SELECT account, MAX(usage) FROM usage_periods WHERE meter = ? AND per = ? AND end_at > ? GROUP BY account", meter, per, since)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var account string
		var usage int64
		err := r.Scan(&account, &usage)
		f(account, usage)
		return err
	})
}
