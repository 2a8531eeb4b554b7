package api

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

// Invitee is somebody to be invited: by their user id, or by an address.
type Invitee struct {
	User    string `json:"user,omitempty" maxLength:"200" doc:"as your product knows them; either this or email"`
	Email   string `json:"email,omitempty" maxLength:"254" doc:"an address; sealed under a key of its own"`
	Profile string `json:"profile,omitempty" maxLength:"200" doc:"the role they are to play in the product, of the catalog's profiles"`
	Role    string `json:"role,omitempty" enum:"admin,member" doc:"member when left out; only an admin invites admins"`
}

type inviteRequest struct {
	AccountParam
	IdempotencyParam
	Body struct {
		User      string    `json:"user,omitempty" doc:"who invites"`
		Role      string    `json:"role,omitempty" enum:"admin,member" doc:"of who invites; a user token says it for browsers"`
		People    []Invitee `json:"people" minItems:"1" maxItems:"200"`
		Feature   string    `json:"feature,omitempty" maxLength:"200" doc:"of which each takes a seat; the seat of the profile when left out"`
		Partial   *bool     `json:"partial,omitempty" doc:"true when left out: as many as there are seats for go out, the others wait; false: all of them or nobody"`
		Placement string    `json:"placement,omitempty" maxLength:"200" doc:"where an offer of the missing seats would appear; the catalog's placement of kind invite, or else team, that is about the feature when left out, else any of kind invite"`
		Language  string    `json:"language,omitempty" maxLength:"100" doc:"of that offer"`
	}
}

// Invitation is an invitation as it is shown.
type Invitation struct {
	invite.Invite
	Code string `json:"code,omitempty" doc:"proves that its link was given to who accepts; told to who invites and to admins"`
	Link string `json:"link,omitempty" doc:"links.invite of the catalog with it, to be sent to the person"`
}

type inviteAnswer struct {
	Body struct {
		Items     []Invitation    `json:"items" doc:"one for each of the people, in their order; who had an open invitation has that one. What a colleague invited comes to members without address, code and link"`
		Sent      int             `json:"sent" doc:"how many went out"`
		Waiting   int             `json:"waiting" doc:"how many wait for a seat, and are sent in their order when there are seats"`
		Shortfall int64           `json:"shortfall" doc:"seats that are missing for all of them"`
		Decision  *offer.Decision `json:"decision,omitempty" doc:"with a shortfall: what to show, with seats that fit"`
		Position  string          `json:"position"`
	}
}

// invite is POST /v1/accounts/{account}/invites.
func (s *Server) invite(ctx context.Context, in *inviteRequest) (*inviteAnswer, error) {
	acct := in.Account
	if err := caller(ctx, &acct, &in.Body.User, &in.Body.Role); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.inside(ctx, acct, in.Body.User, func(g *catalog.Give) bool { return g.Invite != "" }); err != nil {
		return nil, err
	}
	call, err := s.invitees(ctx, cat, in)
	if err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindInvite, acct, call.By, engine.InviteMake, in.IdempotencyKey, call)
	if err != nil {
		return nil, err
	}
	res, position, err := answered[invite.Result](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	out := &inviteAnswer{}
	b := &out.Body
	b.Sent, b.Waiting, b.Shortfall = res.Sent, res.Waiting, res.Shortfall
	opens := s.opener(in.Body.Role, in.Body.User)
	b.Items = make([]Invitation, 0, len(call.People))
	for _, p := range call.People { // who is named twice has one invitation
		if i := slices.IndexFunc(res.Items, func(x invite.Invite) bool { return x.User == p.User }); i >= 0 {
			b.Items = append(b.Items, s.invitation(cat, res.Items[i], opens(&res.Items[i])))
		}
	}
	if res.Shortfall > 0 && in.Body.User != "" && principal(ctx).Require(access.Decide) == nil {
		if place := invitePlace(cat, in.Body.Placement, res.Feature); place != "" {
			var d offer.Decision
			d, position, err = s.decideFor(ctx, DecideRequest{Account: acct, User: in.Body.User, Role: in.Body.Role, Placement: place,
				Feature: res.Feature, Quantity: quantity.Of(res.Shortfall), Requested: true, Language: in.Body.Language}, position, "")
			if err != nil {
				return nil, err
			}
			d = forCaller(ctx, d)
			b.Decision = &d
		}
	}
	b.Position = s.Runner.Position(position)
	return out, s.unsealInvites(ctx, b.Items)
}

// opener says which invitations are shown with what lets somebody in: a member sees that only of those they made.
func (s *Server) opener(role, user string) func(*invite.Invite) bool {
	name := s.people.name(user)
	return func(x *invite.Invite) bool { return role != access.RoleMember || name != "" && x.By == name }
}

