package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/offer"
)

func notices(e *engine.Effects) (*batch, error) {
	b := insert("notices", "id, account, person, role, at, read_at, document",
		"ON CONFLICT (id) DO UPDATE SET read_at = excluded.read_at, document = excluded.document")
	for _, x := range last(e.Notices, func(n *offer.Notice) string { return n.ID }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.ID, x.Account, x.User, string(x.Role), x.At, x.ReadAt, doc)
	}
	return b, nil
}

// NoticeFilter narrows Notices. Account is required.
type NoticeFilter struct {
	Account string
	User    string // pseudonym; only those for this person
	Admin   bool   // with User: and those for admins; alone: only those
	Unread  bool
}

// Notices lists what people of an account are told, newest first.
func (s *Store) Notices(ctx context.Context, f NoticeFilter, p Page) (List[offer.Notice], error) {
	q := ask("SELECT document, at, id FROM notices WHERE account = ?", f.Account)
	switch {
	case f.User != "" && f.Admin:
		q.and("AND (person = ? OR role = ?)", f.User, string(offer.Admin))
	case f.User != "":
		q.and("AND person = ?", f.User)
	case f.Admin:
		q.and("AND role = ?", string(offer.Admin))
	}
	if f.Unread {
		q.and("AND read_at = 0")
	}
	return newest[offer.Notice](ctx, s, p, q, "at")
}

// Reversals judges per offer what was accepted with from <= at < to, by offer key; a zero to means
// no end. What was undone counts whenever that was.
func (s *Store) Reversals(ctx context.Context, from, to clock.Time) ([]offer.Reversal, error) {
	if to == 0 {
		to = 1<<63 - 1
	}
	after := make(map[string][]clock.Time)
	q := ask(`SELECT d.offer, a.at, u.at FROM outcomes u JOIN outcomes a ON a.decision = u.decision AND a.type = 'accepted'
		JOIN decisions d ON d.id = u.decision WHERE u.type = 'undone' AND a.at >= ? AND a.at < ? ORDER BY u.at, u.decision`, from, to)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var key string
		var accepted, undone clock.Time
		err := r.Scan(&key, &accepted, &undone)
		after[key] = append(after[key], undone-accepted)
		return err
	})
	if err != nil {
		return nil, err
	}
	q = ask(`SELECT d.offer, COUNT(*) FROM outcomes a JOIN decisions d ON d.id = a.decision
		WHERE a.type = 'accepted' AND a.at >= ? AND a.at < ? GROUP BY d.offer ORDER BY d.offer`, from, to)
	out := []offer.Reversal{}
	err = s.rows(ctx, q, func(r *sql.Rows) error {
		var key string
		var n int64
		err := r.Scan(&key, &n)
		out = append(out, offer.ReversalOf(key, n, after[key]))
		return err
	})
	return out, err
}
