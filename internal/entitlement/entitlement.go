// Package entitlement answers whether an account may use a feature, how much is left, when
// that resets, and what would unlock more.
package entitlement

import (
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Input is what an answer depends on.
type Input struct {
	Catalog      *catalog.Catalog
	Subscription *subscription.Subscription      // nil or zero: none; taken as it is at Now
	Usage        func(meter string) *meter.Usage // nil function or nil Usage: nothing used yet
	Now          clock.Time
	// Eligible says whether a condition of the catalog holds for the account; nil: all do.
	Eligible func(*condition.Condition) bool
	Zone     *time.Location // by whose clocks the account's periods begin; nil: UTC
	// State has grants, overrides and reservations; nil: none.
	State *State
	// Languages are those to write content in, the most wanted first (BCP 47); what is not
	// translated stays as the catalog has it.
	Languages []string
}

// Reason is the stable code of an answer.
type Reason string

// The reasons.
const (
	Included          Reason = "included"     // a boolean feature, or a metered one without a limit
	WithinLimit       Reason = "within_limit" // this much fits
	Overage           Reason = "overage"      // above a soft limit: allowed, and it costs where the catalog prices it
	Granted           Reason = "granted"      // allowed because of a grant
	Overridden        Reason = "override"     // as an override says, be it yes or no
	OnTrial           Reason = "trial"        // allowed because an add-on or the feature is being tried
	InGrace           Reason = "grace"        // above a hard limit, by as much and for as long as its grace lets it
	PartLocked        Reason = "part_locked"  // it is part of a feature that is locked
	NotEligible       Reason = "not_eligible" // not in the plan, and what would give it is not sold to this account
	LimitReached      Reason = "limit_reached"
	NotInPlan         Reason = "not_in_plan"
	NoSubscription    Reason = "no_subscription"
	TrialExpired      Reason = "trial_expired"
	SubscriptionEnded Reason = "subscription_ended"
	UnknownFeature    Reason = "unknown_feature" // not in the catalog; never opens a gate
)

// Answer says whether this much of a feature may be used. Its JSON is fixed by the tags here:
// whoever writes it in another way (json.go) follows their names, order and omissions.
type Answer struct {
	Allowed   bool                `json:"allowed"`
	Reason    Reason              `json:"reason"`
	Message   string              `json:"message"` // the reason in plain words, a sentence
	Feature   string              `json:"feature"`
	Kind      catalog.FeatureKind `json:"kind,omitempty"`
	Value     string              `json:"value,omitempty"`     // of a static value; empty without one
	Usage     *quantity.Quantity  `json:"usage"`               // nil for features that are not counted
	Limit     *quantity.Quantity  `json:"limit"`               // with what grants add; nil for not counted and unlimited; 0 without an entitlement
	Remaining *quantity.Quantity  `json:"remaining"`           // nil where Limit is; never below zero; without what is reserved
	Reserved  quantity.Quantity   `json:"reserved,omitempty"`  // by open reservations
	Shortfall quantity.Quantity   `json:"shortfall"`           // how much higher the limit would have to be; 0 when allowed
	Unlimited bool                `json:"unlimited,omitempty"` // counted without a limit
	Soft      bool                `json:"soft,omitempty"`      // the limit may be passed
	// Grace is how far above the limit usage may still go; nil when there is no grace or it has
	// no such bound. GraceEndsAt is when it is over, unset before the limit was passed.
	Grace       *quantity.Quantity `json:"grace,omitempty"`
	GraceEndsAt clock.Time         `json:"grace_ends_at,omitzero"`
	ResetsAt    clock.Time         `json:"resets_at"`              // when an allowance starts anew, or the oldest usage of a rolling one drops out; null when it never does
	TrialEndsAt clock.Time         `json:"trial_ends_at,omitzero"` // when a trial that gives it ends
	// Approximate: usage is an estimate with a relative standard error of StandardError, because
	// more different members were counted than are kept.
	Approximate   bool         `json:"approximate,omitempty"`
	StandardError float64      `json:"standard_error,omitempty"`
	Overage       *OverageCost `json:"overage,omitempty"`        // what passing a soft limit costs, where it costs
	Source        string       `json:"source,omitempty"`         // "plan:pro", "plan:pro,addon:sponsors,grants"
	Sources       []Source     `json:"sources,omitempty"`        // what each of them gives
	PartOf        string       `json:"part_of,omitempty"`        // the feature it is a part of
	Hidden        bool         `json:"hidden,omitempty"`         // locked, and not to be shown
	Holder        string       `json:"holder,omitempty"`         // the account of the family whose pool answers
	ReservationID string       `json:"reservation_id,omitempty"` // of what was just reserved or finalized
	Unlock        []Unlock     `json:"unlock"`                   // what would allow it, cheapest first; empty when allowed
}

// OverageCost is what usage above a soft limit costs: each started Unit of it Price.
type OverageCost struct {
	Unit  quantity.Quantity `json:"unit"`
	Price money.Amount      `json:"price"`
	Cost  money.Amount      `json:"cost"` // of what is above the limit with what was asked for
}

// Check answers whether q of a feature may be used now. q is quantity.One when the caller
// asks for nothing special; zero asks whether the account has the feature at all, whatever
// is used up; below zero counts as zero. For boolean features q says nothing.
func Check(in Input, feature string, q quantity.Quantity) Answer {
	in.Subscription = current(in)
	a, _ := answer(in, feature, q)
	if !a.Allowed && a.Reason != UnknownFeature {
		a.Unlock = unlocks(in, in.Catalog.Features[feature], max(q, 0))
	}
	return a
}

// Take decides a consume of q of a feature. When the answer allows it, usage and remaining
// are as they stand after q was taken; taking it (meter.Consume) is the caller's. Hard
// limits bind; soft ones let it pass as overage. Faults: unknown_feature,
// feature_not_metered, meter_fed_by_events, quantity_invalid.
func Take(in Input, feature string, q quantity.Quantity) (Answer, error) {
	f := in.Catalog.Features[feature]
	switch {
	case f == nil:
		return Answer{}, fault.New(fault.NotFound, "unknown_feature", "feature %q is not in the catalog", fault.Shorten(feature)).
			WithMend("use the key of a feature of the catalog").WithField("/feature", feature, "is not in the catalog")
	case !f.Counted():
		return Answer{}, fault.New(fault.Invalid, "feature_not_metered", "feature %s is on or off, so nothing of it can be consumed", feature).
			WithMend("ask with check, or make it metered in the catalog").WithField("/feature", feature, "is not metered")
	case in.Catalog.Meters[f.Meter] == nil || !in.Catalog.Meters[f.Meter].FedByConsume:
		return Answer{}, fault.New(fault.Conflict, "meter_fed_by_events", "meter %s of feature %s is fed by events, so it cannot be consumed too", f.Meter, feature).
			WithMend("send its events and ask with check, or declare the meter as fed_by: consume in the catalog").WithField("/feature", feature, "its meter is fed by events")
	case q <= 0:
		return Answer{}, fault.New(fault.Invalid, "quantity_invalid", "quantity %s cannot be consumed", q).
			WithMend("use a number above 0").WithField("/quantity", q.String(), "want a number above 0")
	}
	in.Subscription = current(in)
	a, grant := answer(in, feature, q)
	if !a.Allowed {
		a.Unlock = unlocks(in, f, q)
		return a, nil
	}
	used := a.Usage.Add(q)
	a.Usage = &used
	if a.Remaining != nil {
		left := max(*a.Remaining-q, 0)
		a.Remaining = &left
	}
	a.Message = sentence(in, f, &a, 0, grant)
	return a, nil
}

// current returns the subscription as it is at in.Now, nil when there is none.
func current(in Input) *subscription.Subscription {
	if in.Subscription == nil || in.Subscription.Status == "" {
		return nil
	}
	return subscription.AsOf(in.Subscription, in.Now, in.Catalog)
}

// answer is Check without what would unlock it, and the grant it was decided by;
// in.Subscription is current.
func answer(in Input, feature string, q quantity.Quantity) (Answer, Given) {
	q = max(q, 0)
	a := Answer{Feature: feature, Unlock: []Unlock{}}
	f := in.Catalog.Features[feature]
	if f == nil {
		a.Reason = UnknownFeature
		a.Message = "There is no feature " + fault.Shorten(feature) + " in the catalog."
		return a, Given{}
	}
	a.Kind = f.Kind
	var grant Given
	sub := in.Subscription
	switch {
	case sub == nil:
		a.Reason = NoSubscription
	case sub.Status == subscription.Expired:
		a.Reason = TrialExpired
	case !sub.Live():
		a.Reason = SubscriptionEnded
	default:
		grant = best(in, f, sub.Plan, sub.Addons, q)
		a.Source = grant.Source
	}
	if f.Kind == catalog.Boolean {
		if a.Reason == "" {
			a.Reason = NotInPlan
			if a.Allowed = grant.Allowed; a.Allowed {
				a.Reason = Included
			}
		}
		a.Message = sentence(in, f, &a, q, grant)
		return a, grant
	}
	usage, approximate := in.used(f, grant.Per), in.approximate(f, grant.Per)
	a.Usage = &usage
	a.ResetsAt = in.resetsAt(f, grant.Per)
	if approximate {
		a.Approximate, a.StandardError = true, meter.StandardError
	}
	if grant.Unlimited {
		a.Allowed, a.Reason, a.Unlimited = true, Included, true
		a.Message = sentence(in, f, &a, q, grant)
		return a, grant
	}
	limit, remaining := grant.Limit, max(grant.Limit-usage, 0)
	a.Limit, a.Remaining, a.Soft = &limit, &remaining, grant.Overage != nil
	if a.Reason == "" {
		a.Reason = grant.decide(usage, q)
	}
	switch a.Reason {
	case WithinLimit, Overage:
		a.Allowed = true
	default:
		a.Shortfall = max(usage.Add(q)-limit, 0)
	}
	a.Message = sentence(in, f, &a, q, grant)
	return a, grant
}

// decide compares usage with the limit of a metered feature.
func (g Given) decide(usage, q quantity.Quantity) Reason {
	switch {
	case !g.Allowed:
		return NotInPlan
	case q == 0 || usage.Add(q) <= g.Limit:
		return WithinLimit
	case g.Overage != nil:
		return Overage
	}
	return LimitReached
}

// Item is one line of an account's entitlements. Allowed is for one more of a metered feature.
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

// All answers for every feature of the catalog, by key, without what would unlock it.
func All(in Input) []Item {
	in.Subscription = current(in)
	items := make([]Item, 0, len(in.Catalog.Features))
	for _, key := range sortedKeys(in.Catalog.Features) {
		f := in.Catalog.Features[key]
		a, _ := answer(in, key, quantity.One)
		items = append(items, Item{
			Answer:  a,
			Content: Content{Title: titleOf(f), Benefit: f.Benefit, Media: f.Media, Docs: f.Docs},
		})
	}
	return items
}

// terms are what a change of the subscription is judged by.
func (in *Input) terms() subscription.Terms {
	return subscription.Terms{Catalog: in.Catalog, Now: in.Now, Eligible: in.Eligible}
}

// usage returns the state of the feature's meter, nil when nothing was used.
func (in *Input) usage(f *catalog.Feature) *meter.Usage {
	if in.Usage == nil {
		return nil
	}
	return in.Usage(f.Meter)
}

// used returns how much of a metered feature was used in the allowance's period.
func (in *Input) used(f *catalog.Feature, per catalog.Period) quantity.Quantity {
	def := in.Catalog.Meters[f.Meter]
	if def == nil {
		return 0
	}
	return meter.Value(in.usage(f), def, per, in.calendar(), in.Now)
}

// resetsAt returns when an allowance of that period begins anew, unset when it never does.
func (in *Input) resetsAt(f *catalog.Feature, per catalog.Period) clock.Time {
	def := in.Catalog.Meters[f.Meter]
	if per == catalog.Lifetime || def == nil {
		return 0
	}
	return meter.Read(in.usage(f), def, per, in.calendar(), in.Now).ResetsAt
}

// approximate says whether used is an estimate.
func (in *Input) approximate(f *catalog.Feature, per catalog.Period) bool {
	def := in.Catalog.Meters[f.Meter]
	return def != nil && def.Aggregate == catalog.Unique && meter.Read(in.usage(f), def, per, in.calendar(), in.Now).Approximate
}

func (in *Input) isLevel(f *catalog.Feature) bool {
	def := in.Catalog.Meters[f.Meter]
	return def != nil && def.Aggregate == catalog.Level
}

// calendar says where the account's periods begin; those of the calendar without a subscription.
func (in *Input) calendar() subscription.Calendar {
	cal := subscription.Calendar{Zone: in.Zone}
	if in.Subscription != nil {
		cal.Anchor = in.Subscription.Anchor
	}
	return cal
}

func titleOf(f *catalog.Feature) string {
	if strings.TrimSpace(f.Title) == "" {
		return f.Key
	}
	return f.Title
}
