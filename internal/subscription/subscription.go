// Package subscription holds what an account has bought: the subscription, changes to it,
// what a change costs, and the billing periods everything else follows.
package subscription

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// Status is where a subscription stands.
type Status string

// The statuses.
const (
	Trialing Status = "trialing"
	Active   Status = "active"
	Expired  Status = "expired" // the trial ended and nothing was bought
	Ended    Status = "ended"
)

// Interval is how often the subscription is paid.
type Interval string

// The intervals.
const (
	Month Interval = "month"
	Year  Interval = "year"
)

// Subscription is what an account has now. The zero value is none.
type Subscription struct {
	Plan string `json:"plan"`
	// PlanVersion is the version of the plan as it was bought, whose price and entitlements
	// stay until a change names another plan or version; 0 stands for the newest (of what came
	// from another system).
	PlanVersion int            `json:"plan_version,omitempty"`
	Interval    Interval       `json:"interval"`
	Quantity    int64          `json:"quantity"`
	Currency    money.Currency `json:"currency"`
	Anchor      clock.Time     `json:"anchor"` // periods start on its day of month and time of day, UTC
	Addons      []AddonLine    `json:"addons"`
	Status      Status         `json:"status"`
	StartsAt    clock.Time     `json:"starts_at"`
	TrialEndsAt clock.Time     `json:"trial_ends_at"`
	EndsAt      clock.Time     `json:"ends_at"` // when it is to end, or ended
	// Recurring is what one interval costs, at the prices it was bought at (a later
	// catalog does not change them).
	Recurring money.Minor `json:"recurring"`
	// Then is the plan that follows when the trial ends and nothing was bought, as it was shown
	// at its start; empty: none does.
	Then string `json:"then,omitempty"`
	// ThenVersion is the version of that plan where the account had it before; 0: the newest.
	ThenVersion int `json:"then_version,omitempty"`
	// TrialExtended is how often the running trial was extended.
	TrialExtended int `json:"trial_extended,omitempty"`
	// Version rises with every change; a confirmation token holds only for the version it
	// was made for.
	Version int64 `json:"version"`
	// Trialed lists the plans already tried: one trial per account and plan.
	Trialed []string `json:"trialed,omitempty"`
	// ChangedAt is when the last change took effect: the ledger's effective time.
	ChangedAt clock.Time `json:"changed_at"`
	// PaidSince is when something was first paid for, unset when never: a first payment is
	// a new logo, whatever was tried or free before.
	PaidSince clock.Time `json:"paid_since"`
	// PaidTo is the end of the period that was paid for before a change to what costs nothing,
	// where nothing is prorated and so nothing was given back; unset otherwise.
	PaidTo clock.Time `json:"paid_to,omitzero"`
	// Pending is a change that takes effect at the end of the paid period.
	Pending *Pending `json:"pending,omitempty"`
	// Undo is how the last change can be taken back; nil when it cannot be.
	Undo *Undo `json:"undo,omitempty"`
}

// Undo is how a change can be taken back. It holds until the catalog's undo time has passed,
// or until the next invoice or anything else that time brings, whichever comes first: so what
// is given back is what was charged, to the cent.
type Undo struct {
	Until  clock.Time   `json:"until"` // first instant at which it cannot be undone any more
	Before Subscription `json:"before"`
	Now    money.Amount `json:"now"` // what was charged at once; negative was a credit
	// Lines are what Now is made of.
	Lines []InvoiceLine `json:"lines"`
}

// AddonLine is an add-on and how many of it.
type AddonLine struct {
	Key      string `json:"key"`
	Quantity int64  `json:"quantity" required:"false"` // 1 when left out of a change
}

// Pending is a change waiting for its time.
type Pending struct {
	At     clock.Time `json:"at"`
	Change Change     `json:"change"`
}

// Dropped is an add-on that the account had and that a change leaves behind.
type Dropped struct {
	Addon  string `json:"addon"`
	Reason string `json:"reason"` // in plain words, without a full stop
}

// Change asks for a subscription. Fields left out keep what is there; on a first
// subscription Plan is required, Interval is month and Quantity is 1 when left out.
type Change struct {
	Plan string `json:"plan,omitempty"`
	// PlanVersion is a version of the plan; left out it is the newest when another plan is
	// named, and else the one that was bought.
	PlanVersion int            `json:"plan_version,omitempty"`
	Interval    Interval       `json:"interval,omitempty"`
	Quantity    int64          `json:"quantity,omitempty"`
	Currency    money.Currency `json:"currency,omitempty"`
	Anchor      clock.Time     `json:"anchor,omitzero"`
	Addons      *[]AddonLine   `json:"addons,omitempty"` // all add-ons after the change; nil keeps those that fit
	// Once is what is bought once on top: top-ups and services. It is charged now and is never
	// recurring. With nothing else in the change, the subscription stays as it is.
	Once []AddonLine `json:"once,omitempty"`
	// StartsAt is when the change takes effect, now when left out; in the past to put in
	// history, never in the future. On a live subscription its own StartsAt means nothing
	// and may be sent back unchanged.
	StartsAt clock.Time `json:"starts_at,omitzero"`
	// TrialEndsAt makes it a trial. A change without it is paid for, and ends a running trial.
	TrialEndsAt clock.Time `json:"trial_ends_at,omitzero"`
	// Effective is now or renewal; left out it is now, but for a change to less what the
	// catalog says under billing.
	Effective string `json:"effective,omitempty"`
	Cancel    bool   `json:"cancel,omitempty"` // ends the subscription
	Undo      bool   `json:"undo,omitempty"`   // takes the last change back; nothing else can be sent with it
}

// Quote is what a change would cost: what a preview shows and a confirmation token binds. Its
// lists are never nil.
type Quote struct {
	Now         money.Amount  `json:"now"`       // due at once, prorated; negative is a credit
	Lines       []InvoiceLine `json:"lines"`     // what Now is made of; they add up to it exactly
	Recurring   money.Amount  `json:"recurring"` // each interval from then on
	NextInvoice Invoice       `json:"next_invoice"`
	// Dropped are add-ons that do not go with the new plan or interval, Carried those that do;
	// both only where the change names another plan or interval and no add-ons.
	Dropped []Dropped   `json:"dropped"`
	Carried []AddonLine `json:"carried"`
}

// Invoice is an invoice to come.
type Invoice struct {
	At    clock.Time    `json:"at"`
	Total money.Amount  `json:"total"`
	Lines []InvoiceLine `json:"lines"`
}

// InvoiceLine is one line of an Invoice.
type InvoiceLine struct {
	Title  string       `json:"title"`
	Amount money.Amount `json:"amount"`
}

// MRR returns the monthly recurring revenue of s: nothing in a trial or when it ended.
func (s *Subscription) MRR() money.Twelfths {
	if s.Status != Active {
		return 0
	}
	if s.Interval == Year {
		return money.Yearly(s.Recurring)
	}
	return money.Monthly(s.Recurring)
}

// Live says whether s gives entitlements.
func (s *Subscription) Live() bool { return s.Status == Active || s.Status == Trialing }
