package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/store"
)

type referRequest struct {
	AccountParam
	IdempotencyParam
	Body struct {
		User    string `json:"user,omitempty" doc:"who refers"`
		Program string `json:"program" maxLength:"200" doc:"of the catalog's referrals"`
	}
}

// ReferralLink is an account's code in a program.
type ReferralLink struct {
	Program string `json:"program" doc:"key of the program"`
	Title   string `json:"title,omitempty" doc:"its title"`
	Reward  string `json:"reward,omitempty" doc:"what it promises, in words"`
	Code    string `json:"code" doc:"of the account in the program, always the same: nobody makes one up, and it is checked without being stored"`
	Link    string `json:"link,omitempty" doc:"links.refer of the catalog with the code: where who was referred signs up"`
	Powered string `json:"powered,omitempty" doc:"links.powered with the code, for a powered-by line"`
}

type referAnswer struct {
	Body struct {
		ReferralLink
		Exposures int64  `json:"exposures" doc:"how often the code was seen, once a visitor and day"`
		SignUps   int64  `json:"sign_ups" doc:"accounts that were credited to it"`
		Position  string `json:"position"`
	}
}

// refer is POST /v1/accounts/{account}/referrals.
func (s *Server) refer(ctx context.Context, in *referRequest) (*referAnswer, error) {
	acct, role := in.Account, ""
	if err := caller(ctx, &acct, &in.Body.User, &role); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindInvite, acct, s.people.name(in.Body.User), engine.InviteRefer, in.IdempotencyKey, engine.ReferCall{Program: in.Body.Program})
	if err != nil {
		return nil, err
	}
	ref, position, err := answered[invite.Referral](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	out := &referAnswer{}
	out.Body.ReferralLink = s.referralLink(cat, acct, in.Body.Program)
	out.Body.Exposures, out.Body.SignUps, out.Body.Position = ref.Exposures, ref.SignUps, s.Runner.Position(position)
	return out, nil
}

// referralLink is an account's code in a program, with where it leads.
func (s *Server) referralLink(cat *catalog.Catalog, acct, program string) ReferralLink {
	out := ReferralLink{Program: program, Code: invite.Code(s.TokenSecret, acct, program)}
	if p := cat.Referrals[program]; p != nil {
		out.Title, out.Reward = p.Title, p.Reward
	}
	values := map[string]string{"account": acct, "code": out.Code}
	out.Link, out.Powered = fillLink(cat.Links.Refer, values), fillLink(cat.Links.Powered, values)
	return out
}

// exposuresPath is where a publishable key without a user token says that a code was seen.
const exposuresPath = "/v1/exposures"

type exposureRequest struct {
	Body struct {
		Code    string `json:"code" maxLength:"600" doc:"that was seen"`
		Visitor string `json:"visitor,omitempty" maxLength:"200" doc:"who saw it, as an anonymous id of your page; without one it counts and nobody's sign-up is credited to it"`
		Place   string `json:"place,omitempty" maxLength:"200" doc:"where it was seen"`
	}
}

type exposureAnswer struct {
	Body struct {
		Counted  bool   `json:"counted" doc:"false: the visitor saw the code before on this day (UTC), or too many of nobody in particular did"`
		Position string `json:"position"`
	}
}

// exposure is POST /v1/exposures: a publishable key may send it, without a user token too.
func (s *Server) exposure(ctx context.Context, in *exposureRequest) (*exposureAnswer, error) {
	acct, program, err := invite.ReadCode(s.TokenSecret, in.Body.Code)
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(event.CheckKey(acct), checkName("visitor", in.Body.Visitor), checkName("place", in.Body.Place), impersonal("place", in.Body.Place)); err != nil {
		return nil, err
	}
	if p := principal(ctx); p.Kind == access.Browser {
		if err := s.Access.Pace(p, remote(ctx), 1); err != nil {
			return nil, err
		}
	}
	key, visitor, id := acct, s.people.name(in.Body.Visitor), ""
	call := engine.ReferCall{Program: program, Account: acct, Place: in.Body.Place, Unknown: visitor == ""}
	if visitor != "" { // the same on the same day is one record
		key, id = event.UserKey(visitor), acct+"/"+program+"/"+strconv.Itoa(int(s.Clock.Now().Day()))
		call.Place = ""
	}
	rec, err := s.call(event.KindInvite, key, visitor, engine.InviteExposed, id, call)
	if err != nil {
		return nil, err
	}
	a, position, err := s.Runner.Call(ctx, rec)
	if err != nil {
		return nil, err
	}
	counted, err := readAnswer[engine.Counted](a)
	if err != nil {
		return nil, err
	}
	out := &exposureAnswer{}
	out.Body.Counted = counted.Counted && !a.Duplicate // a repetition hears the first answer, and counts nothing
	out.Body.Position = s.Runner.Position(position)
	return out, nil
}

// remote is the address of who calls, where the edge put it.
func remote(ctx context.Context) string {
	v, _ := ctx.Value(visitorKey).(visitor)
	return v.remote
}

type signUpRequest struct {
	IdempotencyParam
	Body struct {
		Account string `json:"account,omitempty" maxLength:"200" doc:"that signs up"`
		User    string `json:"user,omitempty" doc:"who signs up: codes they saw under an id that an alias call joined count too"`
		Visitor string `json:"visitor,omitempty" maxLength:"200" doc:"the id under which they were seen before"`
		Code    string `json:"code,omitempty" maxLength:"600" doc:"a code that was passed on to the sign-up itself: it goes before what was seen"`
	}
}

type signUpAnswer struct {
	Body struct {
		invite.SignUp
		Position string `json:"position"`
	}
}

