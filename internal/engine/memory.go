package engine

import (
	"fmt"

	"github.com/headroomhq/headroom/internal/clock"
)

// What stays in memory. An account that is being used is a tree of Go values, three to five
// times as large as its stored form; one that is not rests in its stored form; beyond the budget it is
// only in SQL.

// rest is an account at rest.
type rest struct {
	key      string // one copy for map and account
	stored   []byte
	known    bool // see written
	due      clock.Time
	features uint64
}

// restCost is what a resting account takes beside its stored form, and treeCost what one in
// use takes for each stored byte and at least. Measured; see TestAnAccountAtRestTakesLessThanTwoKilobytes.
const (
	restCost  = 160
	treeCost  = 4
	treeLeast = 2048
)

// get returns the account when memory holds it, waking it when it rests.
func (s *State) get(key string) *Account {
	if a, ok := s.accounts[key]; ok {
		return a
	}
	r, ok := s.resting[key]
	if !ok {
		return nil
	}
	a, err := decodeAccount(r.key, r.stored)
	if err != nil {
		panic(fmt.Sprintf("an account that was stored by this process: %v", err))
	}
	a.written = written{known: r.known, due: r.due, features: r.features}
	a.touched = s.round
	delete(s.resting, key)
	s.rested -= len(r.stored) + restCost
	s.accounts[r.key] = a
	return a
}

// Size returns how many account keys memory holds, absent ones included.
func (s *State) Size() int { return len(s.accounts) + len(s.resting) }

// Loaded says whether it is known in memory what account key holds, if anything.
func (s *State) Loaded(key string) bool {
	if _, ok := s.accounts[key]; ok {
		return true
	}
	_, ok := s.resting[key]
	return ok
}

// Bytes returns about what the accounts in memory take, those in use as of the last look at all.
func (s *State) Bytes() int { return s.inUse + s.rested }

// Absent returns about how many keys in memory name no account.
func (s *State) Absent() int { return s.absent }

// ForgetAbsent frees the memory of keys that turned out to name no account. Unlike Forget
// it may be called at any time.
func (s *State) ForgetAbsent() {
	for key, a := range s.accounts {
		if a == nil {
			delete(s.accounts, key)
		}
	}
	s.absent = 0
}

// forgetEvery is how many harvests lie between two looks at all accounts.
const forgetEvery = 8

// Forget frees memory once the last harvest is committed, and only then: fingerprints of
// days gone by, answers, and, beyond budget bytes, accounts that have not changed since. They are
// loaded again when needed.
func (s *State) Forget(budget int) {
	s.seen.forget(s.Now)
	for _, fp := range s.leaving {
		delete(s.answers, fp)
	}
	s.leaving = s.leaving[:0]
	clear(s.recalled)
	if s.round%forgetEvery != 0 {
		return
	}
	inUse := 0
	for _, a := range s.accounts {
		inUse += a.cost()
	}
	defer func() { s.inUse = inUse }()
	for key, a := range s.accounts {
		if inUse <= budget/2 {
			break
		}
		switch {
		case a == nil:
		case a.dirty || a.written.drifts || a.stored == nil || s.round-a.touched <= 1:
			continue // read or changed just now
		case a.outside > 0: // waking it would need what only SQL has
		default:
			w := &a.written
			s.resting[a.key] = rest{a.key, a.stored, w.known, w.due, w.features}
			s.rested += len(a.stored) + restCost
		}
		delete(s.accounts, key)
		inUse -= a.cost()
	}
	for key, r := range s.resting {
		if s.rested+inUse <= budget {
			break
		}
		s.rested -= len(r.stored) + restCost
		delete(s.resting, key)
	}
}

// cost estimates the bytes of an account in use.
func (a *Account) cost() int {
	if a == nil {
		return restCost
	}
	return max(treeCost*len(a.stored), treeLeast) + a.outside
}
