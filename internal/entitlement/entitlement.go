// Package entitlement answers whether an account may use a feature, how much is left, and
// what would unlock it.
package entitlement

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Input is what an answer depends on.
type Input struct {
	Catalog      *catalog.Catalog
	Subscription *subscription.Subscription      // nil or zero: none
	Usage        func(meter string) *meter.Usage // nil function or nil Usage: nothing used yet
	Now          clock.Time
}

// Reason is the stable code of an answer.
type Reason string

// The reasons.
const (
	Included          Reason = "included" // a boolean feature, or a metered one without a limit
	WithinLimit       Reason = "within_limit"
	Overage           Reason = "overage" // above a soft limit: allowed, and it costs
	LimitReached      Reason = "limit_reached"
	NotInPlan         Reason = "not_in_plan"
	NoSubscription    Reason = "no_subscription"
	TrialExpired      Reason = "trial_expired"
	SubscriptionEnded Reason = "subscription_ended"
	UnknownFeature    Reason = "unknown_feature"
)

// Answer says whether this much of a feature may be used.
type Answer struct {
	Allowed   bool                `json:"allowed"`
	Reason    Reason              `json:"reason"`
	Message   string              `json:"message"` // the reason in plain words
	Feature   string              `json:"feature"`
	Kind      catalog.FeatureKind `json:"kind,omitempty"`
	Usage     *quantity.Quantity  `json:"usage"`     // nil for boolean features
	Limit     *quantity.Quantity  `json:"limit"`     // nil for boolean and unlimited
	Remaining *quantity.Quantity  `json:"remaining"` // nil for boolean and unlimited; never below zero
	Shortfall quantity.Quantity   `json:"shortfall"` // how much more the limit would have to be; 0 when allowed
	Unlimited bool                `json:"unlimited,omitempty"`
	Soft      bool                `json:"soft,omitempty"`   // the limit may be passed, at a price
	ResetsAt  clock.Time          `json:"resets_at"`        // null when it never does
	Source    string              `json:"source,omitempty"` // "plan:pro", "plan:pro,addon:sponsors"
	Unlock    []Unlock            `json:"unlock"`           // cheapest first; empty when allowed
}

// Unlock is something that can be bought from here and would have made the answer yes.
type Unlock struct {
	Plan     string                `json:"plan,omitempty"`
	Addon    string                `json:"addon,omitempty"`
	Quantity int64                 `json:"quantity,omitempty"` // of the add-on, to buy on top of what is there
	Title    string                `json:"title"`
	Price    money.Amount          `json:"price"`      // of the plan or of Quantity add-ons, each interval
	More     money.Amount          `json:"difference"` // what the whole subscription would cost more, each interval
	Interval subscription.Interval `json:"interval"`
	Gives    string                `json:"gives"` // in plain words: "50 Speakers"
	Limit    *quantity.Quantity    `json:"limit"` // the limit then; nil for boolean and unlimited
}

// Item is one line of an account's entitlements. Allowed is for one more.
type Item struct {
	Answer
	Content Content `json:"content"`
}

// Content is what is said of a feature to sell it.
type Content struct {
	Title   string `json:"title"`
	Benefit string `json:"benefit,omitempty"`
	Media   string `json:"media,omitempty"`
	Docs    string `json:"docs,omitempty"`
}

// Grant is what a plan and add-ons give of one feature together.
type Grant struct {
	Allowed   bool // there is something
	Unlimited bool
	Limit     quantity.Quantity
	Per       catalog.Period
	Overage   *catalog.Overage
	Source    string
}

// Check answers whether q of feature may be used (one when the caller asks for nothing
// special; zero asks whether there is anything at all).
func Check(in Input, feature string, q quantity.Quantity) Answer { return Answer{} }

// All answers for every feature of the catalog, by key.
func All(in Input) []Item { return nil }

// Take decides a consume of q: the answer is as it stands after q was taken when allowed.
// Faults: unknown_feature, feature_not_metered, meter_fed_by_events, quantity_invalid.
func Take(in Input, feature string, q quantity.Quantity) (Answer, error) { return Answer{}, nil }

// GrantOf returns what plan and add-ons give of feature by the catalog.
func GrantOf(cat *catalog.Catalog, plan string, addons []subscription.AddonLine, feature string) Grant {
	return Grant{}
}
