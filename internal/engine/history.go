package engine

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// Stepping a history to see what happens in it, and not to keep it: nothing is encoded that
// nobody reads.

// Drain returns the effects since the last Drain or Harvest and forgets them, what calls were
// told, and the fingerprints of days that no live partition remembers any more. Accounts stay as
// they are. Of a state that is drained Harvest must not be called.
func (s *State) Drain() Effects {
	e := s.effects
	s.effects, s.newAnswers, s.leaving, s.types.told = Effects{}, nil, nil, nil
	clear(s.answers)
	clear(s.recalled)
	s.seen.keepFrom(s.Now.Day() - WindowDays - 2)
	return e
}

// Unload gives the stored form of the accounts that changed, and of their members outside of it,
// and forgets those that nothing touched since the last Unload; when these are fewer than half,
// all. They are loaded again when needed.
func (s *State) Unload(put func(key string, stored []byte, sets []SetRow)) {
	for _, a := range s.dirty {
		sets := a.spill(nil)
		a.stored = a.encode()
		a.dirty = false
		put(a.key, a.stored, sets)
	}
	clear(s.dirty)
	s.dirty = s.dirty[:0]
	idle := 0
	for _, a := range s.accounts {
		if a == nil || a.touched < s.round {
			idle++
		}
	}
	all := idle < len(s.accounts)/2
	for key, a := range s.accounts {
		if all || a == nil || a.touched < s.round {
			delete(s.accounts, key)
		}
	}
	s.absent = 0
	s.round++
}

// keepFrom forgets the days before one, but for that of imports, and what the next harvest would
// have written.
func (s *seen) keepFrom(day int32) {
	s.fresh, s.drained = nil, true
	for d := range s.days {
		if d < day && d != ImportDay {
			delete(s.days, d)
			s.last = nil
		}
	}
}

// Mirror gives an account what another state of the same partition holds of offers and opportunities:
// what was offered and answered in a history stays what it was, whatever other rules would have offered.
// What the next record needs must be loaded in both.
func (s *State) Mirror(from *State, key string) {
	theirs, ours := from.get(key), s.get(key)
	if theirs == nil || ours == nil {
		return
	}
	ours.Offers, ours.Opportunities, ours.Opened = clone(theirs.Offers), clone(theirs.Opportunities), theirs.Opened
	ours.cold = nil
}

// Known calls f for every account in memory, with when it was first heard of, in no particular order.
func (s *State) Known(f func(key string, since clock.Time)) {
	for key, a := range s.accounts {
		if _, isPerson := event.IsUserKey(key); !isPerson && a != nil {
			f(key, a.Facts.CreatedAt)
		}
	}
}
