// Package offer decides what to propose to whom, where and when to stay silent, and keeps
// what became of it.
package offer

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/money"
)

// Decision is an offer made to a person at a placement, or the reason why none was.
type Decision struct {
	ID         string       `json:"decision_id,omitempty"`
	Account    string       `json:"account"`
	User       string       `json:"user,omitempty"` // pseudonym
	Placement  string       `json:"placement"`
	Feature    string       `json:"feature,omitempty"`
	Status     string       `json:"status"` // show or none
	Reason     string       `json:"reason"` // stable: signal, requested, or what stood in the way
	Offer      *Shown       `json:"offer,omitempty"`
	Help       *Help        `json:"help,omitempty"`      // what comes before any offer
	OfferKey   string       `json:"offer_key,omitempty"` // shown or held out
	Variant    string       `json:"variant,omitempty"`   // treatment or holdout
	Signal     string       `json:"signal,omitempty"`    // id of the signal behind it
	At         clock.Time   `json:"at"`
	ExpiresAt  clock.Time   `json:"expires_at"`
	Considered []Considered `json:"considered,omitempty"` // every offer, and why not
	// Quiet are the rules that keep offers away now, Refusals what forbids contacts nobody asked for.
	Quiet    []contact.Quiet   `json:"quiet,omitempty"`
	Refusals []contact.Refusal `json:"refusals,omitempty"`
	// Again: an open decision shown again under its first id; it is already on record.
	Again bool `json:"again,omitempty"`
	// Give is what accepting OfferKey gives this account.
	Give catalog.Give `json:"-"`
}

// Help is what an account needs before any offer: it is not activated, or hardly uses what it
// pays for.
type Help struct {
	Rule      string `json:"rule"`                // not_activated or under_using
	Milestone string `json:"milestone,omitempty"` // the first one missing
	Title     string `json:"title"`
	Body      string `json:"body,omitempty"`
	Link      string `json:"link,omitempty"`
	Invite    string `json:"invite,omitempty"` // a profile of who can help
}

// Shown is what the person sees.
type Shown struct {
	Key         string            `json:"key"`
	Kind        catalog.OfferKind `json:"kind"`
	Type        catalog.Shape     `json:"type"`
	Title       string            `json:"title"`
	Body        string            `json:"body"`
	Media       string            `json:"media,omitempty"`
	CTA         CTA               `json:"cta"`
	Price       *Price            `json:"price,omitempty"` // only for those who can buy
	Give        catalog.Give      `json:"give"`
	Case        string            `json:"case,omitempty"`
	Assumptions []string          `json:"assumptions,omitempty"`
	// Lost is what the account would no longer have, of a save.
	Lost []string `json:"lost,omitempty"`
	// Expected is why it goes before others. It is not for the customer.
	Expected *Expected `json:"expected,omitempty"`
}

// Expected is the expected value of an offer: what it is worth in a year, times the chance that
// it is accepted.
type Expected struct {
	Chance int64        `json:"chance"` // percent
	Year   money.Amount `json:"year"`   // a year's money, with what is charged once
	Value  money.Amount `json:"value"`  // rounded down to the minor unit
	// Estimated: accepting changes no money itself; it is that of what is bought afterwards.
	Estimated bool `json:"estimated,omitempty"`
}

// CTA is the button. Action is buy, request, contact_sales, try, refer or invite. What cannot be
// accepted without a price being confirmed first is buy.
type CTA struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url,omitempty"`
}

// Price is what the subscription as a whole would cost with the offer accepted, and the difference.
type Price struct {
	Recurring  money.Amount `json:"recurring"`
	Difference money.Amount `json:"difference"`
	Interval   string       `json:"interval"`
	// Once is what is charged once, for what is bought once; the recurring price stays then.
	Once *money.Amount `json:"once,omitempty"`
	// Saved is by how much a year costs less than twelve months would.
	Saved *money.Amount `json:"saved,omitempty"`
}

// Considered is one offer and what was thought of it.
type Considered struct {
	Offer  string `json:"offer"`
	Chosen bool   `json:"chosen"`
	Code   string `json:"code"`   // stable: chosen, or what stood in the way, such as cooldown
	Reason string `json:"reason"` // in plain words
	// Problems are faults in the offer itself, such as a placeholder nothing fills.
	Problems []string `json:"problems,omitempty"`
}

// Outcome is what became of a decision.
type Outcome struct {
	Decision string     `json:"decision_id"`
	Account  string     `json:"account"`
	User     string     `json:"user,omitempty"`
	Offer    string     `json:"offer"`
	Type     string     `json:"type"` // seen, clicked, dismissed, requested, accepted, undone
	Reason   string     `json:"reason,omitempty"`
	At       clock.Time `json:"at"`
}
