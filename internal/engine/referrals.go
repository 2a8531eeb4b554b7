package engine

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/survey"
)

// ReferCall is the body of records about referrals; which fields are set follows from their type.
type ReferCall struct {
	Program string `json:"program,omitempty"`
	// Account is whose code was seen, or by whose code somebody signs up, or who signed up.
	Account   string     `json:"account,omitempty"`
	Place     string     `json:"place,omitempty"`
	First     bool       `json:"first,omitempty"`   // the visitor's first exposure to the code
	Unknown   bool       `json:"unknown,omitempty"` // of nobody in particular
	ExposedAt clock.Time `json:"exposed_at,omitzero"`
	Passed    bool       `json:"passed,omitempty"` // the code came with the sign-up, at ExposedAt
	// Family: both accounts are of one, as was found before.
	Family bool `json:"family,omitempty"`
}

// since is from when on an account must have been heard of first to be new: what was seen led to it. A code that is
// passed on tells no time at which it was seen, so the account may be a day old.
func (q *ReferCall) since() clock.Time {
	if q.Passed {
		return q.ExposedAt - clock.Day
	}
	return q.ExposedAt
}

// referralSignedUp is the type of our own occurrence at who referred an account that signed up.
const referralSignedUp = "headroom.referral.signed_up"

// flows is what is kept of a person apart from who they are: what follows them under a later pseudonym.
type flows struct {
	// Exposures are the referral codes that they saw last.
	Exposures []invite.Exposure `json:"exposures,omitempty"`
	// Surveys is when they were asked what.
	Surveys survey.Person `json:"surveys,omitzero"`
	// Left are accounts that said that the person left them.
	Left []string `json:"left,omitempty"`
}

// absorb takes over what was known under an earlier pseudonym.
func (f *flows) absorb(q flows) {
	for _, e := range q.Exposures {
		f.Exposures, _, _ = invite.Expose(f.Exposures, e)
	}
	f.Surveys.Absorb(&q.Surveys)
	for _, account := range q.Left {
		f.leave(account, true)
	}
}

// Counted is the answer to an exposure.
type Counted struct {
	Counted bool `json:"counted"` // false: it was counted before on this day
}

// maxPrograms bounds how many programs an account keeps numbers of.
const maxPrograms = 20

// referral handles the records of an account that are about referrals.
func (s *State) referral(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[ReferCall](r)
	if err != nil {
		return refused(err)
	}
	if r.Type == InviteSignUp {
		return s.signUp(a, call, c)
	}
	if r.Type == InviteRefer && c.Referrals[call.Program] == nil {
		return refused(noProgram(call.Program))
	}
	ref := a.referralOf(call.Program, s.Now)
	if ref == nil {
		return refused(fault.New(fault.Conflict, "programs_full", "the account takes part in %d programs, the most there can be", maxPrograms).
			WithMend("use one of those it has a code for"))
	}
	counted := true
	switch r.Type {
	case InviteExposed:
		if call.Unknown {
			counted = ref.CountUnknown(s.Now)
			break
		}
		ref.Exposures++
		if call.First {
			ref.Visitors++
		}
	case inviteCredit:
		ref.SignUps++
		ref.LastAt = s.Now
		s.occur(a, referralSignedUp, "", c, said("program", call.Program), said("account", call.Account))
	}
	s.effects.Referrals = append(s.effects.Referrals, *ref)
	if r.Type == InviteRefer {
		return ok(*ref)
	}
	return ok(Counted{counted})
}

func noProgram(key string) error {
	return fault.New(fault.NotFound, "program_not_found", "the catalog has no referral program %q", fault.Shorten(key)).
		WithMend("name one of those under referrals in the catalog").WithField("program", key, "is not in the catalog")
}

// referralOf returns how the account does in a program, nil when it has too many.
func (a *Account) referralOf(program string, now clock.Time) *invite.Referral {
	i, found := slices.BinarySearchFunc(a.Referrals, program, func(x invite.Referral, key string) int { return cmp.Compare(x.Program, key) })
	if !found {
		if len(a.Referrals) >= maxPrograms {
			return nil
		}
		a.Referrals = slices.Insert(a.Referrals, i, invite.Referral{Account: a.key, Program: program, Since: now})
	}
	return &a.Referrals[i]
}

// signUp credits the first sign-up of an account to whose code was seen last, if anybody's.
func (s *State) signUp(a *Account, call ReferCall, c *catalog.Catalog) Answer {
	if a.SignUp != nil {
		again := *a.SignUp
		again.Credited, again.Reason = false, invite.NotFirst
		return ok(again)
	}
	up := invite.SignUp{Account: a.key, At: s.Now, Program: call.Program, By: call.Account, ExposedAt: call.ExposedAt}
	switch {
	case a.Ledger.Seq > 0:
		up.Reason = invite.NotFirst
	case call.Account == "":
		up.Reason = invite.NotReferred
	case c.Referrals[call.Program] == nil:
		up.Reason = invite.NoProgram
	case call.Family || call.Account == a.key:
		up.Reason = invite.OwnFamily
	case a.Facts.CreatedAt < call.since():
		up.Reason = invite.NotFirst
	default:
		up.Credited, up.Reason = true, invite.Credited
	}
	if !up.Credited {
		up.By, up.Program, up.ExposedAt = "", "", 0
	}
	a.SignUp = &up
	s.effects.SignUps = append(s.effects.SignUps, up)
	if up.Credited {
		s.toReferrer(up.By, inviteCredit, a.key, ReferCall{Program: up.Program, Account: a.key})
	}
	return ok(up)
}

// toReferrer sends a record to the account whose code was seen.
func (s *State) toReferrer(account, what, id string, call ReferCall) {
	b, err := json.Marshal(call)
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindInvite, Type: what,
		Source: ownSource + "referral:" + what, ID: id, Key: account, ReceivedAt: s.Now, Body: b})
}

// exposed keeps under a visitor's key that they saw an account's code, and tells that account the first
// time each day.
func (s *State) exposed(p *person, r *event.Record) Answer {
	call, err := decode[ReferCall](r)
	if err != nil {
		return refused(err)
	}
	if to, again := s.next(p, r); again {
		s.forward(p, r, to)
		return ok(Counted{true})
	}
	e := invite.Exposure{Account: call.Account, Program: call.Program, Place: call.Place, At: r.When()}
	var counts, first bool
	if p.Exposures, counts, first = invite.Expose(p.Exposures, e); counts {
		p.Sent++
		s.toReferrer(call.Account, InviteExposed, p.Pseudonym+"/"+strconv.FormatInt(p.Sent, 10), ReferCall{Program: call.Program, First: first})
	}
	return ok(Counted{counts})
}

// ReferredBy returns the exposure that a sign-up of the person would be credited to; p may be nil.
func (a *Account) ReferredBy(c *catalog.Catalog, now clock.Time) (e invite.Exposure, found bool) {
	if a == nil || a.Person == nil {
		return e, false
	}
	return invite.Last(a.Person.Exposures, func(program string) clock.Time {
		if p := c.Referrals[program]; p != nil {
			return clock.Time(p.Window.Microseconds())
		}
		return 0
	}, now)
}

// GoesBy is the pseudonym under which the person of the state goes on, empty for this one.
func (a *Account) GoesBy() string {
	if a == nil || a.Person == nil {
		return ""
	}
	return a.Person.Into
}
