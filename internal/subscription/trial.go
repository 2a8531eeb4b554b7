package subscription

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// TrialState is what became of a trial.
type TrialState string

// The states of a trial.
const (
	TrialRunning   TrialState = "running"
	TrialConverted TrialState = "converted" // what was tried has been bought
	TrialOver      TrialState = "expired"   // it ran out and nothing was bought
	TrialEnded     TrialState = "ended"     // it was ended early
)

// Trial is a plan, an add-on or one feature that an account tries, or has tried. There is one
// per account and thing. It costs nothing and is never recurring revenue.
type Trial struct {
	ID        string     `json:"id"` // what is tried: "plan:pro", "addon:sponsors", "feature:recordings"
	Plan      string     `json:"plan,omitempty"`
	Addon     string     `json:"addon,omitempty"`
	Feature   string     `json:"feature,omitempty"`
	StartedAt clock.Time `json:"started_at"`
	EndsAt    clock.Time `json:"ends_at"` // first instant at which it is over
	Extended  int        `json:"extended,omitempty"`
	// Beside: a higher plan is tried by who pays for another one meanwhile, so that the
	// subscription stays as it is. Other trials of plans are the subscription's own.
	Beside bool       `json:"beside,omitempty"`
	State  TrialState `json:"state"`
}

// RunningAt says whether what is tried may be used at t.
func (t *Trial) RunningAt(at clock.Time) bool {
	return t.State == TrialRunning && t.StartedAt <= at && at < t.EndsAt
}

// lengthOf is the length of a trial by the catalog, at most MaxTrial.
func lengthOf(t *catalog.Trial) clock.Time {
	return min(clock.Time(t.Length/time.Microsecond), MaxTrial)
}

// beginTrial makes next a trial until ends, or makes the one that runs longer.
func beginTrial(cur, next *Subscription, ends clock.Time, cat *catalog.Catalog) {
	next.Status, next.TrialEndsAt = Trialing, ends
	if !slices.Contains(next.Trialed, next.Plan) {
		next.Trialed = append(slices.Clone(next.Trialed), next.Plan)
	}
	if cur.Status == Trialing && cur.Plan == next.Plan {
		return
	}
	next.Then, next.ThenVersion, next.TrialExtended = "", 0, 0
	if plan := cat.Plans[next.Plan]; plan != nil && plan.Trial != nil {
		next.Then = plan.Trial.Then
	}
	had, version := cur.Plan, cur.PlanVersion // who tries something from a free plan falls back to it
	if cur.Status == Trialing {
		had, version = cur.Then, cur.ThenVersion
	}
	if cur.Live() && (next.Then == "" || next.Then == had) {
		next.Then, next.ThenVersion = had, version
	}
}

// checkTrial holds the rules of trials: an end in the future and within 366 days of the
// start, once per account and plan, and never while something is paid for.
func checkTrial(cur, next *Subscription, ch Change, moment clock.Time, t Terms) error {
	now := t.Now
	running := cur.Status == Trialing
	began := moment
	if running {
		began = cur.StartsAt
	}
	bad := func(message string) error {
		return fault.New(fault.Invalid, "trial_end_invalid", "trial_ends_at %s %s", ch.TrialEndsAt, message).
			WithMend("use a time after now and within 366 days of the start, or leave it out for a paid subscription").
			WithField("/trial_ends_at", ch.TrialEndsAt.String(), message)
	}
	switch {
	case ch.TrialEndsAt <= now || ch.TrialEndsAt <= moment:
		return bad("is already over")
	case ch.TrialEndsAt > began+MaxTrial:
		return bad("is more than 366 days after the start of the trial, " + began.String())
	case cur.Status == Active && cur.Recurring > 0:
		return fault.New(fault.Conflict, "trial_while_paying", "the account already pays for %s, so it cannot go on trial", cur.Plan).
			WithMend("leave trial_ends_at out").WithField("/trial_ends_at", ch.TrialEndsAt.String(), "the account already pays")
	case (!running || cur.Plan != next.Plan) && (slices.Contains(cur.Trialed, next.Plan) ||
		slices.ContainsFunc(t.Tried, func(have Trial) bool { return have.Plan == next.Plan })):
		return fault.New(fault.Conflict, "trial_used", "the account has already tried plan %s", next.Plan).
			WithMend("leave trial_ends_at out to buy it").WithField("/plan", next.Plan, "already tried once")
	}
	return nil
}

