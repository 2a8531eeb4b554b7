package signal

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Burn rate. Once a day the total of a meter is noted; the pace is what it has grown by since the
// oldest note within the time that the rule says. All of it is whole numbers: no event is counted
// for it, and none costs anything.

// Use is the standing of an account with one counted feature.
type Use struct {
	Feature     string
	Title       string // of the feature
	Usage       quantity.Quantity
	Limit       quantity.Quantity // with what grants add
	Unlimited   bool
	Per         catalog.Period
	PeriodStart clock.Time // of the allowance; unset for levels, lifetime and rolling windows
	ResetsAt    clock.Time // likewise
	// Total is all that its meter has counted, for those whose total is the sum of what was fed;
	// Adds says that it is.
	Total quantity.Quantity
	Adds  bool
}

// notesKept is into how many parts the time that a pace is of is divided at most.
const notesKept = 7

// pace is what a rule on a pace remembers: the totals at some of the last looks.
type pace struct {
	rule   uint64 // catalog.Signal.Mark
	times  []clock.Time
	totals []quantity.Quantity // as many
}

func (p *pace) key() uint64 { return p.rule }

// OnPace looks at the pace of a feature and fires a rule by which it will run out: so many days
// before it resets, once in a period; of what never resets, within some days, and again when it
// would no longer. Rolling windows it leaves alone: what is used leaves them again, so that a pace does
// not tell whether they run out.
func OnPace(st *State, r *catalog.Signal, in Use, zone *time.Location, c Context) []Signal {
	if r.State == retired || r.When.RunsOut != in.Feature {
		return nil
	}
	if _, rolls := in.Per.Rolling(); rolls {
		delete(st.Limits, r.Key)
		st.end(r)
		return nil
	}
	grown, over := st.pace(r, in, c.Now)
	if st.Limits[r.Key].Limit != in.Limit || st.Limits[r.Key].Period != in.PeriodStart {
		delete(st.Limits, r.Key)
		st.end(r)
	}
	w := &r.When
	left := in.Limit - in.Usage
	if in.Unlimited || in.Limit <= 0 || left <= 0 || grown <= 0 {
		return st.lasts(r, in.PeriodStart)
	}
	at := c.Now.Add(inTime(left, over, grown))
	early := time.Duration(0)
	if resets := in.ResetsAt > c.Now && in.PeriodStart != 0; resets {
		if early = in.ResetsAt.Sub(at); early < max(w.Ahead, time.Microsecond) {
			return st.lasts(r, in.PeriodStart)
		}
	} else if at.Sub(c.Now) > within(r) {
		return st.lasts(r, in.PeriodStart)
	}
	if _, was := st.Limits[r.Key]; was {
		return nil
	}
	amount, unit := perTime(grown, over)
	day := at.Std().In(zone).Format("2 January")
	use := amount + " " + Inside(in.Title) + " " + unit
	var evidence string
	if early > 0 {
		evidence = fmt.Sprintf("Uses %s; at that pace the %s %s are used up on %s, %s before they reset",
			use, Grouped(in.Limit.String()), ofPeriod(in.Per), day, Span(early))
	} else {
		evidence = fmt.Sprintf("Adds %s; at that pace all %s are used on %s, in %s", use, Grouped(in.Limit.String()), day, Span(at.Sub(c.Now)))
	}
	data := map[string]string{
		"feature": in.Feature, "usage": in.Usage.String(), "limit": in.Limit.String(), "pace": amount + " " + unit, "runs_out_at": at.String(),
		"percent": strconv.FormatInt(in.Usage.Percent(in.Limit), 10),
	}
	if early > 0 {
		data["resets_at"] = in.ResetsAt.String()
	}
	fired := fire(st, r, c, c.Now, evidence, data, paceScore(in.Usage.Percent(in.Limit), at.Sub(c.Now)))
	if fired != nil {
		put(&st.Limits, r.Key, LimitFired{Period: in.PeriodStart, Limit: in.Limit, Rule: r.Mark()})
	}
	return fired
}

