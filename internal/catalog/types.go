// Package catalog holds what a company configures: features, meters, plans, add-ons,
// signals, offers and routing, parsed from YAML with positions, validated, and compared.
// What a definition does lives in its own domain; what it is lives here.
package catalog

import (
	"time"

	"github.com/headroomhq/headroom/internal/clock"
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
	// Currencies are all that prices may be in, Currency first.
	Currencies []money.Currency
	Zone       *time.Location // that windows begin in, unless the account has its own; nil: UTC
	Meters     map[string]*Meter
	Features   map[string]*Feature
	Plans      map[string]*Plan
	Addons     map[string]*Addon
	Signals    map[string]*Signal
	Offers     map[string]*Offer
	Routing    []*Route // first match wins; the last one has no condition, so one always matches

	Profiles map[string]*Profile
	Places   map[string]*Placement // placements that are described; offers may name others
	Launches map[string]*Launch
	Value    map[string]*ValueMetric // what accounts gain
	Billing  Billing

	Milestones map[string]*Milestone
	Lifecycle  Lifecycle
	Readiness  map[RevenueType]*ReadinessRule
	// Contact, Requests and Links hold for the whole company.
	Contact   ContactPolicy
	Requests  RequestPolicy
	Links     Links
	Referrals map[string]*Referral
	Surveys   map[string]*Survey
	// SurveyGap is how long a person is not asked again, whatever the survey; 30 days when not said.
	SurveyGap   time.Duration
	Experiments map[string]*Experiment
	// Holdout is the percent of account families that see no offer at all, over every channel.
	Holdout int64
	// Taxonomy says which type of revenue a kind of growth is where that differs from the
	// default; see the Growth constants.
	Taxonomy map[Growth]RevenueType
	// Severities are those of lint rules that the catalog sets itself, by code.
	Severities map[string]Severity

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
	Valued  FeatureKind = "value" // a static value: a number, or one of Feature.Values
	Seats   FeatureKind = "seats" // metered by a level: who holds one
)

// Readiness says who can deliver something. What is not ready is never offered or sold.
type Readiness string

// The readinesses; empty is Own.
const (
	Own      Readiness = "own"
	Partner  Readiness = "partner"
	NotReady Readiness = "not_ready"
)

// Feature is something a customer can use, with what is said to sell it.
type Feature struct {
	Key     string
	Title   string
	Benefit string // why they buy it
	Media   string // http(s) link
	Docs    string // http(s) link
	Kind    FeatureKind
	Meter   string // for Metered and Seats

	// Values are the texts a Valued feature may have, from least to most; none: it is a number.
	Values []string
	// PartOf is the feature this is a part of: it is locked where that is, and follows it where
	// nothing is said about the part itself.
	PartOf string
	// Hidden: a locked feature is not shown to those who lack it. Else it is visible but locked.
	Hidden bool
	// Pooled: what one account of a family has of it, all accounts below that account share.
	// Its meter is fed by consume.
	Pooled   bool
	Role     string // foundation, expansion or nothing
	UseCases []string
	Ready    Readiness
	Trial    *Trial // may be tried by itself; nil: not
	// Translations of Title and Benefit by BCP 47 language.
	Translations map[string]Translation
}

// Counted says whether usage of the feature is measured against a limit.
func (f *Feature) Counted() bool { return f.Kind == Metered || f.Kind == Seats }

// Translation is what sells a feature in another language; what is empty stays untranslated.
type Translation struct {
	Title   string
	Benefit string
}

// Entitlement is what a plan or add-on gives of one feature.
type Entitlement struct {
	Feature   string
	Allowed   bool              // Boolean features
	Value     string            // Valued features
	Unlimited bool              // Counted features without a limit
	Limit     quantity.Quantity // Counted features
	// PerUnit: the limit is for each unit of the plan's quantity.
	PerUnit  bool
	Per      Period
	Overage  *Overage // when set, the limit is soft and what is above it costs
	Soft     bool     // the limit may be passed at no price
	Grace    *Grace
	Rollover *Rollover
}

// Overage is the price of usage above the limit: each started Unit costs Price.
type Overage struct {
	Unit  quantity.Quantity
	Price money.Minor // in the catalog's currency
	// In has the price in the other currencies.
	In map[money.Currency]money.Minor
}

// Grace lets a hard limit be passed a little before it binds. Both bounds hold where both are set.
type Grace struct {
	Percent int64         // above the limit, 1 to 100; 0: no bound but For
	For     time.Duration // after the limit was first passed; 0: no bound but Percent
}

// Rollover takes what is left of an allowance into the next period, as a grant.
type Rollover struct {
	Cap quantity.Quantity // of what may have rolled over in all; 0: no bound
	For time.Duration     // until it expires; 0: to the end of the next period
}

// Trial says how something may be tried.
type Trial struct {
	Length time.Duration
	// Then is what follows when nothing was bought: a plan, or empty for nothing. Of plans only.
	Then string
	// Limit is how much of a Counted feature may be used in its trial; 0: the time alone bounds
	// it. A Valued feature is tried at the last of its Values.
	Limit quantity.Quantity
	// Extend is how much longer an extension makes it, Extensions how often it may be extended.
	Extend     time.Duration
	Extensions int
}

