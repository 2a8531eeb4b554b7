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
		return ok(struct{}{})
	}
	joined, left := a.Members.Apply(r.User, &ch, s.Now)
	m, known := a.Members.Of(r.User)
	if !known {
		return refused(fault.New(fault.Conflict, "too_many_people", "the account knows %d people one by one, which is the most", account.MaxMembers).
			WithMend("those beyond are counted; say of who left that they left (\"left\": true) so that reports are right"))
	}
	props := []event.Prop{said("role", m.Role), said("profile", m.Profile)}
	if joined {
		s.occur(a, memberJoined, r.User, c, props...)
	}
	if left {
		s.occur(a, memberLeft, r.User, c, props...)
	}
	return ok(m)
}

// tellAccount tells the account of a person what is known of them, when that is news to it: a
// browser says who somebody is with every page.
func (s *State) tellAccount(p *person, r *event.Record, before *account.Person) {
	if p.Account == "" || p.Into != "" ||
		p.Account == before.Account && p.Role == before.Role && p.Profile == before.Profile {
		return
	}
	ch := account.MemberChange{}
	if p.Role != "" {
		ch.Role = &p.Role
	}
	if p.Profile != "" {
		ch.Profile = &p.Profile
	}
	s.sendMember(p, r, ch)
}

// leftFor tells the account of a person that they go on under another pseudonym.
func (s *State) leftFor(p *person, r *event.Record) {
	if p.Account != "" && p.Into != "" {
		s.sendMember(p, r, account.MemberChange{Into: p.Into})
	}
}

func (s *State) sendMember(p *person, r *event.Record, ch account.MemberChange) {
	b, err := json.Marshal(ch)
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindMember, Source: sourceMember, ID: s.derived(p, r) + "/" + p.Account,
		Key: p.Account, User: p.Pseudonym, ReceivedAt: s.Now, Body: b})
}
