package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
)

// moves are all that there ever were, lifecycle where accounts stand now.
func moves(e *engine.Effects) []*batch {
	all := insert("stage_moves", "account, seq, at, stage, stage_before, why",
		"ON CONFLICT (account, seq) DO UPDATE SET at = excluded.at, stage = excluded.stage, stage_before = excluded.stage_before, why = excluded.why")
	now := insert("lifecycle", "account, stage, since, why, stage_before",
		`ON CONFLICT (account) DO UPDATE SET stage = excluded.stage, since = excluded.since, why = excluded.why, stage_before = excluded.stage_before`)
	for i := range e.Stages {
		r := &e.Stages[i]
		all.add(r.Account, r.Seq, r.At, string(r.Stage), string(r.Before), r.Why)
	}
	for _, r := range last(e.Stages, func(r *engine.StageRow) string { return r.Account }) {
		now.add(r.Account, string(r.Stage), r.At, r.Why, string(r.Before))
	}
	return []*batch{all, now}
}

const moveColumns = "account, seq, at, stage, stage_before, why"

func scanMove(r *sql.Rows) (engine.StageRow, error) {
	var m engine.StageRow
	var stage, before string
	err := r.Scan(&m.Account, &m.Seq, &m.At, &stage, &before, &m.Why)
	m.Stage, m.Before = account.Stage(stage), account.Stage(before)
	return m, err
}

// StageMoves lists an account's moves from stage to stage, the latest first.
func (s *Store) StageMoves(ctx context.Context, key string, p Page) (List[engine.StageRow], error) {
	q := ask("SELECT "+moveColumns+" FROM stage_moves WHERE account = ?", key)
	var seq int64
	more, err := p.after(&seq)
	if err != nil {
		return List[engine.StageRow]{}, err
	}
	if more {
		q.and("AND seq < ?", seq)
	}
	return list(ctx, s, p, q.and("ORDER BY seq DESC"), func(r *sql.Rows) (engine.StageRow, []any, error) {
		m, err := scanMove(r)
		return m, []any{m.Seq}, err
	})
}

// StageCount is how many accounts stand in a stage, and their MRR in one currency.
type StageCount struct {
	Stage    account.Stage
	Currency string
	Accounts int64
	MRR      int64 // twelfths of a minor unit
}

// StageCounts counts accounts by stage and currency. plan narrows it.
func (s *Store) StageCounts(ctx context.Context, plan string) ([]StageCount, error) {
	var out []StageCount
	q := ask("SELECT l.stage, a.currency, COUNT(*), CAST(SUM(a.mrr) AS BIGINT) FROM lifecycle l JOIN accounts a ON a.account = l.account WHERE 1 = 1")
	q.where("a.plan = ?", plan).and("GROUP BY l.stage, a.currency ORDER BY l.stage, a.currency")
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var c StageCount
		var stage string
		err := r.Scan(&stage, &c.Currency, &c.Accounts, &c.MRR)
		c.Stage = account.Stage(stage)
		out = append(out, c)
		return err
	})
	return out, err
}

// MoveCount is how many moves there were from one stage to another.
type MoveCount struct {
	From, To account.Stage // From is empty where an account came in
	Moves    int64
}

// MoveCounts counts the moves since a time, of accounts on plan when one is given.
func (s *Store) MoveCounts(ctx context.Context, since clock.Time, plan string) ([]MoveCount, error) {
	var out []MoveCount
	q := ask("SELECT m.stage_before, m.stage, COUNT(*) FROM stage_moves m JOIN accounts a ON a.account = m.account WHERE m.at >= ?", since)
	q.where("a.plan = ?", plan).and("GROUP BY m.stage_before, m.stage ORDER BY m.stage_before, m.stage")
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var c MoveCount
		var from, to string
		err := r.Scan(&from, &to, &c.Moves)
		c.From, c.To = account.Stage(from), account.Stage(to)
		out = append(out, c)
		return err
	})
	return out, err
}

// Staged is an account in its stage.
type Staged struct {
	Account, Name, Plan, Currency string
	MRR                           int64 // twelfths of a minor unit
	Stage, Before                 account.Stage
	Since                         clock.Time
	Why                           string
}

// Lifecycle lists the accounts of a stage, or of all, who moved last first.
func (s *Store) Lifecycle(ctx context.Context, stage, plan string, p Page) (List[Staged], error) {
	q := ask(`SELECT l.account, a.name, a.plan, a.currency, a.mrr, l.stage, l.stage_before, l.since, l.why
		FROM lifecycle l JOIN accounts a ON a.account = l.account WHERE 1 = 1`)
	q.where("l.stage = ?", stage).where("a.plan = ?", plan)
	var since int64
	var key string
	more, err := p.after(&since, &key)
	if err != nil {
		return List[Staged]{}, err
	}
	if more {
		q.and("AND (l.since, l.account) < (?, ?)", since, key)
	}
	return list(ctx, s, p, q.and("ORDER BY l.since DESC, l.account DESC"), func(r *sql.Rows) (Staged, []any, error) {
		var x Staged
		var stage, before string
		err := r.Scan(&x.Account, &x.Name, &x.Plan, &x.Currency, &x.MRR, &stage, &before, &x.Since, &x.Why)
		x.Stage, x.Before = account.Stage(stage), account.Stage(before)
		return x, []any{int64(x.Since), x.Account}, err
	})
}
