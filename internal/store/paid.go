package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/money"
)

// Paid is what accounts pay in one currency now.
type Paid struct {
	MRR      money.Amount `json:"mrr" doc:"what they pay a month"`
	Accounts int          `json:"accounts" doc:"how many accounts pay in it"`

	exact money.Twelfths
}

// PaidIn lists the currencies that accounts pay in besides one, which may be empty, by code.
func (s *Store) PaidIn(ctx context.Context, besides money.Currency) ([]Paid, error) {
	out := []Paid{}
	q := ask("SELECT currency, COUNT(*), CAST(SUM(mrr) AS BIGINT) FROM accounts WHERE mrr > 0 AND currency <> ? GROUP BY currency ORDER BY currency", string(besides))
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var currency string
		var accounts int
		var twelfths int64
		if err := r.Scan(&currency, &accounts, &twelfths); err != nil {
			return err
		}
		out = append(out, Paid{MRR: money.Twelfths(twelfths).Amount(money.Currency(currency)), Accounts: accounts, exact: money.Twelfths(twelfths)})
		return nil
	})
	return out, err
}
