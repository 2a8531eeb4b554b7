package api

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
)

type contactRequest struct {
	IdempotencyParam
	Body struct {
		Account string          `json:"account" minLength:"1" maxLength:"200"`
		User    string          `json:"user,omitempty" maxLength:"512" doc:"whom; left out, nobody's own budget counts it"`
		Channel catalog.Channel `json:"channel" enum:"email,people,in_product,interruption" doc:"how; offers shown by POST /v1/decide have asked already"`
		About   string          `json:"about,omitempty" maxLength:"200" doc:"what it is about, as an offer's key; no text about a person"`
		Claim   string          `json:"claim,omitempty" maxLength:"200" doc:"your id of this contact: asking again for the same one spends nothing more"`
	}
}

type contactAnswer struct {
	Body ContactAnswer
}

// ContactAnswer says whether a contact may be made; if so it is spent.
type ContactAnswer struct {
	Allowed  bool              `json:"allowed"`
	ClaimID  string            `json:"claim_id" doc:"gives the contact back with DELETE /v1/contacts/{claim_id} when it was not made after all; empty when it was refused"`
	HeldOut  bool              `json:"held_out,omitempty" doc:"the account's family is in the global holdout: the contact counts and must not be made"`
	Refusals []contact.Refusal `json:"refusals"`
	Quiet    []contact.Quiet   `json:"quiet"`
	Position string            `json:"position,omitempty"`
}

// postContact asks all budgets for a contact outside of POST /v1/decide, and spends them.
func (s *Server) postContact(ctx context.Context, in *contactRequest) (*contactAnswer, error) {
	b, role := &in.Body, ""
	if err := caller(ctx, &b.Account, &b.User, &role); err != nil {
		return nil, err
	}
	if err := cmp.Or(checkName("about", b.About), checkName("claim", b.Claim), impersonal("about", b.About)); err != nil {
		return nil, err
	}
	family, err := s.familyOf(ctx, b.Account)
	if err != nil {
		return nil, err
	}
	c := &claimOf{User: s.people.name(b.User), Account: b.Account, Family: family, Channel: b.Channel, About: b.About}
	c.ID, c.attempt = claimID(c, cmp.Or(b.Claim, in.IdempotencyKey, rand.Text())), rand.Text()[:8]
	out := &contactAnswer{}
	answer := func(said engine.ClaimAnswer, position uint64) *contactAnswer {
		out.Body = ContactAnswer{Allowed: said.Granted, HeldOut: said.HeldOut, Refusals: said.Refusals, Quiet: said.Quiet}
		if position > 0 && (said.Granted || said.HeldOut) { // what was never spent cannot be given back
			out.Body.ClaimID = c.public(s.TokenSecret)
		}
		if out.Body.Refusals == nil {
			out.Body.Refusals = []contact.Refusal{}
		}
		if out.Body.Quiet == nil {
			out.Body.Quiet = []contact.Quiet{}
		}
		if position > 0 {
			out.Body.Position = s.Runner.Position(position)
		}
		return out
	}
	var look engine.ClaimAnswer
	err = s.Runner.Read(ctx, b.Account, 0, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(b.Account)
		}
		look = v.Account.Contactable(b.Channel, family, c.ID, v.Catalog, v.State.Now)
		return nil
	})
	if err != nil || !look.Granted && !look.HeldOut {
		return answer(look, 0), err
	}
	if len(look.Refusals) > 0 || len(look.Quiet) > 0 {
		return answer(look, 0), nil
	}
	granted, refusals, err := s.claim(ctx, c)
	if err != nil || !granted {
		return answer(engine.ClaimAnswer{Refusals: refusals}, 0), err
	}
	rec, err := s.call(event.KindClaim, b.Account, c.User, "", "", engine.ClaimCall{ID: c.ID, Scope: catalog.PerAccount,
		Channel: c.Channel, User: c.User, About: c.About, Family: family, Attempt: c.attempt})
	if err != nil {
		return nil, err
	}
	said, position, err := answered[engine.ClaimAnswer](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	if !said.Granted && !said.HeldOut {
		err = s.unclaim(ctx, c)
	}
	return answer(said, position), err
}

// claimID makes the id of a contact, as its claims carry it. It says at which keys it was claimed, so that whoever has
// it can give it back.
func claimID(c *claimOf, nonce string) string {
	text := base64.RawURLEncoding.EncodeToString
	family := c.Family
	if family == c.Account {
		family = ""
	}
	sum := sha256.Sum256([]byte(string(c.Channel) + "\x00" + nonce))
	return "con_" + text([]byte(c.Account)) + "." + text([]byte(c.User+"\x00"+family)) + "." + hex.EncodeToString(sum[:12])
}

// public is the id as the caller gets it: with the attempt, so that who asked for the same contact
// before cannot give back what a later caller has, and sealed, so that nobody makes one up.
func (c *claimOf) public(secret []byte) string {
	id := c.ID + "." + c.attempt
	return id + "." + invite.Seal(secret, "contact", id)
}

