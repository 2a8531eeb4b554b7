package subscription

import (
	"cmp"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// Preview says what the change would cost if it were made at now, and returns what Apply
// would make of it; it fails where Apply would fail.
//
// A change in the middle of a paid period gives credit for the unused rest at the old price
// and charges the rest at the new price (see settle). What is bought once is a line of its
// own. A trial costs nothing and earns no credit. For a change put into the past (StartsAt)
// Now covers the period that the moment lies in; periods since then were billed elsewhere.
// Undoing gives back exactly what the last change charged.
func Preview(cur Subscription, ch Change, t Terms) (Quote, Subscription, error) {
	cur = *AsOf(&cur, t.Now, t.Catalog)
	m, err := change(cur, ch, t)
	if err != nil {
		return Quote{}, cur, err
	}
	currency := cmp.Or(m.after.Currency, cur.Currency)
	q := Quote{Lines: m.due(t.Catalog), Dropped: m.dropped, Carried: m.carried}
	if q.Dropped == nil {
		q.Dropped = []Dropped{}
	}
	if q.Carried == nil {
		q.Carried = []AddonLine{}
	}
	if ch.Undo {
		q.Lines = reverse(cur.Undo.Lines)
	}
	q.Now = sumOf(q.Lines, currency)
	q.Recurring, q.NextInvoice = ahead(&m.after, t.Catalog, t.Now, currency)
	return q, m.after, nil
}

// due lists what is due at once for the change.
func (m *made) due(cat *catalog.Catalog) []InvoiceLine {
	lines := []InvoiceLine{}
	if !m.later {
		lines = settle(&m.before, &m.after, cat, m.moment)
	}
	return append(lines, m.once...)
}

// Ahead returns the invoice to come, as it would be if nothing changed until then; an empty one
// when there is none.
func Ahead(s *Subscription, cat *catalog.Catalog, now clock.Time) Invoice {
	_, next := ahead(s, cat, now, s.Currency)
	return next
}

// ahead returns what s costs each interval from its next invoice on, and that invoice.
func ahead(s *Subscription, cat *catalog.Catalog, now clock.Time, currency money.Currency) (money.Amount, Invoice) {
	nothing := money.Of(0, currency)
	none := Invoice{Total: nothing, Lines: []InvoiceLine{}}
	at := s.PaidUntil(now)
	if at == 0 || s.EndsAt != 0 && s.EndsAt <= at {
		return nothing, none
	}
	then := s
	if s.Pending != nil && s.Pending.At <= at {
		to, _, err := takeJust(*s, s.Pending.Change, Terms{Catalog: cat, Now: at}, at)
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
	if plan := cat.PlanOf(s.Plan, s.PlanVersion); plan != nil {
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
