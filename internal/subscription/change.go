package subscription

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
)

// Bounds of what can be bought.
const (
	MaxQuantity = 1_000_000       // of a plan or an add-on
	MaxTrial    = 366 * clock.Day // from the start of the trial to its end
)

// Terms are what a change is judged by, beside the subscription.
type Terms struct {
	Catalog *catalog.Catalog
	Now     clock.Time // state time
	// Eligible says whether a condition of the catalog holds for the account; nil: all do.
	Eligible func(*condition.Condition) bool
}

// When a change takes effect.
const (
	Now       = "now"
	AtRenewal = "renewal" // at the end of the paid period, or of the trial
)

// Apply returns cur with the change made at t.Now. What was due by then is done
// first (see AsOf). Faults: Invalid for what is wrong in the change itself, Conflict for
// what the subscription as it stands forbids; cur is returned unchanged with them.
//
// Prices come from cat whenever plan, interval, quantity or add-ons change, and are kept as
// bought otherwise. Naming the plan or the interval goes on with the subscription: it takes
// back a cancellation or a change that waits for the renewal. Changing only quantity or
// add-ons leaves those waiting.
func Apply(cur Subscription, ch Change, t Terms) (Subscription, error) {
	cur = *AsOf(&cur, t.Now, t.Catalog)
	next, _, err := change(cur, ch, t)
	if err != nil {
		return cur, err
	}
	return next, nil
}

// PaidUntil returns when what is paid for (or tried) at now ends; unset when s is not live
// or is a trial without an end.
func (s *Subscription) PaidUntil(now clock.Time) clock.Time {
	switch s.Status {
	case Trialing:
		return s.TrialEndsAt
	case Active:
		return PeriodOf(s.Interval, s.Anchor, now).End
	}
	return 0
}

// change validates ch against cur and returns the subscription after it, and the moment at
// which it was made.
func change(cur Subscription, ch Change, t Terms) (Subscription, clock.Time, error) {
	moment, err := momentOf(cur, ch, t.Now)
	if err != nil {
		return cur, 0, err
	}
	if ch.Effective != "" && ch.Effective != Now && ch.Effective != AtRenewal {
		return cur, 0, fault.New(fault.Invalid, "effective_invalid", "effective %q is not a time a change can take effect", fault.Shorten(ch.Effective)).
			WithMend("use now or renewal").WithField("/effective", ch.Effective, "want now or renewal")
	}
	if !cur.Live() && (ch.Cancel || ch.Effective == AtRenewal) {
		return cur, 0, fault.New(fault.Conflict, "no_subscription", "the account has no subscription that could be changed").
			WithMend("subscribe it to a plan first")
	}
	switch {
	case ch.Cancel:
		next, err := cancel(cur, ch, moment)
		return next, moment, err
	case ch.Effective == AtRenewal:
		next, err := atRenewal(cur, ch, t, moment)
		return next, moment, err
	}
	next, err := take(cur, ch, t, moment)
	return next, moment, err
}

// momentOf returns when the change is made: now, or the past moment it names.
func momentOf(cur Subscription, ch Change, now clock.Time) (clock.Time, error) {
	if ch.StartsAt == 0 || cur.Live() && ch.StartsAt == cur.StartsAt {
		return max(now, cur.ChangedAt), nil
	}
	bad := func(message, mend string) error {
		return fault.New(fault.Invalid, "starts_at_invalid", "starts_at %s %s", ch.StartsAt, message).
			WithMend("%s", mend).WithField("/starts_at", ch.StartsAt.String(), message)
	}
	switch {
	case ch.StartsAt > now:
		return 0, bad("is in the future", "send the change when it starts, or use effective: renewal")
	case ch.StartsAt < earliest:
		return 0, bad("is before 1971", "use a later time")
	case ch.StartsAt < cur.ChangedAt:
		return 0, bad("is before the last change, at "+cur.ChangedAt.String(), "put history in its own order, or leave starts_at out for now")
	case ch.Effective == AtRenewal:
		return 0, bad("cannot be combined with effective: renewal", "leave one of them out")
	}
	return ch.StartsAt, nil
}

// earliest is the first instant a subscription may refer to.
const earliest = 365 * clock.Day

// cancel ends the subscription now, or at the end of what is paid for.
func cancel(cur Subscription, ch Change, moment clock.Time) (Subscription, error) {
	if ch.Plan != "" || ch.Interval != "" || ch.Quantity != 0 || ch.Addons != nil || ch.TrialEndsAt != 0 || ch.Anchor != 0 {
		return cur, fault.New(fault.Invalid, "cancel_alone", "cancel was sent together with other changes").
			WithMend("send cancel alone, or leave it out").WithField("/cancel", "true", "ends the subscription, so nothing else can change")
	}
	next := cur
	next.Pending = nil
	next.Version++
	if until := cur.PaidUntil(moment); ch.Effective == AtRenewal && until != 0 {
		next.EndsAt = until
		return next, nil
	}
	return end(next, moment), nil
}