// signUp is POST /v1/signups.
func (s *Server) signUp(ctx context.Context, in *signUpRequest) (*signUpAnswer, error) {
	acct, user, role := in.Body.Account, in.Body.User, ""
	if err := caller(ctx, &acct, &user, &role); err != nil {
		return nil, err
	}
	if err := checkName("visitor", in.Body.Visitor); err != nil {
		return nil, err
	}
	call, err := s.referrer(ctx, in.Body.Code, in.Body.Visitor, user)
	if err != nil {
		return nil, err
	}
	if call.Account != "" {
		mine, err := s.familyOf(ctx, acct)
		if err != nil {
			return nil, err
		}
		theirs, err := s.familyOf(ctx, call.Account)
		if err != nil {
			return nil, err
		}
		call.Family = mine == theirs
	}
	rec, err := s.call(event.KindInvite, acct, s.people.name(user), engine.InviteSignUp, in.IdempotencyKey, call)
	if err != nil {
		return nil, err
	}
	out := &signUpAnswer{}
	var position uint64
	if out.Body.SignUp, position, err = answered[invite.SignUp](ctx, s, rec); err != nil {
		return nil, err
	}
	if principal(ctx).Kind == access.Browser {
		out.Body.By = "" // whose customer they were sent by is theirs to say
	}
	out.Body.Position = s.Runner.Position(position)
	return out, nil
}

// referrer finds to whose code a sign-up would be credited: the one that was passed on, else the one that was
// seen last within its window, by the visitor or by the user.
func (s *Server) referrer(ctx context.Context, code, visitor, user string) (engine.ReferCall, error) {
	if code != "" {
		acct, program, err := invite.ReadCode(s.TokenSecret, code)
		return engine.ReferCall{Account: acct, Program: program, ExposedAt: s.Clock.Now(), Passed: true}, err
	}
	var best invite.Exposure
	for _, id := range []string{visitor, user} {
		if id == "" {
			continue
		}
		seen, _, err := s.person(ctx, s.people.name(id))
		if err != nil {
			return engine.ReferCall{}, err
		}
		if seen.Exposed && seen.Exposure.At > best.At {
			best = seen.Exposure
		}
	}
	return engine.ReferCall{Account: best.Account, Program: best.Program, ExposedAt: best.At}, nil
}

type referralsRequest struct {
	PageParams
	PositionParam
	Program string `query:"program" maxLength:"200" doc:"only of this program"`
	Account string `query:"account" maxLength:"200" doc:"only of this account"`
}

// ReferralLine is how an account does in a program.
type ReferralLine struct {
	Program     string       `json:"program" doc:"key of the program"`
	Account     string       `json:"account"`
	AccountName string       `json:"account_name,omitempty"`
	Exposures   int64        `json:"exposures" doc:"how often its code was seen, once a visitor and day"`
	Visitors    int64        `json:"visitors" doc:"by how many different ones"`
	SignUps     int64        `json:"sign_ups" doc:"accounts that were credited to it"`
	Paying      int64        `json:"paying" doc:"of those, how many pay now"`
	MRR         money.Amount `json:"mrr" doc:"what those pay a month in the catalog's currency; nothing is converted"`
	Accounts    []ReferredBy `json:"accounts" doc:"the accounts, the oldest first; at most a hundred"`
}

// ReferredBy is an account that was credited to a code.
type ReferredBy struct {
	Account     string       `json:"account"`
	At          clock.Time   `json:"at" doc:"when it signed up"`
	PayingSince clock.Time   `json:"paying_since,omitzero" doc:"when it first paid"`
	MRR         money.Amount `json:"mrr" doc:"what it pays a month"`
}

// mostReferred bounds the accounts of a line.
const mostReferred = 100

// referrals is GET /v1/referrals.
func (s *Server) referrals(ctx context.Context, in *referralsRequest) (*listAnswer[ReferralLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	if in.Program != "" && cat.Referrals[in.Program] == nil {
		return nil, fault.New(fault.NotFound, "program_not_found", "the catalog has no referral program %q", fault.Shorten(in.Program)).
			WithMend("name one of %v", slices.Sorted(maps.Keys(cat.Referrals)))
	}
	l, err := s.Store.Referrals(ctx, in.Program, in.Account, in.page())
	if err != nil {
		return nil, err
	}
	names, err := namesOf(ctx, s, l.Items, func(r *invite.Referral) string { return r.Account })
	if err != nil {
		return nil, err
	}
	type of struct{ account, program string }
	lines := make(map[of]*ReferralLine, len(l.Items))
	out := mapped(l, func(r invite.Referral) ReferralLine {
		return ReferralLine{Program: r.Program, Account: r.Account, AccountName: names[r.Account], Exposures: r.Exposures, Visitors: r.Visitors,
			MRR: money.Twelfths(0).Amount(cat.Currency), Accounts: []ReferredBy{}}
	})
	for i := range out.Body.Items {
		x := &out.Body.Items[i]
		lines[of{x.Account, x.Program}] = x
	}
	sums := make(map[of]money.Twelfths)
	err = s.Store.SignUps(ctx, in.Program, in.Account, func(u store.SignedUp) {
		k := of{u.Referrer, u.Program}
		line := lines[k]
		if line == nil {
			return
		}
		line.SignUps++
		if u.MRR > 0 {
			line.Paying++
			if money.Currency(u.Currency) == cat.Currency {
				sums[k] += money.Twelfths(u.MRR)
			}
		}
		if len(line.Accounts) < mostReferred {
			line.Accounts = append(line.Accounts, ReferredBy{Account: u.Account, At: u.At, PayingSince: u.PayingSince,
				MRR: money.Twelfths(u.MRR).Amount(cmp.Or(money.Currency(u.Currency), cat.Currency))})
		}
	})
	for k, sum := range sums {
		lines[k].MRR = sum.Amount(cat.Currency)
	}
	return out, err
}
