package headroom

import (
	"strconv"
	"time"
)

// Reason is the stable code of an answer.
type Reason string

// The reasons. More may come: treat one you do not know by Answer.Allowed.
const (
	Included          Reason = "included"
	WithinLimit       Reason = "within_limit"
	Overage           Reason = "overage" // above a soft limit: allowed, and it may cost
	Granted           Reason = "granted"
	Override          Reason = "override"
	OnTrial           Reason = "trial"
	InGrace           Reason = "grace"
	LimitReached      Reason = "limit_reached"
	NotInPlan         Reason = "not_in_plan"
	NoSubscription    Reason = "no_subscription"
	TrialExpired      Reason = "trial_expired"
	SubscriptionEnded Reason = "subscription_ended"
	PartLocked        Reason = "part_locked"
	NotEligible       Reason = "not_eligible"
	UnknownFeature    Reason = "unknown_feature"
	// Unavailable is the SDK's own: nothing is known, so Config.Defaults answered.
	Unavailable Reason = "unavailable"
)

// Kind says what sort of feature it is.
type Kind string

// The kinds.
const (
	Boolean Kind = "boolean"
	Metered Kind = "metered"
	Seats   Kind = "seats"
	Value   Kind = "value"
)

// Answer says whether this much of a feature may be used. Numbers are in the feature's
// units; those of a feature that is not counted are 0.
type Answer struct {
	Allowed bool
	// Stale: the server has given no sign for longer than Config.Fresh, or answered from
	// memory while it was not sure to be the one in charge.
	Stale     bool
	Unlimited bool // counted without a limit
	Soft      bool // the limit may be passed
	Hidden    bool // locked, and not to be shown
	Reason    Reason
	Usage     float64
	Limit     float64
	Remaining float64   // never below zero
	Shortfall float64   // how much higher the limit would have to be; 0 when allowed
	ResetsAt  time.Time // when the allowance starts anew; zero when it never does
	Value     string    // of a feature with a value
	// Item is everything else that the server said of the feature: for an answer of the
	// process as of the last news, and nil for a feature that is not known. It is shared:
	// do not change it.
	Item *Item
	// Err is why Config.Development refuses the question; nil in production.
	Err error
}

// Int returns a value as a whole number; false when it is none.
func (a Answer) Int() (int64, bool) {
	n, err := strconv.ParseInt(a.Value, 10, 64)
	return n, err == nil
}

// Float returns a value as a number; false when it is none.
func (a Answer) Float() (float64, bool) {
	f, err := strconv.ParseFloat(a.Value, 64)
	return f, err == nil
}

// Message is the answer in plain words: the server's sentence, or, where the process has
// counted on since then, one of its own.
func (a Answer) Message() string {
	switch {
	case a.Item == nil:
		return "Nothing is known of this feature."
	case a.Reason == Unavailable:
		return a.Item.title() + ": the server is away, and what it said last is too old."
	case a.Item.answers(a):
		return a.Item.Message
	case a.Allowed:
		return a.Item.title() + ": " + number(a.Usage) + " of " + number(a.Limit) + " used."
	case a.Shortfall > 0:
		return a.Item.title() + ": " + number(a.Usage) + " of " + number(a.Limit) + " used, " + number(a.Shortfall) + " too few."
	}
	return a.Item.Message
}

