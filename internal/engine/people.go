package engine

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/event"
)

// describe applies an account record.
func (s *State) describe(a *Account, r *event.Record) Answer {
	ch, err := decode[event.AccountChange](r)
	if err != nil {
		return refused(err)
	}
	parent := a.Facts.Parent
	a.Facts.Apply(&ch, s.Now)
	s.described(a, parent)
	return ok(a.Facts)
}

// What the state of one pseudonym tells that of another after an alias call. The records
// are persons' records with one of these types.
const (
	// typeFollow tells an earlier pseudonym under which one (Record.User) its person goes on.
	typeFollow = "follow"
	// typeInherit tells the later pseudonym what was known under the earlier one; its body
	// is an inheritance.
	typeInherit = "inherit"
)

// inheritance is what was known under an earlier pseudonym, and the contacts that were spent.
type inheritance struct {
	account.Person
	Contact contact.State `json:"contact,omitzero"`
	flows
}

// byPerson handles a record that names a person and no account. Once the person's account
// is known, the record goes there as a record of its own; until then it is held. Where the
// person goes on under another pseudonym, it goes there instead.
func (s *State) byPerson(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	pseudonym, _ := event.IsUserKey(r.Key)
	if a.Person == nil {
		a.Person = &person{Person: account.Person{Pseudonym: pseudonym}}
	}
	p := a.Person
	if r.Type != typeLeft { // which is heard of others
		p.SeenAt = max(p.SeenAt, r.ReceivedAt)
	}
	switch r.Kind {
	case event.KindPerson:
		answer := s.identify(a, r)
		s.tellDomain(p)
		return answer
	case event.KindEvent, event.KindGate:
		s.attribute(p, r)
		s.tellDomain(p)
	case event.KindInvite:
		return s.exposed(p, r)
	case event.KindSurvey:
		return s.surveyed(a, r, c)
	case event.KindImport:
		s.importSurvey(a, r)
	}
	return Answer{}
}

// identify applies a person's record: one that somebody sent, or one of an alias.
func (s *State) identify(a *Account, r *event.Record) Answer {
	p := a.Person
	switch r.Type {
	case typeFollow:
		if p.Into != "" && p.Into == r.User {
			break // known: a browser says it with every page
		}
		if p.Into = r.User; p.Into == p.Pseudonym {
			p.Into = ""
			break
		}
		known := p.Person
		known.Sealed = nil // under a key that is not the later pseudonym's
		s.tell(p, r, p.Into, typeInherit, inheritance{known, a.Contact, p.flows})
		s.leftFor(p, r)
	case typeLeft:
		l, err := decode[leaving](r)
		if err != nil {
			return refused(err)
		}
		s.leaves(p, l)
		s.passOn(p, r)
	case typeInherit:
		known, err := decode[inheritance](r)
		if err != nil {
			return refused(err)
		}
		before := p.Person
		p.Absorb(&known.Person)
		s.tellAccount(p, r, &before)
		a.Contact.Absorb(known.Contact)
		p.flows.absorb(known.flows)
		s.passOn(p, r)
	default:
		ch, err := decode[event.PersonChange](r)
		if err != nil {
			return refused(err)
		}
		before := p.Person
		p.Person.Apply(&ch, r.Sealed, s.Now)
		if r.Source == sourceJoins {
			s.tellJoined(p, r, &before, &ch)
		} else {
			s.tellAccount(p, r, &before)
		}
		if ch.Previous != "" && ch.Previous != p.Pseudonym {
			if p.Into == ch.Previous {
				p.Into = "" // back to this one
			}
			s.tell(p, r, ch.Previous, typeFollow, struct{}{})
		}
		s.passOn(p, r)
	}
	held := p.Held
	p.Held = nil
	for i := range held {
		s.attribute(p, &held[i])
	}
	return ok(p.Person)
}

// passOn sends a change of a person to the pseudonym under which they go on.
func (s *State) passOn(p *person, r *event.Record) {
	if to, again := s.next(p, r); again {
		f := *r
		f.Sealed = nil
		s.forward(p, &f, to)
	}
}

// attribute sends a product event on to the pseudonym or the account it belongs to, or
// holds it until one is known.
func (s *State) attribute(p *person, r *event.Record) {
	to, again := s.next(p, r)
	switch {
	case again:
		s.forward(p, r, to)
	case p.Account != "":
		s.forward(p, r, p.Account)
	case len(p.Held) < maxHeld:
		p.Held = append(p.Held, *r)
	default:
		p.Dropped++
	}
}

// maxHops bounds how often a record goes from one pseudonym to the next: of two alias calls
// that contradict each other both may be obeyed.
const maxHops = 8

// next returns the key under which the person of a record goes on, if under another one.
func (s *State) next(p *person, r *event.Record) (key string, again bool) {
	return event.UserKey(p.Into), p.Into != "" && hops(r) < maxHops
}

// hops is how often a record was sent on between pseudonyms; its source says.
func hops(r *event.Record) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(r.Source, sourceHop))
	return n
}

// The sources of records that go from a person to an account, and from one pseudonym to
// another, with how many such ways there were.
const (
	sourceForward = ownSource + "forward"
	sourceHop     = ownSource + "hop:"
)

// forward sends a copy of r to an account or a later pseudonym. Its id is derived, so that
// sending it twice counts once. It keeps the time at which it happened.
func (s *State) forward(p *person, r *event.Record, key string) {
	f := *r
	f.Key, f.At, f.ReceivedAt = key, r.When(), s.Now
	f.Source, f.ID = sourceForward, s.derived(p, r)
	if to, isPerson := event.IsUserKey(key); isPerson {
		f.Source, f.User = sourceHop+strconv.Itoa(hops(r)+1), to
	}
	s.effects.Forwards = append(s.effects.Forwards, f)
}

// tell sends another pseudonym of the person a record of an alias, which r led to.
func (s *State) tell(p *person, r *event.Record, pseudonym, what string, body any) {
	b, err := json.Marshal(body)
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindPerson, Type: what,
		Source: sourceHop + strconv.Itoa(hops(r)+1), ID: s.derived(p, r) + "/" + what,
		Key: event.UserKey(pseudonym), User: p.told(what), ReceivedAt: s.Now, Body: b})
}

// told is whom a record of an alias names: the pseudonym to follow, or the one inheriting.
func (p *person) told(what string) string {
	if what == typeFollow {
		return p.Pseudonym
	}
	return p.Into
}

// derived makes the id of a record that r leads to.
func (s *State) derived(p *person, r *event.Record) string {
	if r.ID == "" {
		p.Sent++
		return p.Pseudonym + "/" + strconv.FormatInt(p.Sent, 10)
	}
	fp := event.FingerprintOf(r.Source, r.ID)
	return hex.EncodeToString(fp[:])
}
