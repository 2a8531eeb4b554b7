package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// BillingPage is all that a pricing and billing page shows of an account. Amounts of money are nil
// for who cannot buy.
type BillingPage struct {
	Account      string              `json:"account"`
	At           clock.Time          `json:"at"` // state time
	CanBuy       bool                `json:"can_buy"`
	Subscription BillingSubscription `json:"subscription"`
	Allowances   []BillingAllowance  `json:"allowances"`
	Addons       []BillingAddon      `json:"addons"`
	Seats        []BillingSeats      `json:"seats"`
	Discounts    []BillingDiscount   `json:"discounts"`
	Requests     []offer.Request     `json:"requests"` // open ones: all for who can buy, else their own
	Options      []BillingOption     `json:"options"`  // plans above, in their order
	More         []BillingOption     `json:"more"`     // packs and top-ups for the tightest allowance, cheapest first
	Preselected  *Preselected        `json:"preselected,omitempty"`
}

// BillingSubscription is the subscription with its dates.
type BillingSubscription struct {
	Plan        string                `json:"plan"`
	Title       string                `json:"title"`
	Status      subscription.Status   `json:"status"`
	Interval    subscription.Interval `json:"interval"`
	Quantity    int64                 `json:"quantity"`
	PeriodStart clock.Time            `json:"period_start,omitzero"`
	PeriodEnd   clock.Time            `json:"period_end,omitzero"`
	TrialEndsAt clock.Time            `json:"trial_ends_at,omitzero"`
	RenewsAt    clock.Time            `json:"renews_at,omitzero"` // unset when it ends instead, or nothing renews
	EndsAt      clock.Time            `json:"ends_at,omitzero"`
	Scheduled   []BillingScheduled    `json:"scheduled"`
	Recurring   *money.Amount         `json:"recurring,omitempty"`
	NextInvoice *subscription.Invoice `json:"next_invoice,omitempty"`
	Undo        *Undoable             `json:"undo,omitempty"`
}

// BillingScheduled is a change that is to come.
type BillingScheduled struct {
	At    clock.Time `json:"at"`
	Words string     `json:"words"`
}

// BillingAllowance is a feature that is counted, and how far its allowance is filled.
type BillingAllowance struct {
	Feature   string              `json:"feature"`
	Title     string              `json:"title"`
	Kind      catalog.FeatureKind `json:"kind"`
	Used      quantity.Quantity   `json:"used"`
	Limit     *quantity.Quantity  `json:"limit"` // nil: unlimited
	Remaining *quantity.Quantity  `json:"remaining"`
	Percent   *int64              `json:"percent"` // of the limit, rounded down; may pass 100
	ResetsAt  clock.Time          `json:"resets_at,omitzero"`
	Tightest  bool                `json:"tightest,omitempty"`
	Overage   *money.Amount       `json:"overage,omitempty"` // what is above the limit costs so far
}

// BillingAddon is an add-on that was bought.
type BillingAddon struct {
	Addon    string            `json:"addon"`
	Title    string            `json:"title"`
	Kind     catalog.AddonKind `json:"kind,omitempty"`
	Quantity int64             `json:"quantity"`
	Each     *money.Amount     `json:"each,omitempty"`  // of the first, by today's catalog
	Price    *money.Amount     `json:"price,omitempty"` // of all, each interval, by today's catalog
}

// BillingSeats is a feature of kind seats.
type BillingSeats struct {
	Feature  string             `json:"feature"`
	Title    string             `json:"title"`
	Assigned quantity.Quantity  `json:"assigned"`
	Seats    *quantity.Quantity `json:"seats"` // nil: unlimited
	Free     *quantity.Quantity `json:"free"`
	Addon    string             `json:"addon,omitempty"` // that gives more of them
	Each     *money.Amount      `json:"each,omitempty"`  // one more of it, each interval
}

// BillingDiscount is what is saved, or would be.
type BillingDiscount struct {
	Kind   string       `json:"kind"` // bundle or annual
	Title  string       `json:"title"`
	Saving money.Amount `json:"saving"` // of a bundle each interval; of paying by the year a year
	Taken  bool         `json:"taken"`  // else it could be
}

// BillingOption is something that can be bought, and what it changes for this account.
type BillingOption struct {
	Title  string              `json:"title"`
	Give   catalog.Give        `json:"give"`
	Limits []BillingLimit      `json:"limits"`
	Kind   catalog.AddonKind   `json:"kind,omitempty"`
	Covers bool                `json:"covers"`            // of a plan: all that is used today
	Fits   bool                `json:"fits,omitempty"`    // the smallest of them that does
	Action string              `json:"action"`            // buy, or request
	Quote  *subscription.Quote `json:"quote,omitempty"`   // as a preview shows it
	More   *money.Amount       `json:"more,omitempty"`    // what each interval costs more
	Refuse string              `json:"not_now,omitempty"` // why it cannot be bought now
}

// BillingLimit is what an option changes of one feature.
type BillingLimit struct {
	Feature string `json:"feature"`
	Title   string `json:"title"`
	Before  string `json:"before"` // "no", "yes", "10", "unlimited", or a value
	After   string `json:"after"`
}

// Preselected is what a link led to.
type Preselected struct {
	By       string              `json:"by"` // decision, offer or plan
	Decision string              `json:"decision_id,omitempty"`
	Offer    string              `json:"offer,omitempty"`
	Title    string              `json:"title,omitempty"`
	Give     catalog.Give        `json:"give"`
	Action   string              `json:"action,omitempty"` // buy, or request; empty when there is nothing to do
	Quote    *subscription.Quote `json:"quote,omitempty"`
	Why      string              `json:"why,omitempty"` // it cannot be chosen
}