// expire returns cur after its trial, which is over at when: on the plan that follows, or on
// none. Nothing is charged that was not shown, so a plan follows only where it costs nothing;
// it does also where it is no longer sold, in the version that the account had of it.
// Nothing that was used is taken away: what is above the limits of what follows stays, and no
// more can be added.
func expire(cur Subscription, when clock.Time, cat *catalog.Catalog) Subscription {
	over := cur
	over.Status, over.ChangedAt, over.Pending, over.Then, over.ThenVersion, over.TrialExtended, over.Undo = Expired, when, nil, "", 0, 0, nil
	if cat.Plans[cur.Then] != nil {
		for _, ch := range []Change{
			{Plan: cur.Then, PlanVersion: cur.ThenVersion, Interval: cur.Interval, Quantity: cur.Quantity, Currency: cur.Currency},
			{Plan: cur.Then, PlanVersion: cur.ThenVersion, Currency: cur.Currency},
			{Plan: cur.Then, Interval: Month, Currency: cur.Currency}, {Plan: cur.Then, Interval: Year, Currency: cur.Currency},
			{Plan: cur.Then}, {Plan: cur.Then, Interval: Year},
		} {
			next, _, err := takeJust(over, ch, Terms{Catalog: cat, Now: when, follows: cur.Then}, when)
			if err == nil && next.Recurring == 0 {
				next.Anchor = cur.Anchor // periods of usage go on
				return next
			}
		}
	}
	over.Version++
	return over
}

// TryPlan returns the change that begins a trial of a plan: of the catalog's length, or of
// one that is asked for (0: none) and not longer. Faults: unknown_plan, trial_not_offered,
// trial_length_invalid.
func TryPlan(plan string, asked clock.Time, t Terms) (Change, error) {
	p := t.Catalog.Plans[plan]
	if p == nil {
		return Change{}, unknownPlan(plan, t.Catalog)
	}
	length, err := trialLength("plan "+plan, p.Trial, asked)
	return Change{Plan: plan, TrialEndsAt: t.Now + length}, err
}

// trialLength returns how long a trial is: as asked for, or by the catalog.
func trialLength(what string, t *catalog.Trial, asked clock.Time) (clock.Time, error) {
	if t == nil {
		return 0, fault.New(fault.Conflict, "trial_not_offered", "%s cannot be tried", what).
			WithMend("give it a trial in the catalog")
	}
	most := lengthOf(t)
	if asked < 0 || asked > most {
		return 0, fault.New(fault.Invalid, "trial_length_invalid", "a trial of %s cannot be of that length", what).
			WithMend("leave length out for %s, or ask for less", daysOf(most)).WithField("/length", daysOf(asked), "want at most "+daysOf(most))
	}
	return cmp.Or(asked, most), nil
}

// daysOf writes a length of time as the catalog does: "14d", "36h".
func daysOf(t clock.Time) string {
	if t%clock.Day == 0 {
		return strconv.FormatInt(int64(t/clock.Day), 10) + "d"
	}
	return (time.Duration(t) * time.Microsecond).String()
}

// TryAddon begins a trial of an add-on for a subscription that could take it. tried are the
// account's trials so far. Faults: unknown_addon, trial_not_offered, trial_length_invalid,
// trial_used, already_has, no_subscription, and those of buying it but its price.
func TryAddon(cur *Subscription, addon string, asked clock.Time, tried []Trial, t Terms) (Trial, error) {
	a := t.Catalog.Addons[addon]
	if a == nil {
		return Trial{}, fault.New(fault.Invalid, "unknown_addon", "add-on %q is not in the catalog", fault.Shorten(addon)).
			WithMend("use one of: %s", some(t.Catalog.Addons)).WithField("/addon", addon, "is not in the catalog")
	}
	if cur.Live() && cur.has(addon, "", t.Catalog) {
		return Trial{}, alreadyHas("add-on "+addon, "/addon", addon)
	}
	trial, err := begin(Trial{ID: "addon:" + addon, Addon: addon}, "add-on "+addon, a.Trial, asked, cur, tried, t)
	if err != nil {
		return Trial{}, err
	}
	if err := forSale("add-on "+addon, "/addon", a.Retired, a.Ready, a.Eligible, t); err != nil {
		return Trial{}, err
	}
	if _, err := misfit(cur, a, catalog.Flat(cur.Currency, 0), true, "/addon", t.Catalog); err != nil {
		return Trial{}, err
	}
	return trial, nil
}

