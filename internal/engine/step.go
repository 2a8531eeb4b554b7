package engine

import (
	"encoding/json"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// Step moves the partition by one record and returns what its sender is told. c is the
// catalog that was active before the record. What Needs names must be loaded. Effects
// gather in the state until Harvest. The same state, record and catalog always give the
// same state, answer and effects. The state keeps
// nothing of the record's memory.
func Step(s *State, r *event.Record, c *catalog.Catalog) Answer {
	if !plain(r) {
		r = r.Clone()
	}
	s.fire(r.ReceivedAt, c)
	s.Now = max(s.Now, r.ReceivedAt)
	if r.ID == "" {
		return s.apply(r, c)
	}
	fp := event.FingerprintOf(r.Source, r.ID)
	if s.seen.find(r, s.Now, fp) {
		return s.repeated(r, fp)
	}
	s.seen.add(r, s.Now, fp)
	a := s.apply(r, c)
	if answered(r.Kind) && !s.seen.drained { // else nobody hears it
		a.request = requestOf(r)
		s.answers[fp] = a
		s.newAnswers = append(s.newAnswers, a.row(r, fp))
	}
	return a
}

// repeated answers a record that was counted before.
func (s *State) repeated(r *event.Record, fp event.Fingerprint) Answer {
	if !answered(r.Kind) {
		return Answer{Duplicate: true}
	}
	a, found := s.remembered(fp)
	if !found {
		a = answerGone
	} else if a.request != requestOf(r) && a.request != ([16]byte{}) {
		a = reused(r)
	}
	a.Duplicate = true
	return a
}

// plain says whether r is an account's product event, as nearly all records are.
func plain(r *event.Record) bool {
	return r.Kind == event.KindEvent && !event.IsOwnKey(r.Key)
}

func (s *State) apply(r *event.Record, c *catalog.Catalog) Answer {
	switch r.Kind {
	case event.KindTick:
		return Answer{}
	case event.KindCatalog:
		return s.activate(r)
	}
	if plain(r) {
		s.count(s.account(r.Key), r, c)
		return Answer{}
	}
	if r.Kind == event.KindVoid && s.get(r.Key) == nil {
		return s.voidNothing(r)
	}
	if r.Kind == event.KindReservation && s.get(r.Key) == nil {
		return refused(entitlement.NoReservation(r.Type))
	}
	if (r.Kind == event.KindConsume || r.Kind == event.KindRelease) && s.get(r.Key) == nil {
		if err := unheld(r); err != nil {
			return refused(err)
		}
	}
	var a Answer
	s.touch(r.Key, c, func(acct *Account) {
		acct.open(c, s.Now)
		if r.Kind == event.KindClaim {
			a = s.claimContact(acct, r, c)
			return
		}
		if _, isPerson := event.IsUserKey(r.Key); isPerson {
			a = s.byPerson(acct, r, c)
			return
		}
		if event.IsOwnKey(r.Key) {
			a = s.byDomain(acct, r)
			return
		}
		switch r.Kind {
		case event.KindGate:
			s.gate(acct, r, c)
		case event.KindAccount:
			a = s.describe(acct, r)
			s.standing(acct, c)
		case event.KindPerson:
			acct.Facts.UpdatedAt = s.Now // the person's own state is under their user key
		case event.KindSubscription:
			a = s.subscribe(acct, r, c)
		case event.KindConsume:
			a = s.consume(acct, r, c)
		case event.KindRelease:
			a = s.release(acct, r, c)
		case event.KindDecide:
			a = s.decide(acct, r, c)
		case event.KindOutcome:
			a = s.outcome(acct, r, c)
		case event.KindOpportunity:
			a = s.edit(acct, r, c)
		case event.KindGrant:
			a = s.grants(acct, r, c)
		case event.KindImport:
			s.imported(acct, r, c)
			s.standing(acct, c)
		case event.KindVoid:
			a = s.void(acct, r, c)
		case event.KindReservation:
			a = s.reservation(acct, r, c)
		case event.KindRequest:
			a = s.request(acct, r, c)
		case event.KindMember:
			a = s.member(acct, r, c)
		case event.KindFact:
			a = s.fact(acct, r)
		case event.KindVariant:
			a = s.variant(acct, r, c)
		case event.KindDomain:
			a = s.domains(acct, r, c)
		case event.KindInvite:
			a = s.inviteOf(acct, r, c)
		case event.KindSurvey:
			a = s.heard(acct, r, c)
		}
	})
	return a
}

// Activation is the body of a KindCatalog record; its Type is the catalog version.
// With IfMatch it takes effect only where that version is active: partitions agree, because
// they read the same log.
type Activation struct {
	Rules   int     `json:"rules"`
	IfMatch *string `json:"if_match,omitempty"`
	// Text is the catalog's, so that the log can be replayed over a database restored from
	// a backup that is older than the catalog.
	Text string `json:"text,omitempty"`
}

func (s *State) activate(r *event.Record) Answer {
	var body Activation
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return refused(err)
	}
	if body.IfMatch != nil && *body.IfMatch != s.Catalog {
		return Answer{}
	}
	s.Catalog, s.Rules, s.activated = r.Type, max(s.Rules, body.Rules), true
	return Answer{}
}

// fire does what is due up to the time, in the order (due, account, kind of thing).
func (s *State) fire(until clock.Time, c *catalog.Catalog) {
	for {
		e, any := s.due.head()
		if !any || e.due > until {
			return
		}
		s.due.popHeap()
		delete(s.due.set, e.key)
		s.Now = max(s.Now, e.due)
		s.touch(e.key, c, func(a *Account) { s.pass(a, e.due, c) })
		// What is still due at the same time would fire for ever: a bug of a domain must
		// not hang a partition.
		if s.due.set[e.key] != 0 && s.due.set[e.key] <= e.due {
			s.due.put(e.key, e.due+clock.Second)
		}
	}
}

func decode[T any](r *event.Record) (T, error) {
	var v T
	if err := json.Unmarshal(r.Body, &v); err != nil {
		return v, fault.New(fault.Invalid, "malformed_json", "the %s call cannot be read: %v", r.Kind, err)
	}
	return v, nil
}

// clone copies a part of the state that is JSON.
func clone[T any](v T) T {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // state is plain values
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}
