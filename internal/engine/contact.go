package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/experiment"
	"github.com/headroomhq/headroom/internal/offer"
)

// refusals are what forbids a contact of the account in the product: its own budgets, and those
// of the family when the account is its own root. What the person and another root say comes by
// claims; see DecideCall.
func (a *Account) refusals(c *catalog.Catalog, now clock.Time) []contact.Refusal {
	out := a.Contact.InProduct(&c.Contact, catalog.PerAccount, now)
	if a.Facts.Parent == "" {
		out = append(out, a.Contact.InProduct(&c.Contact, catalog.PerFamily, now)...)
	}
	return out
}

// silence is the refusal that follows a dismissal of the person in this account. Those of other
// accounts are known at the person's key, which hears of this one too; but not at once.
func (a *Account) silence(c *catalog.Catalog, user string, now clock.Time) []contact.Refusal {
	var last clock.Time
	for i := range a.Offers.Decisions {
		if k := &a.Offers.Decisions[i]; k.User == user && k.Closed == offer.Dismissed {
			last = max(last, k.ClosedAt)
		}
	}
	return contact.Silence(&c.Contact, last, now)
}

// unit is what the account is drawn by in holdouts: the root of its family, as
// it was when the account was first drawn.
func (a *Account) unit(family string) string {
	switch {
	case a.Unit != "":
		return a.Unit
	case family != "":
		return family
	case a.Facts.Parent != "":
		return a.Facts.Parent
	}
	return a.key
}

// heldOut says whether the account is in the global holdout; family is the root that the caller
// found.
func (a *Account) heldOut(c *catalog.Catalog, family string) bool {
	return c.Holdout > 0 && experiment.HeldOut(a.unit(family), c.Holdout)
}

// quiet returns the quiet rules in force.
func (a *Account) quiet(c *catalog.Catalog, now clock.Time) []contact.Quiet {
	return contact.InForce(&c.Contact, a.circumstances(c, now), now)
}

func (a *Account) circumstances(c *catalog.Catalog, now clock.Time) contact.Circumstances {
	out := contact.Circumstances{Downgraded: a.Downgraded}
	if _, on := contact.Rule(&c.Contact, catalog.QuietNotActivated); on {
		out.NotActivated = !a.Activated(c, now)
	}
	if _, on := contact.Rule(&c.Contact, catalog.QuietUnderUsing); on {
		out.UnderUsing = a.underUsing(c, now)
	}
	var rated clock.Time
	var score float64
	var in string
	for i := range a.Known { // which nearly no account has any of
		f := &a.Known[i]
		switch f.Name {
		case account.FactIncident:
			if f.At <= now && (f.Until == 0 || f.Until > now) && f.Value == true {
				out.Incident, out.IncidentRef = true, f.Ref
			} else if f.Until <= now {
				out.IncidentEnded = max(out.IncidentEnded, f.Until)
			}
		case account.FactOverdue:
			out.Overdue = holds(f, now)
		case account.FactContacted:
			if f.Value != false && f.At <= now {
				out.Contacted = f.At
				out.By, _ = f.Value.(string)
			}
		case account.FactMuted:
			if out.Muted = holds(f, now); out.Muted {
				out.MutedUntil = f.Until
			}
		case account.FactSatisfaction:
			if v, ok := f.Value.(float64); ok && f.At <= now {
				rated, score, in = f.At, v, "a satisfaction of %s of 10"
			}
		}
	}
	if m := a.Contact.HeldBack; m != nil && m.At > out.Contacted {
		out.Contacted, out.By = m.At, string(catalog.ByPeople)
	}
	if v, at, any := a.satisfaction(); any && at > rated {
		rated, score, in = at, v, "an answer to a survey worth %s of 10"
	}
	if rated != 0 && score < 5 { // what was said last
		out.Dissatisfied, out.Said = rated, fmt.Sprintf(in, strconv.FormatFloat(score, 'f', -1, 64))
	}
	return out
}

// holds says whether a fact that is true or false is true at now.
func holds(f *account.Fact, now clock.Time) bool {
	return f.Value == true && f.At <= now && (f.Until == 0 || f.Until > now)
}

// refusalsTo are all that is known here of what forbids to contact a person in the product.
func (a *Account) refusalsTo(ask *DecideCall, user string, c *catalog.Catalog, now clock.Time) []contact.Refusal {
	out := a.refusals(c, now)
	if a.Facts.Parent != "" && ask.Family == a.key { // it got its parent since the root was looked for
		out = append(out, a.Contact.InProduct(&c.Contact, catalog.PerFamily, now)...)
	}
	return append(append(out, a.silence(c, user, now)...), ask.Refusals...)
}

