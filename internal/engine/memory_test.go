package engine_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
)

// manyAccounts is a state with n accounts that bought the plan and used all five meters.
func manyAccounts(tb testing.TB, n int) *engine.State {
	s, c, log := hot(tb, hotCatalog, n, 6*n/1000+1, 1000)
	var rs event.Records
	for _, text := range log {
		rs.Reset()
		if err := rs.Decode(text); err != nil {
			tb.Fatal(err)
		}
		for i := range rs.List {
			rs.List[i].ID = "" // fingerprints are another matter
			engine.Step(s, &rs.List[i], c)
		}
	}
	s.Harvest(c)
	s.Forget(1 << 40)
	return s
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestAnAccountAtRestTakesLessThanTwoKilobytes(t *testing.T) {
	const n = 6000
	before := heap()
	s := manyAccounts(t, n)
	inUse := heap() - before
	c := parse(t, hotCatalog)
	for range 32 { // rounds in which nothing happens
		s.Position++
		s.Harvest(c)
		s.Forget(n * 1500)
	}
	after := heap() - before
	used, rested, _ := s.Memory()
	if rested < n/2 {
		t.Fatalf("%d accounts in use and %d at rest, want most of %d at rest", used, rested, n)
	}
	atRest := (after - used*inUse/n) / rested
	t.Logf("in use %d bytes an account, at rest %d", inUse/n, atRest)
	if atRest > 2048 {
		t.Errorf("an account at rest takes %d bytes", atRest)
	}
	runtime.KeepAlive(s)
}

func TestWhatDoesNotFitTheBudgetIsForgottenAndNeededAgain(t *testing.T) {
	const n = 600
	s := manyAccounts(t, n)
	c := parse(t, hotCatalog)
	for range 32 {
		s.Position++
		s.Harvest(c)
		s.Forget(100_000)
	}
	inUse, atRest, bytes := s.Memory()
	if bytes > 100_000 || inUse+atRest == n {
		t.Fatalf("%d accounts in use and %d at rest take %d bytes of a budget of 100,000", inUse, atRest, bytes)
	}
	missing := 0
	for i := range n {
		need := s.Needs([]event.Record{{Kind: event.KindEvent, Key: fmt.Sprint("account-", i), ReceivedAt: s.Now}})
		missing += len(need.Accounts)
	}
	if missing != n-inUse-atRest {
		t.Errorf("%d accounts are needed again, want the %d that are gone", missing, n-inUse-atRest)
	}
}
