package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/store"
)

// large is a checkpoint with that many accounts of a kilobyte each; round varies usage.
func large(accounts, round int) *engine.Checkpoint {
	c := next(uint64(round), uint64(round+1))
	state := strings.Repeat("s", 1000)
	for i := range accounts {
		key := fmt.Sprintf("account-%06d", i)
		c.Accounts = append(c.Accounts, engine.AccountRow{
			Key: key, State: fmt.Appendf(nil, `{"round":%d,"state":"%s"}`, round, state),
			Listing: &engine.Listing{Account: account.Account{Key: key, Name: "Company", CreatedAt: noon, UpdatedAt: noon}, Plan: "pro", Status: "active", Interval: "month", MRR: 178800, Currency: "USD"},
			Limits: []engine.LimitRow{
				{Feature: "emails", Usage: int64(round) * 1_000_000, Limit: 1_000_000_000, Percent: int64(round % 100)},
				{Feature: "speakers", Usage: 5_000_000, Limit: 10_000_000, Percent: 50},
				{Feature: "exports", Usage: 0, Limit: 10_000_000},
			},
			Timers: []engine.Timer{{Due: noon, ID: "period"}, {Due: noon, ID: "renewal"}},
		})
	}
	g := engine.Segment{Day: noon.Day()}
	for i := range accounts * 4 {
		g.Fingerprints = append(g.Fingerprints, event.FingerprintOf("s", fmt.Sprint(round, i)))
	}
	c.Segments = []engine.Segment{g}
	return c
}

// BenchmarkCommit measures a checkpoint of 5,000 accounts that were all seen before.
func BenchmarkCommit(b *testing.B) {
	for _, target := range []string{"sqlite", "postgres"} {
		b.Run(target, func(b *testing.B) {
			where := b.TempDir()
			if target == "postgres" {
				where = dbtest.PostgresURL(b)
			}
			d, err := db.Open(ctx, where)
			must(b, err)
			defer d.Close()
			s := store.New(d)
			_, _, err = s.InitPartitions(ctx, 1, "log-1")
			must(b, err)
			_, _, err = s.Acquire(ctx, 0, "me", "", time.Hour)
			must(b, err)
			const accounts = 5_000
			must(b, s.Commit(ctx, large(accounts, 0)))
			round := 1
			for b.Loop() {
				b.StopTimer()
				c := large(accounts, round)
				round++
				b.StartTimer()
				must(b, s.Commit(ctx, c))
			}
			b.ReportMetric(float64(b.N)*accounts/b.Elapsed().Seconds(), "accounts/s")
		})
	}
}
