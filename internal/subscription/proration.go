package subscription

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// How a change in the middle of a period is charged: the catalog's billing.proration.
const (
	BySecond    = "second" // the default
	ByDay       = "day"    // the day that has begun is paid for whole, and given back whole
	NoProration = "none"   // within a period nothing: the new price begins with the next invoice
)

// settle lists what is due at once when before becomes after at moment: credit for the rest
// of what was paid for, and the rest of what is bought now,
//
//	rest = price * units left / units of the period
//
// rounded once to the minor unit, halves away from zero, where the unit is a second or a day
// and the one that has begun is still left. So the parts of a period, however often it is cut,
// add up to its price exactly: a part is the difference of two rests. Each part is within one
// minor unit of the exact share. There and back in the same unit costs nothing, as the same
// rest is charged and given back.
//
// Without proration a change that keeps a period that is paid for is free of charge until the
// next invoice, and a cancellation gives nothing back; where a period begins or is cut short by
// a new one, it is by the second all the same. Paying for the first time, or again, begins one.
func settle(before, after *Subscription, cat *catalog.Catalog, moment clock.Time) []InvoiceLine {
	lines := []InvoiceLine{}
	unit := clock.Second
	if cat.Billing.Proration == ByDay {
		unit = clock.Day
	}
	old, paidOld := rest(before, moment, unit)
	renewed, paidNew := rest(after, moment, unit)
	same := before.Status == Active && after.Status == Active && before.paidAt(moment) && old.Period == renewed.Period
	if same && before.Recurring == after.Recurring {
		return lines // nothing about the money changed
	}
	if cat.Billing.Proration == NoProration && (same || !paidNew) {
		return lines
	}
	if paidOld && old.amount != 0 {
		lines = append(lines, InvoiceLine{
			Title:  "Credit for the unused rest of " + title(before, cat) + ", until " + dayOf(old.End),
			Amount: money.Of(-old.amount, before.Currency),
		})
	}
	if paidNew && renewed.amount != 0 {
		span := ", for the rest of the period until " + dayOf(renewed.End)
		if renewed.full {
			span = ", " + dayOf(renewed.Start) + " to " + dayOf(renewed.End)
		}
		lines = append(lines, InvoiceLine{Title: title(after, cat) + span, Amount: money.Of(renewed.amount, after.Currency)})
	}
	return lines
}

// paidAt says whether the period that moment lies in was paid for, be it for something that was
// left for what costs nothing.
func (s *Subscription) paidAt(moment clock.Time) bool { return s.Recurring > 0 || moment < s.PaidTo }

// share is the part of a period that is left, and its price.
type share struct {
	Period
	amount money.Minor
	full   bool
}

// rest returns the part of s's period left at moment, in whole units; false when nothing is
// paid for.
func rest(s *Subscription, moment, unit clock.Time) (share, bool) {
	if s.Status != Active {
		return share{}, false
	}
	p := PeriodOf(s.Interval, s.Anchor, moment)
	whole := int64((p.End - p.Start) / unit)
	left := whole - int64((moment-p.Start)/unit) // the unit that has begun is not charged again
	return share{Period: p, amount: s.Recurring.Share(left, whole), full: left == whole}, s.Recurring > 0
}
