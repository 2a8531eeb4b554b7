package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
)

// What is allowed about moments and yet probably not meant.

// ownEvents are Headroom's own occurrences, which rules may be over.
var ownEvents = []string{
	"headroom.offer.seen", "headroom.offer.clicked", "headroom.offer.dismissed", "headroom.offer.requested", "headroom.offer.accepted",
	"headroom.request.declined", "headroom.request.expired", "headroom.trial.started", "headroom.trial.expired", "headroom.trial.converted",
	"headroom.subscription.changed", "headroom.subscription.undone", "headroom.survey.answered", "headroom.milestone.reached",
	"headroom.member.joined", "headroom.member.left", "headroom.invite.sent", "headroom.invite.accepted", "headroom.outside.changed",
	"headroom.referral.signed_up",
}

// OwnEvents returns the types of Headroom's own occurrences, which rules may be over.
func OwnEvents() []string { return slices.Clone(ownEvents) }

func (r *reader) adviseMoments() {
	for _, m := range sorted(r.c.Milestones) {
		r.adviseMilestone(m)
	}
	for _, s := range sorted(r.c.Signals) {
		r.adviseSignal(s)
	}
	for _, key := range revenueTypes {
		if rule := r.c.Readiness[RevenueType(key)]; rule != nil {
			r.adviseReadiness(rule)
		}
	}
	r.adviseInvited()
	for _, s := range sorted(r.c.Surveys) {
		r.advisePlaces("surveys."+s.Key, s.At)
		if len(s.At) == 0 {
			r.doubt("survey_without_placement", "surveys."+s.Key, "", "write at: and the placements, such as [dashboard]", "the survey has no placement, so nobody is asked")
		}
	}
	for _, x := range sorted(r.c.Experiments) {
		r.adviseExperiment(x)
	}
	for _, scope := range scopes {
		r.adviseBudgets(scope)
	}
}

// adviseMilestone looks at whether anybody can reach a milestone.
func (r *reader) adviseMilestone(m *Milestone) {
	path := "milestones." + m.Key
	r.adviseOwn(path+".event", m.Event)
	r.adviseEvent(m)
	if f := r.c.Features[m.Feature]; f != nil && !r.gives(m, f) {
		r.doubt("unreachable_milestone", path+".feature", m.Feature, "give more of it in those plans, or lower at_least", "no plan whose subscribers are to reach it, and no add-on, gives %s of %s", m.AtLeast, f.Title)
		return
	}
	if before := r.c.Milestones[m.After]; before != nil && len(m.Plans) > 0 && len(before.Plans) > 0 &&
		!slices.ContainsFunc(m.Plans, func(plan string) bool { return slices.Contains(before.Plans, plan) }) {
		r.doubt("unreachable_milestone", path+".after", m.After, "name plans that both are for", "%s comes before it, and is for other plans", m.After)
		return
	}
	if m.For != nil {
		all := claims(m.For)
		if plans, bound := left(all, "account.plan"); bound && len(m.Plans) > 0 && !slices.ContainsFunc(plans, func(plan string) bool { return slices.Contains(m.Plans, plan) }) {
			r.doubt("unreachable_milestone", path+".for", source(m.For), "mend the condition, or plans", "its condition wants other plans than it is for")
		}
	}
}

// gives says whether what those have who are to reach a milestone takes as much of a feature.
func (r *reader) gives(m *Milestone, f *Feature) bool {
	enough := func(e *Entitlement) bool {
		return e != nil && (e.Unlimited || e.Overage != nil || e.Soft || e.PerUnit || e.Limit >= m.AtLeast)
	}
	some := false
	for _, p := range r.c.Plans {
		if len(m.Plans) == 0 || slices.Contains(m.Plans, p.Key) {
			some = some || enough(p.Entitlements[f.Key])
			for _, earlier := range p.Earlier {
				some = some || enough(earlier.Entitlements[f.Key])
			}
		}
	}
	for _, a := range r.c.Addons {
		some = some || a.Entitlements[f.Key].gives(f) // any number of them
	}
	return some || f.Trial != nil || len(r.c.Plans) == 0
}

// adviseOwn finds event types that begin as Headroom's own do, of which there is none such.
func (r *reader) adviseOwn(path, eventType string) {
	if !IsOwn(eventType) || slices.Contains(ownEvents, eventType) {
		return
	}
	mend := "those that there are: " + strings.Join(ownEvents, ", ")
	if near := condition.Nearest(eventType, ownEvents); near != "" {
		mend = "did you mean " + near + "?"
	}
	r.doubt("never_fires", path, eventType, mend, "events that begin with %s are Headroom's own, and there is no %s", ownPrefix, eventType)
}

