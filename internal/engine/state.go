// Package engine is the heart: a partition's State and Step, the pure function that moves
// it by one record. It does no I/O and knows no time but the records'. The same Step runs
// live, in replay, under the test clock and in tests.
package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

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

	accounts map[string]*Account // nil value: known not to exist
	due      timers
	seen     seen
	answers  map[event.Fingerprint]Answer // of calls not yet in a committed checkpoint
	recalled map[event.Fingerprint]Answer // loaded again for a retry

	// What changed since the last harvest.
	dirty      map[string]bool
	activated  bool // another catalog
	newAnswers []AnswerRow
	effects    Effects
	harvested  uint64              // Position at the last harvest
	leaving    []event.Fingerprint // answers in the last harvest
}

// NewState returns a partition as its last checkpoint left it, with no account loaded yet.
// dues holds the next due time of every account that has one.
func NewState(partition int, position uint64, now clock.Time, catalog string, rules int, dues map[string]clock.Time) *State {
	s := &State{
		Partition: partition, Position: position, Now: now, Catalog: catalog, Rules: rules,
		accounts: make(map[string]*Account), dirty: make(map[string]bool),
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
	Answers  []Call // calls that were answered before, if they were
}

// Call names a call by its account and fingerprint.
type Call struct {
	Account     string
	Fingerprint event.Fingerprint
}

// Empty says that nothing is missing.
func (n Needs) Empty() bool { return len(n.Accounts) == 0 && len(n.Days) == 0 && len(n.Answers) == 0 }

// Needs returns what stepping the records would touch and is not in memory, sorted. Stored
// answers can only be told once the fingerprints of the days are there: load what is
// asked for and ask again until Empty.
func (s *State) Needs(records []event.Record) Needs {
	accounts, days := map[string]bool{}, map[int32]bool{}
	calls := map[event.Fingerprint]string{}
	until := s.Now
	for i := range records {
		r := &records[i]
		until = max(until, r.ReceivedAt)
		if !r.Kind.Broadcast() {
			if _, ok := s.accounts[r.Key]; !ok {
				accounts[r.Key] = true
			}
		}
		if r.ID == "" {
			continue
		}
		known := true
		for _, d := range daysOf(r) {
			if d != 0 && !s.seen.has(d) {
				days[d], known = true, false
			}
		}
		if answered(r.Kind) && known {
			fp := event.FingerprintOf(r.Source, r.ID)
			if _, ok := s.remembered(fp); !ok && s.seen.find(r, fp) {
				calls[fp] = r.Key
			}
		}
	}
	s.due.upTo(until, func(key string) {
		if _, ok := s.accounts[key]; !ok {
			accounts[key] = true
		}
	})
	n := Needs{Accounts: slices.Sorted(maps.Keys(accounts)), Days: slices.Sorted(maps.Keys(days))}
	for fp, key := range calls {
		n.Answers = append(n.Answers, Call{Account: key, Fingerprint: fp})
	}
	slices.SortFunc(n.Answers, func(a, b Call) int { return slices.Compare(a.Fingerprint[:], b.Fingerprint[:]) })
	return n
}

// LoadAccount gives an account's stored state; nil when there is none.
func (s *State) LoadAccount(key string, stored []byte) error {
	if stored == nil {
		s.accounts[key] = nil
		return nil
	}
	a := &Account{}
	if err := json.Unmarshal(stored, a); err != nil {
		return fmt.Errorf("stored state of account %q: %w", key, err)
	}
	a.key = key
	s.accounts[key] = a
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
func (s *State) Account(key string) *Account { return s.accounts[key] }

// Peek returns the account as a decision would see it: an empty one when it does not exist.
func (s *State) Peek(key string) *Account {
	if a := s.accounts[key]; a != nil {
		return a
	}
	return &Account{key: key}
}

// Size returns how many account keys memory holds, absent ones included.
func (s *State) Size() int { return len(s.accounts) }

// Loaded says whether it is known in memory what account key holds, if anything.
func (s *State) Loaded(key string) bool {
	_, ok := s.accounts[key]
	return ok
}

// NextDue returns the time of the earliest timer, zero when there is none.
func (s *State) NextDue() clock.Time { return s.due.next() }

// Changed says whether anything but the position moved since the last harvest.
func (s *State) Changed() bool {
	return s.activated || len(s.dirty) > 0 || s.seen.changed() || len(s.newAnswers) > 0
}

// Harvest returns all that changed since the last one, for the store to commit; cat is the
// active catalog. The
// caller commits harvests in order; one that cannot be committed means the partition is
// lost and the state must be dropped.
func (s *State) Harvest(cat *catalog.Catalog) *Checkpoint {
	c := &Checkpoint{
		Partition: s.Partition, From: s.harvested, To: s.Position, Now: s.Now,
		Catalog: s.Catalog, Rules: s.Rules,
		Segments: s.seen.harvest(), Answers: s.newAnswers, Effects: s.effects,
	}
	for _, key := range slices.Sorted(maps.Keys(s.dirty)) {
		c.Accounts = append(c.Accounts, s.accounts[key].row(s, cat))
	}
	clear(s.dirty)
	s.activated = false
	s.leaving = s.leaving[:0]
	for i := range s.newAnswers {
		s.leaving = append(s.leaving, s.newAnswers[i].Fingerprint)
	}
	s.newAnswers, s.effects, s.harvested = nil, Effects{}, s.Position
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

// ForgetAbsent frees the memory of keys that turned out to name no account. Unlike Forget
// it may be called at any time.
func (s *State) ForgetAbsent() {
	for key, a := range s.accounts {
		if a == nil {
			delete(s.accounts, key)
		}
	}
}

// Forget frees memory once the last harvest is committed, and only then: fingerprints of
// days gone by, answers, and accounts beyond keep that have not changed since. They are
// loaded again when needed.
func (s *State) Forget(keep int) {
	s.seen.forget(s.Now)
	for _, fp := range s.leaving {
		delete(s.answers, fp)
	}
	s.leaving = s.leaving[:0]
	clear(s.recalled)
	for key := range s.accounts {
		if len(s.accounts) <= keep {
			return
		}
		if !s.dirty[key] {
			delete(s.accounts, key)
		}
	}
}
