package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/signal"
)

func milestones(e *engine.Effects) *batch {
	type id struct{ account, milestone string }
	b := insert("milestones", "account, milestone, follows, expected, optional, start_at, due_at, reached_at, reached_by, known_before",
		`ON CONFLICT (account, milestone) DO UPDATE SET follows = excluded.follows, expected = excluded.expected, optional = excluded.optional,
		start_at = excluded.start_at, due_at = excluded.due_at, reached_at = excluded.reached_at, reached_by = excluded.reached_by,
		known_before = excluded.known_before`)
	for _, r := range last(e.Milestones, func(r *engine.MilestoneRow) id { return id{r.Account, r.Milestone} }) {
		b.add(r.Account, r.Milestone, r.After, r.Expected, r.Optional, r.StartAt, r.DueAt, r.ReachedAt, r.By, r.Before)
	}
	return b
}

// Ways calls f for every account that is to reach milestones, or has reached some, with how it
// stands with each, by account. traits of the account are only read when it is asked for. plan
// narrows it to accounts on that plan now. What f is given is valid until it returns.
func (s *Store) Ways(ctx context.Context, plan string, traits bool, f func(account string, traits map[string]any, steps []signal.Step)) error {
	column := "''"
	if traits {
		column = "a.document"
	}
	q := ask(`SELECT m.account, m.milestone, m.follows, m.expected, m.start_at, m.due_at, m.reached_at, m.known_before, ` + column + `
		FROM milestones m JOIN accounts a ON a.account = m.account WHERE 1 = 1`)
	q.where("a.plan = ?", plan).and("ORDER BY m.account, m.milestone")
	var current, doc string
	var steps []signal.Step
	tell := func() error {
		if len(steps) == 0 {
			return nil
		}
		var of struct {
			Traits map[string]any `json:"traits"`
		}
		if traits {
			if err := document(doc, &of); err != nil {
				return err
			}
		}
		f(current, of.Traits, steps)
		steps = steps[:0]
		return nil
	}
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var account, text string
		var st signal.Step
		var expected, before int64
		if err := r.Scan(&account, &st.Milestone, &st.After, &expected, &st.StartAt, &st.DueAt, &st.ReachedAt, &before, &text); err != nil {
			return err
		}
		if account != current {
			if err := tell(); err != nil {
				return err
			}
			current, doc = account, text
		}
		st.Expected, st.Before = expected != 0, before != 0
		steps = append(steps, st)
		return nil
	})
	if err != nil {
		return err
	}
	return tell()
}

// StuckFilter narrows Stuck; empty fields let everything pass.
type StuckFilter struct {
	Plan      string
	Milestone string
	// Milestones are those that are looked at, others are of earlier catalogs.
	Milestones []string
	Now        clock.Time
}

// Stuck is an account that is late with a milestone, which is the first one missing on its way.
type Stuck struct {
	Account   string
	Name      string
	Plan      string
	Milestone string
	StartAt   clock.Time
	DueAt     clock.Time
}

// Stuck lists who is late with which milestone, the latest first.
func (s *Store) Stuck(ctx context.Context, f StuckFilter, p Page) (List[Stuck], error) {
	q := ask(`SELECT m.account, a.name, a.plan, m.milestone, m.start_at, m.due_at FROM milestones m JOIN accounts a ON a.account = m.account
		WHERE m.expected = 1 AND m.reached_at = 0 AND m.due_at > 0 AND m.due_at <= ?`, f.Now)
	q.and(`AND NOT EXISTS (SELECT 1 FROM milestones b WHERE b.account = m.account AND b.milestone = m.follows AND b.expected = 1 AND b.reached_at = 0)`)
	wanted := []any{""} // no milestone has this name: the list is never empty
	for _, key := range f.Milestones {
		wanted = append(wanted, key)
	}
	q.and("AND m.milestone IN "+in(len(wanted)), wanted...).where("a.plan = ?", f.Plan).where("m.milestone = ?", f.Milestone)
	var due int64
	var account, milestone string
	more, err := p.after(&due, &account, &milestone)
	if err != nil {
		return List[Stuck]{}, err
	}
	if more {
		q.and("AND (m.due_at, m.account, m.milestone) > (?, ?, ?)", due, account, milestone)
	}
	q.and("ORDER BY m.due_at, m.account, m.milestone")
	return list(ctx, s, p, q, func(r *sql.Rows) (Stuck, []any, error) {
		var x Stuck
		err := r.Scan(&x.Account, &x.Name, &x.Plan, &x.Milestone, &x.StartAt, &x.DueAt)
		return x, []any{int64(x.DueAt), x.Account, x.Milestone}, err
	})
}
