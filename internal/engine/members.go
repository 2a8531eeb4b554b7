package engine

import (
	"encoding/json"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// The people of an account: what somebody said of them there, and what their own state passes
// on. One user in several accounts is a member of each, in each as it was said for that one.

// sourceMember is of records by which a person's state tells an account of them.
const sourceMember = ownSource + "member"

// member applies what is said of a person in an account.
func (s *State) member(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	ch, err := decode[account.MemberChange](r)
	if err != nil {
		return refused(err)
	}
	if ch.Into != "" {
		a.Members.Rename(r.User, ch.Into)
		a.Offers.RenameGiver(r.User, ch.Into)
		return ok(struct{}{})
	}
	m, known := s.isMember(a, r.User, &ch, c)
	if !known {
		return refused(fault.New(fault.Conflict, "too_many_people", "the account knows %d people one by one, which is the most", account.MaxMembers).
			WithMend("those beyond are not; say of who left that they left (\"left\": true) so that reports are right"))
	}
	return ok(m)
}

// isMember applies what is said of a person in the account; known is false where it knows too many.
func (s *State) isMember(a *Account, user string, ch *account.MemberChange, c *catalog.Catalog) (m account.Member, known bool) {
	was, _ := a.Members.Of(user)
	joined, left := a.Members.Apply(user, ch, s.Now)
	if m, known = a.Members.Of(user); !known {
		return m, false
	}
	props := []event.Prop{said("role", m.Role), said("profile", m.Profile)}
	if joined {
		s.occur(a, memberJoined, user, c, props...)
		if was.LeftOn != 0 {
			s.tellLeft(a, user, false)
		}
	}
	if left {
		s.occur(a, memberLeft, user, c, props...)
		s.tellLeft(a, user, true)
	}
	return m, true
}

// tellAccount tells the account of a person what is known of them, when that is news to it: a
// browser says who somebody is with every page.
func (s *State) tellAccount(p *person, r *event.Record, before *account.Person) {
	if p.Account == "" || p.Into != "" {
		return
	}
	told, known := before.In(p.Account)
	s.tellNews(p, r, told, known)
}

// tellJoined tells the account that has just let a person in what it does not know of them, or under which
// pseudonym they go on.
func (s *State) tellJoined(p *person, r *event.Record, before *account.Person, ch *event.PersonChange) {
	if p.Into != "" {
		s.leftFor(p, r)
		return
	}
	told, _ := before.In(p.Account)
	if ch.Role != nil {
		told.Role = *ch.Role
	}
	if ch.Profile != nil {
		told.Profile = *ch.Profile
	}
	s.tellNews(p, r, told, true)
}

// tellNews tells the person's account in what they are another than it was told.
func (s *State) tellNews(p *person, r *event.Record, told account.Membership, known bool) {
	ch := account.MemberChange{}
	if p.Role != told.Role {
		ch.Role = &p.Role
	}
	if p.Profile != told.Profile {
		ch.Profile = &p.Profile
	}
	if !known || ch != (account.MemberChange{}) {
		s.sendMember(p, r, p.Account, ch)
	}
}

// leftFor tells the accounts of a person that they go on under another pseudonym.
func (s *State) leftFor(p *person, r *event.Record) {
	if p.Into == "" {
		return
	}
	if p.Account != "" {
		s.sendMember(p, r, p.Account, account.MemberChange{Into: p.Into})
	}
	for _, m := range p.Elsewhere {
		s.sendMember(p, r, m.Account, account.MemberChange{Into: p.Into})
	}
}

func (s *State) sendMember(p *person, r *event.Record, to string, ch account.MemberChange) {
	b, err := json.Marshal(ch)
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindMember, Source: sourceMember, ID: s.derived(p, r) + "/" + to,
		Key: to, User: p.Pseudonym, ReceivedAt: s.Now, Body: b})
}
