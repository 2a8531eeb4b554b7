package offer

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// holds says whether what a signal noticed is still so: an offer on it would otherwise
// speak of a limit that was raised or a lock that is open.
func (x *deciding) holds(s *signal.Signal) bool {
	rule := x.Catalog.Signals[s.Key]
	if rule == nil || s.DecaysAt <= x.Now {
		return false
	}
	known := func(feature string) bool { _, there := x.Features[feature]; return there || x.Standing != nil }
	switch w := &rule.When; {
	case w.Limit != "":
		at := x.feature(w.Limit)
		return !known(w.Limit) || !at.Unlimited && at.Usage.Percent(at.Limit) >= w.Reaches
	case w.Unlimited != "":
		return !known(w.Unlimited) || x.feature(w.Unlimited).Unlimited
	case w.Gate != "":
		at := x.feature(w.Gate)
		return !at.Allowed && !at.Unlimited
	case w.TrialEndsIn != 0:
		return x.TrialEndsAt > x.Now || x.Subscription.Status == subscription.Trialing && x.Subscription.TrialEndsAt > x.Now
	case w.TrialExpired:
		return x.Subscription.Status != subscription.Active || x.Subscription.Recurring == 0 || slices.ContainsFunc(x.Trials, func(t subscription.Trial) bool {
			return t.State == subscription.TrialOver && !bought(&x.Subscription, &t, x.Catalog)
		})
	}
	now := signal.Standing{Plan: x.Subscription.Plan, Live: x.Subscription.Live()}
	if f := signal.FeatureOf(rule, s); f != "" {
		if !known(f) {
			return true
		}
		at := x.feature(f)
		now.Usage, now.Limit, now.Unlimited = at.Usage, at.Limit, at.Unlimited
	}
	return signal.Still(rule, s, now, x.Now)
}

// bought says whether what was tried has been bought since.
func bought(sub *subscription.Subscription, t *subscription.Trial, cat *catalog.Catalog) bool {
	switch {
	case t.Plan != "":
		return sub.Status == subscription.Active && (sub.Plan == t.Plan || above(cat, sub.Plan, t.Plan))
	case t.Addon != "":
		return quantityOf(sub, t.Addon) > 0
	}
	return sub.Live() && subscription.Gives(sub, t.Feature, cat)
}
