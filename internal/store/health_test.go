package store

import (
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
)

func TestHealthCountsWhatDoesNotMove(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		s, ctx := New(d), t.Context()
		if h, err := s.Health(ctx, 1000); err != nil || h != (Health{}) {
			t.Errorf("of an empty database: %+v, %v", h, err)
		}
		if _, _, err := s.InitPartitions(ctx, 3, "stream"); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			"INSERT INTO outbox (partition, record, due) VALUES (1, '', 700), (2, '', 500)",
			"INSERT INTO timers (account, partition, next_due, timers) VALUES ('late', 0, 999, ''), ('due', 0, 1000, ''), ('none', 0, 0, '')",
			"INSERT INTO keys (id, kind, hash, name, scopes, hint, token_key, created_at, revoked_at) VALUES ('a', 'secret', '1', '', '[]', '', '', 1, 0), " +
				"('b', 'secret', '2', '', '[]', '', '', 1, 5), ('c', 'publishable', '3', '', '[]', '', '', 1, 0)",
		} {
			if _, err := d.Exec(ctx, statement); err != nil {
				t.Fatal(err)
			}
		}
		want := Health{Outbox: 2, OutboxSince: 500, Overdue: 1, Keys: 1, Partitions: 3}
		if h, err := s.Health(ctx, 1000); err != nil || h != want {
			t.Errorf("it is %+v, %v, want %+v", h, err, want)
		}
	})
}

func TestOwnersShowsLeasesThatHaveRunOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		s, ctx := New(open()), t.Context()
		if _, _, err := s.InitPartitions(ctx, 2, "stream"); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Acquire(ctx, 1, "dead", "http://10.0.0.9", -time.Second); !ok || err != nil {
			t.Fatal(ok, err)
		}
		owners, err := s.Owners(ctx)
		if err != nil || len(owners) != 2 || owners[0].Owner != "" || owners[1].Owner != "dead" || owners[1].Address != "http://10.0.0.9" {
			t.Errorf("owners %+v, %v", owners, err)
		}
		if live, err := s.Partitions(ctx); err != nil || live[1].Owner != "" {
			t.Errorf("by the leases: %+v, %v", live, err)
		}
	})
}
