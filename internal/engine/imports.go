package engine

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/subscription"
)

// ImportRow is the body of an import record: one row of a file, keyed (import, row).
// Exactly one of the parts is there.
type ImportRow struct {
	Import       string               `json:"import"`
	Account      *event.AccountChange `json:"account,omitempty"`
	Subscription *ImportedRow         `json:"subscription,omitempty"`
	Usage        *UsageRow            `json:"usage,omitempty"`
	Survey       *SurveyRow           `json:"survey,omitempty"` // under a person's key
	Fact         *account.Fact        `json:"fact,omitempty"`   // that a ticket, an activity or a row of facts tells
}

// ImportedRow is a subscription of another system. The row of the same ID read again with
// other content corrects it: the ledger gets reversing lines, nothing is edited.
type ImportedRow struct {
	ID string `json:"id"`
	subscription.Imported
}

// UsageRow is usage on a day, of an event type the catalog meters.
type UsageRow struct {
	Event string            `json:"event"`
	Value quantity.Quantity `json:"value"`
	At    clock.Time        `json:"at"`
}

// imported is a subscription of another system as the account keeps it.
type imported struct {
	subscription.Imported
	Live bool `json:"live,omitempty"` // counts towards the MRR now
}

// mrr is what the imported subscription pays while it runs.
func (i *imported) mrr() money.Twelfths {
	switch {
	case i.Trial:
		return 0
	case i.Interval == subscription.Year:
		return money.Yearly(i.Amount)
	default:
		return money.Monthly(i.Amount)
	}
}

// history is imported usage per calendar month, by the month's first instant in UTC.
type history map[clock.Time]quantity.Quantity

func (s *State) imported(a *Account, r *event.Record, c *catalog.Catalog) {
	row, err := decode[ImportRow](r)
	if err != nil {
		a.problem("import: " + err.Error())
		return
	}
	switch {
	case row.Account != nil:
		parent := a.Facts.Parent
		a.Facts.Apply(row.Account, s.Now)
		s.described(a, parent)
	case row.Subscription != nil:
		s.importSubscription(a, *row.Subscription, row.Import)
	case row.Usage != nil:
		s.importUsage(a, *row.Usage, c)
	case row.Fact != nil:
		if err := s.known(a, *row.Fact); err != nil {
			a.problem("import: it has as many facts as there can be")
		}
	}
}

// importSubscription books an interval of another system's revenue, after taking back what
// an earlier reading of the same row had booked.
func (s *State) importSubscription(a *Account, row ImportedRow, from string) {
	ref := from + "/" + row.ID
	if old := a.Imports[row.ID]; old != nil {
		if old.Imported == row.Imported {
			return
		}
		s.bookImport(a, old, -1, ref, "correction of an earlier import")
	}
	if a.Imports == nil {
		a.Imports = make(map[string]*imported)
	}
	i := &imported{Imported: row.Imported}
	i.Live = i.StartsAt <= s.Now && (i.EndsAt == 0 || i.EndsAt > s.Now)
	a.Imports[row.ID] = i
	s.bookImport(a, i, 1, ref, "imported")
	s.adopt(a)
}

// bookImport writes the start of an interval, and its end when that has come. sign is -1
// to take both back.
func (s *State) bookImport(a *Account, i *imported, sign money.Twelfths, ref, note string) {
	a.Subscription.Undo, a.Reversal = nil, nil // the ledger has moved on since the last change
	line := func(at clock.Time, delta money.Twelfths) {
		s.book(a, revenue.Change{Account: a.key, MRR: max(0, a.Ledger.MRR+delta), Currency: i.Currency,
			EffectiveAt: at, RecordedAt: s.Now, Source: "import", Ref: ref, Note: note})
	}
	ended := i.EndsAt != 0 && i.EndsAt <= s.Now
	if sign < 0 && ended { // first up, then down, so that the running MRR is never below zero
		line(i.EndsAt, i.mrr())
		line(i.StartsAt, -i.mrr())
		return
	}
	line(i.StartsAt, sign*i.mrr())
	if ended {
		line(i.EndsAt, -sign*i.mrr())
	}
}

// endImports books the end of imported subscriptions that run out.
func (s *State) endImports(a *Account, due clock.Time) {
	for _, id := range slices.Sorted(maps.Keys(a.Imports)) {
		i := a.Imports[id]
		if i.Live && i.EndsAt != 0 && i.EndsAt <= due {
			i.Live = false
			a.Subscription.Undo, a.Reversal = nil, nil // the ledger moves on
			s.book(a, revenue.Change{Account: a.key, MRR: max(0, a.Ledger.MRR-i.mrr()), Currency: i.Currency,
				EffectiveAt: i.EndsAt, RecordedAt: s.Now, Source: "import", Ref: id, Note: "ended"})
			s.adopt(a)
		}
	}
}

