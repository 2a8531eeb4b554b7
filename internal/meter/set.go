package meter

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/quantity"
)

// The stages of a set of members.
const (
	// MaxInState is the most members that are kept within the account's state.
	MaxInState = 256
	// MaxExact is the most members that are kept at all; beyond it a sketch estimates.
	MaxExact = 10_000
)

// member is one of a set, as its hash, with the number of events that named it.
type member struct {
	hash uint64
	n    uint32
}

// members is a set that is exact up to MaxExact and estimated beyond. What it counts depends
// on the members alone, never on their order, and it never goes back to an earlier stage.
type members struct {
	small  []member          // by hash; first stage
	large  map[uint64]uint32 // second stage
	sketch *sketch           // third stage

	digest uint64 // of large: every member with its number, in any order

	// What lies outside of the account's state, see spill.go. Not part of the state.
	outside  bool            // AppendBinary writes a reference only
	rows     int             // written since the last that holds all
	changed  map[uint64]bool // since the last row
	awaiting *reference      // rows are still to be loaded
}

// count returns the number of members, or its estimate.
func (s *members) count() int64 {
	switch {
	case s.sketch != nil:
		return max(s.sketch.estimate(), MaxExact+1)
	case s.large != nil:
		return int64(len(s.large))
	}
	return int64(len(s.small))
}

// add counts an event that named the member.
func (s *members) add(hash uint64) {
	switch {
	case s.awaiting != nil:
		panic("meter: members are counted before they are loaded") // a bug of ours: see Incomplete
	case s.sketch != nil:
		s.sketch.add(hash)
		return
	case s.large != nil:
		s.put(hash, s.large[hash]+1)
		if len(s.large) > MaxExact {
			s.estimate()
		}
		return
	}
	i, there := s.find(hash)
	if there {
		s.small[i].n++
		return
	}
	s.small = slices.Insert(s.small, i, member{hash, 1})
	if len(s.small) > MaxInState {
		s.spread()
	}
}

// remove takes an event back; false when the set no longer knows its members, or never
// knew this one.
func (s *members) remove(hash uint64, try bool) bool {
	switch {
	case s.awaiting != nil:
		panic("meter: members are voided before they are loaded")
	case s.sketch != nil:
		return false
	case s.large != nil:
		n := s.large[hash]
		if n > 0 && !try {
			s.put(hash, n-1)
		}
		return n > 0
	}
	i, there := s.find(hash)
	switch {
	case !there || try:
	case s.small[i].n > 1:
		s.small[i].n--
	default:
		s.small = slices.Delete(s.small, i, i+1)
	}
	return there
}

// merge adds all that other holds.
func (s *members) merge(other *members) {
	if other.sketch != nil {
		if s.sketch == nil {
			s.estimate()
		}
		s.sketch.merge(other.sketch)
		return
	}
	each := func(hash uint64, n uint32) {
		for range n {
			s.add(hash)
		}
	}
	for _, m := range other.small {
		each(m.hash, m.n)
	}
	for hash, n := range other.large {
		each(hash, n)
	}
}

func (s *members) find(hash uint64) (int, bool) {
	return slices.BinarySearchFunc(s.small, hash, func(m member, hash uint64) int {
		switch {
		case m.hash < hash:
			return -1
		case m.hash > hash:
			return 1
		}
		return 0
	})
}

// put sets the number of events of a member of the second stage; 0 takes it out.
func (s *members) put(hash uint64, n uint32) {
	if was := s.large[hash]; was > 0 {
		s.digest ^= mixed(hash, was)
	}
	if n > 0 {
		s.large[hash] = n
		s.digest ^= mixed(hash, n)
	} else {
		delete(s.large, hash)
	}
	if s.outside {
		if s.changed == nil {
			s.changed = make(map[uint64]bool)
		}
		s.changed[hash] = true
	}
}

// spread goes to the second stage.
func (s *members) spread() {
	s.large = make(map[uint64]uint32, 2*MaxInState)
	for _, m := range s.small {
		s.put(m.hash, m.n)
	}
	s.small = nil
}

// estimate goes to the third stage.
func (s *members) estimate() {
	s.sketch = &sketch{}
	for _, m := range s.small {
		s.sketch.add(m.hash)
	}
	for hash := range s.large {
		s.sketch.add(hash)
	}
	s.small, s.large, s.digest, s.changed = nil, nil, 0, nil
}

// estimated says whether count is an estimate.
func (s *members) estimated() bool {
	return s.sketch != nil || s.awaiting != nil && s.awaiting.stage == stageSketchOutside
}

// quantity returns count as usage.
func (s *members) quantity() quantity.Quantity { return quantity.Of(s.count()) }

// sorted returns the members of the exact stages by hash.
func (s *members) sorted() []member {
	if s.large == nil {
		return s.small
	}
	out := make([]member, 0, len(s.large))
	for _, hash := range slices.Sorted(maps.Keys(s.large)) {
		out = append(out, member{hash, s.large[hash]})
	}
	return out
}

// mixed spreads a member and its number over 64 bits (the finalizer of MurmurHash3), so
// that the digests of different sets differ.
func mixed(hash uint64, n uint32) uint64 {
	h := hash + uint64(n)*0x9e3779b97f4a7c15
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