// invitees checks who is to be invited, and seals their addresses.
func (s *Server) invitees(ctx context.Context, cat *catalog.Catalog, in *inviteRequest) (invite.Call, error) {
	call := invite.Call{By: s.people.name(in.Body.User), Whole: in.Body.Partial != nil && !*in.Body.Partial}
	for i, x := range in.Body.People {
		path := "people[" + strconv.Itoa(i) + "]"
		bad := func(field, value, what, mend string) error {
			return fault.New(fault.Invalid, "invitee_invalid", "%s: %s %s", path, field, what).WithField(path+"."+field, value, what).WithMend("%s", mend)
		}
		email := strings.ToLower(strings.TrimSpace(x.Email))
		switch {
		case x.User == "" && email == "":
			return call, bad("user", "", "is missing, and so is email", "say whom to invite")
		case email != "" && (strings.Count(email, "@") != 1 || strings.ContainsAny(email, " \t\r\n") || strings.HasPrefix(email, "@") || strings.HasSuffix(email, "@")):
			return call, bad("email", x.Email, "is no address", "send one address, as ada@example.com")
		case x.Profile != "" && cat.Profiles[x.Profile] == nil:
			return call, bad("profile", x.Profile, "is not in the catalog", "name one of the catalog's profiles")
		case x.Role == access.RoleAdmin && in.Body.Role == access.RoleMember:
			return call, fault.New(fault.Denied, "not_allowed_to_invite", "a member does not invite admins").WithField(path+".role", x.Role, "needs an admin").
				WithMend("invite a member, or let an admin do it")
		}
		if err := cmp.Or(checkName(path+".user", x.User), checkName(path+".profile", x.Profile)); err != nil {
			return call, err
		}
		p := invite.Person{Profile: x.Profile, Role: x.Role, Feature: in.Body.Feature, User: s.people.name(x.User)}
		if p.User == "" {
			p.User = s.people.name("email:" + email)
		}
		var err error
		if p.Email, err = s.seal(ctx, p.User, "invite/"+in.Account, email); err != nil {
			return call, err
		}
		call.People = append(call.People, p)
	}
	return call, nil
}

// invitePlace is where an offer of missing seats appears: where the caller says, else a
// placement of kind invite about the feature, one of kind team about it, or any of kind invite.
func invitePlace(cat *catalog.Catalog, named, feature string) string {
	if named != "" {
		return named
	}
	place, best := "", 0
	for key, p := range cat.Places {
		fits := 0
		switch about := p.Feature == feature && feature != ""; {
		case p.Kind == "invite" && about:
			fits = 3
		case p.Kind == "team" && about:
			fits = 2
		case p.Kind == "invite":
			fits = 1
		}
		if fits > best || fits > 0 && fits == best && key < place {
			place, best = key, fits
		}
	}
	return place
}

// invitation shows an invitation, with the address and the link to send for who may open it.
func (s *Server) invitation(cat *catalog.Catalog, in invite.Invite, opens bool) Invitation {
	out := Invitation{Invite: in}
	if !opens {
		out.Email = ""
		return out
	}
	if in.Status == invite.Sent {
		out.Code = invite.Key(s.TokenSecret, in.ID)
		out.Link = fillLink(cat.Links.Invite, map[string]string{"account": in.Account, "request": in.ID, "invite": in.ID, "code": out.Code})
	}
	return out
}

// fillLink puts values into the placeholders of a link, each so that it stands as one value.
func fillLink(link string, values map[string]string) string {
	pairs := make([]string, 0, 2*len(values))
	for name, v := range values {
		pairs = append(pairs, "{"+name+"}", url.QueryEscape(v))
	}
	return strings.NewReplacer(pairs...).Replace(link)
}

// unsealInvites opens the addresses that are shown.
func (s *Server) unsealInvites(ctx context.Context, items []Invitation) error {
	texts := make([]*string, len(items))
	for i := range items {
		texts[i] = &items[i].Email
	}
	return s.unseal(ctx, texts...)
}

type invitesRequest struct {
	AccountParam
	PageParams
	PositionParam
	Role   string `query:"role" enum:"admin,member" doc:"a user token says it for browsers"`
	Status string `query:"status" enum:"waiting,sent,accepted,declined,cancelled,expired"`
}

func (s *Server) listInvites(ctx context.Context, in *invitesRequest) (*listAnswer[Invitation], error) {
	acct, user := in.Account, ""
	if err := caller(ctx, &acct, &user, &in.Role); err != nil {
		return nil, err
	}
	if err := cmp.Or(s.listed(ctx, in.Position), s.hasAccount(ctx, acct)); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	l, err := s.Store.Invites(ctx, acct, in.Status, in.page())
	if err != nil {
		return nil, err
	}
	opens := s.opener(in.Role, user)
	out := mapped(l, func(x invite.Invite) Invitation { return s.invitation(cat, x, opens(&x)) })
	return out, s.unsealInvites(ctx, out.Body.Items)
}

