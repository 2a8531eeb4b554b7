package signal

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// Sequences. Steps follow each other strictly by the time they happened. Of every beginning
// of a sequence the state keeps the way that began last: for events that come in order no other can ever be better.
// An event that comes after a later one is put in its place among the newest sixteen of each
// step, and all ways through those are looked at again.

// stepsSeen is how many of the newest times of each step are looked at again.
const stepsSeen = 16

// goOn takes an event that is newer than every step before it: it completes what has begun.
func (st *State) goOn(fed []*catalog.Stream, longest int, f *fact) []Signal {
	var out []Signal
	// The longest first, so that one event is not two steps.
	for length := longest; length >= 2; length-- {
		for _, t := range fed {
			for _, p := range st.open(t, length) {
				start, _, ok := st.way(p)
				if !ok {
					continue
				}
				for _, r := range p.Whole { // the longest window first
					if f.at.Sub(start) > r.When.Within {
						break
					}
					out = append(out, st.complete(p, r, start, f.at, f)...)
				}
				if p.Inner {
					st.passed(p, start, f.at)
				}
			}
		}
	}
	return out
}

// open returns the beginnings of a length whose last step is on a stream and whose steps
// before may have happened.
func (st *State) open(t *catalog.Stream, length int) []*catalog.Prefix {
	all := t.StepsOf(length)
	if len(all) <= len(st.series)+len(st.begun) {
		return all
	}
	// Fewer things have happened than there are rules.
	var some []*catalog.Prefix
	if length == 2 {
		for i := range st.series {
			some = append(some, t.StepsAfter(st.series[i].id)...)
		}
	} else {
		for i := range st.begun {
			for _, p := range t.StepsAfter(st.begun[i].id) {
				if len(p.Steps) == length {
					some = append(some, p)
				}
			}
		}
	}
	slices.SortFunc(some, func(a, b *catalog.Prefix) int { return cmp.Compare(a.ID, b.ID) })
	return some
}

// way returns when all but the last step of a beginning happened, by the best way.
func (st *State) way(p *catalog.Prefix) (start, end clock.Time, ok bool) {
	if p.Parent == nil {
		se := st.of(p.Steps[0].ID)
		if se == nil {
			return 0, 0, false
		}
		return se.last, se.last, true
	}
	i, ok := find(st.begun, p.Parent.ID, (*begun).key)
	if !ok {
		return 0, 0, false
	}
	return st.begun[i].start, st.begun[i].end, true
}

// passed notes a way through a beginning, if it is better than the one that is known.
func (st *State) passed(p *catalog.Prefix, start, end clock.Time) {
	i, ok := find(st.begun, p.ID, (*begun).key)
	if !ok {
		st.begun = slices.Insert(st.begun, i, begun{p.ID, start, end})
	} else if b := &st.begun[i]; start > b.start || start == b.start && end < b.end {
		b.start, b.end = start, end
	}
}

// complete fires a sequence that lies within its window, unless it is used up, rests or has
// passed.
func (st *State) complete(p *catalog.Prefix, r *catalog.Signal, start, end clock.Time, f *fact) []Signal {
	fired, was := st.fired(r)
	if was && start <= fired || rests(fired, was, end, r.When.Within) || !f.timely(r, end) {
		return nil
	}
	st.mark(r, end)
	data := map[string]string{"first_at": start.String(), "last_at": end.String()}
	types := make([]string, len(p.Steps))
	for i, t := range p.Steps {
		types[i] = t.Type
		data["event_"+strconv.Itoa(i+1)] = t.Type
	}
	span := end.Sub(start)
	return fire(st, r, f.Context, end, sequenceEvidence(types, span), data, sequenceScore(r, len(types), span))
}

// lookAgain takes an event that is not newer than every step before it; its time is kept
// already. It looks at all ways through the newest times of the steps that it may be one of.
func (st *State) lookAgain(fed []*catalog.Stream, f *fact) []Signal {
	var out []Signal
	for _, t := range fed {
		for _, p := range t.Part { // the shortest first: longer ones go on from them
			ends, starts := st.ways(p)
			if p.Inner {
				for i, end := range ends {
					if starts[i] != never {
						st.passed(p, starts[i], end)
					}
				}
			}
			for _, r := range p.Whole {
				for i, end := range slices.Backward(ends) {
					if end < f.at {
						break // complete before and without this event
					}
					if start := starts[i]; start != never && end.Sub(start) <= r.When.Within {
						if fired := st.complete(p, r, start, end, f); fired != nil {
							out = append(out, fired...)
							break
						}
					}
				}
			}
		}
	}
	return out
}

// never is the start of no way.
const never clock.Time = -1 << 63

// ways returns for each of the newest times of the last step of a beginning the latest start
// of a way that ends there.
func (st *State) ways(p *catalog.Prefix) (ends, starts []clock.Time) {
	ends = st.newestOf(p.Steps[0])
	starts = ends
	for i := 1; i < len(p.Steps); i++ {
		known := p
		for len(known.Steps) > i+1 {
			known = known.Parent
		}
		start, end, ok := st.way(known)
		next := st.newestOf(p.Steps[i])
		best, from := never, make([]clock.Time, len(next))
		for j, n := 0, 0; j < len(next); j++ {
			for ; n < len(ends) && ends[n] < next[j]; n++ {
				best = max(best, starts[n])
			}
			from[j] = best
			if ok && end < next[j] {
				from[j] = max(from[j], start)
			}
		}
		ends, starts = next, from
	}
	return ends, starts
}

// newestOf returns the newest times of a step, oldest first.
func (st *State) newestOf(t *catalog.Stream) []clock.Time {
	se := st.of(t.ID)
	if se == nil {
		return nil
	}
	return se.times[max(len(se.times)-stepsSeen, 0):]
}