// Plan is what an account subscribes to.
type Plan struct {
	Key          string
	Title        string
	Family       string // core when not said
	Above        string // the plan just below this one in the family
	Price        Prices
	Trial        *Trial // nil: none
	Entitlements map[string]*Entitlement

	// Version of price and entitlements, from 1. Who bought an earlier one keeps it until a
	// change names a plan.
	Version int
	// Earlier are the versions before, by number, with their own Price and Entitlements.
	Earlier map[int]*Plan
	Retired bool // no longer sold; who has it keeps it
	// Reverse is the plan that whoever takes this one tries first: a reverse trial.
	Reverse  string
	Eligible *condition.Condition // nil: everybody
	Ready    Readiness
	UseCases []string
	// Unit names one unit of the plan's quantity, such as workspace; empty: a plan has no units.
	Unit string
}

// PlanOf returns a version of a plan, the newest for 0 and for a version it does not have;
// nil when there is no such plan.
func (c *Catalog) PlanOf(key string, version int) *Plan {
	p := c.Plans[key]
	if p == nil || version == 0 || version == p.Version {
		return p
	}
	if earlier := p.Earlier[version]; earlier != nil {
		return earlier
	}
	return p
}

// AddonKind says what sort of thing an add-on is.
type AddonKind string

// The kinds of add-on; empty is OfFeature.
const (
	OfFeature     AddonKind = "feature"
	OfIntegration AddonKind = "integration"
	OfModule      AddonKind = "module"
	OfCapacity    AddonKind = "capacity"
	OfSeat        AddonKind = "seat" // each with its own price; gives a feature of kind seats
	OfServiceTier AddonKind = "service_tier"
	OfService     AddonKind = "service"
	OfWorkspace   AddonKind = "workspace"
	OfPack        AddonKind = "pack"   // a quantity, each interval
	OfTopUp       AddonKind = "top_up" // a quantity, once
	OfBundle      AddonKind = "bundle" // other add-ons together; defined under bundles
)

// Addon is bought on top of a plan. Its limits are added to the plan's.
type Addon struct {
	Key          string
	Title        string
	Kind         AddonKind
	Price        Prices // Once for what is bought once, which is never recurring revenue
	Entitlements map[string]*Entitlement
	Needs        []string // any one of these plans or add-ons must be there
	Excludes     []string // none of these plans or add-ons may be there
	Complements  []string // goes well with these plans or add-ons
	// Includes are the add-ons of a bundle and how many of each. Entitlements and Price are
	// worked out from them when the catalog is read.
	Includes map[string]int64
	Discount int64         // percent off the sum of a bundle's parts
	Expires  time.Duration // of what was bought once: how long it can be used; 0: for ever
	Trial    *Trial
	Retired  bool
	Eligible *condition.Condition
	Ready    Readiness
	Role     string // foundation, expansion or nothing
	UseCases []string
}

// OneOff says whether the add-on is bought once, not each interval.
func (a *Addon) OneOff() bool { return a.Price.Once != nil }

// Profile is a role people play in the product, such as host or speaker.
type Profile struct {
	Key   string
	Title string
	// Invites are the profiles that this one brings in: how use spreads.
	Invites []string
	Seat    string // the feature of kind seats it takes one of; empty: none
	// External: people outside of the customer, such as attendees. They see no offer unless it
	// says so.
	External bool
}

// Placement describes a place in the product where offers appear.
type Placement struct {
	Key     string
	Title   string
	Feature string // that it is about; empty: none
	Profile string // that sees it; empty: all
	// Kind is the kind of place, one of PlacementKinds; empty: not said. An interruption is shown
	// only where Kind is in_flow or launch, or not said.
	Kind string
}

// PlacementKinds are the places in a product where offers may be.
var PlacementKinds = []string{"nav_badge", "usage_meter", "dashboard_card", "limit", "wizard_step", "locked", "billing", "invite",
	"team", "trial_expiry", "task_completed", "in_flow", "launch"}

// Launch is the introduction of a feature or an add-on.
type Launch struct {
	Key     string
	Title   string
	Feature string // one of Feature and Addon is set
	Addon   string
	On      clock.Time
	For     *condition.Condition // who it is for; nil: everybody who lacks it
	Case    string               // why they should want it
}

// Billing is how changes of subscriptions are charged.
type Billing struct {
	Proration string        // second (default), day or none
	Downgrade string        // when a change to less takes effect by default: now (default) or renewal
	Undo      time.Duration // how long a change can be undone; 0: not
}

// Growth is a kind of growth that a type of revenue is given to.
type Growth string

// The kinds of growth, with the type of revenue they are when the catalog does not say. The
// kinds of add-on are kinds of growth too, without a default: they go by NewFeature.
const (
	NewFamily  Growth = "new_family"  // a plan of another family: cross_sell
	NewFeature Growth = "new_feature" // an add-on that gives a feature not had before: cross_sell
	MoreOfSame Growth = "more"        // anything else: upsell
)

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