// claimFrom reads what public made.
func claimFrom(secret []byte, id string) (c claimOf, ok bool) {
	i := max(strings.LastIndexByte(id, '.'), 0)
	id, sealed := id[:i], strings.TrimPrefix(id[i:], ".")
	if !hmac.Equal([]byte(sealed), []byte(invite.Seal(secret, "contact", id))) {
		return c, false
	}
	c.Account, ok = engine.AccountOf("con", id)
	parts := strings.Split(id, ".")
	if !ok || len(parts) != 4 || parts[3] == "" || event.CheckKey(c.Account) != nil {
		return c, false
	}
	rest, err := base64.RawURLEncoding.DecodeString(parts[1])
	user, family, found := strings.Cut(string(rest), "\x00")
	if err != nil || !found || family != "" && event.CheckKey(family) != nil {
		return c, false
	}
	c.ID, c.User, c.Family, c.attempt = strings.TrimSuffix(id, "."+parts[3]), user, family, parts[3]
	return c, true
}

type releaseContact struct {
	ClaimID string `path:"claim_id" maxLength:"1200" doc:"as POST /v1/contacts answered it"`
}

type releasedContact struct {
	Body struct {
		Released bool   `json:"released" doc:"false: it was not spent, or is too old for any budget to count it"`
		Position string `json:"position"`
	}
}

// deleteContact gives a contact back that was not made.
func (s *Server) deleteContact(ctx context.Context, in *releaseContact) (*releasedContact, error) {
	c, ok := claimFrom(s.TokenSecret, in.ClaimID)
	if !ok {
		return nil, fault.New(fault.NotFound, "claim_unknown", "there is no contact %q", fault.Shorten(in.ClaimID)).
			WithMend("use the claim_id that POST /v1/contacts answered")
	}
	if err := principal(ctx).ForAccount(c.Account); err != nil {
		return nil, err
	}
	// Every channel a budget may count it by: the id does not say by which it was.
	var records []event.Record
	for _, at := range []struct {
		scope catalog.Scope
		key   string
	}{{catalog.PerAccount, c.Account}, {catalog.PerPerson, event.UserKey(c.User)}, {catalog.PerFamily, c.Family}} {
		if at.key == "" || at.scope == catalog.PerPerson && c.User == "" {
			continue
		}
		rec, err := s.call(event.KindClaim, at.key, "", "", "", engine.ClaimCall{ID: c.ID, Scope: at.scope, User: c.User, Account: c.Account, Attempt: c.attempt, Release: true})
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	answers, position, err := s.Runner.CallAll(ctx, records...)
	if err != nil {
		return nil, err
	}
	out := &releasedContact{}
	out.Body.Position = s.Runner.Position(position)
	for _, a := range answers {
		said, err := readAnswer[engine.ClaimAnswer](a)
		if err != nil {
			return nil, err
		}
		out.Body.Released = out.Body.Released || said.Released
	}
	return out, nil
}

type contactsRequest struct {
	AccountParam
	PositionParam
	PageParams
	User string `query:"user" maxLength:"512" doc:"also the budgets of this person"`
}

type contactsAnswer struct {
	Body struct {
		Items    []ContactLine      `json:"items"`
		Next     string             `json:"next,omitempty"`
		Budgets  []contact.Standing `json:"budgets"`
		Quiet    []contact.Quiet    `json:"quiet"`
		HeldOut  bool               `json:"held_out" doc:"in the global holdout: sees no offer, over no channel"`
		Stale    bool               `json:"stale,omitempty" doc:"a part comes from another node's last checkpoint"`
		Position string             `json:"position"`
	}
}

// ContactLine is a contact that was made, or claimed.
type ContactLine = store.Contact

// listContacts answers the contacts of an account and how its budgets stand.
func (s *Server) listContacts(ctx context.Context, in *contactsRequest) (*contactsAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	out := &contactsAnswer{}
	out.Body.Budgets, out.Body.Quiet = []contact.Standing{}, []contact.Quiet{}
	family, err := s.familyOf(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	stands := func(scope catalog.Scope, key string) error {
		return s.Runner.ReadAnywhere(ctx, key, func(v runner.View) error {
			var st contact.State
			if v.Account != nil {
				st = v.Account.Contact
			}
			out.Body.Budgets = append(out.Body.Budgets, st.Standings(&v.Catalog.Contact, scope, v.State.Now)...)
			out.Body.Stale = out.Body.Stale || v.Stale
			return nil
		})
	}
	err = s.account(ctx, &accountRead{AccountParam: in.AccountParam, PositionParam: in.PositionParam}, func(v runner.View) error {
		look := v.Account.Contactable(catalog.Email, family, "", v.Catalog, v.State.Now)
		out.Body.HeldOut = look.HeldOut
		out.Body.Quiet = append(out.Body.Quiet, look.Quiet...)
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if in.User != "" {
		if err := stands(catalog.PerPerson, event.UserKey(s.people.name(in.User))); err != nil {
			return nil, err
		}
	}
	if err := stands(catalog.PerAccount, in.Account); err != nil {
		return nil, err
	}
	if err := stands(catalog.PerFamily, family); err != nil {
		return nil, err
	}
	l, err := s.Store.Contacts(ctx, in.Account, in.page())
	out.Body.Items, out.Body.Next = l.Items, l.Next
	if out.Body.Items == nil {
		out.Body.Items = []ContactLine{}
	}
	return out, err
}
