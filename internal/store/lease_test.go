package store_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/store"
)

func TestTheNumberOfPartitionsAndTheStreamAreFixedAtTheFirstStart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		s := store.New(open())
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[string]bool{}
		for i := range 6 {
			wg.Go(func() {
				stream := string(rune('a' + i))
				n, fixed, err := s.InitPartitions(ctx, 3+i, stream)
				if err != nil || n < 3 || n > 8 {
					t.Errorf("%d, %v", n, err)
				}
				mu.Lock()
				seen[fixed] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		partitions, err := s.Partitions(ctx)
		if err != nil || len(seen) != 1 || !seen[partitions[0].Stream] {
			t.Fatalf("%v, %v", seen, err)
		}
		n, stream, err := s.InitPartitions(ctx, 99, "other")
		if err != nil || n != len(partitions) || stream != partitions[0].Stream {
			t.Errorf("%d of %q, %v", n, stream, err)
		}
		_, _, err = s.InitPartitions(ctx, 0, "other")
		wantCode(t, err, "partitions_invalid")
	})
}

func TestALease(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		if _, ok, err := s.Acquire(ctx, 0, "you", "", time.Minute); ok || err != nil {
			t.Errorf("taken while somebody holds it: %v, %v", ok, err)
		}
		if _, ok, err := s.Acquire(ctx, 0, "me", "", time.Minute); ok || err != nil {
			t.Errorf("taken a second time by its holder: %v, %v", ok, err)
		}
		held, err := s.Renew(ctx, "me", map[int]int64{0: 1, 1: 1, 2: 7}, time.Minute)
		if err != nil || !slices.Equal(held, []int{0, 1}) {
			t.Errorf("renewed %v, %v", held, err)
		}
		if held, err := s.Renew(ctx, "you", map[int]int64{0: 1}, time.Minute); err != nil || len(held) != 0 {
			t.Errorf("somebody else renewed %v, %v", held, err)
		}
		if held, err := s.Renew(ctx, "me", nil, time.Minute); err != nil || len(held) != 0 {
			t.Errorf("renewed %v of nothing, %v", held, err)
		}
		must(t, s.Release(ctx, 0, 99)) // not the epoch held
		if _, ok, _ := s.Acquire(ctx, 0, "you", "", time.Minute); ok {
			t.Error("released under a wrong epoch")
		}
		must(t, s.Release(ctx, 0, 1))
		l, ok, err := s.Acquire(ctx, 0, "you", "127.0.0.1:2", 50*time.Millisecond)
		if err != nil || !ok || l.Epoch != 2 || l.Owner != "you" || l.Address != "127.0.0.1:2" || l.Expires == 0 {
			t.Fatalf("%+v, %v, %v", l, ok, err)
		}
		time.Sleep(60 * time.Millisecond)
		partitions, err := s.Partitions(ctx)
		if err != nil || partitions[0].Owner != "" || partitions[1].Owner != "me" {
			t.Errorf("%+v, %v", partitions, err)
		}
		if held, err := s.Renew(ctx, "you", map[int]int64{0: 2}, 50*time.Millisecond); err != nil || len(held) != 1 {
			t.Errorf("an expired lease nobody took: %v, %v", held, err)
		}
		time.Sleep(60 * time.Millisecond)
		if l, ok, err := s.Acquire(ctx, 0, "she", "", time.Minute); err != nil || !ok || l.Epoch != 3 {
			t.Errorf("an expired lease: %+v, %v, %v", l, ok, err)
		}
		if held, err := s.Renew(ctx, "you", map[int]int64{0: 2}, time.Minute); err != nil || len(held) != 0 {
			t.Errorf("renewed after it was taken: %v, %v", held, err)
		}
		if _, ok, err := s.Acquire(ctx, 17, "me", "", time.Minute); ok || err != nil {
			t.Errorf("a partition that does not exist: %v, %v", ok, err)
		}
	})
}

func TestOfManyWhoWantALeaseOneGetsIt(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.Release(ctx, 2, 1))
		var got atomic.Int64
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				_, ok, err := s.Acquire(ctx, 2, string(rune('a'+i)), "", time.Minute)
				if err != nil {
					t.Error(err)
				}
				if ok {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			t.Errorf("%d got it", got.Load())
		}
	})
}

func TestAfterARestartOnSQLiteNobodyWaitsForDeadOwners(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.FreeLeases(ctx))
		partitions, err := s.Partitions(ctx)
		must(t, err)
		_, ok, err := s.Acquire(ctx, 0, "you", "", time.Minute)
		must(t, err)
		// On PostgreSQL the owner may well live on another machine.
		if free := partitions[0].Owner == ""; free != ok {
			t.Errorf("free %v, taken %v", free, ok)
		}
	})
}

func TestTheOldestPositionIsThatOfTheSlowestPartition(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		for p := range 4 {
			c := next(0, uint64(10*(p+1)))
			c.Partition, c.Now = p, clock.Day
			must(t, s.Commit(ctx, c))
		}
		if least, err := s.MinPosition(ctx); err != nil || least != 10 {
			t.Errorf("%d, %v", least, err)
		}
	})
}
