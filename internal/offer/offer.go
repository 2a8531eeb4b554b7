// Package offer decides what to propose to whom, where and when to stay silent, and keeps
// what became of it.
package offer

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
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
	// Again: an open decision shown again under its first id; it is already on record.
	Again bool `json:"again,omitempty"`
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
	Type        string            `json:"type"` // plan_upgrade or add_on
	Title       string            `json:"title"`
	Body        string            `json:"body"`
	Media       string            `json:"media,omitempty"`
	CTA         CTA               `json:"cta"`
	Price       *Price            `json:"price,omitempty"` // only for those who can buy
	Give        catalog.Give      `json:"give"`
	Case        string            `json:"case,omitempty"`
	Assumptions []string          `json:"assumptions,omitempty"`
}

// CTA is the button. Action is buy, request, contact_sales or try.
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
	Type     string     `json:"type"` // seen, clicked, dismissed, requested, accepted
	Reason   string     `json:"reason,omitempty"`
	At       clock.Time `json:"at"`
}

// Request is a member's wish for something only an admin can buy.
type Request struct {
	ID        string       `json:"id"`
	Account   string       `json:"account"`
	User      string       `json:"user"`
	Decision  string       `json:"decision_id"`
	Offer     string       `json:"offer"`
	Give      catalog.Give `json:"give"` // what approving it changes
	Reason    string       `json:"reason,omitempty"`
	Status    string       `json:"status"` // open, approved or declined
	At        clock.Time   `json:"at"`
	DecidedAt clock.Time   `json:"decided_at"`
	DecidedBy string       `json:"decided_by,omitempty"`
}
