package subscription

import (
	"cmp"
	"slices"
	"strconv"

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
	// Tried are the account's trials so far; those of its subscription are known anyway.
	Tried []Trial
	// OnceUsed: something of what the last change bought once has been used, so that change
	// cannot be undone.
	OnceUsed bool
	// follows is the plan that was said to follow a trial that is over. It is no new sale, so it
	// comes also where it is no longer sold.
	follows string
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
// Prices come from the catalog whenever plan, interval, quantity or add-ons change, and are
// kept as bought otherwise. Naming the plan or the interval goes on with the subscription: it
// takes back a cancellation or a change that waits for the renewal. Changing only quantity or
// add-ons leaves those waiting.
func Apply(cur Subscription, ch Change, t Terms) (Subscription, error) {
	cur = *AsOf(&cur, t.Now, t.Catalog)
	m, err := change(cur, ch, t)
	if err != nil {
		return cur, err
	}
	return m.after, nil
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

// made is a change as it was made.
type made struct {
	before, after Subscription
	moment        clock.Time    // when
	later         bool          // it takes effect at the renewal, so nothing is due at once
	once          []InvoiceLine // for what is bought once
	dropped       []Dropped
	carried       []AddonLine
}

// change validates ch against cur and makes it.
func change(cur Subscription, ch Change, t Terms) (made, error) {
	m := made{before: cur}
	if ch.Undo {
		return undo(m, ch, t)
	}
	var err error
	if m.moment, err = momentOf(cur, ch, t.Now); err != nil {
		return m, err
	}
	if ch.Effective != "" && ch.Effective != Now && ch.Effective != AtRenewal {
		return m, fault.New(fault.Invalid, "effective_invalid", "effective %q is not a time a change can take effect", fault.Shorten(ch.Effective)).
			WithMend("use now or renewal").WithField("/effective", ch.Effective, "want now or renewal")
	}
	if !cur.Live() && (ch.Cancel || ch.Effective == AtRenewal) {
		return m, fault.New(fault.Conflict, "no_subscription", "the account has no subscription that could be changed").
			WithMend("subscribe it to a plan first")
	}
	if m.later = ch.Effective == AtRenewal || waits(cur, ch, t); m.later {
		ch.Effective = AtRenewal
	}
	switch {
	case ch.Cancel:
		m.after, err = cancel(cur, ch, m.moment)
	case m.later:
		err = m.atRenewal(ch, t)
	case ch.OnlyOnce() && cur.Live():
		m.after = cur
		m.after.Version++
		m.after.ChangedAt = m.moment
	default:
		m.after, m.dropped, err = take(cur, ch, t, m.moment)
	}
	if err == nil && len(ch.Once) > 0 {
		m.once, err = buyOnce(&m.after, ch, t)
	}
	if err != nil {
		return m, err
	}
	if cur.Live() && ch.Addons == nil && len(cur.Addons) > 0 && (ch.Plan != "" || ch.Interval != "" || len(m.dropped) > 0) {
		m.carried = withoutDropped(cur.Addons, m.dropped)
	}
	m.after.Undo = m.undoable(t)
	return m, nil
}

// waits says whether a change that does not say when takes effect at the renewal: one to
// less, where the catalog wants it so. Paying by another interval is neither less nor more, so
// what is bought is compared at the interval there is, where it is sold by it.
func waits(cur Subscription, ch Change, t Terms) bool {
	if t.Catalog.Billing.Downgrade != AtRenewal || ch.Effective != "" || cur.Status != Active || cur.Recurring == 0 ||
		ch.StartsAt != 0 && ch.StartsAt != cur.StartsAt || ch.Anchor != 0 && ch.Anchor != cur.Anchor || ch.TrialEndsAt != 0 {
		return false
	}
	if ch.Cancel {
		return true
	}
	like := ch
	like.Interval = ""
	to, _, err := target(cur, like, t)
	if err != nil {
		to, _, err = target(cur, ch, t)
	}
	return err == nil && to.MRR() < cur.MRR()
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
	if !ch.nothing() || len(ch.Once) > 0 {
		return cur, fault.New(fault.Invalid, "cancel_alone", "cancel was sent together with other changes").
			WithMend("send cancel alone, or leave it out").WithField("/cancel", "true", "ends the subscription, so nothing else can change")
	}
	next := cur
	next.Pending, next.Undo = nil, nil
	next.Version++
	if until := cur.PaidUntil(moment); ch.Effective == AtRenewal && until != 0 {
		next.EndsAt = until
		return next, nil
	}
	return end(next, moment), nil
}

// end returns s over since at.
func end(s Subscription, at clock.Time) Subscription {
	s.Status, s.EndsAt, s.ChangedAt, s.Pending, s.Then, s.ThenVersion, s.Undo = Ended, at, at, nil, "", 0, nil
	return s
}

// atRenewal stores the change for the end of the paid period, after making sure that it
// would be possible today. A change to what is there already takes back what was waiting; one
// that does not go on (see goesOn) comes on top of it. The version of the plan is settled now:
// what was shown is what comes.
func (m *made) atRenewal(ch Change, t Terms) error {
	cur := m.before
	if len(ch.Once) > 0 {
		return fault.New(fault.Invalid, "once_now", "what is bought once is bought now, not at the renewal").
			WithMend("send once in a change of its own").WithField("/once", strconv.Itoa(len(ch.Once)), "cannot be combined with effective: renewal")
	}
	if ch.TrialEndsAt != 0 && ch.TrialEndsAt != cur.TrialEndsAt {
		return fault.New(fault.Invalid, "trial_end_invalid", "a trial cannot begin at the renewal").
			WithMend("start it now, or leave trial_ends_at out").WithField("/trial_ends_at", ch.TrialEndsAt.String(), "cannot be combined with effective: renewal")
	}
	if ch.Anchor != 0 && ch.Anchor != cur.Anchor {
		return fault.New(fault.Invalid, "anchor_invalid", "the anchor cannot change at the renewal").
			WithMend("change the anchor now, or leave it out").WithField("/anchor", ch.Anchor.String(), "cannot be combined with effective: renewal")
	}
	until := cur.PaidUntil(m.moment)
	if until == 0 {
		return fault.New(fault.Conflict, "no_renewal", "this trial has no end, so there is no renewal to wait for").
			WithMend("make the change now")
	}
	to, dropped, err := target(cur, ch, t)
	if err != nil {
		return err
	}
	if !ch.goesOn() && cur.EndsAt != 0 {
		return fault.New(fault.Conflict, "pending_conflict", "the subscription ends at %s, so there is no renewal that the change could wait for", cur.EndsAt).
			WithMend("name the plan to go on with the subscription, or make the change now with effective: now")
	}
	if !ch.goesOn() && cur.Pending != nil {
		ch = cur.Pending.Change.with(ch)
		if to, dropped, err = target(cur, ch, t); err != nil {
			return pendingConflict(cur.Pending, err)
		}
	}
	m.after, m.dropped = cur, dropped
	m.after.Version++
	m.after.EndsAt, m.after.Pending = 0, nil
	if cur.Status == Trialing || !sameContent(&cur, &to) {
		ch.Effective, ch.StartsAt, ch.TrialEndsAt, ch.Anchor = "", 0, 0, 0
		if ch.Plan != "" && ch.Plan != cur.Plan {
			ch.PlanVersion = to.PlanVersion
		}
		m.after.Pending = &Pending{At: until, Change: ch.clone()}
	}
	return nil
}

// clone returns ch with add-ons of its own; none of them is an empty list, never null,
// because null would keep those that are there.
func (ch Change) clone() Change {
	if ch.Addons != nil {
		lines := append([]AddonLine{}, *ch.Addons...)
		ch.Addons = &lines
	}
	ch.Once = slices.Clone(ch.Once)
	return ch
}

// goesOn says whether ch goes on with the subscription, which takes back a cancellation or a
// change that waits.
func (ch *Change) goesOn() bool {
	return ch.Plan != "" || ch.PlanVersion != 0 || ch.Interval != "" || ch.Anchor != 0
}

// with returns ch, which waits, with what a later change asks for on top.
func (ch Change) with(later Change) Change {
	ch.Quantity = cmp.Or(later.Quantity, ch.Quantity)
	ch.Currency = cmp.Or(later.Currency, ch.Currency)
	if later.Addons != nil {
		ch.Addons = later.Addons
	}
	return ch
}

func pendingConflict(p *Pending, why error) error {
	return fault.New(fault.Conflict, "pending_conflict", "the change that waits for %s would no longer be possible: %s", p.At, why.Error()).
		WithMend("take the waiting change back first, by naming the plan in this change").WithCause(why)
}

// nothing says whether ch asks for nothing that goes on, but for a cancellation.
func (ch *Change) nothing() bool {
	return ch.Plan == "" && ch.PlanVersion == 0 && ch.Interval == "" && ch.Quantity == 0 && ch.Currency == "" &&
		ch.Addons == nil && ch.TrialEndsAt == 0 && ch.Anchor == 0
}

// OnlyOnce says whether ch buys things once and nothing else.
func (ch *Change) OnlyOnce() bool { return len(ch.Once) > 0 && ch.nothing() && !ch.Cancel }

// take makes the change at moment. t.Now is only the bound that a trial must end after. Who
// takes a plan with a reverse trial for the first time tries the other plan first.
func take(cur Subscription, ch Change, t Terms, moment clock.Time) (Subscription, []Dropped, error) {
	next, dropped, err := takeJust(cur, ch, t, moment)
	if err != nil || cur.Live() || next.Status != Active || next.Recurring > 0 || next.PaidSince != 0 {
		return next, dropped, err
	}
	plan := t.Catalog.Plans[next.Plan]
	if plan == nil || plan.Reverse == "" || slices.Contains(cur.Trialed, plan.Reverse) {
		return next, dropped, nil
	}
	other := t.Catalog.Plans[plan.Reverse]
	if other == nil || other.Trial == nil || moment+lengthOf(other.Trial) <= t.Now {
		return next, dropped, nil
	}
	first := ch
	first.Plan, first.PlanVersion, first.TrialEndsAt = other.Key, 0, moment+lengthOf(other.Trial)
	tried, _, err := takeJust(cur, first, t, moment)
	if err != nil { // it is not sold this way, or not to this account: then without trying it
		return next, dropped, nil //nolint:nilerr // the plan asked for is taken all the same
	}
	tried.Then, tried.ThenVersion = next.Plan, next.PlanVersion
	return tried, nil, nil
}

// takeJust is take without reverse trials.
func takeJust(cur Subscription, ch Change, t Terms, moment clock.Time) (Subscription, []Dropped, error) {
	now := t.Now
	next, dropped, err := target(cur, ch, t)
	if err != nil {
		return cur, nil, err
	}
	if err := checkAnchor(ch, now); err != nil {
		return cur, nil, err
	}
	live, wasTrial := cur.Live(), cur.Status == Trialing
	next.Status, next.TrialEndsAt, next.Undo = Active, 0, nil
	if ch.TrialEndsAt != 0 {
		if err := checkTrial(&cur, &next, ch, moment, t); err != nil {
			return cur, nil, err
		}
		beginTrial(&cur, &next, ch.TrialEndsAt, t.Catalog)
	} else {
		next.Then, next.ThenVersion, next.TrialExtended = "", 0, 0
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
	case t.Catalog.Billing.Proration == NoProration && !cur.paidAt(moment) && next.Recurring > 0 && PeriodOf(next.Interval, cur.Anchor, moment).Start != moment:
		next.Anchor = moment // what is never prorated is paid for whole, from where paying begins
	}
	switch {
	case next.Recurring > 0:
		next.PaidTo = 0
	case t.Catalog.Billing.Proration == NoProration && cur.Status == Active && cur.Recurring > 0:
		next.PaidTo = cur.PaidUntil(moment)
	}
	if ch.goesOn() || converted {
		next.EndsAt, next.Pending = 0, nil
	}
	if next.Pending != nil {
		if _, _, err := target(next, next.Pending.Change, t); err != nil {
			return cur, nil, pendingConflict(next.Pending, err)
		}
	}
	if next.Status == Active && next.Recurring > 0 && next.PaidSince == 0 {
		next.PaidSince = moment
	}
	next.Version++
	next.ChangedAt = moment
	return next, dropped, nil
}

func checkAnchor(ch Change, now clock.Time) error {
	if ch.Anchor == 0 || ch.Anchor >= earliest && ch.Anchor <= now+MaxTrial {
		return nil
	}
	return fault.New(fault.Invalid, "anchor_invalid", "anchor %s is not a usable start of billing periods", ch.Anchor).
		WithMend("use a time between 1971 and a year from now").WithField("/anchor", ch.Anchor.String(), "want a time between 1971 and a year from now")
}