// TryFeature begins a trial of one feature. Faults as of TryAddon, and unknown_feature.
func TryFeature(cur *Subscription, feature string, asked clock.Time, tried []Trial, t Terms) (Trial, error) {
	f := t.Catalog.Features[feature]
	if f == nil {
		return Trial{}, fault.New(fault.NotFound, "unknown_feature", "feature %q is not in the catalog", fault.Shorten(feature)).
			WithMend("use the key of a feature of the catalog").WithField("/feature", feature, "is not in the catalog")
	}
	if cur.Live() && !f.Counted() && Gives(cur, feature, t.Catalog) {
		return Trial{}, alreadyHas("feature "+feature, "/feature", feature)
	}
	trial, err := begin(Trial{ID: "feature:" + feature, Feature: feature}, "feature "+feature, f.Trial, asked, cur, tried, t)
	if err != nil {
		return Trial{}, err
	}
	return trial, forSale("feature "+feature, "/feature", false, f.Ready, nil, t)
}

// TryBeside begins a trial of another plan for who pays for one: nothing about the
// subscription changes. Faults as of TryAddon, and unknown_plan, trial_running when another
// plan is being tried beside it.
func TryBeside(cur *Subscription, plan string, asked clock.Time, tried []Trial, t Terms) (Trial, error) {
	p := t.Catalog.Plans[plan]
	switch {
	case p == nil:
		return Trial{}, unknownPlan(plan, t.Catalog)
	case cur.Live() && cur.Plan == plan:
		return Trial{}, alreadyHas("plan "+plan, "/plan", plan)
	case slices.Contains(cur.Trialed, plan):
		tried = append(slices.Clone(tried), Trial{ID: "plan:" + plan})
	}
	trial, err := begin(Trial{ID: "plan:" + plan, Plan: plan, Beside: true}, "plan "+plan, p.Trial, asked, cur, tried, t)
	if err != nil {
		return Trial{}, err
	}
	if i := slices.IndexFunc(tried, func(have Trial) bool { return have.Beside && have.RunningAt(t.Now) }); i >= 0 {
		return Trial{}, fault.New(fault.Conflict, "trial_running", "the account is trying plan %s already", tried[i].Plan).
			WithMend("let that trial end, or end it").WithField("/plan", plan, "another plan is being tried")
	}
	return trial, forSale("plan "+plan, "/plan", p.Retired, p.Ready, p.Eligible, t)
}

func unknownPlan(plan string, cat *catalog.Catalog) error {
	return fault.New(fault.Invalid, "unknown_plan", "plan %q is not in the catalog", fault.Shorten(plan)).
		WithMend("use one of: %s", some(cat.Plans)).WithField("/plan", plan, "is not in the catalog")
}

func alreadyHas(what, path, key string) error {
	return fault.New(fault.Conflict, "already_has", "the account has %s already", what).
		WithMend("there is nothing to try").WithField(path, key, "the account has it")
}

// begin holds the rules that trials of add-ons and features share.
func begin(trial Trial, what string, by *catalog.Trial, asked clock.Time, cur *Subscription, tried []Trial, t Terms) (Trial, error) {
	kind, key, _ := strings.Cut(trial.ID, ":")
	length, err := trialLength(what, by, asked)
	switch {
	case err != nil:
		return Trial{}, err
	case !cur.Live():
		return Trial{}, fault.New(fault.Conflict, "no_subscription", "the account has no subscription that something could be tried with").
			WithMend("subscribe it to a plan first, or begin a trial of a plan")
	case slices.ContainsFunc(tried, func(have Trial) bool { return have.ID == trial.ID }):
		return Trial{}, fault.New(fault.Conflict, "trial_used", "the account has already tried %s", what).
			WithMend("buy it, or extend the trial while it runs").WithField("/"+kind, key, "already tried once")
	case len(tried) >= MaxTrials:
		return Trial{}, fault.New(fault.TooLarge, "trials_too_many", "the account has tried %d things, which is the most", len(tried)).
			WithMend("buy what it wants to use")
	}
	trial.StartedAt, trial.EndsAt, trial.State = t.Now, t.Now+length, TrialRunning
	return trial, nil
}

