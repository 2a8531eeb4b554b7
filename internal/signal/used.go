package signal

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// PeriodUse is the usage of a feature in a period that is over; of what never resets, at the end
// of a month.
type PeriodUse struct {
	Feature    string
	Title      string // of the feature
	Start, End clock.Time
	Usage      quantity.Quantity
	Limit      quantity.Quantity // 0: there was none
}

// OnHeld looks at a period that is over and fires a rule on usage just below a limit in so many
// periods that follow each other, and again after as many more. A period above the limit, or below
// the share, begins anew; so does one without any usage, of which nobody tells.
func OnHeld(st *State, r *catalog.Signal, in PeriodUse, c Context) []Signal {
	if r.State == retired || r.When.Held != in.Feature {
		return nil
	}
	k := st.knows(r, 0) // at: end of the last period; n: how many; v: the least percent of them
	if k != nil && in.End <= k.at {
		return nil // looked at already
	}
	percent := in.Usage.Percent(in.Limit)
	if in.Limit <= 0 || in.Usage > in.Limit || percent < max(r.When.Reaches, 1) {
		st.forget(r, 0)
		st.end(r)
		return nil
	}
	if k != nil && in.Start > k.at+clock.Day {
		st.forget(r, 0)
		k = nil
	}
	if k == nil {
		k = st.remember(r, 0)
		k.v = quantity.Quantity(math.MaxInt64)
	}
	k.at, k.n, k.v = in.End, k.n+1, min(k.v, quantity.Quantity(percent))
	if k.n%max(r.When.Periods, 1) != 0 {
		return nil
	}
	least, n := int64(k.v), strconv.FormatInt(k.n, 10)
	evidence := fmt.Sprintf("Used %d%% or more of %s %s in each of the last %s periods, and never more than all of them",
		least, Grouped(in.Limit.String()), Inside(in.Title), n)
	data := map[string]string{
		"feature": in.Feature, "usage": in.Usage.String(), "limit": in.Limit.String(), "percent": strconv.FormatInt(percent, 10), "periods": n,
	}
	return fire(st, r, c, c.Now, evidence, data, []Part{
		{Name: "how full", Points: int(min(least, 100) * 50 / 100), Why: fmt.Sprintf("%d%% of the limit or more, %s times in a row", least, n)},
		{Name: "how pressing", Points: 15, Why: "holds back rather than pass the limit"},
	})
}

// OnUnused looks at the counted features that are paid for, at a daily look, and fires a rule on
// those of which hardly anything was used at every look for its time: once until they are used.
func OnUnused(st *State, r *catalog.Signal, paid []Use, c Context) []Signal {
	if r.State == retired || r.When.Unused == "" {
		return nil
	}
	var idle []*Use
	there := make(map[uint64]bool, len(paid))
	for i := range paid {
		in := &paid[i]
		if (r.When.Unused == anyFeature || r.When.Unused == in.Feature) && in.hardly(r.When.Below) {
			idle = append(idle, in)
			there[hashed64(in.Feature)] = true
		}
	}
	st.forgetBut(r, there)
	// A rule has one live signal, of the feature that fired last. When that one is used, the next
	// that is still idle is told of anew.
	again := st.endBut(r, c.Now, func(s *Signal) bool { return there[hashed64(s.Data["feature"])] })
	var out []Signal
	for _, in := range idle {
		id := hashed64(in.Feature)
		k := st.knows(r, id) // at: since when; n: 1 once it fired
		if k == nil {
			if k = st.remember(r, id); k == nil {
				continue
			}
			k.at = c.Now
		}
		if k.n > 0 && again {
			k.n, again = 0, false
		}
		// A look that comes some seconds earlier than the one so long ago counts as as long.
		if k.n > 0 || c.Now.Sub(k.at)+time.Hour < r.When.For {
			continue
		}
		span := c.Now.Sub(k.at)
		evidence, data := unusedEvidence(in, r.When.Below, span)
		if fired := fire(st, r, c, c.Now, evidence, data, unusedScore(in, span)); fired != nil {
			st.knows(r, id).n = 1
			out = append(out, fired...)
		}
	}
	return out
}

// anyFeature stands for all features that are paid for.
const anyFeature = "any"

// hardly says whether less than a share of a feature is used, of one without a limit nothing.
func (in *Use) hardly(below int64) bool {
	if in.Unlimited || in.Limit <= 0 {
		return in.Usage <= 0
	}
	return in.Usage.Percent(in.Limit) < max(below, 1)
}

