package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/offer"
)

// Decision returns a decision, fault decision_not_found (NotFound).
func (s *Store) Decision(ctx context.Context, id string) (offer.Decision, error) {
	return one[offer.Decision](ctx, s, "decision", id, ask("SELECT document FROM decisions WHERE id = ?", id))
}

// one returns the document that q gives, or what is missing as a fault.
func one[T any](ctx context.Context, s *Store, what, id string, q *query) (T, error) {
	var x T
	var doc string
	found, err := s.row(ctx, q, &doc)
	switch {
	case err != nil:
		return x, err
	case !found:
		return x, notFound(what, id)
	}
	return x, document(doc, &x)
}

// Decisions lists an account's decisions, newest first.
func (s *Store) Decisions(ctx context.Context, acct string, p Page) (List[offer.Decision], error) {
	return newest[offer.Decision](ctx, s, p, ask("SELECT document, at, id FROM decisions WHERE account = ?", acct), "at")
}

// Outcomes returns what became of a decision, oldest first.
func (s *Store) Outcomes(ctx context.Context, decision string) ([]offer.Outcome, error) {
	var out []offer.Outcome
	q := ask("SELECT document FROM outcomes WHERE decision = ? ORDER BY at, type", decision)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var doc string
		var x offer.Outcome
		if err := r.Scan(&doc); err != nil {
			return err
		}
		err := document(doc, &x)
		out = append(out, x)
		return err
	})
	return out, err
}

// Funnel counts the decisions about one offer that were made in some time, and what
// became of them since, so that no rate passes 100 %. A decision counts once per column.
// Holdout counts those where the offer was kept back for comparison; they are in no other column.
type Funnel struct {
	Offer     string `json:"offer"`
	Shown     int64  `json:"shown"`
	Seen      int64  `json:"seen"`
	Clicked   int64  `json:"clicked"`
	Dismissed int64  `json:"dismissed"`
	Requested int64  `json:"requested"`
	Accepted  int64  `json:"accepted"`
	Undone    int64  `json:"undone"` // accepted and taken back
	Holdout   int64  `json:"holdout"`
}

// Funnels counts per offer the decisions with from <= at < to, by offer key. A zero to means no end.
func (s *Store) Funnels(ctx context.Context, from, to clock.Time) ([]Funnel, error) {
	if to == 0 {
		to = 1<<63 - 1
	}
	became := func(outcome string) string {
		return `, COUNT(CASE WHEN d.variant <> 'holdout' AND EXISTS
			(SELECT 1 FROM outcomes o WHERE o.decision = d.id AND o.type = '` + outcome + `') THEN 1 END)`
	}
	q := ask(`SELECT d.offer, COUNT(CASE WHEN d.variant <> 'holdout' THEN 1 END)`+
		became("seen")+became("clicked")+became("dismissed")+became("requested")+became("accepted")+became("undone")+`,
		COUNT(CASE WHEN d.variant = 'holdout' THEN 1 END)
		FROM decisions d WHERE d.at >= ? AND d.at < ? AND d.offer <> '' AND (d.status = 'show' OR d.variant = 'holdout')
		GROUP BY d.offer ORDER BY d.offer`, from, to)
	var out []Funnel
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var f Funnel
		err := r.Scan(&f.Offer, &f.Shown, &f.Seen, &f.Clicked, &f.Dismissed, &f.Requested, &f.Accepted, &f.Undone, &f.Holdout)
		out = append(out, f)
		return err
	})
	return out, err
}

// Considered calls f with every offer that the newest decisions since then looked at, most of
// them, and the code of what was thought of it.
func (s *Store) Considered(ctx context.Context, since clock.Time, most int, f func(offer, code string)) error {
	q := ask("SELECT document FROM decisions WHERE at > ? ORDER BY at DESC, id DESC LIMIT ?", since, most)
	var parser fastjson.Parser
	var doc sql.RawBytes
	return s.rows(ctx, q, func(r *sql.Rows) error {
		if err := r.Scan(&doc); err != nil {
			return err
		}
		v, err := parser.ParseBytes(doc)
		if err != nil {
			return fmt.Errorf("stored decision: %w", err)
		}
		for _, c := range v.GetArray("considered") {
			f(string(c.GetStringBytes("offer")), string(c.GetStringBytes("code")))
		}
		return nil
	})
}

// RequestFilter narrows Requests; empty fields let everything pass.
type RequestFilter struct {
	Account, Status string
	User            string // pseudonym of who asked or joined
}

// Requests lists upgrade requests, newest first.
func (s *Store) Requests(ctx context.Context, f RequestFilter, p Page) (List[offer.Request], error) {
	if f.User == "" {
		return s.requests(ctx, f, p)
	}
	// To LIKE a _ is any character, and to SQLite no case matters: it finds others' too.
	return filled(p, func(p Page) (List[offer.Request], error) { return s.requests(ctx, f, p) }, func(r *offer.Request) bool {
		return r.User == f.User || slices.ContainsFunc(r.Joined, func(j offer.Joined) bool { return j.User == f.User })
	})
}

func (s *Store) requests(ctx context.Context, f RequestFilter, p Page) (List[offer.Request], error) {
	like := ""
	if f.User != "" { // a pseudonym has no character that JSON writes otherwise
		like = `%"user":"` + f.User + `"%`
	}
	q := ask("SELECT document, at, id FROM requests WHERE 1 = 1").where("account = ?", f.Account).where("status = ?", f.Status).where("document LIKE ?", like)
	return newest[offer.Request](ctx, s, p, q, "at")
}

// Request returns a request, fault request_not_found (NotFound).
func (s *Store) Request(ctx context.Context, id string) (offer.Request, error) {
	return one[offer.Request](ctx, s, "request", id, ask("SELECT document FROM requests WHERE id = ?", id))
}

// OutcomesOf returns what became of some decisions, by decision, oldest first.
func (s *Store) OutcomesOf(ctx context.Context, decisions []string) (map[string][]offer.Outcome, error) {
	out := make(map[string][]offer.Outcome)
	err := each(decisions, func(run []any) error {
		q := ask("SELECT document FROM outcomes WHERE decision IN "+in(len(run))+" ORDER BY at, type", run...)
		return s.rows(ctx, q, func(r *sql.Rows) error {
			var doc string
			var x offer.Outcome
			if err := r.Scan(&doc); err != nil {
				return err
			}
			err := document(doc, &x)
			out[x.Decision] = append(out[x.Decision], x)
			return err
		})
	})
	return out, err
}
