package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
)

func moments(e *engine.Effects) (*batch, error) {
	b := insert("moments", "id, account, kind, feature, milestone, placement, at, times, why, decision, variant, value, currency, document",
		`ON CONFLICT (id) DO UPDATE SET placement = excluded.placement, times = excluded.times, why = excluded.why,
		decision = excluded.decision, variant = excluded.variant, document = excluded.document`)
	for _, m := range last(e.Moments, func(m *engine.Moment) string { return m.ID }) {
		doc, err := encode(m)
		if err != nil {
			return nil, err
		}
		b.add(m.ID, m.Account, m.Kind, m.Feature, m.Milestone, m.Placement, m.At, m.Times, m.Why, m.Decision, m.Variant,
			int64(m.Value.Minor), string(m.Value.Currency), doc)
	}
	return b, nil
}

// facts has no ON CONFLICT: a change is never written over.
func facts(e *engine.Effects) (*batch, error) {
	b := insert("fact_changes", "account, seq, at, ended, document", "")
	for i := range e.Facts {
		f := &e.Facts[i]
		doc, err := encode(f.Fact)
		if err != nil {
			return nil, err
		}
		b.add(f.Account, f.Seq, f.At, f.Ended, doc)
	}
	return b, nil
}

// The states of a moment, as of a time.
const (
	MomentOffered = "offered"  // an offer answered it
	MomentHeldOut = "held_out" // one was kept back, to measure what it earns
	MomentOpen    = "open"     // none has yet, and one still could
	MomentMissed  = "missed"   // none did while it lasted
)

// StateOf is the state of a moment at now.
func StateOf(m *engine.Moment, now clock.Time) string {
	switch {
	case m.Variant == "holdout":
		return MomentHeldOut
	case m.Decision != "":
		return MomentOffered
	case m.At+engine.MomentLife > now:
		return MomentOpen
	}
	return MomentMissed
}

// MomentFilter narrows Moments; empty fields let everything pass. A zero To means no end.
type MomentFilter struct {
	Account, Kind, Feature, Milestone, Placement string
	State                                        string     // see StateOf
	From, To                                     clock.Time // From <= at < To
	Now                                          clock.Time // for State
}

func (f MomentFilter) and(q *query) *query {
	q.where("account = ?", f.Account).where("kind = ?", f.Kind).where("feature = ?", f.Feature).
		where("milestone = ?", f.Milestone).where("placement = ?", f.Placement)
	switch f.State {
	case MomentHeldOut:
		q.and("AND variant = 'holdout'")
	case MomentOffered:
		q.and("AND decision <> '' AND variant <> 'holdout'")
	case MomentOpen:
		q.and("AND decision = '' AND at > ?", f.Now-engine.MomentLife)
	case MomentMissed:
		q.and("AND decision = '' AND at <= ?", f.Now-engine.MomentLife)
	}
	if f.From != 0 {
		q.and("AND at >= ?", f.From)
	}
	if f.To != 0 {
		q.and("AND at < ?", f.To)
	}
	return q
}

// Moments lists moments, newest first.
func (s *Store) Moments(ctx context.Context, f MomentFilter, p Page) (List[engine.Moment], error) {
	return newest[engine.Moment](ctx, s, p, f.and(ask("SELECT document, at, id FROM moments WHERE 1 = 1")), "at")
}

// MomentSum sums up the moments of one account about one thing at one place.
type MomentSum struct {
	Account, Kind, Feature, Milestone, Placement, Why string
	Moments, Times                                    int64
	Value                                             money.Amount // of the worthiest of them, a year
}

// MomentSums calls f for the moments of a filter by account, kind, thing, place and why, in that order.
func (s *Store) MomentSums(ctx context.Context, filter MomentFilter, f func(MomentSum)) error {
	q := filter.and(ask(`SELECT account, kind, feature, milestone, placement, why, currency, COUNT(*), SUM(times), MAX(value)
		FROM moments WHERE 1 = 1`)).and(`GROUP BY account, kind, feature, milestone, placement, why, currency
		ORDER BY account, kind, feature, milestone, placement, why, currency`)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var m MomentSum
		var value int64
		var currency string
		err := r.Scan(&m.Account, &m.Kind, &m.Feature, &m.Milestone, &m.Placement, &m.Why, &currency, &m.Moments, &m.Times, &value)
		m.Value = money.Of(money.Minor(value), money.Currency(currency))
		f(m)
		return err
	})
}

// MomentFunnel counts how far the moments about one thing at one place came. Each count includes
// those that came further: who accepted has seen, whether the product said so or not.
type MomentFunnel struct {
	Kind, Feature, Milestone, Placement                       string
	Moments, HeldOut, Offered, Seen, Clicked, Accepted, Stays int64 // Stays: accepted and not undone
	Missed                                                    int64 // nothing was offered while they lasted
}

// MomentFunnels counts the moments of a time by thing and place, and what became of them since. Things and places
// are few, and an index leads from each to its moments of that time: each is counted by itself, and nothing sorted.
func (s *Store) MomentFunnels(ctx context.Context, filter MomentFilter) ([]MomentFunnel, error) {
	became := func(outcomes string) string {
		return `COUNT(CASE WHEN m.decision <> '' AND m.variant <> 'holdout' AND EXISTS
			(SELECT 1 FROM outcomes o WHERE o.decision = m.decision AND o.type IN (` + outcomes + `)) THEN 1 END), `
	}
	counts := `SELECT COUNT(*),
		COUNT(CASE WHEN m.variant = 'holdout' THEN 1 END),
		COUNT(CASE WHEN m.decision <> '' AND m.variant <> 'holdout' THEN 1 END), ` +
		became("'seen', 'clicked', 'dismissed', 'requested', 'accepted'") + became("'clicked', 'requested', 'accepted'") + became("'accepted'") + `
		COUNT(CASE WHEN m.decision <> '' AND m.variant <> 'holdout'
			AND EXISTS (SELECT 1 FROM outcomes o WHERE o.decision = m.decision AND o.type = 'accepted')
			AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.decision = m.decision AND o.type = 'undone') THEN 1 END),
		COUNT(CASE WHEN m.decision = '' AND m.at <= ? THEN 1 END)
		FROM moments m WHERE m.kind = ? AND m.feature = ? AND m.milestone = ? AND m.placement = ?`
	var out []MomentFunnel
	for at := (MomentFunnel{}); ; {
		// Every moment has a kind, so that the empty one comes before all.
		found, err := s.row(ctx, ask(`SELECT kind, feature, milestone, placement FROM moments WHERE (kind, feature, milestone, placement) > (?, ?, ?, ?)
			ORDER BY kind, feature, milestone, placement LIMIT 1`, at.Kind, at.Feature, at.Milestone, at.Placement), &at.Kind, &at.Feature, &at.Milestone, &at.Placement)
		if err != nil || !found {
			return out, err
		}
		m := MomentFunnel{Kind: at.Kind, Feature: at.Feature, Milestone: at.Milestone, Placement: at.Placement}
		q := filter.and(ask(counts, filter.Now-engine.MomentLife, m.Kind, m.Feature, m.Milestone, m.Placement))
		if _, err := s.row(ctx, q, &m.Moments, &m.HeldOut, &m.Offered, &m.Seen, &m.Clicked, &m.Accepted, &m.Stays, &m.Missed); err != nil {
			return out, err
		}
		if m.Moments > 0 {
			out = append(out, m)
		}
	}
}
