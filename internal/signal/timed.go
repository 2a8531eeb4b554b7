package signal

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// due is a rule that fires by the passing of time.
type due struct {
	at           clock.Time
	rule         *catalog.Signal
	stream       *catalog.Stream
	series       *series
	before, last quantity.Quantity // of a fall
}

// OnTime fires the rules that are due by the passing of time up to c.Now, in the order of (due,
// rule). Call it when Due has come. What was due before its fact became known does not fire.
func OnTime(st *State, streams *catalog.Streams, c Context) []Signal {
	if st.wake == 0 || st.wake > c.Now {
		return nil
	}
	var all []due
	for i := range st.series {
		se := &st.series[i]
		t := streams.Stream(se.id)
		if t == nil {
			continue
		}
		for _, r := range t.Absent {
			if at := se.last.Add(r.When.For); se.n >= r.When.After && at >= st.wake && at <= c.Now {
				all = append(all, due{at: at, rule: r, stream: t, series: se})
			}
		}
		for j := range t.Rates {
			all = append(all, st.fallen(&t.Rates[j], t, se, c.Now)...)
		}
	}
	for i := range st.left {
		l := &st.left[i]
		if r := streams.Rule(l.rule); r != nil && l.first != 0 && l.due(r) >= st.wake && l.due(r) <= c.Now {
			all = append(all, due{at: l.due(r), rule: r})
		}
	}
	slices.SortStableFunc(all, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rule.Key, b.rule.Key))
	})
	var out []Signal
	for _, d := range all {
		if d.rule.When.Without != "" {
			out = append(out, st.leave(d.rule, d.at, streams, c)...)
			continue
		}
		if d.rule.When.Absent == "" {
			st.mark(d.rule, d.at)
			out = append(out, st.changed(d.rule, d.stream, d.before, d.last, d.at, c)...)
			continue
		}
		silent := d.at.Sub(d.series.last)
		data := map[string]string{
			"event": d.stream.Type, "last_at": d.series.last.String(), "times": strconv.FormatInt(d.series.n, 10),
		}
		out = append(out, fire(st, d.rule, c, d.at, absentEvidence(d.stream.Type, silent, d.series.n), data, absentScore(silent, d.series.n))...)
	}
	st.wake = st.nextDue(streams, c.Now)
	return out
}

// fallen returns the rules on falls that are due.
func (st *State) fallen(g *catalog.RateRules, t *catalog.Stream, se *series, now clock.Time) []due {
	if len(g.Falls) == 0 {
		return nil
	}
	p, w := partsOf(se.rates, g.Over), width(g.Over, rateParts)
	if p == nil {
		return nil
	}
	var all []due
	for _, r := range g.Falls {
		for n := max(partAt(st.wake-1, w), p.last); clock.Time(n+1)*w <= now && n < p.last+2*rateParts; n++ {
			if before, last, ok := st.falls(r, p, n); ok {
				all = append(all, due{clock.Time(n+1) * w, r, t, se, before, last})
				break
			}
		}
	}
	return all
}

// nextDue returns the first time after now at which a rule fires if nothing more happens;
// zero when there is none.
func (st *State) nextDue(streams *catalog.Streams, now clock.Time) clock.Time {
	var next clock.Time
	earlier := func(t clock.Time) {
		if t > now && (next == 0 || t < next) {
			next = t
		}
	}
	for i := range st.series {
		se := &st.series[i]
		t := streams.Stream(se.id)
		if t == nil {
			continue
		}
		for _, r := range t.Absent {
			if se.n >= r.When.After {
				earlier(se.last.Add(r.When.For))
			}
		}
		for j := range t.Rates {
			if g := &t.Rates[j]; len(g.Falls) > 0 {
				if p := partsOf(se.rates, g.Over); p != nil {
					earlier(st.nextFall(g, p, now))
				}
			}
		}
	}
	for i := range st.left {
		if r := streams.Rule(st.left[i].rule); r != nil {
			earlier(st.left[i].due(r))
		}
	}
	return next
}
