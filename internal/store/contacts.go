package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
)

func contacts(e *engine.Effects) *batch {
	type id struct {
		account, id string
		released    bool
	}
	b := insert("contacts", "account, id, released, at, channel, person, about",
		`ON CONFLICT (account, id, released) DO UPDATE SET at = excluded.at, channel = excluded.channel,
		person = excluded.person, about = excluded.about`)
	for _, c := range last(e.Contacts, func(c *engine.ContactRow) id { return id{c.Account, c.ID, c.Released != 0} }) {
		if c.Released != 0 {
			b.add(c.Account, c.ID, 1, c.Released, string(c.Channel), c.User, c.About)
		} else {
			b.add(c.Account, c.ID, 0, c.At, string(c.Channel), c.User, c.About)
		}
	}
	return b
}

// Contact is a contact of an account as lists show it.
type Contact struct {
	ID         string     `json:"id"` // of the claim
	At         clock.Time `json:"at"`
	Channel    string     `json:"channel"`
	User       string     `json:"user,omitempty"` // pseudonym
	About      string     `json:"about,omitempty"`
	ReleasedAt clock.Time `json:"released_at,omitzero"` // given back
}

// Contacts lists the contacts of an account over all channels, newest first.
func (s *Store) Contacts(ctx context.Context, account string, p Page) (List[Contact], error) {
	q := ask(`SELECT c.id, c.at, c.channel, c.person, c.about, COALESCE(r.at, 0) FROM contacts c
		LEFT JOIN contacts r ON r.account = c.account AND r.id = c.id AND r.released = 1 AND r.at >= c.at
		WHERE c.account = ? AND c.released = 0`, account)
	var at int64
	var id string
	more, err := p.after(&at, &id)
	if err != nil {
		return List[Contact]{}, err
	}
	if more {
		q.and("AND (c.at, c.id) < (?, ?)", at, id)
	}
	q.and("ORDER BY c.at DESC, c.id DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (Contact, []any, error) {
		var c Contact
		err := r.Scan(&c.ID, &c.At, &c.Channel, &c.User, &c.About, &c.ReleasedAt)
		return c, []any{int64(c.At), c.ID}, err
	})
}
