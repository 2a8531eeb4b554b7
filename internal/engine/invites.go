package engine

import (
	"cmp"
	"encoding/json"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
)

// The types of KindInvite records.
const (
	InviteMake    = "invite"   // people are invited
	InviteAccept  = "accept"   // an invitation is accepted by the person
	InviteDecline = "decline"  // or declined
	InviteCancel  = "cancel"   // or cancelled by the account
	InviteAsk     = "ask"      // a person asks to join
	InviteApprove = "approve"  // and is let in
	InviteRefuse  = "refuse"   // or not
	InviteRefer   = "refer"    // an account asks for its code
	InviteExposed = "exposed"  // a code was seen: under a visitor's key, and from there at whose it is
	InviteSignUp  = "signup"   // an account signs up
	inviteCredit  = "credited" // the account that referred it hears of it
)

// InviteAnswer is the body of what becomes of an invitation or of a request to join.
type InviteAnswer struct {
	ID   string `json:"id"`
	User string `json:"user,omitempty"` // pseudonym: who accepts it, or who answers the request
}

// inviteOf handles a KindInvite record of an account.
func (s *State) inviteOf(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	switch r.Type {
	case InviteMake:
		return s.invite(a, r, c)
	case InviteAccept, InviteDecline, InviteCancel:
		return s.answerInvite(a, r, c)
	case InviteAsk:
		return s.askToJoin(a, r, c)
	case InviteApprove, InviteRefuse:
		return s.answerAsk(a, r, c)
	}
	return s.referral(a, r, c)
}

// invitations returns the account's, made when there are none.
func (a *Account) invitations() *invite.State {
	if a.Invites == nil {
		a.Invites = &invite.State{}
	}
	return a.Invites
}

// seats says how many seats of features are free and in use.
func (s *State) seats(a *Account, c *catalog.Catalog) func(feature string) invite.Seats {
	return func(feature string) invite.Seats {
		f := c.Features[feature]
		if f == nil {
			return invite.Seats{}
		}
		ans := entitlement.Check(a.Input(c, s.Now), feature, 0)
		out := invite.Seats{Endless: ans.Unlimited || !f.Counted()}
		if ans.Remaining != nil {
			out.Left = int64(*ans.Remaining / quantity.One)
		}
		if ans.Usage != nil {
			out.Used = int64(*ans.Usage / quantity.One)
		}
		if m := c.Meters[f.Meter]; m != nil {
			out.Told = m.FedByConsume
		}
		return out
	}
}

// seatOf is the feature of which who is invited takes a seat: the one that was said, else that of
// their profile.
func seatOf(c *catalog.Catalog, feature, profile string) string {
	if p := c.Profiles[profile]; p != nil {
		return cmp.Or(feature, p.Seat)
	}
	return feature
}

func (s *State) invite(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[invite.Call](r)
	if err != nil {
		return refused(err)
	}
	for i := range call.People {
		p := &call.People[i]
		p.Feature = seatOf(c, p.Feature, p.Profile)
		if f := c.Features[p.Feature]; p.Feature != "" && f == nil {
			return refused(fault.New(fault.Invalid, "feature_unknown", "the catalog has no feature %q", fault.Shorten(p.Feature)).
				WithField("feature", p.Feature, "is not in the catalog").WithMend("name a feature of kind seats"))
		}
	}
	res, changed, err := a.invitations().Make(a.key, call, s.seats(a, c), s.Now, func(n int64) string { return ID("inv", a.key, n) })
	if err != nil {
		return refused(err)
	}
	s.invited(a, changed, c)
	if res.Shortfall > 0 { // seats that invitations hold are as good as used: this is a limit that is hit
		hit := *r
		hit.Type = res.Feature
		s.gate(a, &hit, c)
	}
	return ok(res)
}

// invited lets invitations that are new or another out, and tells the rules of those that were sent.
func (s *State) invited(a *Account, changed []invite.Invite, c *catalog.Catalog) {
	s.effects.Invites = append(s.effects.Invites, changed...)
	for i := range changed {
		if in := &changed[i]; in.Status == invite.Sent {
			s.occur(a, inviteSent, in.By, c, said("profile", in.Profile))
		}
	}
}

