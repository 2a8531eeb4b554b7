// Package entitlement answers whether an account may use a feature, how much is left, when
// that resets, and what would unlock more.
package entitlement

import (
	"slices"
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
	// Trials are those of add-ons, features and plans beside the subscription's; other trials of
	// plans are subscriptions.
	Trials []subscription.Trial
	// Languages are those to write content in, the most wanted first (BCP 47); what is not
	// translated stays as the catalog has it.
	Languages []string

	bare bool // without Sources
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
	ResetsAt    clock.Time         `json:"resets_at"` // when an allowance starts anew, or the oldest usage of a rolling one drops out; null when it never does
	// Rolling: the allowance is of the time before now; at ResetsAt only some of it comes back.
	Rolling     bool       `json:"rolling,omitempty"`
	TrialEndsAt clock.Time `json:"trial_ends_at,omitzero"` // when a trial that gives it ends
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
// is used up; below zero counts as zero. For features that are not counted q says nothing.
func Check(in Input, feature string, q quantity.Quantity) Answer {
	in.Subscription = current(in)
	a, _ := answer(&in, feature, q)
	if !a.Allowed && a.Reason != UnknownFeature {
		a.lacks(&in, in.Catalog.Features[feature], max(q, 0))
	}
	return a
}

// lacks adds to a no what would make it a yes.
func (a *Answer) lacks(in *Input, f *catalog.Feature, q quantity.Quantity) {
	var barred bool
	if a.Unlock, barred = unlocks(*in, f, q); barred && len(a.Unlock) == 0 && a.Reason == NotInPlan {
		a.Reason = NotEligible
		a.Message = sentence(*in, f, a, q, &Given{})
	}
}

// Take decides a consume of q of a feature. When the answer allows it, usage and remaining
// are as they stand after q was taken; taking it (meter.Consume) is the caller's. Hard
// limits bind, but for their grace; soft ones let it pass. Faults: unknown_feature,
// feature_not_metered, meter_fed_by_events, quantity_invalid.
func Take(in Input, feature string, q quantity.Quantity) (Answer, error) {
	f, err := Consumable(in.Catalog, feature, q)
	if err != nil {
		return Answer{}, err
	}
	in.Subscription = current(in)
	a, given := answer(&in, feature, q)
	if !a.Allowed {
		a.lacks(&in, f, q)
		return a, nil
	}
	used := a.Usage.Add(q)
	a.Usage = &used
	if a.Remaining != nil {
		left := max(*a.Remaining-q, 0)
		if a.Grace != nil {
			grace := min(*a.Grace, max(a.Grace.Add(*a.Limit)-used-a.Reserved, 0))
			a.Grace = &grace
		}
		a.Remaining = &left
	}
	a.Message = sentence(in, f, &a, 0, &given)
	return a, nil
}

// Consumable returns the feature, of which q can be consumed at all; else why not.
func Consumable(cat *catalog.Catalog, feature string, q quantity.Quantity) (*catalog.Feature, error) {
	f := cat.Features[feature]
	switch {
	case f == nil:
		return nil, unknownFeature(feature)
	case !f.Counted():
		return nil, fault.New(fault.Invalid, "feature_not_metered", "feature %s is not counted, so nothing of it can be consumed", feature).
			WithMend("ask with check, or make it metered in the catalog").WithField("/feature", feature, "is not metered")
	case cat.Meters[f.Meter] == nil || !cat.Meters[f.Meter].FedByConsume:
		return nil, fault.New(fault.Conflict, "meter_fed_by_events", "meter %s of feature %s is fed by events, so it cannot be consumed too", f.Meter, feature).
			WithMend("send its events and ask with check, or declare the meter as fed_by: consume in the catalog").WithField("/feature", feature, "its meter is fed by events")
	case q <= 0:
		return nil, fault.New(fault.Invalid, "quantity_invalid", "quantity %s cannot be consumed", q).
			WithMend("use a number above 0").WithField("/quantity", q.String(), "want a number above 0")
	}
	return f, nil
}

// current returns the subscription as it is at in.Now, nil when there is none.
func current(in Input) *subscription.Subscription {
	if in.Subscription == nil || in.Subscription.Status == "" {
		return nil
	}
	return subscription.AsOf(in.Subscription, in.Now, in.Catalog)
}

// answer is Check without what would unlock it, and what it was decided by; in.Subscription
// is current.
func answer(in *Input, feature string, q quantity.Quantity) (Answer, Given) {
	q = max(q, 0)
	a := Answer{Feature: feature, Unlock: []Unlock{}}
	f := in.Catalog.Features[feature]
	if f == nil {
		a.Reason = UnknownFeature
		a.Message = "There is no feature " + fault.Shorten(feature) + " in the catalog."
		return a, Given{}
	}
	a.Kind, a.PartOf = f.Kind, f.PartOf
	givens, sources := in.gathered(f, !in.bare)
	given := in.best(f, givens, q)
	b := in.balance(f, givens)
	if a.Source = given.Source; b.any || b.open > 0 {
		a.Source = join(a.Source, "grants")
	}
	if !in.bare {
		a.Sources = in.withGrants(sources, f, givens)
	}
	if f.Counted() {
		a.count(in, f, &given, &b, q)
	} else {
		a.Reason, a.Value = in.without(&given, &b), given.Value
	}
	switch a.Reason {
	case Included, WithinLimit, Overage, Granted, OnTrial, InGrace:
		a.Allowed = true
	case Overridden:
		a.Allowed = given.Allowed
	}
	if whole := in.Catalog.Features[f.PartOf]; whole != nil && given.override == nil && !in.has(whole, 0) {
		a.Allowed, a.Reason = false, PartLocked
	}
	if a.Allowed {
		a.Shortfall = 0
		a.TrialEndsAt = given.trialEnd
		if sub := in.Subscription; a.TrialEndsAt == 0 && given.override == nil && given.bought && sub.Status == subscription.Trialing {
			a.TrialEndsAt = sub.TrialEndsAt
		}
	} else {
		a.Overage = nil
		a.Hidden = f.Hidden && a.Reason != LimitReached
	}
	a.Message = sentence(*in, f, &a, q, &given)
	return a, given
}

// without is the reason of an answer that no limit decides.
func (in *Input) without(given *Given, b *balance) Reason {
	switch {
	case given.override != nil:
		return Overridden
	case given.bought:
		return Included
	case given.Allowed:
		return OnTrial
	case b.any || b.open > 0:
		return Granted
	case in.Subscription == nil:
		return NoSubscription
	case in.Subscription.Status == subscription.Expired:
		return TrialExpired
	case !in.Subscription.Live():
		return SubscriptionEnded
	}
	return NotInPlan
}

// count answers for a counted feature.
func (a *Answer) count(in *Input, f *catalog.Feature, given *Given, b *balance, q quantity.Quantity) {
	usage := in.used(f, given.Per)
	if !given.Allowed && (b.any || b.open > 0) { // grants alone give it
		usage = max(usage-in.base(f), 0)
	}
	a.Usage, a.Reserved = &usage, in.reserved(f)
	a.ResetsAt = in.resetsAt(f, given.Per)
	_, a.Rolling = given.Per.Rolling()
	if in.approximate(f, given.Per) {
		a.Approximate, a.StandardError = true, meter.StandardError
	}
	if a.Reason = in.without(given, b); given.Unlimited {
		a.Unlimited = true
		return
	}
	taken := usage.Add(a.Reserved)
	limit := in.limitOf(f, given, b)
	remaining := max(limit-taken, 0)
	a.Limit, a.Remaining, a.Soft = &limit, &remaining, given.passable()
	grace := in.graceOf(f, given)
	a.Grace, a.GraceEndsAt = grace.left(limit, taken), grace.until
	need := taken.Add(q)
	a.Shortfall = max(need-limit, 0)
	switch {
	case !given.Allowed && !b.any && b.open == 0, !given.Allowed && given.override != nil:
		return // nothing gives it
	case q == 0 || need <= limit:
		a.Reason = fits(given, need, limit)
	case given.passable():
		a.Reason = Overage
		a.Overage = in.overage(given, need-limit)
	case grace.lets(limit, need):
		a.Reason = InGrace
	default:
		a.Reason = LimitReached
		a.Shortfall = grace.shortfall(limit, need)
	}
}

// fits says why need is within the limit, or why there is something to use at all.
func fits(given *Given, need, limit quantity.Quantity) Reason {
	switch {
	case !given.Allowed, need > given.Limit && need <= limit:
		return Granted
	case given.tried > 0 && need > given.Limit-given.tried:
		return OnTrial
	}
	return WithinLimit
}

// granted says whether there is any grant of f.
func (in *Input) granted(f *catalog.Feature) bool {
	return in.State != nil && slices.ContainsFunc(in.State.Grants, func(g Grant) bool { return g.Feature == f.Key })
}

// best returns what answers q best: what allows it, without overage if possible, with the
// most left.
func (in *Input) best(f *catalog.Feature, givens []Given, q quantity.Quantity) Given {
	switch {
	case len(givens) == 0:
		return Given{}
	case !f.Counted() || len(givens) == 1:
		return givens[0]
	}
	reserved := in.reserved(f)
	var most Given
	var mostRank int
	var mostLeft quantity.Quantity
	for i, g := range givens {
		taken := in.used(f, g.Per).Add(reserved)
		rank, left := 0, g.Limit-taken
		switch {
		case g.Unlimited:
			rank = 3
		case q == 0 || taken.Add(q) <= g.Limit:
			rank = 2
		case g.passable():
			rank = 1
		}
		if i == 0 || rank > mostRank || rank == mostRank && left >= mostLeft {
			most, mostRank, mostLeft = g, rank, left
		}
	}
	return most
}

// has says whether the account has any of a feature, be it used up; a part of what it lacks
// it does not have.
func (in *Input) has(f *catalog.Feature, depth int) bool {
	givens := in.givens(f)
	if len(givens) > 0 && givens[0].override != nil {
		return givens[0].Allowed
	}
	if b := in.balance(f, givens); len(givens) == 0 && !b.any && b.open == 0 {
		return false
	}
	whole := in.Catalog.Features[f.PartOf]
	return whole == nil || depth > 10 || in.has(whole, depth+1) // the catalog has no circles; never hang on one
}

// withGrants adds the live grants of f to what else gives it, in the order in which they are used.
func (in *Input) withGrants(out []Source, f *catalog.Feature, givens []Given) []Source {
	if !in.granted(f) || len(givens) > 0 && givens[0].override != nil {
		return out
	}
	allowance := in.allowance(givens)
	for _, i := range in.State.inOrder(f.Key) {
		g := &in.State.Grants[i]
		if !g.live(in.Now, allowance) {
			continue
		}
		s := Source{Source: "grant:" + g.ID, ExpiresAt: g.ExpiresAt}
		if f.Counted() {
			s.Balance, s.Priority = new(g.left()), new(g.Priority)
		}
		out = append(out, s)
	}
	return out
}

func join(list, one string) string {
	if list == "" {
		return one
	}
	return list + "," + one
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

// began returns when the window of now began, unset for what has none.
func (in *Input) began(f *catalog.Feature, per catalog.Period) clock.Time {
	def := in.Catalog.Meters[f.Meter]
	if per == catalog.Lifetime || def == nil {
		return 0
	}
	return meter.Read(in.usage(f), def, per, in.calendar(), in.Now).Start
}
