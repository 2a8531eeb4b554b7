package subscription

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// Imported is a subscription as another system's export tells it: with its own amount, and
// with a plan that need not be in the catalog.
type Imported struct {
	Plan     string         `json:"plan"`
	Interval Interval       `json:"interval"` // month when left out
	Quantity int64          `json:"quantity"` // 1 when left out
	Currency money.Currency `json:"currency"` // required
	Amount   money.Minor    `json:"amount"`   // each interval in all, not negative
	StartsAt clock.Time     `json:"starts_at"`
	EndsAt   clock.Time     `json:"ends_at"`         // first instant no longer paid for; unset while it goes on
	Trial    bool           `json:"trial,omitempty"` // nothing is paid for; it goes on until EndsAt
}

// Import returns cur replaced by the imported subscription. now is state time. The price
// stays the imported one until plan, interval, quantity or add-ons change. Faults are Invalid.
func Import(cur Subscription, in Imported, now clock.Time) (Subscription, error) {
	bad := func(code, path, value, message, mend string) (Subscription, error) {
		return cur, fault.New(fault.Invalid, code, "%s %q %s", path[1:], fault.Shorten(value), message).
			WithMend("%s", mend).WithField(path, value, message)
	}
	if in.Interval == "" {
		in.Interval = Month
	}
	if in.Quantity == 0 {
		in.Quantity = 1
	}
	switch {
	case in.Plan == "":
		return bad("plan_required", "/plan", "", "is missing", "name the plan")
	case in.Interval != Month && in.Interval != Year:
		return bad("interval_invalid", "/interval", string(in.Interval), "is not one we know", "use month or year")
	case !in.Currency.Valid():
		return bad("currency_invalid", "/currency", string(in.Currency), "is not a currency", "use a code such as USD")
	case in.Amount < 0 || in.Amount > MaxRecurring:
		return bad("amount_invalid", "/amount", in.Amount.Decimal(in.Currency), "is out of range", "use an amount from 0 on")
	case in.StartsAt < earliest || in.StartsAt > now:
		return bad("starts_at_invalid", "/starts_at", in.StartsAt.String(), "is missing, before 1971 or in the future", "use the day it started")
	case in.EndsAt != 0 && in.EndsAt < in.StartsAt:
		return bad("ends_at_invalid", "/ends_at", in.EndsAt.String(), "is before the start", "swap the two, or leave the end out")
	}
	if err := checkQuantity("/quantity", in.Quantity); err != nil {
		return cur, err
	}
	next := Subscription{
		Plan: in.Plan, Interval: in.Interval, Quantity: in.Quantity, Currency: in.Currency,
		Anchor: in.StartsAt, Addons: []AddonLine{}, Status: Active, StartsAt: in.StartsAt, EndsAt: in.EndsAt,
		Recurring: in.Amount, Version: cur.Version + 1, Trialed: cur.Trialed,
		ChangedAt: in.StartsAt, PaidSince: cur.PaidSince,
	}
	if in.Trial {
		next.Status, next.TrialEndsAt, next.EndsAt = Trialing, in.EndsAt, 0
	} else if in.Amount > 0 && (next.PaidSince == 0 || in.StartsAt < next.PaidSince) {
		next.PaidSince = in.StartsAt
	}
	for {
		kind, when := due(&next)
		switch {
		case kind == NothingDue || when > now:
			return next, nil
		case kind == TrialExpired:
			next.Status, next.ChangedAt = Expired, when // another system's trial; what follows it, that system says
		default:
			next = end(next, when)
		}
	}
}