// fillSeats sends invitations that wait, as far as there are seats now: of the features of a meter, or, where it
// is nil, of all. It says whether it sent any.
func (s *State) fillSeats(a *Account, m *catalog.Meter, c *catalog.Catalog) (filled bool) {
	for _, key := range a.Invites.LooksAt() {
		if f := c.Features[key]; m != nil && (f == nil || f.Meter != m.Key) {
			continue
		}
		sent, changed := a.Invites.Fill(key, s.seats(a, c)(key), s.Now)
		if changed {
			a.cold = nil
		}
		if len(sent) > 0 {
			s.invited(a, sent, c)
			filled = true
		}
	}
	return filled
}

// passInvites ends what nobody answered, and what got no seat.
func (s *State) passInvites(a *Account) {
	if a.Invites != nil {
		s.effects.Invites = append(s.effects.Invites, a.Invites.Expire(s.Now)...)
	}
}

func (s *State) answerInvite(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[InviteAnswer](r)
	if err != nil {
		return refused(err)
	}
	if a.Invites == nil {
		return refused(invite.Unknown(call.ID))
	}
	status := map[string]invite.Status{InviteAccept: invite.Accepted, InviteDecline: invite.Declined, InviteCancel: invite.Cancelled}[r.Type]
	in, repeated, err := a.Invites.Answer(call.ID, status, call.User, s.seats(a, c), s.Now)
	if err != nil {
		return refused(err)
	}
	if repeated {
		return ok(in)
	}
	s.effects.Invites = append(s.effects.Invites, in)
	if status == invite.Accepted {
		s.joins(a, r, in.ID, in.User, in.Profile, in.Role, in.Feature, c)
		s.occur(a, inviteAccepted, in.User, c, said("profile", in.Profile))
	}
	return ok(in)
}

// sourceJoins is of records by which an account tells a person that it has let them in.
const sourceJoins = ownSource + "joins"

// joins makes a person a member, takes their seat where seats are taken by consume, and tells the
// person which account they are in.
func (s *State) joins(a *Account, r *event.Record, id, user, profile, role, feature string, c *catalog.Catalog) {
	if f := c.Features[feature]; f != nil && c.Meters[f.Meter] != nil && c.Meters[f.Meter].FedByConsume {
		s.takeUsage(a, f, quantity.One, r, c)
	}
	ch, left := event.PersonChange{Account: &a.key}, false
	if profile != "" {
		ch.Profile = &profile
	}
	if role != "" {
		ch.Role = &role
	}
	s.isMember(a, user, &account.MemberChange{Role: ch.Role, Profile: ch.Profile, Left: &left}, c)
	b, err := json.Marshal(ch)
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindPerson, Source: sourceJoins, ID: id,
		Key: event.UserKey(user), User: user, ReceivedAt: s.Now, Body: b})
}

func (s *State) askToJoin(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[invite.Ask](r)
	if err != nil {
		return refused(err)
	}
	call.Account, call.Feature = a.key, seatOf(c, call.Feature, call.Profile)
	ask, repeated, err := a.invitations().Request(call, c.Requests.CoolOff, s.Now, func(n int64) string { return ID("acc", a.key, n) })
	if err != nil {
		return refused(err)
	}
	if !repeated {
		s.effects.Asks = append(s.effects.Asks, ask)
		s.tellJoin(a, offer.NoticeJoinAsked, ask)
	}
	return ok(ask)
}

// tellJoin lets both sides hear of a request to join.
func (s *State) tellJoin(a *Account, kind string, ask invite.Ask) {
	s.effects.Notices = append(s.effects.Notices,
		a.Offers.TellJoin(kind, a.key, ask.ID, ask.User, ask.Reason, ask.DecidedBy, ask.OfDomain, s.Now, a.ids())...)
}

func (s *State) answerAsk(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[InviteAnswer](r)
	if err != nil {
		return refused(err)
	}
	approve := r.Type == InviteApprove
	ask, repeated, err := a.invitations().Decide(call.ID, approve, call.User, s.seats(a, c), s.Now)
	if err != nil {
		return refused(err)
	}
	if !repeated {
		s.effects.Asks = append(s.effects.Asks, ask)
		if approve {
			s.joins(a, r, ask.ID, ask.User, ask.Profile, "", ask.Feature, c)
			s.tellJoin(a, offer.NoticeJoinApproved, ask)
		} else {
			s.tellJoin(a, offer.NoticeJoinDeclined, ask)
		}
	}
	return ok(ask)
}