// adopt shows the account on the plan of its largest running import, as long as Headroom
// has no subscription of its own for it.
func (s *State) adopt(a *Account) {
	if a.Subscription.Version > 0 && !a.Adopted {
		return
	}
	var best *imported
	for _, id := range slices.Sorted(maps.Keys(a.Imports)) {
		if i := a.Imports[id]; i.Live && (best == nil || i.mrr() > best.mrr() || i.mrr() == best.mrr() && i.StartsAt > best.StartsAt) {
			best = i
		}
	}
	a.Adopted = true
	if best == nil {
		a.Subscription.Status = subscription.Ended
		return
	}
	next, err := subscription.Import(a.Subscription, best.Imported, s.Now)
	if err != nil {
		a.problem("import: " + err.Error())
		return
	}
	a.Subscription = next
}

// TakesTotals says whether imported usage can feed a meter: totals tell neither which events
// they are of nor in which order, so only sums and counts of all events can take them.
func TakesTotals(m *catalog.Meter) bool {
	return (m.Aggregate == catalog.Sum || m.Aggregate == catalog.Count) && len(m.Where) == 0 && !m.FedByConsume
}

// importUsage adds past usage. What lies in the open month counts as if it had just come
// in; what is older goes into the history of its month and into the account's life. Neither
// fires a signal for a moment that has passed.
func (s *State) importUsage(a *Account, row UsageRow, c *catalog.Catalog) {
	for _, m := range c.MetersOf(row.Event) {
		if m.Aggregate != catalog.Sum && m.Aggregate != catalog.Count {
			a.problem("import: meter " + m.Key + " cannot take totals, only its events")
			continue
		}
		if len(m.Where) > 0 {
			a.problem("import: meter " + m.Key + " counts only some events, and totals do not say which")
			continue
		}
		if open := a.calendar(c).Of(catalog.Monthly, s.Now); row.At >= open.Start {
			s.lapse(a, m, c)
			watches := s.watchOf(a, m, c)
			// A row is a total already: a count adds it up as a sum does.
			total := *m
			total.Aggregate, total.Property, total.Product, total.By = catalog.Sum, "total", nil, nil
			rec := event.Record{Kind: event.KindEvent, Type: row.Event, At: row.At, ReceivedAt: s.Now,
				Props: []event.Prop{{Name: total.Property, Value: event.Value{Kind: event.Number, Text: row.Value.String()}}}}
			res := meter.Apply(a.usage(m.Key), &total, &rec, a.calendar(c), s.Now)
			if res.Problem != "" {
				a.problem(m.Key + ": " + res.Problem)
			}
			s.settleUsage(a, m, c)
			s.noticeUsage(a, watches, "", res, c)
			continue
		}
		month := subscription.MonthOf(0, row.At)
		if a.History == nil {
			a.History = make(map[string]history)
		}
		if a.History[m.Key] == nil {
			a.History[m.Key] = make(history)
		}
		h := a.History[m.Key]
		h[month.Start] = h[month.Start].Add(row.Value)
		meter.Import(a.usage(m.Key), row.Value)
		for _, f := range c.FeaturesOf(m.Key) {
			if base, based := a.Entitled.Base[f.Key]; based { // grants are not burned by what was long before them
				a.Entitled.Base[f.Key] = base.Add(row.Value)
			}
		}
		s.rearm(a, m, c)
		s.effects.Periods = append(s.effects.Periods, PeriodRow{Account: a.key, Meter: m.Key, Per: catalog.Month,
			Start: month.Start, End: month.End, Usage: int64(h[month.Start])})
	}
}

// closePeriods closes the meters' windows that are over. Those of hours leave no row: they
// are for limits of speed, and there would be 8,760 a year of each account and meter.
func (s *State) closePeriods(a *Account, due clock.Time, c *catalog.Catalog) {
	for _, key := range slices.Sorted(maps.Keys(a.Usage)) {
		for _, p := range meter.Close(a.Usage[key], due) {
			if p.Per != catalog.Hour {
				s.effects.Periods = append(s.effects.Periods, PeriodRow{Account: a.key, Meter: key, Per: p.Per,
					Start: p.Start, End: p.End, Usage: int64(p.Value), Late: int64(p.Late)})
			}
			s.periodOver(a, key, p, c)
		}
	}
}
