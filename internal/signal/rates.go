package signal

import (
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Rates. The last window is compared with the one before it, each in seven parts that begin
// at multiples of their length since 1970 (whole days in UTC for a window of a week). A rise
// is looked for with every fact, when the part it falls into is not over yet and counts as it is; a
// fall at the end of a part. Both want the whole of the window before to lie after the first fact.

// OnMeter fires the rules on the rate of a meter.
func OnMeter(st *State, in Fed, stream *catalog.Stream, c Context) []Signal {
	if stream == nil {
		return nil
	}
	f := fact{Context: c, at: moment(in.At, c.Now), late: in.Late}
	se := st.begin(stream.ID)
	se.n++
	if se.n == 1 || f.at > se.last {
		se.last = f.at
	}
	return st.compare(se, stream, in.Amount, &f)
}

// compare adds an amount to the windows of a stream and fires the rules on rises; for falls
// it sets the timer.
func (st *State) compare(se *series, t *catalog.Stream, amount quantity.Quantity, f *fact) []Signal {
	var out []Signal
	for i := range t.Rates {
		g := &t.Rates[i]
		p, w := partsFor(&se.rates, g.Over), width(g.Over, rateParts)
		n := partAt(f.at, w)
		inOrder := p.sums == nil || n >= p.last
		p.add(n, 2*rateParts, amount)
		if len(g.Rises) > 0 {
			out = append(out, st.rises(se, t, g, p, f)...)
		}
		if len(g.Falls) == 0 {
			continue
		}
		// An event raises the last window for seven parts, and only then the one before it.
		if due := clock.Time(n+rateParts+1) * w; inOrder && due > f.Now {
			st.wakeBy(due)
		} else if due := st.nextFall(g, p, f.Now); due != 0 {
			st.wakeBy(due)
		}
	}
	return out
}

// rises fires the rules on a rise up to now.
func (st *State) rises(se *series, t *catalog.Stream, g *catalog.RateRules, p *parts, f *fact) []Signal {
	before, last := p.compared(p.last)
	if before <= 0 || last <= before {
		return nil
	}
	var out []Signal
	for _, r := range g.Rises { // the smallest first
		if !atLeastPercent(last, before, 100+r.When.Rises) {
			break
		}
		fired, was := st.fired(r)
		if last < r.When.AtLeast || rests(fired, was, se.last, g.Over) || !f.timely(r, se.last) {
			continue
		}
		st.mark(r, se.last)
		out = append(out, st.changed(r, t, before, last, se.last, f.Context)...)
	}
	return out
}

// compared returns what there is in the two windows that end with part n; nothing when the
// first fact is younger than the window before.
func (p *parts) compared(n int64) (before, last quantity.Quantity) {
	if p.first > n-2*rateParts+1 {
		return 0, 0
	}
	return p.sum(n-2*rateParts+1, n-rateParts), p.sum(n-rateParts+1, n)
}

// falls says whether a rule on a fall holds at the end of part n.
func (st *State) falls(r *catalog.Signal, p *parts, n int64) (before, last quantity.Quantity, ok bool) {
	before, last = p.compared(n)
	if before <= 0 || before < r.When.AtLeast || last < 0 || !atMostPercent(last, before, 100-r.When.Falls) {
		return 0, 0, false
	}
	fired, was := st.fired(r)
	return before, last, !rests(fired, was, clock.Time(n+1)*width(p.span, rateParts), p.span)
}

// nextFall returns the first end of a part after now at which a rule on a fall holds if
// nothing more happens; zero when there is none.
func (st *State) nextFall(g *catalog.RateRules, p *parts, now clock.Time) clock.Time {
	w := width(g.Over, rateParts)
	for n := max(partAt(now, w), p.last); n < p.last+2*rateParts; n++ {
		for _, r := range g.Falls {
			if _, _, ok := st.falls(r, p, n); ok {
				return clock.Time(n+1) * w
			}
		}
	}
	return 0
}

// changed fires a rule on a rate.
func (st *State) changed(r *catalog.Signal, t *catalog.Stream, before, last quantity.Quantity, at clock.Time, c Context) []Signal {
	percent := last.Percent(before) - 100
	if percent < 0 { // 65.5% is a fall by 34.5%, told as 34
		percent = -((before - last).Percent(before))
	}
	data := map[string]string{
		"rate": t.Type, "before": before.String(), "last": last.String(), "percent": strconv.FormatInt(percent, 10),
		"over": Span(r.When.Over),
	}
	return fire(st, r, c, at, rateEvidence(t.Type, before, last, percent, r.When.Over), data, rateScore(percent, r.When.Over))
}

// rateEvidence says how one window differs from the one before it.
func rateEvidence(name string, before, last quantity.Quantity, percent int64, over time.Duration) string {
	words := strconv.FormatInt(percent, 10) + "% more than the "
	if percent < 0 {
		words = strconv.FormatInt(-percent, 10) + "% less than the "
	}
	return `"` + name + `": ` + Grouped(last.String()) + " in " + Span(over) + ", " + words + Grouped(before.String()) + " before"
}
