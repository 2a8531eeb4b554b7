package subscription

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// Preview says what the change would cost if it were made at now, and returns what Apply
// would make of it; it fails where Apply would fail.
//
// A change in the middle of a paid period gives credit for the unused rest at the old price
// and charges the rest at the new price, both by the second:
//
//	now = new * seconds left / seconds of the period - old * seconds left / seconds of the period
//
// each rounded once, halves away from zero. A trial costs nothing and earns no credit. For a
// change put into the past (StartsAt) Now covers the period that the moment lies in; periods
// since then were billed elsewhere.
func Preview(cur Subscription, ch Change, t Terms) (Quote, Subscription, error) {
	cat, now := t.Catalog, t.Now
	cur = *AsOf(&cur, now, cat)
	next, moment, err := change(cur, ch, t)
	if err != nil {
		return Quote{}, cur, err
	}
	currency := next.Currency
	q := Quote{Lines: []InvoiceLine{}, Now: money.Of(0, currency)}
	if ch.Effective != AtRenewal {
		q.Lines = settle(&cur, &next, cat, moment)
	}
	for _, line := range q.Lines {
		q.Now.Minor += line.Amount.Minor
	}
	q.Recurring, q.NextInvoice = ahead(&next, cat, now)
	return q, next, nil
}

// settle lists what is due at once when before becomes after at moment.
func settle(before, after *Subscription, cat *catalog.Catalog, moment clock.Time) []InvoiceLine {
	lines := []InvoiceLine{}
	old, paidOld := rest(before, moment)
	renewed, paidNew := rest(after, moment)
	if paidOld && paidNew && old.Period == renewed.Period && before.Recurring == after.Recurring {
		return lines // nothing about the money changed
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

// share is the part of a paid period that is left, and its price.
type share struct {
	Period
	amount money.Minor
	full   bool
}

// rest returns the part of s's paid period left at moment, to the second; false when
// nothing is paid for.
func rest(s *Subscription, moment clock.Time) (share, bool) {
	if s.Status != Active || s.Recurring == 0 {
		return share{}, false
	}
	p := PeriodOf(s.Interval, s.Anchor, moment)
	whole := int64((p.End - p.Start) / clock.Second)
	left := whole - int64((moment-p.Start)/clock.Second) // the second that has begun is not charged again
	return share{Period: p, amount: s.Recurring.Share(left, whole), full: left == whole}, true
}

// ahead returns what s costs each interval from its next invoice on, and that invoice.
func ahead(s *Subscription, cat *catalog.Catalog, now clock.Time) (money.Amount, Invoice) {
	nothing := money.Of(0, s.Currency)
	none := Invoice{Total: nothing, Lines: []InvoiceLine{}}
	at := s.PaidUntil(now)
	if at == 0 || s.EndsAt != 0 && s.EndsAt <= at {
		return nothing, none
	}
	then := s
	if s.Pending != nil && s.Pending.At <= at {
		to, err := take(*s, s.Pending.Change, Terms{Catalog: cat, Now: at}, at)
		if err != nil { // was checked when it was stored; the catalog has moved on since
			return nothing, none
		}
		then = &to
	} else if s.Status == Trialing {
		return money.Of(s.Recurring, s.Currency), Invoice{At: at, Total: nothing, Lines: []InvoiceLine{{
			Title:  "The trial of " + title(s, cat) + " ends; nothing is charged unless it is bought",
			Amount: nothing,
		}}}
	}
	invoice := Invoice{At: at, Total: money.Of(then.Recurring, s.Currency), Lines: componentsOf(then, cat)}
	return invoice.Total, invoice
}

// componentsOf lists what s costs each interval; one line alone when the catalog's prices
// are no longer those it was bought at.
func componentsOf(s *Subscription, cat *catalog.Catalog) []InvoiceLine {
	var lines []InvoiceLine
	var sum money.Minor
	add := func(prices catalog.Prices, n int64, title string) {
		if amount, sold := PriceFor(prices, s.Interval).Cost(s.Currency, n); sold {
			sum += amount
			lines = append(lines, InvoiceLine{Title: counted(n, title) + ", " + adverb(s.Interval), Amount: money.Of(amount, s.Currency)})
		}
	}
	if plan := cat.Plans[s.Plan]; plan != nil {
		add(plan.Price, s.Quantity, planTitle(cat, s.Plan))
	}
	for _, line := range s.Addons {
		if addon := cat.Addons[line.Key]; addon != nil {
			add(addon.Price, line.Quantity, addonTitle(cat, line.Key))
		}
	}
	if sum != s.Recurring || len(lines) != 1+len(s.Addons) {
		return []InvoiceLine{{Title: title(s, cat), Amount: money.Of(s.Recurring, s.Currency)}}
	}
	return lines
}