// end returns s over since at.
func end(s Subscription, at clock.Time) Subscription {
	s.Status, s.EndsAt, s.ChangedAt, s.Pending = Ended, at, at, nil
	return s
}

// atRenewal stores the change for the end of the paid period, after making sure that it
// would be possible today. A change to what is there already takes back what was waiting.
func atRenewal(cur Subscription, ch Change, t Terms, moment clock.Time) (Subscription, error) {
	if ch.TrialEndsAt != 0 && ch.TrialEndsAt != cur.TrialEndsAt {
		return cur, fault.New(fault.Invalid, "trial_end_invalid", "a trial cannot begin at the renewal").
			WithMend("start it now, or leave trial_ends_at out").WithField("/trial_ends_at", ch.TrialEndsAt.String(), "cannot be combined with effective: renewal")
	}
	if ch.Anchor != 0 && ch.Anchor != cur.Anchor {
		return cur, fault.New(fault.Invalid, "anchor_invalid", "the anchor cannot change at the renewal").
			WithMend("change the anchor now, or leave it out").WithField("/anchor", ch.Anchor.String(), "cannot be combined with effective: renewal")
	}
	until := cur.PaidUntil(moment)
	if until == 0 {
		return cur, fault.New(fault.Conflict, "no_renewal", "this trial has no end, so there is no renewal to wait for").
			WithMend("make the change now")
	}
	to, err := target(cur, ch, t)
	if err != nil {
		return cur, err
	}
	next := cur
	next.Version++
	next.EndsAt, next.Pending = 0, nil
	if cur.Status == Trialing || !sameContent(&cur, &to) {
		ch.Effective, ch.StartsAt, ch.TrialEndsAt, ch.Anchor = "", 0, 0, 0
		next.Pending = &Pending{At: until, Change: ch.clone()}
	}
	return next, nil
}

// clone returns ch with add-ons of its own; none of them is an empty list, never null,
// because null would keep those that are there.
func (ch Change) clone() Change {
	if ch.Addons != nil {
		lines := append([]AddonLine{}, *ch.Addons...)
		ch.Addons = &lines
	}
	return ch
}

// take makes the change at moment. t.Now is only the bound that a trial must end after.
func take(cur Subscription, ch Change, t Terms, moment clock.Time) (Subscription, error) {
	now := t.Now
	next, err := target(cur, ch, t)
	if err != nil {
		return cur, err
	}
	if err := checkAnchor(ch, now); err != nil {
		return cur, err
	}
	live, wasTrial := cur.Live(), cur.Status == Trialing
	next.Status, next.TrialEndsAt = Active, 0
	if ch.TrialEndsAt != 0 {
		if err := checkTrial(&cur, &next, ch, moment, now); err != nil {
			return cur, err
		}
		next.Status, next.TrialEndsAt = Trialing, ch.TrialEndsAt
		if !slices.Contains(next.Trialed, next.Plan) {
			next.Trialed = append(slices.Clone(next.Trialed), next.Plan)
		}
	}
	if !live {
		next.StartsAt = moment
	}
	converted := wasTrial && next.Status == Active
	switch {
	case ch.Anchor != 0:
		next.Anchor = ch.Anchor
	case !live || converted:
		next.Anchor = moment
	case next.Interval != cur.Interval && PeriodOf(next.Interval, cur.Anchor, moment).Start != moment:
		next.Anchor = moment // the new interval begins at once, unless a boundary falls here anyway
	}
	if ch.Plan != "" || ch.Interval != "" || ch.Anchor != 0 || converted {
		next.EndsAt, next.Pending = 0, nil
	}
	if next.Pending != nil {
		if _, err := target(next, next.Pending.Change, t); err != nil {
			return cur, fault.New(fault.Conflict, "pending_conflict", "the change that waits for %s would no longer be possible: %s", next.Pending.At, err.Error()).
				WithMend("take the waiting change back first, by naming the plan in this change").WithCause(err)
		}
	}
	if next.Status == Active && next.Recurring > 0 && next.PaidSince == 0 {
		next.PaidSince = moment
	}
	next.Version++
	next.ChangedAt = moment
	return next, nil
}

func checkAnchor(ch Change, now clock.Time) error {
	if ch.Anchor == 0 || ch.Anchor >= earliest && ch.Anchor <= now+MaxTrial {
		return nil
	}
	return fault.New(fault.Invalid, "anchor_invalid", "anchor %s is not a usable start of billing periods", ch.Anchor).
		WithMend("use a time between 1971 and a year from now").WithField("/anchor", ch.Anchor.String(), "want a time between 1971 and a year from now")
}

// checkTrial holds the rules of trials: an end in the future and within 366 days of the
// start, once per account and plan, and never while something is paid for.
func checkTrial(cur, next *Subscription, ch Change, moment, now clock.Time) error {
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
	case slices.Contains(cur.Trialed, next.Plan) && (!running || cur.Plan != next.Plan):
		return fault.New(fault.Conflict, "trial_used", "the account has already tried plan %s", next.Plan).
			WithMend("leave trial_ends_at out to buy it").WithField("/plan", next.Plan, "already tried once")
	}
	return nil
}