// Unlock lists what could be bought that would allow it, cheapest first. Answers of the
// process have none: ask the server (Client.Check).
func (a Answer) Unlock() []Unlock {
	if a.Item == nil {
		return nil
	}
	return a.Item.Unlock
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Item is what the server says of one feature of an account. Pointers are nil where there
// is no such number.
type Item struct {
	Feature       string     `json:"feature"`
	Kind          Kind       `json:"kind,omitempty"`
	Allowed       bool       `json:"allowed"`
	Reason        Reason     `json:"reason"`
	Message       string     `json:"message"` // a sentence
	Value         string     `json:"value,omitempty"`
	Usage         *float64   `json:"usage"`
	Limit         *float64   `json:"limit"`
	Remaining     *float64   `json:"remaining"`
	Reserved      float64    `json:"reserved,omitempty"` // by open reservations
	Shortfall     float64    `json:"shortfall,omitempty"`
	Unlimited     bool       `json:"unlimited,omitempty"`
	Soft          bool       `json:"soft,omitempty"`
	Grace         *float64   `json:"grace,omitempty"` // how far above the limit it may still go
	GraceEndsAt   time.Time  `json:"grace_ends_at,omitzero"`
	ResetsAt      *time.Time `json:"resets_at"`
	TrialEndsAt   time.Time  `json:"trial_ends_at,omitzero"`
	Approximate   bool       `json:"approximate,omitempty"`
	StandardError float64    `json:"standard_error,omitempty"` // relative, of an approximate usage
	Source        string     `json:"source,omitempty"`         // "plan:pro,addon:sponsors"
	Sources       []Source   `json:"sources,omitempty"`
	PartOf        string     `json:"part_of,omitempty"`
	Rolling       bool       `json:"rolling,omitempty"` // the allowance is of the time before now: at ResetsAt only part of it comes back
	Hidden        bool       `json:"hidden,omitempty"`
	Holder        string     `json:"holder,omitempty"` // the account of the family whose pool answers
	ReservationID string     `json:"reservation_id,omitempty"`
	Unlock        []Unlock   `json:"unlock,omitempty"`
	Content       Content    `json:"content,omitzero"`
	Decision      *Decision  `json:"decision,omitempty"` // what to show at the placement asked for
	Position      string     `json:"position,omitempty"` // see WithPosition
	Stale         bool       `json:"stale,omitempty"`
}

func (i *Item) title() string {
	if i.Content.Title != "" {
		return i.Content.Title
	}
	return i.Feature
}

// answers says whether the server's sentence is about this answer.
func (i *Item) answers(a Answer) bool {
	return i.Message != "" && i.Allowed == a.Allowed && i.Reason == a.Reason && value(i.Usage) == a.Usage && i.Shortfall == a.Shortfall
}

func value(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

// answer is the item as the server answered it.
func (i *Item) answer() Answer {
	a := Answer{Allowed: i.Allowed, Stale: i.Stale, Unlimited: i.Unlimited, Soft: i.Soft, Hidden: i.Hidden, Reason: i.Reason,
		Usage: value(i.Usage), Limit: value(i.Limit), Remaining: value(i.Remaining), Shortfall: i.Shortfall, Value: i.Value, Item: i}
	if i.ResetsAt != nil {
		a.ResetsAt = *i.ResetsAt
	}
	return a
}

// Source is one of what an entitlement is made of.
type Source struct {
	Source    string     `json:"source"` // plan:pro, addon:sponsors, grant:ID, override
	Limit     *float64   `json:"limit,omitempty"`
	Balance   *float64   `json:"balance,omitempty"` // of a grant, what is left
	Unlimited bool       `json:"unlimited,omitempty"`
	Value     string     `json:"value,omitempty"`
	Priority  *int       `json:"priority,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Content is what is said of a feature to sell it.
type Content struct {
	Title   string `json:"title"`
	Benefit string `json:"benefit,omitempty"`
	Media   string `json:"media,omitempty"`
	Docs    string `json:"docs,omitempty"`
}

// Money is an exact amount: a decimal such as "149.00", and ISO 4217.
type Money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// String returns "149.00 USD".
func (m Money) String() string { return m.Amount + " " + m.Currency }

// Unlock is something that can be bought from here and would have made the answer yes.
type Unlock struct {
	Plan       string   `json:"plan,omitempty"`
	Addon      string   `json:"addon,omitempty"`
	Pack       string   `json:"pack,omitempty"`
	Quantity   int64    `json:"quantity,omitempty"`
	Title      string   `json:"title"`
	Price      Money    `json:"price"`
	Difference Money    `json:"difference"` // what the subscription would cost more, each interval
	Interval   string   `json:"interval"`
	Gives      string   `json:"gives"` // in plain words
	Limit      *float64 `json:"limit"` // the limit then
}

// Decision is what to show a person at a placement, or why nothing.
type Decision struct {
	ID        string    `json:"decision_id,omitempty"`
	Account   string    `json:"account"`
	User      string    `json:"user,omitempty"`
	Placement string    `json:"placement"`
	Feature   string    `json:"feature,omitempty"`
	Status    string    `json:"status"` // show or none
	Reason    string    `json:"reason"` // stable
	Offer     *Offer    `json:"offer,omitempty"`
	Variant   string    `json:"variant,omitempty"` // treatment or holdout
	At        time.Time `json:"at"`
	ExpiresAt time.Time `json:"expires_at"`
	Position  string    `json:"position,omitempty"`
}

// Show says whether there is something to show.
func (d Decision) Show() bool { return d.Status == "show" && d.Offer != nil }

// Offer is what the person sees.
type Offer struct {
	Key         string      `json:"key"`
	Kind        string      `json:"kind"` // ambient, contextual, interruption
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Body        string      `json:"body"`
	Media       string      `json:"media,omitempty"`
	CTA         CTA         `json:"cta"`
	Price       *OfferPrice `json:"price,omitempty"` // only for those who can buy
	Case        string      `json:"case,omitempty"`
	Assumptions []string    `json:"assumptions,omitempty"`
}

// CTA is the button. Action is buy, request, contact_sales or try.
type CTA struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url,omitempty"`
}

// OfferPrice is what the offer costs each interval in all, and what it costs more.
type OfferPrice struct {
	Recurring  Money  `json:"recurring"`
	Difference Money  `json:"difference"`
	Interval   string `json:"interval"`
}

// AddonLine is an add-on and how many of it.
type AddonLine struct {
	Key      string `json:"key"`
	Quantity int64  `json:"quantity"`
}

// Change asks for a subscription. What is left out keeps what is there.
type Change struct {
	Plan        string       `json:"plan,omitempty"`
	PlanVersion int          `json:"plan_version,omitempty"`
	Interval    string       `json:"interval,omitempty"` // month or year
	Quantity    int64        `json:"quantity,omitempty"`
	Currency    string       `json:"currency,omitempty"`
	Anchor      time.Time    `json:"anchor,omitzero"`
	Addons      *[]AddonLine `json:"addons,omitempty"` // all add-ons after the change; nil keeps those that fit
	Once        []AddonLine  `json:"once,omitempty"`   // bought once on top
	StartsAt    time.Time    `json:"starts_at,omitzero"`
	TrialEndsAt time.Time    `json:"trial_ends_at,omitzero"`
	Effective   string       `json:"effective,omitempty"` // now or renewal
	Cancel      bool         `json:"cancel,omitempty"`
	Undo        bool         `json:"undo,omitempty"`
	Token       string       `json:"token,omitempty"` // of a preview: refused unless it costs what was shown
}

// Subscription is what an account has bought, with what it may use by it.
type Subscription struct {
	Account      string      `json:"account"`
	Plan         string      `json:"plan"`
	PlanVersion  int         `json:"plan_version,omitempty"`
	Interval     string      `json:"interval"`
	Quantity     int64       `json:"quantity"`
	Currency     string      `json:"currency"`
	Anchor       *time.Time  `json:"anchor"`
	Addons       []AddonLine `json:"addons"`
	Status       string      `json:"status"`
	StartsAt     *time.Time  `json:"starts_at"`
	TrialEndsAt  *time.Time  `json:"trial_ends_at"`
	EndsAt       *time.Time  `json:"ends_at"`
	Recurring    Money       `json:"recurring"` // each interval
	MRR          Money       `json:"mrr"`
	Entitlements []Item      `json:"entitlements"`
	Position     string      `json:"position"`
}

// Quote is what a change would cost. Token binds it: Subscribe with it is refused unless
// the amounts are the same.
type Quote struct {
	Now         Money         `json:"now"` // due at once; negative is a credit
	Lines       []InvoiceLine `json:"lines"`
	Recurring   Money         `json:"recurring"`
	NextInvoice Invoice       `json:"next_invoice"`
	Dropped     []Dropped     `json:"dropped,omitempty"` // add-ons that do not go along
	Carried     []AddonLine   `json:"carried,omitempty"`
	Token       string        `json:"token"`
	ExpiresAt   time.Time     `json:"expires_at"`
}

// InvoiceLine is one line of an invoice.
type InvoiceLine struct {
	Title  string `json:"title"`
	Amount Money  `json:"amount"`
}

// Invoice is an invoice to come.
type Invoice struct {
	At    *time.Time    `json:"at"`
	Total Money         `json:"total"`
	Lines []InvoiceLine `json:"lines"`
}

// Dropped is an add-on that does not go with a change, and why.
type Dropped struct {
	Addon  string `json:"addon"`
	Reason string `json:"reason"`
}

// Grant is a balance of a feature, given on top of what was bought.
type Grant struct {
	ID        string     `json:"id"`
	Feature   string     `json:"feature"`
	Quantity  float64    `json:"quantity"`
	Used      float64    `json:"used"`
	Priority  int        `json:"priority"`
	GrantedAt *time.Time `json:"granted_at"`
	ExpiresAt *time.Time `json:"expires_at"` // nil: never
	Source    string     `json:"source"`
	Reason    string     `json:"reason,omitempty"`
	Position  string     `json:"position,omitempty"`
}