// SpendsAs is the channel over which an offer contacts a person, empty when it asks nothing of
// them.
func SpendsAs(o *catalog.Offer, requested bool) catalog.Channel {
	switch {
	case o == nil || requested || o.Kind == catalog.Ambient:
		return ""
	case o.Kind == catalog.Interruption:
		return catalog.Interruptions
	}
	return catalog.InProduct
}

// spendDecision counts a decision that was just kept against the account's own budgets. One that
// is held out counts as if it were shown.
func (s *State) spendDecision(a *Account, call *DecideCall, d *offer.Decision, c *catalog.Catalog) {
	o := c.Offers[d.OfferKey]
	if a.Unit == "" && (c.Holdout > 0 || o != nil && o.Holdout > 0) {
		a.Unit = a.unit(call.Family)
	}
	if channel := SpendsAs(o, call.Requested); channel != "" {
		s.spend(a, contact.Spend{ID: cmp.Or(call.Claim, d.ID), Channel: channel, At: s.Now, User: d.User, About: d.OfferKey}, c)
	}
}

// spend counts a contact at an account, for itself and for the family whose root it may be.
func (s *State) spend(a *Account, sp contact.Spend, c *catalog.Catalog) {
	a.Contact.Spend(&c.Contact, sp, catalog.PerAccount, catalog.PerFamily)
	if sp.Account == "" {
		s.effects.Contacts = append(s.effects.Contacts, ContactRow{Account: a.key, Spend: sp})
	}
}

// ContactRow is a contact of an account as lists show it; a later one replaces an earlier one of
// the same id.
type ContactRow struct {
	contact.Spend
	Account  string     // who was contacted
	Released clock.Time // given back
}

// ClaimCall is the body of a claim: a contact asks the budgets of one key, and spends them when
// it may. The same claim at the person's key, the root's and the account's has the same ID.
type ClaimCall struct {
	ID      string          `json:"id"`
	Scope   catalog.Scope   `json:"scope"`
	Channel catalog.Channel `json:"channel,omitempty"`
	Account string          `json:"account,omitempty"` // who is contacted
	User    string          `json:"user,omitempty"`    // pseudonym
	About   string          `json:"about,omitempty"`
	Family  string          `json:"family,omitempty"` // the root, at the account's key
	// Attempt tells calls for the same claim apart: the claim is given back when all of them did.
	Attempt string `json:"attempt,omitempty"`
	// Release gives the claim back: another budget refused it, or nothing was shown in the end.
	Release bool `json:"release,omitempty"`
	// Dismissed tells a person's key that an offer was dismissed in some account.
	Dismissed bool `json:"dismissed,omitempty"`
}

// ClaimAnswer is what a claim is told.
type ClaimAnswer struct {
	Granted  bool              `json:"granted"`
	Refusals []contact.Refusal `json:"refusals,omitempty"`
	Quiet    []contact.Quiet   `json:"quiet,omitempty"`
	// HeldOut: the account sees nothing, and the contact counts as if it had been made.
	HeldOut bool `json:"held_out,omitempty"`
	// Into is the pseudonym under which the person goes on: nothing was claimed here.
	Into string `json:"into,omitempty"`
	// Released: it was spent here and is given back.
	Released bool `json:"released,omitempty"`
}