// endBut takes a rule's live signal away when what it is about is no longer so, and says whether it
// would have lived on.
func (st *State) endBut(r *catalog.Signal, now clock.Time, so func(*Signal) bool) (ended bool) {
	for i := len(st.Live) - 1; i >= 0; i-- { // by place: a signal is large to copy, and there may be many of other rules
		if s := &st.Live[i]; s.Key == r.Key && !so(s) {
			ended = ended || s.DecaysAt > now
			st.Live = slices.Delete(st.Live, i, i+1)
		}
	}
	return ended
}

func unusedEvidence(in *Use, below int64, span time.Duration) (string, map[string]string) {
	data := map[string]string{"feature": in.Feature, "usage": in.Usage.String()}
	if in.Unlimited || in.Limit <= 0 {
		return fmt.Sprintf("Has not used %s for %s, and pays for it", Inside(in.Title), Span(span)), data
	}
	data["limit"], data["percent"] = in.Limit.String(), strconv.FormatInt(in.Usage.Percent(in.Limit), 10)
	return fmt.Sprintf("Uses %s of %s %s it pays for, and has used less than %d%% for %s",
		Grouped(max(in.Usage, 0).String()), Grouped(in.Limit.String()), Inside(in.Title), max(below, 1), Span(span)), data
}

func unusedScore(in *Use, span time.Duration) []Part {
	idle := Part{Name: "idle", Points: 50, Why: "nothing of it is used"}
	if in.Usage > 0 {
		idle.Points, idle.Why = 40, "hardly anything of it is used"
	}
	return []Part{idle, {Name: "how pressing", Points: 5 + int(min(span/(30*24*time.Hour), 15)), Why: "for " + Span(span) + " already"}}
}

// Growth is what an account that does not grow is told by.
type Growth struct {
	Paying bool
	MRR    int64  // in any unit, the same at every look
	Paid   string // MRR in words: "149.00 USD a month"
	Used   []Use  // all counted features it has
}

// growsBy is by how many percent usage must pass its peak to be growth and no accident.
const growsBy = 5

// OnFlat compares what is paid and used with before, and fires a rule when neither has grown for
// its time; again after it has grown. Usage has grown when it passes what it was when it last grew by
// more than 5%. Of more than 63 features the first 63 are looked at.
func OnFlat(st *State, r *catalog.Signal, in Growth, c Context) []Signal {
	if r.State == retired || !r.When.Flat {
		return nil
	}
	if !in.Paying {
		st.forgetBut(r, nil)
		st.forget(r, 0)
		st.end(r)
		return nil
	}
	own := st.knows(r, 0) // at: when it last grew; n: 1 once it fired; v: MRR
	first := own == nil
	grown := !first && in.MRR > int64(own.v)
	st.remember(r, 0) // first of all: what it remembers of features must leave it room
	there := make(map[uint64]bool, len(in.Used))
	for i := range in.Used {
		id := hashed64(in.Used[i].Feature)
		there[id] = true
		peak := st.remember(r, id) // v: its usage when it last grew
		if peak == nil {
			continue
		}
		// What is compared with nothing is a beginning, and that is growth too. A peak that is passed
		// by less stays, so that small steps add up.
		if usage := in.Used[i].Usage; usage > peak.v && (first || !atMostPercent(usage, peak.v, 100+growsBy)) {
			grown = grown || !first
			peak.v = usage
		}
	}
	st.forgetBut(r, there)
	own = st.remember(r, 0)
	own.v = quantity.Quantity(in.MRR)
	if first || grown {
		own.at, own.n = c.Now, 0
		st.end(r)
		return nil
	}
	if own.n > 0 || c.Now.Sub(own.at)+time.Hour < r.When.For {
		return nil
	}
	span := c.Now.Sub(own.at)
	data := map[string]string{"since": own.at.String(), "paid": in.Paid}
	evidence := fmt.Sprintf("Neither what it pays, %s, nor what it uses has grown for %s", in.Paid, Span(span))
	fired := fire(st, r, c, c.Now, evidence, data, []Part{
		{Name: "standstill", Points: 45, Why: "nothing has grown for " + Span(span)},
		{Name: "how pressing", Points: 10, Why: "more was not shown to it, or not packaged for it"},
	})
	if fired != nil {
		st.knows(r, 0).n = 1
	}
	return fired
}
