package engine

import (
	"math"
	"math/bits"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The value ledger: at the end of each of an account's months a line of each value metric of the
// catalog, of what was counted since the last one. What comes in late is in the next line, so
// that the lines of an account add up to all that was counted, and none is ever changed.

// ValueLine is what an account gained in a month by one metric, and what it paid.
type ValueLine struct {
	Account    string
	Metric     string
	Start, End clock.Time
	RecordedAt clock.Time // state time; of an incomplete month the moment of reading
	Quantity   quantity.Quantity
	Worth      money.Minor // in Currency; 0 when the metric says no worth
	Currency   money.Currency
	Price      money.Twelfths // MRR on average over the span, in PaidIn
	PaidIn     money.Currency // empty: it has never paid
	// Share is Price of Worth in hundredths of a percent; -1 when there is no worth to compare
	// with, or in another currency.
	Share     int64
	Low, High int64 // of the band, in hundredths of a percent; -1: none
	// State says where the share lies: in_band, below, above; empty without a band, for those
	// who pay nothing, and across currencies.
	State string
}

// The states of a line.
const (
	InBand    = "in_band"
	BelowBand = "below"
	AboveBand = "above"
)

// GateRow is how often an account met a closed feature.
type GateRow struct {
	Account string
	Feature string
	Touches int64 // once a user and minute
	LastAt  clock.Time
}

// ledgered is where an account's value ledger stands, and what it asked for.
type ledgered struct {
	// The open span; unset before the first line or change of MRR.
	Start clock.Time `json:"start,omitempty"`
	End   clock.Time `json:"end,omitempty"`
	// Paid is the part of the span's average MRR up to At.
	Paid   money.Twelfths `json:"paid,omitempty"`
	PaidIn money.Currency `json:"paid_in,omitempty"`
	At     clock.Time     `json:"at,omitempty"`
	// Totals are of the life of meters at the last line.
	Totals map[string]quantity.Quantity `json:"totals,omitempty"`
	// Gates are the closed features met; at most maxGates.
	Gates map[string]gateCount `json:"gates,omitempty"`
}

type gateCount struct {
	N    int64      `json:"n"`
	Last clock.Time `json:"last"`
}

// maxGates bounds how many features an account's touches are counted of.
const maxGates = 200

// IsZero says that there is nothing to keep.
func (v ledgered) IsZero() bool {
	return v.Start == 0 && v.End == 0 && v.Totals == nil && v.Gates == nil
}

// meets counts that somebody met a closed feature at a time.
func (s *State) meets(a *Account, feature string, at clock.Time) {
	g, known := a.Value.Gates[feature]
	if !known && len(a.Value.Gates) >= maxGates {
		return
	}
	if a.Value.Gates == nil {
		a.Value.Gates = make(map[string]gateCount)
	}
	g.N++
	g.Last = max(g.Last, at)
	a.Value.Gates[feature] = g
	a.cold = nil
	s.effects.Gates = append(s.effects.Gates, GateRow{a.key, feature, g.N, g.Last})
}

// valueDue returns when the next lines are due, zero when none will be.
func (a *Account) valueDue(c *catalog.Catalog, now clock.Time) clock.Time {
	if len(c.ValueMetrics()) == 0 || len(a.Usage) == 0 && a.Subscription.Status == "" && a.Ledger.Seq == 0 {
		return 0
	}
	if event.IsOwnKey(a.key) {
		return 0
	}
	if a.Value.End != 0 {
		return a.Value.End
	}
	return a.calendar(c).Of(catalog.Monthly, now).End
}

// open begins the account's first span, the month that now lies in, where the catalog has
// value metrics.
func (a *Account) open(c *catalog.Catalog, now clock.Time) {
	v := &a.Value
	if v.End != 0 || len(c.ValueMetrics()) == 0 {
		return
	}
	if event.IsOwnKey(a.key) {
		return
	}
	p := a.calendar(c).Of(catalog.Monthly, now)
	v.Start, v.End, v.At, v.PaidIn = p.Start, p.End, p.Start, a.Ledger.Currency
}

// repriced keeps what was paid so far in the span, as the account's MRR becomes another.
func (s *State) repriced(a *Account, before, after revenue.Standing) {
	v := &a.Value
	if v.End == 0 || before.MRR == after.MRR && before.Currency == after.Currency {
		return
	}
	v.Paid, v.At = v.paidUntil(s.Now, before.MRR), max(v.At, s.Now)
	if before.Currency != after.Currency { // nothing is converted: what is told is what is paid in now
		v.Paid, v.PaidIn = 0, after.Currency
	}
}

// paidUntil returns the part of the span's average MRR up to a time.
func (v *ledgered) paidUntil(until clock.Time, mrr money.Twelfths) money.Twelfths {
	return v.Paid + money.Twelfths(share(int64(mrr), int64(max(min(until, v.End)-v.At, 0)), int64(v.End-v.Start)))
}

// closeValue writes the lines of spans that are over at due.
func (s *State) closeValue(a *Account, due clock.Time, c *catalog.Catalog) {
	if at := a.valueDue(c, due-1); at == 0 || at > due {
		return
	}
	a.open(c, due-1)
	for a.Value.End <= due {
		v := &a.Value
		lines, failed := a.lines(c, v.End)
		for _, why := range failed {
			a.problem(why)
		}
		for i := range lines {
			l := &lines[i]
			l.RecordedAt = s.Now
			s.valueOver(a, l, c)
			if l.Quantity != 0 || l.Price != 0 {
				s.effects.Values = append(s.effects.Values, *l)
			}
		}
		totals := make(map[string]quantity.Quantity)
		for _, key := range c.ValueMeters() {
			if u := a.Usage[key]; u != nil && adds(c.Meters[key]) {
				totals[key] = lifeOf(u, c.Meters[key])
			}
		}
		v.Totals = totals
		v.Start, v.Paid, v.PaidIn = v.End, 0, a.Ledger.Currency
		v.At = v.Start
		v.End = a.calendar(c).Of(catalog.Monthly, v.Start).End
	}
	a.cold = nil
}

// ValueNow returns the lines of the account's open month as they would be if it ended at now, the
// main metric's first; a may be nil.
func (a *Account) ValueNow(c *catalog.Catalog, now clock.Time) []ValueLine {
	if a == nil || len(c.ValueMetrics()) == 0 {
		return nil
	}
	peek := *a
	peek.open(c, now)
	lines, _ := peek.lines(c, now)
	for i := range lines {
		lines[i].RecordedAt = now
	}
	return lines
}

// lines works out the lines of the open span up to a time, and what could not be computed.
func (a *Account) lines(c *catalog.Catalog, until clock.Time) (out []ValueLine, failed []string) {
	v := &a.Value
	price := v.paidUntil(until, a.Ledger.MRR)
	if until < v.End && until > v.Start { // the average so far
		price = money.Twelfths(share(int64(price), int64(v.End-v.Start), int64(until-v.Start)))
	}
	for _, m := range c.ValueMetrics() {
		used := func(key string) float64 {
			return float64(a.monthOf(c.Meters[key], c, until)) / float64(quantity.One)
		}
		got, err := m.Formula.Eval(used)
		if err != nil {
			failed = append(failed, "value "+m.Key+": "+err.Error())
			continue
		}
		l := ValueLine{Account: a.key, Metric: m.Key, Start: v.Start, End: until, Price: price, PaidIn: v.PaidIn, Currency: c.Currency, Share: -1, Low: -1, High: -1}
		l.Quantity = quantity.Quantity(math.Round(max(min(got*float64(quantity.One), 9e18), -9e18)))
		l.Worth = money.Minor(share(int64(m.Worth), int64(l.Quantity), int64(quantity.One)))
		l.judge(m)
		out = append(out, l)
	}
	return out, failed
}

// judge fills in the share of the worth that was paid, and where it lies in the band.
func (l *ValueLine) judge(m *catalog.ValueMetric) {
	if m.Band != nil {
		l.Low, l.High = m.Band.Low*100, m.Band.High*100
	}
	if m.Worth == 0 || l.Price <= 0 || l.PaidIn != l.Currency {
		return
	}
	if l.Worth > 0 {
		l.Share = share(int64(l.Price), 10_000, 12*int64(l.Worth))
	}
	switch {
	case m.Band == nil:
	case l.Worth <= 0 || l.Share > l.High:
		l.State = AboveBand
	case l.Share < l.Low:
		l.State = BelowBand
	default:
		l.State = InBand
	}
}

// monthOf returns what the account has used of a meter in its open span, up to a time.
func (a *Account) monthOf(m *catalog.Meter, c *catalog.Catalog, until clock.Time) quantity.Quantity {
	u := a.Usage[m.Key]
	switch {
	case u == nil:
		return 0
	case m.Aggregate == catalog.Level:
		return lifeOf(u, m)
	case adds(m):
		if before, known := a.Value.Totals[m.Key]; known {
			return lifeOf(u, m) - before
		}
		fallthrough // the first span of this meter: what its window has
	default:
		return meter.Read(u, m, catalog.Month, a.calendar(c), max(until-1, a.Value.Start)).Value
	}
}

// adds says whether a meter's life is the sum of its months.
func adds(m *catalog.Meter) bool { return m.Aggregate == catalog.Count || m.Aggregate == catalog.Sum }

func lifeOf(u *meter.Usage, m *catalog.Meter) quantity.Quantity {
	return meter.Read(u, m, catalog.Lifetime, subscription.Calendar{}, 0).Value
}

// share returns n*part/whole, halves away from zero, held at the ends of the range; whole is
// above zero.
func share(n, part, whole int64) int64 {
	negative := (n < 0) != (part < 0)
	hi, lo := bits.Mul64(magnitude(n), magnitude(part))
	w := uint64(max(whole, 1))
	lo, carry := bits.Add64(lo, w/2, 0)
	hi += carry
	if hi >= w {
		hi, lo = w-1, math.MaxUint64
	}
	q, _ := bits.Div64(hi, lo, w)
	q = min(q, math.MaxInt64)
	if negative {
		return -int64(q)
	}
	return int64(q)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-(n + 1)) + 1
	}
	return uint64(n)
}