// adviseSignal looks at what the newer kinds of signal wait for, and at evidence.
func (r *reader) adviseSignal(s *Signal) {
	path, w := "signals."+s.Key, &s.When
	if s.State == "validated" && s.Evidence == "" {
		r.doubt("validated_without_evidence", path+".state", s.State, "write evidence:, what showed it, or state: testing", "the signal is validated, and nothing says by what")
	}
	if s.Retired() {
		return
	}
	for key, eventType := range map[string]string{"event": w.Event, "without": w.Without, "absent": w.Absent} {
		if r.has(path+".when", "first") && key == "event" {
			key = "first"
		}
		r.adviseOwn(path+".when."+key, eventType)
	}
	for i, step := range w.Sequence {
		r.adviseOwn(fmt.Sprintf("%s.when.sequence[%d]", path, i), step.Event)
	}
	switch {
	case w.RunsOut != "" && !r.c.limited(w.RunsOut):
		r.doubt("never_fires", path+".when.runs_out", w.RunsOut, "give it a limit in some plan", "no plan or add-on limits %s, so it never runs out", w.RunsOut)
	case w.RunsOut != "" && r.rolling(w.RunsOut):
		r.doubt("never_fires", path+".when.runs_out", w.RunsOut, "write limit: "+w.RunsOut+" and reaches: instead", "every limit of %s is for a rolling window, which what is used leaves again, so no pace tells when it runs out", w.RunsOut)
	case w.Unlimited != "" && !r.unlimited(w.Unlimited):
		r.doubt("never_fires", path+".when.unlimited", w.Unlimited, "write limit: "+w.Unlimited+" and reaches: instead", "every plan and add-on limits %s", w.Unlimited)
	case w.TrialExpired && !r.triable():
		r.doubt("never_fires", path+".when.trial_expired", "", "let something be tried", "nothing can be tried, so no trial ends")
	case w.Fit != "" && len(r.c.Plans) < 2:
		r.doubt("never_fires", path+".when.fit", w.Fit, "add another plan", "there is no other plan that could fit")
	}
}

// rolling says whether all limits of a feature are for rolling windows.
func (r *reader) rolling(feature string) bool {
	return !slices.ContainsFunc(r.c.everGiven(), func(entitlements map[string]*Entitlement) bool {
		e := entitlements[feature]
		if e == nil || e.Unlimited || e.Limit <= 0 {
			return false
		}
		_, rolls := e.Per.Rolling()
		return !rolls
	})
}

// unlimited says whether somebody may have a feature without a limit.
func (r *reader) unlimited(feature string) bool {
	return slices.ContainsFunc(r.c.everGiven(), func(entitlements map[string]*Entitlement) bool {
		e := entitlements[feature]
		return e != nil && (e.Unlimited || e.Overage != nil || e.Soft)
	})
}

// triable says whether anything has a trial.
func (r *reader) triable() bool {
	for _, p := range r.c.Plans {
		if p.Trial != nil {
			return true
		}
	}
	for _, a := range r.c.Addons {
		if a.Trial != nil {
			return true
		}
	}
	for _, f := range r.c.Features {
		if f.Trial != nil {
			return true
		}
	}
	return false
}

func (r *reader) adviseReadiness(rule *ReadinessRule) {
	sum := int64(0)
	for _, p := range rule.Parts {
		if s := r.c.Signals[p.Signal]; s != nil && s.Retired() {
			continue
		}
		sum += max(p.Points, 0)
	}
	if sum < rule.Ready {
		r.doubt("unreachable_readiness", "readiness."+string(rule.Type), "", fmt.Sprintf("give more points, or write ready: %d", max(sum, 1)),
			"all parts together give %d points, and nobody is ready below %d", sum, rule.Ready)
	}
}

func (r *reader) adviseExperiment(x *Experiment) {
	path := "experiments." + x.Key
	switch s := r.c.Signals[x.Outcome]; {
	case x.State == "stopped":
	case s == nil:
		r.doubt("experiment_without_outcome", path, "", "write outcome: and the signal whose time is to be compared", "nothing says what the variants are compared by")
	case s.Retired():
		r.doubt("experiment_without_outcome", path+".outcome", x.Outcome, "name a signal that is not retired", "%s is retired and never fires", x.Outcome)
	case len(x.Variants) < 2:
		r.doubt("experiment_without_outcome", path+".variants", "", "add another variant", "there is one variant, and nothing to compare it with")
	}
}

// adviseBudgets finds budgets of one channel that the one over all channels makes idle.
func (r *reader) adviseBudgets(scope Scope) {
	var all *Budget
	for i := range r.c.Contact.Budgets {
		if b := &r.c.Contact.Budgets[i]; b.Scope == scope && b.Channel == AnyChannel {
			all = b
		}
	}
	if all == nil {
		return
	}
	for _, b := range r.c.Contact.Budgets {
		path := "contact." + string(scope) + "." + string(b.Channel)
		if b.Scope != scope || b.Channel == AnyChannel || !r.has("contact."+string(scope), string(b.Channel)) {
			continue
		}
		if b.AtMost >= all.AtMost && b.Per <= all.Per {
			r.doubt("idle_budget", path, fmt.Sprintf("%d per %s", b.AtMost, durationWords(b.Per)), fmt.Sprintf("write less than %d per %s", all.AtMost, durationWords(all.Per)),
				"it allows as much as all channels together may have, %d per %s, so it never binds", all.AtMost, durationWords(all.Per))
		}
	}
}

// adviseKind finds interruptions that none of their places shows.
func (r *reader) adviseKind(o *Offer) {
	if o.Kind != Interruption || len(o.At) == 0 {
		return
	}
	for _, at := range o.At {
		if p := r.c.Places[at]; p == nil || p.Kind == "" || p.Kind == "in_flow" || p.Kind == "launch" {
			return
		}
	}
	r.doubt("misplaced_interruption", "offers."+o.Key+".kind", string(o.Kind), "write kind: contextual, or name a placement of kind in_flow or launch",
		"none of its placements is one that may interrupt, so it is never shown")
}

// promised are the prices of what is bought by accepting an offer; none of what is tried, or
// costs nothing.
func (r *reader) promised(g *Give) (price Prices, given string, buys bool) {
	if g.Trial {
		return price, "", false
	}
	if p := r.c.Plans[g.Plan]; p != nil {
		return p.Price, p.Key, true
	}
	if a := r.c.Addons[g.Addon]; a != nil {
		price = a.Price
		if price.Month == nil {
			price.Month = price.Once
		}
		return price, a.Key, true
	}
	return price, "", false
}
