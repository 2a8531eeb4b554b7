// Package engine is the heart: a partition's State and Step, the pure function that moves
// it by one record. It does no I/O and knows no time but the records'. The same Step runs
// live, in replay, under the test clock and in tests.
package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// Rules is the newest meaning of Step that this binary knows. State.Rules says which one
// is active; a change of meaning is activated by a record, like a catalog, so that an
// upgrade between a crash and its replay changes no answer already given.
const Rules = 1

// State is one partition. It is not safe for concurrent use: its owner holds a lock.
type State struct {
	Partition int
	Position  uint64     // of the last log message that was applied whole
	Now       clock.Time // the highest ReceivedAt seen
	Catalog   string     // active catalog version, empty before the first
	Rules     int

	accounts   map[string]*Account // nil value: known not to exist
	resting    map[string]rest     // accounts in memory as they are stored; none of them is in accounts
	rested     int                 // bytes of resting
	inUse      int                 // about the bytes of accounts, as of the last look at all
	incomplete map[string]bool     // accounts in memory whose sets are not
	absent     int                 // loads that found nothing, since ForgetAbsent
	round      uint32              // number of harvests
	due        timers
	seen       seen
	answers    map[event.Fingerprint]Answer // of calls not yet in a committed checkpoint
	recalled   map[event.Fingerprint]Answer // loaded again for a retry

	// What changed since the last harvest.
	dirty      []*Account
	drifting   []*Account // see written.drifts
	settleAt   clock.Time // when the first of them is to be written, zero when there is none
	bought     bought
	activated  bool // another catalog
	asks       asks
	newAnswers []AnswerRow
	types      types
	effects    Effects
	harvested  uint64              // Position at the last harvest
	leaving    []event.Fingerprint // answers in the last harvest
}

// NewState returns a partition as its last checkpoint left it, with no account loaded yet.
// dues holds the next due time of every account that has one.
func NewState(partition int, position uint64, now clock.Time, catalog string, rules int, dues map[string]clock.Time) *State {
	s := &State{
		Partition: partition, Position: position, Now: now, Catalog: catalog, Rules: rules,
		accounts: make(map[string]*Account), resting: make(map[string]rest),
		answers: make(map[event.Fingerprint]Answer), recalled: make(map[event.Fingerprint]Answer), harvested: position,
	}
	if s.Rules == 0 {
		s.Rules = Rules
	}
	s.due.set = make(map[string]clock.Time, len(dues))
	for key, at := range dues {
		s.due.put(key, at)
	}
	return s
}

// Needs is what must be loaded before records can be stepped.
type Needs struct {
	Accounts []string
	Days     []int32
	Answers  []Call   // calls that were answered before, if they were
	Sets     []string // accounts whose members outside of their state are not there yet
}

// Call names a call by its account and fingerprint.
type Call struct {
	Account     string
	Fingerprint event.Fingerprint
}

// Empty says that nothing is missing.
func (n Needs) Empty() bool {
	return len(n.Accounts) == 0 && len(n.Days) == 0 && len(n.Answers) == 0 && len(n.Sets) == 0
}

// Needs returns what stepping the records would touch and is not in memory, sorted. Stored
// answers can only be told once the fingerprints of the days are there: load what is
// asked for and ask again until Empty.
func (s *State) Needs(records []event.Record) Needs {
	// Nearly always nothing is missing: these stay nil then.
	var accounts map[string]bool
	var days map[int32]bool
	var calls map[event.Fingerprint]string
	var sets map[string]bool
	wants := func(key string) {
		switch {
		case !s.Loaded(key):
			if accounts == nil {
				accounts = make(map[string]bool)
			}
			accounts[strings.Clone(key)] = true
		case len(s.incomplete) > 0 && s.incomplete[key]:
			if sets == nil {
				sets = make(map[string]bool)
			}
			sets[strings.Clone(key)] = true
		}
	}
	until := s.Now
	for i := range records {
		r := &records[i]
		until = max(until, r.ReceivedAt)
		if !r.Kind.Broadcast() {
			wants(r.Key)
		}
		if r.ID == "" {
			continue
		}
		known := true
		for _, d := range daysOf(r, until) {
			if d != 0 && !s.seen.has(d) {
				if days == nil {
					days = make(map[int32]bool)
				}
				days[d], known = true, false
			}
		}
		if r.Kind == event.KindVoid {
			for _, d := range voidDays(r, until) {
				if !s.seen.has(d) {
					if days == nil {
						days = make(map[int32]bool)
					}
					days[d], known = true, false
				}
			}
		}
		if answered(r.Kind) && known {
			fp := event.FingerprintOf(r.Source, r.ID)
			if _, ok := s.remembered(fp); !ok && s.seen.find(r, until, fp) {
				if calls == nil {
					calls = make(map[event.Fingerprint]string)
				}
				calls[fp] = strings.Clone(r.Key)
			}
		}
	}
	s.due.upTo(until, wants)
	if accounts == nil && days == nil && calls == nil && sets == nil {
		return Needs{}
	}
	n := Needs{Accounts: slices.Sorted(maps.Keys(accounts)), Days: slices.Sorted(maps.Keys(days)), Sets: slices.Sorted(maps.Keys(sets))}
	for fp, key := range calls {
		n.Answers = append(n.Answers, Call{Account: key, Fingerprint: fp})
	}
	slices.SortFunc(n.Answers, func(a, b Call) int { return slices.Compare(a.Fingerprint[:], b.Fingerprint[:]) })
	return n
}

