package engine

import (
	"encoding/hex"
	"strconv"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/event"
)

// describe applies an account record.
func (s *State) describe(a *Account, r *event.Record) Answer {
	ch, err := decode[event.AccountChange](r)
	if err != nil {
		return refused(err)
	}
	a.Facts.Apply(&ch, s.Now)
	return ok(a.Facts)
}

// member notices a person record keyed by the account: the account exists. The person's
// own state is under their user key.
func (s *State) member(a *Account, r *event.Record) {
	a.Facts.UpdatedAt = s.Now
}

// byPerson handles a record that names a person and no account. Once the person's account
// is known, the record goes there as a record of its own; until then it is held.
func (s *State) byPerson(a *Account, r *event.Record) Answer {
	pseudonym, _ := event.IsUserKey(r.Key)
	if a.Person == nil {
		a.Person = &person{Person: account.Person{Pseudonym: pseudonym}}
	}
	p := a.Person
	p.SeenAt = max(p.SeenAt, r.ReceivedAt)
	switch r.Kind {
	case event.KindPerson:
		ch, err := decode[event.PersonChange](r)
		if err != nil {
			return refused(err)
		}
		p.Person.Apply(&ch, r.Sealed, s.Now)
		if p.Account == "" {
			return ok(p.Person)
		}
		held := p.Held
		p.Held = nil
		for i := range held {
			s.forward(p, &held[i])
		}
		return ok(p.Person)
	case event.KindEvent, event.KindGate:
		switch {
		case p.Account != "":
			s.forward(p, r)
		case len(p.Held) < maxHeld:
			p.Held = append(p.Held, *r)
		default:
			p.Dropped++
		}
	}
	return Answer{}
}

// forward sends a copy of r to the person's account. Its id is derived, so that sending it
// twice counts once.
func (s *State) forward(p *person, r *event.Record) {
	f := *r
	f.Key, f.Source = p.Account, "headroom:forward"
	if r.ID != "" {
		fp := event.FingerprintOf(r.Source, r.ID)
		f.ID = hex.EncodeToString(fp[:])
	} else {
		p.Sent++
		f.ID = p.Pseudonym + "/" + strconv.FormatInt(p.Sent, 10)
	}
	s.effects.Forwards = append(s.effects.Forwards, f)
}