// MaxTrials bounds how many trials an account has in its life.
const MaxTrials = 1000

// Extend makes a running trial longer by what the catalog allows. Faults: trial_over,
// trial_not_extendable, trial_extensions_used.
func (t Trial) Extend(terms Terms) (Trial, error) {
	if !t.RunningAt(terms.Now) {
		return t, trialOver(t.ID)
	}
	by := trialOf(t, terms.Catalog)
	more, err := extension(t.ID, by, t.Extended)
	if err != nil {
		return t, err
	}
	if t.EndsAt+more > t.StartedAt+MaxTrial {
		return t, tooLong(t.ID)
	}
	t.EndsAt += more
	t.Extended++
	return t, nil
}

// trialOf returns what the catalog says of trying what t tries; nil: nothing.
func trialOf(t Trial, cat *catalog.Catalog) *catalog.Trial {
	if a := cat.Addons[t.Addon]; a != nil {
		return a.Trial
	}
	if f := cat.Features[t.Feature]; f != nil {
		return f.Trial
	}
	if p := cat.Plans[t.Plan]; p != nil {
		return p.Trial
	}
	return nil
}

// ExtendTrial makes the running trial of the plan longer by what the catalog allows. A
// purchase or an end that waits for the end of the trial waits with it.
func ExtendTrial(cur Subscription, t Terms) (Subscription, error) {
	cur = *AsOf(&cur, t.Now, t.Catalog)
	if cur.Status != Trialing || cur.TrialEndsAt == 0 {
		return cur, trialOver("plan:" + cur.Plan)
	}
	var by *catalog.Trial
	if p := t.Catalog.Plans[cur.Plan]; p != nil {
		by = p.Trial
	}
	more, err := extension("plan:"+cur.Plan, by, cur.TrialExtended)
	if err != nil {
		return cur, err
	}
	next := cur
	if next.TrialEndsAt += more; next.TrialEndsAt > cur.StartsAt+MaxTrial {
		return cur, tooLong("plan:" + cur.Plan)
	}
	if p := cur.Pending; p != nil && p.At == cur.TrialEndsAt {
		next.Pending = &Pending{At: next.TrialEndsAt, Change: p.Change}
	}
	if cur.EndsAt == cur.TrialEndsAt {
		next.EndsAt = next.TrialEndsAt
	}
	next.TrialExtended++
	next.Version++
	next.Undo = nil
	return next, nil
}

// EndTrial ends the running trial of the plan early: what would follow its end follows now, a
// purchase or an end that waits for it too.
func EndTrial(cur Subscription, t Terms) (Subscription, error) {
	cur = *AsOf(&cur, t.Now, t.Catalog)
	if cur.Status != Trialing {
		return cur, trialOver("plan:" + cur.Plan)
	}
	early, when := cur, max(t.Now, cur.ChangedAt)
	early.TrialEndsAt, early.Undo = when, nil
	if p := cur.Pending; p != nil && p.At == cur.TrialEndsAt {
		early.Pending = &Pending{At: when, Change: p.Change}
	}
	if cur.EndsAt == cur.TrialEndsAt && cur.EndsAt != 0 {
		early.EndsAt = when
	}
	next := *AsOf(&early, when, t.Catalog)
	next.Version = cur.Version + 1
	return next, nil
}

func extension(id string, by *catalog.Trial, done int) (clock.Time, error) {
	switch {
	case by == nil || by.Extend <= 0 || by.Extensions <= 0:
		return 0, fault.New(fault.Conflict, "trial_not_extendable", "the trial %s cannot be extended", id).
			WithMend("say in the catalog by how much and how often: trial: {length, extend, extensions}")
	case done >= by.Extensions:
		return 0, fault.New(fault.Conflict, "trial_extensions_used", "the trial %s was extended %d times, which is all the catalog allows", id, done).
			WithMend("buy what is tried, or let the trial end")
	}
	return clock.Time(by.Extend / time.Microsecond), nil
}

func trialOver(id string) error {
	return fault.New(fault.Conflict, "trial_over", "the trial %s is not running", fault.Shorten(id)).
		WithMend("list the account's trials with GET /v1/accounts/{account}/trials")
}

func tooLong(id string) error {
	return fault.New(fault.Conflict, "trial_too_long", "the trial %s would be longer than 366 days", id).
		WithMend("buy what is tried, or let the trial end")
}