// LoadAccount gives an account's stored state, which the state keeps; nil when there is none.
func (s *State) LoadAccount(key string, stored []byte) error {
	if stored == nil {
		s.accounts[key] = nil
		s.absent++
		return nil
	}
	a, err := decodeAccount(key, stored)
	if err != nil {
		return err
	}
	s.accounts[key] = a
	a.touched = s.round
	s.await(a)
	return nil
}

// LoadDay gives all fingerprints of an event day that checkpoints have kept.
func (s *State) LoadDay(day int32, fingerprints []event.Fingerprint) { s.seen.load(day, fingerprints) }

// LoadAnswer gives what a call was told before; nil when that is no longer kept.
func (s *State) LoadAnswer(c Call, stored *AnswerRow) error {
	if stored == nil {
		s.recalled[c.Fingerprint] = answerGone
		return nil
	}
	a, err := decodeAnswer(stored)
	s.recalled[c.Fingerprint] = a
	return err
}

// Account returns a loaded account; nil when it does not exist or is not loaded. Callers
// must not change it.
func (s *State) Account(key string) *Account { return s.get(key) }

// Peek returns the account as a decision would see it: an empty one when it does not exist.
func (s *State) Peek(key string) *Account {
	if a := s.get(key); a != nil {
		return a
	}
	return &Account{key: key}
}

// NextDue returns the time of the earliest timer, zero when there is none.
func (s *State) NextDue() clock.Time { return s.due.next() }

// Changed says whether anything but the position moved since the last harvest.
func (s *State) Changed() bool {
	return s.activated || len(s.dirty) > 0 || s.seen.changed() || len(s.newAnswers) > 0 ||
		s.settleAt != 0 && s.Now >= s.settleAt
}

// Harvest returns all that changed since the last one, for the store to commit; cat is the
// active catalog. The
// caller commits harvests in order; one that cannot be committed means the partition is
// lost and the state must be dropped.
func (s *State) Harvest(cat *catalog.Catalog) *Checkpoint {
	s.tellTypes()
	c := &Checkpoint{
		Partition: s.Partition, From: s.harvested, To: s.Position, Now: s.Now,
		Catalog: s.Catalog, Rules: s.Rules,
		Segments: s.seen.harvest(), Answers: s.newAnswers, Effects: s.effects, Types: s.types.told,
	}
	s.settle()
	slices.SortFunc(s.dirty, func(a, b *Account) int { return strings.Compare(a.key, b.key) })
	c.Accounts = make([]AccountRow, 0, len(s.dirty))
	for _, a := range s.dirty {
		c.Sets = a.spill(c.Sets)
		c.Accounts = append(c.Accounts, a.row(s, cat))
		a.dirty = false
	}
	clear(s.dirty)
	s.dirty = s.dirty[:0]
	s.activated = false
	s.leaving = s.leaving[:0]
	for i := range s.newAnswers {
		s.leaving = append(s.leaving, s.newAnswers[i].Fingerprint)
	}
	s.types.told = nil
	s.newAnswers, s.effects, s.harvested = nil, Effects{}, s.Position
	s.round++
	return c
}

// remembered returns the answer of a call that memory still holds.
func (s *State) remembered(fp event.Fingerprint) (Answer, bool) {
	if a, ok := s.answers[fp]; ok {
		return a, true
	}
	a, ok := s.recalled[fp]
	return a, ok
}
