package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/signal"
)

// readinessDocument is what the column holds: the contributions that give anything, and what changed.
type readinessDocument struct {
	Contributions []signal.Contribution    `json:"contributions"`
	Changes       []signal.ReadinessChange `json:"changes"`
	Explained     string                   `json:"explained"`
}

func readiness(e *engine.Effects) (*batch, error) {
	type id struct {
		account string
		of      catalog.RevenueType
	}
	b := insert("readiness", "account, type, score, ready, change, at, document",
		`ON CONFLICT (account, type) DO UPDATE SET score = excluded.score, ready = excluded.ready, change = excluded.change,
		at = excluded.at, document = excluded.document`)
	for _, r := range last(e.Readiness, func(r *engine.ReadinessNow) id { return id{r.Account, r.Type} }) {
		d := readinessDocument{Contributions: []signal.Contribution{}, Changes: r.Changes, Explained: r.Explain(r.Before, r.Changes, "the day before")}
		for _, c := range r.Contributions {
			if c.Points != 0 {
				d.Contributions = append(d.Contributions, c)
			}
		}
		change := r.Score - r.Before.Score()
		if r.Since == 0 {
			change = 0
			d.Changes, d.Explained = []signal.ReadinessChange{}, ""
		}
		doc, err := encode(d)
		if err != nil {
			return nil, err
		}
		b.add(r.Account, string(r.Type), r.Score, r.Ready, change, r.At, doc)
	}
	return b, nil
}

// ReadinessFilter narrows Readiness; empty fields let everything pass.
type ReadinessFilter struct {
	Type  string
	Ready bool // only those that are ready
	Plan  string
	// Types are those of the active catalog.
	Types []string
}

// Ready is how ready an account was at its last daily look, in which anything changed.
type Ready struct {
	Account, Name, Plan string
	Type                catalog.RevenueType
	Score, Change       int64
	Ready               bool
	At                  clock.Time
	Contributions       []signal.Contribution
	Changes             []signal.ReadinessChange
	Explained           string
}

// Readiness lists accounts by their score, the highest first.
func (s *Store) Readiness(ctx context.Context, f ReadinessFilter, p Page) (List[Ready], error) {
	q := ask(`SELECT r.account, a.name, a.plan, r.type, r.score, r.change, r.ready, r.at, r.document
		FROM readiness r JOIN accounts a ON a.account = r.account WHERE 1 = 1`)
	q.where("r.type = ?", f.Type).where("a.plan = ?", f.Plan)
	wanted := []any{""} // the list is never empty
	for _, t := range f.Types {
		wanted = append(wanted, t)
	}
	q.and("AND r.type IN "+in(len(wanted)), wanted...)
	if f.Ready {
		q.and("AND r.ready = 1")
	}
	var score int64
	var account, of string
	more, err := p.after(&score, &account, &of)
	if err != nil {
		return List[Ready]{}, err
	}
	if more {
		q.and("AND (r.score < ? OR r.score = ? AND (r.account, r.type) > (?, ?))", score, score, account, of)
	}
	return list(ctx, s, p, q.and("ORDER BY r.score DESC, r.account, r.type"), func(r *sql.Rows) (Ready, []any, error) {
		var x Ready
		var of, doc string
		var ready int64
		err := r.Scan(&x.Account, &x.Name, &x.Plan, &of, &x.Score, &x.Change, &ready, &x.At, &doc)
		if err != nil {
			return x, nil, err
		}
		x.Type, x.Ready = catalog.RevenueType(of), ready != 0
		var d readinessDocument
		err = document(doc, &d)
		x.Contributions, x.Changes, x.Explained = d.Contributions, d.Changes, d.Explained
		return x, []any{x.Score, x.Account, of}, err
	})
}