type answerInviteRequest struct {
	ID string `path:"id" maxLength:"600"`
	IdempotencyParam
	Body struct {
		User string `json:"user,omitempty" doc:"who answers; a user token says it for browsers"`
		Role string `json:"role,omitempty" enum:"admin,member" doc:"a user token says it for browsers"`
		Code string `json:"code,omitempty" maxLength:"64" doc:"of the invitation's link; a browser needs it where the invitation was for an address"`
	}
}

type invitationAnswer struct {
	Body struct {
		invite.Invite
		Position string `json:"position"`
	}
}

func (s *Server) acceptInvite(ctx context.Context, in *answerInviteRequest) (*invitationAnswer, error) {
	return s.answerInvite(ctx, in, engine.InviteAccept)
}

func (s *Server) declineInvite(ctx context.Context, in *answerInviteRequest) (*invitationAnswer, error) {
	return s.answerInvite(ctx, in, engine.InviteDecline)
}

func (s *Server) cancelInvite(ctx context.Context, in *answerInviteRequest) (*invitationAnswer, error) {
	return s.answerInvite(ctx, in, engine.InviteCancel)
}

// answerInvite lets through who may: a server anything; a browser its own account's admins and
// inviters to cancel, and to accept or decline who was invited, whatever account they come from, or who
// has the code.
func (s *Server) answerInvite(ctx context.Context, in *answerInviteRequest, what string) (*invitationAnswer, error) {
	acct, found := engine.AccountOf("inv", in.ID)
	if !found {
		return nil, invite.Unknown(in.ID)
	}
	p := principal(ctx)
	user, err := p.ForUser(in.Body.User)
	if err != nil {
		return nil, err
	}
	name := s.people.name(user)
	if p.Kind == access.Browser {
		known := invite.Invite{}
		err := s.Runner.Read(ctx, acct, 0, func(v runner.View) error {
			if v.Account != nil {
				known, _ = v.Account.Invites.Find(in.ID)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		own := p.Account == acct && known.ID != ""
		switch what {
		case engine.InviteCancel:
			if !own || p.Role != access.RoleAdmin && known.By != name {
				return nil, invite.Unknown(in.ID)
			}
		default:
			if known.ID == "" || known.User != name && !invite.Opens(s.TokenSecret, in.ID, in.Body.Code) {
				return nil, invite.Unknown(in.ID)
			}
			if known.User != name && what == engine.InviteAccept && known.Role != access.RoleMember {
				return nil, fault.New(fault.Denied, "invite_of_admin", "a link alone makes nobody an admin").
					WithMend("invite admins by their user id, or accept it from your server, which knows whose address it is")
			}
		}
	}
	if what == engine.InviteAccept && name == "" {
		return nil, fault.New(fault.Invalid, "user_missing", "user is missing").WithField("user", "", "is required: who accepts").
			WithMend("send the id of the person as your product knows them")
	}
	rec, err := s.call(event.KindInvite, acct, name, what, in.IdempotencyKey, engine.InviteAnswer{ID: in.ID, User: name})
	if err != nil {
		return nil, err
	}
	out := &invitationAnswer{}
	var position uint64
	if out.Body.Invite, position, err = answered[invite.Invite](ctx, s, rec); err != nil {
		return nil, err
	}
	out.Body.Position = s.Runner.Position(position)
	if p.Kind == access.Browser {
		out.Body.Email = ""
		return out, nil
	}
	return out, s.unseal(ctx, &out.Body.Email)
}

// personSeen is what the state under a person's key says that calls need.
type personSeen struct {
	Domain   string
	Exposure invite.Exposure
	Exposed  bool
}

// person reads what is known of a person, under the pseudonym they go by now, which it returns.
func (s *Server) person(ctx context.Context, pseudonym string) (seen personSeen, now string, err error) {
	for range 8 {
		next := ""
		err = s.Runner.ReadAnywhere(ctx, event.UserKey(pseudonym), func(v runner.View) error {
			if next = v.Account.GoesBy(); next != "" || v.Account == nil {
				return nil
			}
			if v.Account.Person != nil {
				seen.Domain = v.Account.Person.Domain
			}
			seen.Exposure, seen.Exposed = v.Account.ReferredBy(v.Catalog, s.Clock.Now())
			return nil
		})
		if err != nil || next == "" {
			return seen, pseudonym, err
		}
		pseudonym = next
	}
	return seen, pseudonym, nil
}
