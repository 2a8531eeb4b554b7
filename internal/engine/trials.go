package engine

import (
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/subscription"
)

// TrialCall is the part of a KindGrant record's body that is about trials: at most one of its
// fields is set.
type TrialCall struct {
	Trial    *TrialAsk `json:"trial,omitempty"`
	Extend   string    `json:"extend,omitempty"`    // a trial's id
	EndTrial string    `json:"end_trial,omitempty"` // a trial's id
}

// TrialAsk asks for a trial of exactly one of a plan, an add-on and a feature.
type TrialAsk struct {
	Plan    string     `json:"plan,omitempty"`
	Addon   string     `json:"addon,omitempty"`
	Feature string     `json:"feature,omitempty"`
	Length  clock.Time `json:"length,omitempty"` // 0: that of the catalog, which is also the longest
}

// Tried is the answer to a call about a trial.
type Tried struct {
	Account      string             `json:"account"`
	Trial        subscription.Trial `json:"trial"`
	Entitlements []entitlement.Item `json:"entitlements"`
}

func (c *TrialCall) any() bool { return c.Trial != nil || c.Extend != "" || c.EndTrial != "" }

// tries begins, extends or ends a trial.
func (s *State) tries(a *Account, call TrialCall, c *catalog.Catalog) Answer {
	if s.Catalog == "" {
		return refused(noCatalog())
	}
	var id string
	var err error
	switch {
	case call.Trial != nil:
		id, err = s.try(a, *call.Trial, c)
	case call.Extend != "":
		id, err = call.Extend, s.extend(a, call.Extend, c)
	default:
		id, err = call.EndTrial, s.endTrial(a, call.EndTrial, c)
	}
	if err != nil {
		return refused(err)
	}
	s.noticeLimits(a, c)
	out := Tried{Account: a.key, Entitlements: entitlement.All(a.Input(c, s.Now))}
	if i := a.trial(id); i >= 0 {
		out.Trial = a.Trials[i]
	}
	return ok(out)
}

// apart says whether a trial is one of its own, not the subscription's.
func apart(t *subscription.Trial) bool { return t.Plan == "" || t.Beside }

// planTrial returns the plan that is being tried, in the subscription or beside it, and when
// that ends; unset when none is or it has no end.
func (a *Account) planTrial() (plan string, ends clock.Time) {
	if a.Subscription.Status == subscription.Trialing {
		return a.Subscription.Plan, a.Subscription.TrialEndsAt
	}
	for i := range a.Trials {
		if t := &a.Trials[i]; t.Beside && t.State == subscription.TrialRunning {
			return t.Plan, t.EndsAt
		}
	}
	return "", 0
}

// trial returns the place of a trial in the account's, -1 when it has none of that id.
func (a *Account) trial(id string) int {
	return slices.IndexFunc(a.Trials, func(t subscription.Trial) bool { return t.ID == id })
}

// try begins a trial and returns its id.
func (s *State) try(a *Account, ask TrialAsk, c *catalog.Catalog) (string, error) {
	terms := a.Terms(c, s.Now)
	if one := ask.Plan + ask.Addon + ask.Feature; one == "" || one != ask.Plan && one != ask.Addon && one != ask.Feature {
		return "", fault.New(fault.Invalid, "trial_of_one", "a trial is of exactly one plan, add-on or feature").
			WithMend("send one of plan, addon and feature")
	}
	if paying := a.Subscription.Status == subscription.Active && a.Subscription.Recurring > 0; ask.Plan != "" && !paying {
		ch, err := subscription.TryPlan(ask.Plan, ask.Length, terms)
		if err != nil {
			return "", err
		}
		if a.Subscription.Status == subscription.Trialing && a.Subscription.Plan == ask.Plan {
			return "", fault.New(fault.Conflict, "trial_used", "the account is trying plan %s already", ask.Plan).
				WithMend("extend the trial instead").WithField("/plan", ask.Plan, "is being tried")
		}
		_, err = s.change(a, ch, nil, origin{source: "subscription", motion: "self_service"}, c)
		return "plan:" + ask.Plan, err
	}
	var t subscription.Trial
	var err error
	switch {
	case ask.Plan != "":
		t, err = subscription.TryBeside(&a.Subscription, ask.Plan, ask.Length, a.Trials, terms)
	case ask.Addon != "":
		t, err = subscription.TryAddon(&a.Subscription, ask.Addon, ask.Length, a.Trials, terms)
	default:
		t, err = subscription.TryFeature(&a.Subscription, ask.Feature, ask.Length, a.Trials, terms)
	}
	if err != nil {
		return "", err
	}
	a.Trials = append(a.Trials, t)
	s.trialsMoved(a, []subscription.Trial{{ID: t.ID}}, c)
	return t.ID, nil
}

func (s *State) extend(a *Account, id string, c *catalog.Catalog) error {
	terms := a.Terms(c, s.Now)
	i := a.trial(id)
	if i < 0 {
		return trialUnknown(id)
	}
	if apart(&a.Trials[i]) {
		longer, err := a.Trials[i].Extend(terms)
		if err == nil {
			a.Trials[i] = longer
		}
		return err
	}
	if a.Trials[i].State != subscription.TrialRunning || a.Subscription.Plan != a.Trials[i].Plan {
		return notRunning(id)
	}
	next, err := subscription.ExtendTrial(a.Subscription, terms)
	if err != nil {
		return err
	}
	s.replace(a, next, origin{source: "subscription", motion: "self_service"}, c)
	return nil
}