// claimContact answers a claim at the key that holds the budget. What was claimed and never
// confirmed, because the process that asked died, stays spent: rather one contact less than one
// more than is allowed.
func (s *State) claimContact(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[ClaimCall](r)
	if err != nil {
		return refused(err)
	}
	var out ClaimAnswer
	pseudonym, isPerson := event.IsUserKey(r.Key)
	switch {
	case call.Dismissed:
		a.Contact.Dismissed = max(a.Contact.Dismissed, r.When())
		if isPerson && a.Person != nil {
			s.passOn(a.Person, r)
		}
		return Answer{}
	case isPerson && a.Person != nil && a.Person.Into != "" && a.Person.Into != pseudonym:
		out.Into = a.Person.Into
		if call.Release {
			out.Released = a.Contact.Release(call.ID, call.Attempt)
			s.passOn(a.Person, r)
		}
		return ok(out)
	case call.Release:
		out.Released = a.Contact.Release(call.ID, call.Attempt)
		if call.Scope == catalog.PerAccount && (out.Released || !a.Contact.Has(call.ID)) {
			a.uncontacted(call.ID)
			row := ContactRow{Account: a.key, Released: s.Now}
			row.ID, row.Channel, row.User, row.About = call.ID, call.Channel, call.User, call.About
			s.effects.Contacts = append(s.effects.Contacts, row)
		}
		return ok(out)
	}
	if call.Scope == catalog.PerAccount {
		return ok(s.claimHere(a, &call, c))
	}
	if out.Refusals = a.Contact.Refusals(&c.Contact, call.Scope, call.Channel, call.ID, s.Now); len(out.Refusals) > 0 {
		return ok(out)
	}
	out.Granted = true
	sp := contact.Spend{ID: call.ID, Channel: call.Channel, At: s.Now, Account: call.Account, Attempts: attempts(call.Attempt)}
	if call.Scope == catalog.PerFamily {
		s.spend(a, sp, c)
	} else {
		a.Contact.Spend(&c.Contact, sp, catalog.PerPerson)
	}
	return ok(out)
}

func attempts(one string) []string {
	if one == "" {
		return nil
	}
	return []string{one}
}

// claimHere answers the claim of a contact outside the product at the account it goes to.
func (s *State) claimHere(a *Account, call *ClaimCall, c *catalog.Catalog) ClaimAnswer {
	out := a.contactable(call, c, s.Now)
	if len(out.Refusals) > 0 || len(out.Quiet) > 0 {
		return out
	}
	if a.Unit == "" && c.Holdout > 0 {
		a.Unit = a.unit(call.Family)
	}
	s.spend(a, contact.Spend{ID: call.ID, Channel: call.Channel, At: s.Now, User: call.User, About: call.About, Attempts: attempts(call.Attempt)}, c)
	switch {
	case call.Channel != catalog.ByPeople:
	case out.HeldOut:
		a.Contact.HeldBack = &contact.Mark{Claim: call.ID, At: s.Now}
	default:
		if err := s.known(a, account.Fact{Name: account.FactContacted, Value: string(catalog.ByPeople), At: s.Now, Ref: call.ID}); err != nil {
			a.problem("contacted: " + err.Error()) // it has as many facts as there can be
		}
	}
	return out
}

// Contactable says what a contact over a channel would be told by the account, and by its family
// where it is its own root. It changes nothing.
func (a *Account) Contactable(channel catalog.Channel, family, claim string, c *catalog.Catalog, now clock.Time) ClaimAnswer {
	return a.contactable(&ClaimCall{ID: claim, Channel: channel, Family: family}, c, now)
}

func (a *Account) contactable(call *ClaimCall, c *catalog.Catalog, now clock.Time) ClaimAnswer {
	out := ClaimAnswer{HeldOut: a.heldOut(c, call.Family)}
	if !a.Contact.Has(call.ID) { // of which its first attempt may be the reason
		out.Quiet = a.quiet(c, now)
	}
	out.Refusals = a.Contact.Refusals(&c.Contact, catalog.PerAccount, call.Channel, call.ID, now)
	if call.Family == a.key || call.Family == "" && a.Facts.Parent == "" {
		out.Refusals = append(out.Refusals, a.Contact.Refusals(&c.Contact, catalog.PerFamily, call.Channel, call.ID, now)...)
	}
	out.Granted = len(out.Refusals) == 0 && len(out.Quiet) == 0 && !out.HeldOut
	return out
}

// uncontacted takes back that people were in touch, when they were not in the end.
func (a *Account) uncontacted(claim string) {
	if m := a.Contact.HeldBack; m != nil && m.Claim == claim {
		a.Contact.HeldBack = nil
	}
	a.Known.Delete(account.FactContacted, claim, 0)
}

// tellDismissal lets the person's key know that they dismissed an offer here, so that they are
// left alone in their other accounts as well.
func (s *State) tellDismissal(user, decision string, c *catalog.Catalog) {
	if user == "" || c.Contact.AfterDismissal <= 0 {
		return
	}
	b, err := json.Marshal(ClaimCall{Scope: catalog.PerPerson, Dismissed: true})
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindClaim, Source: sourceForward, ID: "dismissed/" + decision,
		Key: event.UserKey(user), User: user, At: s.Now, ReceivedAt: s.Now, Body: b})
}
