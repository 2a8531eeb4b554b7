// Package catalog holds what a company configures: features, meters, plans, add-ons,
// signals, offers and routing, parsed from YAML with positions, validated, and compared.
// What a definition does lives in its own domain; what it is lives here.
package catalog

import (
	"time"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Catalog is one immutable version. It is safe for concurrent reading; nobody changes it
// after Parse.
type Catalog struct {
	// Version identifies the text: "c-" and the first 16 hex digits of its SHA-256.
	Version  string
	Currency money.Currency
	Zone     *time.Location // that windows begin in, unless the account has its own; nil: UTC
	Meters   map[string]*Meter
	Features map[string]*Feature
	Plans    map[string]*Plan
	Addons   map[string]*Addon
	Signals  map[string]*Signal
	Offers   map[string]*Offer
	Routing  []*Route // first match wins; the last one has no condition, so one always matches

	text      []byte
	positions map[string]Position
	index     index
}

// Position is a place in a catalog file; Line and Column count from 1.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Aggregate is how a meter turns events into usage.
type Aggregate string

// The aggregates.
const (
	Count  Aggregate = "count"  // number of events
	Sum    Aggregate = "sum"    // sum of a numeric property
	Max    Aggregate = "max"    // highest value of a numeric property
	Min    Aggregate = "min"    // lowest value of a numeric property
	Latest Aggregate = "latest" // value of a numeric property in the newest event
	Level  Aggregate = "level"  // goes up on one event and down on another, never resets
	Unique Aggregate = "unique" // number of different values of a property
)

// FeatureKind is the kind of entitlement a feature has.
type FeatureKind string

// The feature kinds.
const (
	Boolean FeatureKind = "boolean"
	Metered FeatureKind = "metered"
)

// Feature is something a customer can use, with what is said to sell it.
type Feature struct {
	Key     string
	Title   string
	Benefit string // why they buy it
	Media   string // http(s) link
	Docs    string // http(s) link
	Kind    FeatureKind
	Meter   string // for Metered
}

// Entitlement is what a plan or add-on gives of one feature.
type Entitlement struct {
	Feature   string
	Allowed   bool              // Boolean features
	Unlimited bool              // Metered features without a limit
	Limit     quantity.Quantity // Metered features
	Per       Period
	Overage   *Overage // when set, the limit is soft and what is above it costs
}

// Overage is the price of usage above the limit: each started Unit costs Price.
type Overage struct {
	Unit  quantity.Quantity
	Price money.Minor
}

// Prices are per interval in the catalog's currency; absent when not sold by that interval.
type Prices struct {
	Month *money.Minor
	Year  *money.Minor
}

// Plan is what an account subscribes to.
type Plan struct {
	Key          string
	Title        string
	Family       string // core when not said
	Above        string // the plan just below this one in the family
	Price        Prices
	Trial        time.Duration // zero: no trial
	Entitlements map[string]*Entitlement
}

// Addon is bought on top of a plan. Its limits are added to the plan's.
type Addon struct {
	Key          string
	Title        string
	Price        Prices
	Entitlements map[string]*Entitlement
	Needs        []string // any one of these plans or add-ons must be there
}

// RevenueType tells what kind of growth something is (see glossary: upsell, cross-sell).
type RevenueType string

// The revenue types.
const (
	NewLogo   RevenueType = "new_logo"
	Upsell    RevenueType = "upsell"
	CrossSell RevenueType = "cross_sell"
	Renewal   RevenueType = "renewal"
	Save      RevenueType = "save"
)

// Signal is a compelling event: a hypothesis with the rule that notices it.
type Signal struct {
	Key        string
	Type       RevenueType
	Hypothesis string
	Owner      string        // product, sales, marketing or success
	State      string        // proposed, testing, validated or retired; retired never fires
	Decays     time.Duration // how long it stays worth acting on; 30 days when not said
	When       When

	mark uint64
}

// When is a signal's rule: exactly one of Limit, Gate, Event, Sequence, Rate, Absent and
// TrialEndsIn is set.
type When struct {
	Limit   string // feature whose usage reaches Reaches percent of its limit
	Reaches int64  // 1 to 1000

	Gate   string        // locked feature touched Times within Within
	Times  int           // 1 to 1000; also for Event
	Within time.Duration // up to 366 days; also for Event with Times, and for Sequence

	// Event is an event type that occurs for the Nth time in the account's life, every
	// Every-th time, or Times within Within: one of the three.
	Event string
	Nth   int64
	Every int64
	Where []Test // only such occurrences of Event, Rate and Absent count

	Sequence []Step // event types that follow each other, all within Within; 2 to 8

	// Rate is a meter, or else an event type, of which there is more by Rises percent, or
	// less by Falls, in a window of Over than in the one before it, with at least AtLeast in
	// the fuller of the two.
	Rate         string
	Over         time.Duration
	Rises, Falls int64 // percent; one of the two
	AtLeast      quantity.Quantity

	// Absent is an event type that does not occur for For, after it has at least After times.
	Absent string
	For    time.Duration
	After  int64

	TrialEndsIn time.Duration // before the end of the trial
}

// Step is one step of a sequence.
type Step struct {
	Event string
	Where []Test // only such occurrences count
}

// OfferKind is how much attention an offer asks for.
type OfferKind string

// The offer kinds.
const (
	Ambient      OfferKind = "ambient"      // raises awareness, asks nothing, spends no contact budget
	Contextual   OfferKind = "contextual"   // at the point of need
	Interruption OfferKind = "interruption" // in the way, under a stricter cap
)

// Offer is what is proposed when one of its signals is alive.
type Offer struct {
	Key     string
	On      []string // signals
	Give    Give
	At      []string // placements
	Kind    OfferKind
	For     *condition.Condition // nil: everybody
	Contact Contact
	Content Content
	Holdout int64 // percent of account families that never see it, 0 to 100
}

// Give is what accepting the offer changes: a plan, or an add-on and its quantity.
type Give struct {
	Plan     string `json:"plan,omitempty"`
	Addon    string `json:"addon,omitempty"`
	Quantity int64  `json:"quantity,omitempty"` // of the add-on, 1 when not said
}

// Contact is an offer's own contact policy. Zero values mean no bound.
type Contact struct {
	Cooldown time.Duration // silence for this account after a dismissal
	AtMost   int           // times shown ...
	Per      time.Duration // ... within this window
}

// Content is what the offer says. Placeholders such as {usage}, {limit}, {remaining},
// {limit_next}, {feature}, {plan}, {plan_next}, {price} and {percent} are filled from the
// account's own usage.
type Content struct {
	Title  string
	Body   string
	Action string // label of the button
	Media  string // http(s) link
}

// Route sends a signal's revenue to the team that fits its size.
type Route struct {
	When    *condition.Condition // over amount (a year's money, in major units), type and account; nil: always
	To      string               // self_service, or the owner of an opportunity
	Motion  string               // self_service, success, sales or partner
	Involve []string
	Play    string
}