func (s *State) endTrial(a *Account, id string, c *catalog.Catalog) error {
	i := a.trial(id)
	if i < 0 {
		return trialUnknown(id)
	}
	if a.Trials[i].State != subscription.TrialRunning {
		return notRunning(id)
	}
	if apart(&a.Trials[i]) {
		a.Trials[i].State, a.Trials[i].EndsAt = subscription.TrialEnded, s.Now
		return nil
	}
	if a.Subscription.Plan != a.Trials[i].Plan {
		return notRunning(id)
	}
	next, err := subscription.EndTrial(a.Subscription, a.Terms(c, s.Now))
	if err != nil {
		return err
	}
	s.replace(a, next, origin{source: "subscription", motion: "self_service"}, c)
	return nil
}

func trialUnknown(id string) error {
	return fault.New(fault.NotFound, "trial_unknown", "the account has no trial %q", fault.Shorten(id)).
		WithMend("list its trials with GET /v1/accounts/{account}/trials")
}

func notRunning(id string) error {
	return fault.New(fault.Conflict, "trial_over", "the trial %s is not running", fault.Shorten(id)).
		WithMend("list its trials with GET /v1/accounts/{account}/trials")
}

// followTrials brings the account's list of trials in line with its subscription after that
// went from before to the one it has, and returns the trials as they were of those that are
// others now; one without a state has just begun.
func (a *Account) followTrials(before *subscription.Subscription, c *catalog.Catalog) []subscription.Trial {
	var were []subscription.Trial
	sub := &a.Subscription
	for i := range a.Trials {
		t, was := &a.Trials[i], a.Trials[i]
		if t.State != subscription.TrialRunning {
			continue
		}
		switch {
		case t.Beside && !sub.Live():
			t.State, t.EndsAt = subscription.TrialEnded, max(sub.ChangedAt, t.StartedAt)
		case t.Beside && sub.Plan == t.Plan:
			t.State, t.EndsAt = subscription.TrialConverted, max(sub.ChangedAt, t.StartedAt)
		case !apart(t):
			followPlan(t, sub)
		case !sub.Live():
		case t.Addon != "" && slices.ContainsFunc(sub.Addons, func(line subscription.AddonLine) bool { return gets(c, line.Key, t.Addon) }),
			t.Feature != "" && subscription.Gives(sub, t.Feature, c) && !subscription.Gives(before, t.Feature, c):
			t.State, t.EndsAt = subscription.TrialConverted, max(sub.ChangedAt, t.StartedAt)
		}
		if *t != was {
			were = append(were, was)
		}
	}
	id := "plan:" + sub.Plan
	if sub.Status != subscription.Trialing || a.trial(id) >= 0 || len(a.Trials) >= subscription.MaxTrials {
		return were
	}
	t := subscription.Trial{ID: id, Plan: sub.Plan, StartedAt: sub.ChangedAt, EndsAt: sub.TrialEndsAt, State: subscription.TrialRunning}
	a.Trials = append(a.Trials, t)
	return append(were, subscription.Trial{ID: id})
}

// followPlan brings a running trial of a plan in line with the subscription.
func followPlan(t *subscription.Trial, sub *subscription.Subscription) {
	switch {
	case sub.Status == subscription.Trialing && sub.Plan == t.Plan:
		t.EndsAt, t.Extended = sub.TrialEndsAt, sub.TrialExtended
		return
	case sub.Status == subscription.Active && (sub.Recurring > 0 || sub.Plan == t.Plan):
		t.State = subscription.TrialConverted
	case sub.ChangedAt >= t.EndsAt:
		t.State = subscription.TrialOver
	default:
		t.State = subscription.TrialEnded
	}
	t.EndsAt = min(t.EndsAt, max(sub.ChangedAt, t.StartedAt))
}

// gets says whether who has the add-on line has the add-on too: itself, or in a bundle.
func gets(c *catalog.Catalog, line, addon string) bool {
	b := c.Addons[line]
	return line == addon || b != nil && b.Includes[addon] > 0
}

// passTrials ends the trials that have run out, but the subscription's own.
func (s *State) passTrials(a *Account, due clock.Time, c *catalog.Catalog) {
	for i := range a.Trials {
		if t := &a.Trials[i]; apart(t) && t.State == subscription.TrialRunning && t.EndsAt <= due {
			was := *t
			t.State = subscription.TrialOver
			s.trialsMoved(a, []subscription.Trial{was}, c)
		}
	}
}

// trialDue returns when the first running trial ends, but the subscription's own; zero for none.
func (a *Account) trialDue() clock.Time {
	var due clock.Time
	for i := range a.Trials {
		if t := &a.Trials[i]; apart(t) && t.State == subscription.TrialRunning && (due == 0 || t.EndsAt < due) {
			due = t.EndsAt
		}
	}
	return due
}

// Tries returns the account's trials as they are at now, the newest first.
func (a *Account) Tries(now clock.Time) []subscription.Trial {
	out := slices.Clone(a.Trials)
	slices.Reverse(out)
	for i := range out {
		if out[i].State == subscription.TrialRunning && !out[i].RunningAt(now) && out[i].EndsAt <= now {
			out[i].State = subscription.TrialOver
		}
	}
	slices.SortStableFunc(out, func(x, y subscription.Trial) int {
		if x.StartedAt != y.StartedAt {
			return int(min(max(y.StartedAt-x.StartedAt, -1), 1))
		}
		return strings.Compare(x.ID, y.ID)
	})
	if out == nil {
		out = []subscription.Trial{}
	}
	return out
}
