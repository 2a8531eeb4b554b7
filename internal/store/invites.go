package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/invite"
)

func invites(e *engine.Effects) (*batch, error) {
	b := insert("invites", "id, account, status, at, document",
		"ON CONFLICT (id) DO UPDATE SET status = excluded.status, document = excluded.document")
	for _, x := range last(e.Invites, func(in *invite.Invite) string { return in.ID }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.ID, x.Account, string(x.Status), x.At, doc)
	}
	return b, nil
}

func accessRequests(e *engine.Effects) (*batch, error) {
	b := insert("access_requests", "id, account, status, at, document",
		"ON CONFLICT (id) DO UPDATE SET status = excluded.status, document = excluded.document")
	for _, x := range last(e.Asks, func(a *invite.Ask) string { return a.ID }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.ID, x.Account, string(x.Status), x.At, doc)
	}
	return b, nil
}

func referrals(e *engine.Effects) (*batch, error) {
	type id struct{ account, program string }
	b := insert("referrals", "account, program, since, document",
		"ON CONFLICT (account, program) DO UPDATE SET since = excluded.since, document = excluded.document")
	for _, x := range last(e.Referrals, func(r *invite.Referral) id { return id{r.Account, r.Program} }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.Account, x.Program, x.Since, doc)
	}
	return b, nil
}

func signUps(e *engine.Effects) (*batch, error) {
	b := insert("sign_ups", "account, referrer, program, at, document",
		`ON CONFLICT (account) DO UPDATE SET referrer = excluded.referrer, program = excluded.program, at = excluded.at,
		document = excluded.document`)
	for _, x := range last(e.SignUps, func(u *invite.SignUp) string { return u.Account }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.Account, x.By, x.Program, x.At, doc)
	}
	return b, nil
}

// Invites lists an account's invitations, newest first.
func (s *Store) Invites(ctx context.Context, acct, status string, p Page) (List[invite.Invite], error) {
	q := ask("SELECT document, at, id FROM invites WHERE account = ?", acct).where("status = ?", status)
	return newest[invite.Invite](ctx, s, p, q, "at")
}

// AccessRequests lists who asks, and asked, to join an account, newest first.
func (s *Store) AccessRequests(ctx context.Context, acct, status string, p Page) (List[invite.Ask], error) {
	q := ask("SELECT document, at, id FROM access_requests WHERE account = ?", acct).where("status = ?", status)
	return newest[invite.Ask](ctx, s, p, q, "at")
}

// Referrals lists how accounts do in referral programs, by program and account. Empty fields let
// everything pass.
func (s *Store) Referrals(ctx context.Context, program, acct string, p Page) (List[invite.Referral], error) {
	q := ask("SELECT document, program, account FROM referrals WHERE 1 = 1").where("program = ?", program).where("account = ?", acct)
	var afterProgram, afterAccount string
	more, err := p.after(&afterProgram, &afterAccount)
	if err != nil {
		return List[invite.Referral]{}, err
	}
	if more {
		q.and("AND (program, account) > (?, ?)", afterProgram, afterAccount)
	}
	return list(ctx, s, p, q.and("ORDER BY program, account"), func(r *sql.Rows) (invite.Referral, []any, error) {
		var x invite.Referral
		var doc, program, account string
		if err := r.Scan(&doc, &program, &account); err != nil {
			return x, nil, err
		}
		return x, []any{program, account}, document(doc, &x)
	})
}

// SignedUp is an account whose sign-up was credited to another.
type SignedUp struct {
	Account     string
	Referrer    string
	Program     string
	At          clock.Time
	MRR         int64 // twelfths of a minor unit, now
	Currency    string
	PayingSince clock.Time // when it first paid, zero: it never did
}

// SignUps calls f with every credited sign-up, the oldest first. Empty fields let everything pass.
func (s *Store) SignUps(ctx context.Context, program, referrer string, f func(SignedUp)) error {
	q := ask(`SELECT u.account, u.referrer, u.program, u.at, COALESCE(a.mrr, 0), COALESCE(a.currency, ''),
		COALESCE((SELECT MIN(l.effective_at) FROM ledger l WHERE l.account = u.account AND l.mrr > 0), 0)
		FROM sign_ups u LEFT JOIN accounts a ON a.account = u.account WHERE u.referrer <> ''`).
		where("u.program = ?", program).where("u.referrer = ?", referrer).and("ORDER BY u.at, u.account")
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var x SignedUp
		err := r.Scan(&x.Account, &x.Referrer, &x.Program, &x.At, &x.MRR, &x.Currency, &x.PayingSince)
		f(x)
		return err
	})
}