// lasts says that a feature will not run out. Of what never resets the rule may fire again; within
// a period it has told what it had to.
func (st *State) lasts(r *catalog.Signal, period clock.Time) []Signal {
	st.end(r)
	if period == 0 {
		delete(st.Limits, r.Key)
	}
	return nil
}

func within(r *catalog.Signal) time.Duration {
	if r.When.Within > 0 {
		return r.When.Within
	}
	return 14 * 24 * time.Hour
}

// pace notes a total and returns by how much it has grown over how long; nothing while less than
// three parts in seven of the rule's time are known, or a day.
func (st *State) pace(r *catalog.Signal, in Use, now clock.Time) (grown quantity.Quantity, over time.Duration) {
	whole := r.When.Over
	if whole <= 0 {
		whole = 7 * 24 * time.Hour
	}
	least := max(3*whole/notesKept, 24*time.Hour) - time.Hour
	if !in.Adds { // different values, peaks: what there is of the period so far
		if in.PeriodStart == 0 || now.Sub(in.PeriodStart) < least {
			return 0, 0
		}
		return in.Usage, now.Sub(in.PeriodStart)
	}
	i, ok := find(st.paces, r.Mark(), (*pace).key)
	if !ok {
		st.paces = slices.Insert(st.paces, i, pace{rule: r.Mark()})
	}
	p := &st.paces[i]
	// A look comes at the same time of day, give or take a change of clocks.
	oldest := now.Add(-whole - time.Hour)
	for len(p.times) > 0 && p.times[0] < oldest {
		p.times, p.totals = slices.Delete(p.times, 0, 1), slices.Delete(p.totals, 0, 1)
	}
	if n := len(p.times); n > 0 {
		grown, over = in.Total.Add(-p.totals[0]), now.Sub(p.times[0])
	}
	if n := len(p.times); n == 0 || now.Sub(p.times[n-1]) >= whole/notesKept-time.Hour && n <= notesKept {
		p.times, p.totals = append(p.times, now), append(p.totals, in.Total)
	}
	if over < least {
		return 0, 0
	}
	return grown, over
}

// inTime returns how long an amount lasts at a pace of grown in over; held at the end of the range.
func inTime(amount quantity.Quantity, over time.Duration, grown quantity.Quantity) time.Duration {
	return time.Duration(muldiv(uint64(amount), uint64(over), uint64(grown)))
}

// muldiv returns a*b/c rounded down, held at the end of int64; c is above zero.
func muldiv(a, b, c uint64) int64 {
	hi, lo := bits.Mul64(a, b)
	if hi >= c {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, c)
	return int64(min(q, math.MaxInt64))
}

// perTime writes a pace in the unit that gives a number people can read: "120", "a day".
func perTime(grown quantity.Quantity, over time.Duration) (amount, unit string) {
	const day = 24 * time.Hour
	for _, per := range []struct {
		length time.Duration
		name   string
	}{{day, "a day"}, {7 * day, "a week"}, {30 * day, "a month"}} {
		q := quantity.Quantity(muldiv(uint64(grown), uint64(per.length), uint64(over)))
		if q >= quantity.One || per.name == "a month" {
			return Grouped(rounded(q).String()), per.name
		}
	}
	return "", ""
}

// rounded is a quantity as people write it: whole from ten up, else with one decimal.
func rounded(q quantity.Quantity) quantity.Quantity {
	step := quantity.One
	if q < 10*quantity.One {
		step = quantity.One / 10
	}
	return (q + step/2) / step * step
}

// ofPeriod says of what period an allowance is: "of this month".
func ofPeriod(per catalog.Period) string {
	switch per {
	case catalog.Day:
		return "of today"
	case catalog.Lifetime:
		return "there are"
	}
	return "of this " + string(per)
}

func paceScore(percent int64, left time.Duration) []Part {
	press := Part{Name: "how pressing", Points: 20 - int(min(left/(24*time.Hour), 15)), Why: "runs out in " + Span(left)}
	return []Part{
		{Name: "how fast", Points: 40 + int(min(percent, 100)/5), Why: strconv.FormatInt(percent, 10) + "% of the limit is used already"},
		press,
	}
}
