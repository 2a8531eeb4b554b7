package signal

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// fact is one thing that happened on a stream.
type fact struct {
	Context
	at   clock.Time
	late bool
	gate *GateTouch // when it is one
	// record is that of an event whose properties are looked at.
	record *event.Record
}

// timely says whether a rule may still fire for a moment: not for a fact of a closed
// period, and not for one whose signal would have decayed by now (rule 11).
func (f *fact) timely(r *catalog.Signal, moment clock.Time) bool {
	return !f.late && moment.Add(life(r)) > f.Now
}

// OnEvent fires the rules on the streams that an event feeds; see catalog.Streams.FedBy. Events
// may come in any order; one that is late counts and does not fire.
func OnEvent(st *State, in Occurrence, fed []*catalog.Stream, c Context) []Signal {
	f := fact{Context: c, at: moment(in.At, c.Now), late: in.Late, record: in.Record}
	longest := 0
	for _, t := range fed {
		if len(t.Part) > 0 {
			longest = max(longest, len(t.Part[len(t.Part)-1].Steps))
		}
	}
	var out []Signal
	inOrder := st.newest == 0 || f.at > st.newest
	if longest > 0 && inOrder {
		out = st.goOn(fed, longest, &f)
	}
	for _, t := range fed {
		out = append(out, st.count(t, &f)...)
	}
	if longest > 0 {
		if inOrder {
			st.newest = f.at
		} else {
			out = append(out, st.lookAgain(fed, &f)...)
		}
	}
	return out
}

// OnGate fires the rules on touches of a feature the account does not have: Times of them
// that lie at most Within apart, and not again before Within has passed. Touches may come in any order; one so late that
// its signal would have decayed counts and does not fire.
func OnGate(st *State, in GateTouch, stream *catalog.Stream, c Context) []Signal {
	if stream == nil {
		return nil
	}
	return st.count(stream, &fact{Context: c, at: moment(in.At, c.Now), gate: &in})
}

// count adds a fact to a stream and fires the rules that look at how many there are, and
// when; for absence it sets the timer.
func (st *State) count(t *catalog.Stream, f *fact) []Signal {
	se := st.begin(t.ID)
	se.n++
	if se.n == 1 || f.at > se.last {
		se.last = f.at
		if len(t.Absent) > 0 && len(st.Live) > 0 { // the silence is over
			st.Live = slices.DeleteFunc(st.Live, func(s Signal) bool { return t.Misses(s.Key) })
		}
	}
	if t.Keep > 0 {
		se.keep(f.at, t.Keep)
	}
	for i := range t.Totals {
		within := t.Totals[i].Within
		partsFor(&se.totals, within).add(partAt(f.at, width(within, totalParts)), totalParts, quantity.One)
	}
	var out []Signal
	numbers, windows := se.n >= se.nextNumber, se.n >= se.next || se.nextAt != 0 && se.last >= se.nextAt
	if numbers || windows {
		out = st.look(se, t, f, numbers, windows)
	}
	if len(t.Rates) > 0 {
		out = append(out, st.compare(se, t, quantity.One, f)...)
	}
	if len(t.Ends) > 0 {
		st.endsAll(t, f)
	}
	if len(t.Left) > 0 {
		st.begins(se, t, f)
	}
	if len(t.New) > 0 && f.record != nil {
		out = append(out, st.news(se, t, f)...)
	}
	for _, r := range t.Absent { // the shortest first: the first that is to come is the next
		if due := se.last.Add(r.When.For); se.n >= r.When.After && due > f.Now {
			st.wakeBy(due)
			break
		}
	}
	return out
}

// keep puts a time among the newest ones.
func (se *series) keep(at clock.Time, most int) {
	i := len(se.times)
	for i > 0 && se.times[i-1] > at {
		i--
	}
	if len(se.times) < most {
		se.times = slices.Insert(se.times, i, at)
		return
	}
	if extra := len(se.times) - most; extra > 0 { // only before Prune
		se.times, i = slices.Delete(se.times, 0, extra), max(i-extra, 0)
	}
	if i == 0 {
		return // older than all that are kept
	}
	copy(se.times, se.times[1:i])
	se.times[i-1] = at
}

// look fires the rules on numbers, or windows, whose moment it is, and works out before
// which fact none of them can have another.
func (st *State) look(se *series, t *catalog.Stream, f *fact, numbers, windows bool) []Signal {
	l := looking{st: st, se: se, t: t, f: *f, next: math.MaxInt64}
	if numbers {
		l.numbers()
		se.nextNumber = l.next
	}
	if windows {
		l.next = math.MaxInt64
		l.windows()
		l.totals()
		se.next, se.nextAt = l.next, l.nextAt
	}
	return l.out
}

// looking is one look at a stream.
type looking struct {
	st     *State
	se     *series
	t      *catalog.Stream
	f      fact
	next   int64
	nextAt clock.Time
	out    []Signal
}

// after says that a rule cannot fire before that many more facts.
func (l *looking) after(more int) { l.next = min(l.next, l.se.n+int64(max(more, 1))) }

// since says that a rule can fire for any fact from a time on.
func (l *looking) since(at clock.Time) {
	if l.nextAt == 0 || at < l.nextAt {
		l.nextAt = at
	}
}

// numbers fires the rules for the nth fact, and for every nth.
func (l *looking) numbers() {
	n := l.se.n
	i, _ := slices.BinarySearchFunc(l.t.Nth, n, func(r *catalog.Signal, n int64) int { return int(min(max(r.When.Nth-n, -1), 1)) })
	for ; i < len(l.t.Nth) && l.t.Nth[i].When.Nth == n; i++ {
		l.reached(l.t.Nth[i])
	}
	if i < len(l.t.Nth) {
		l.next = min(l.next, l.t.Nth[i].When.Nth)
	}
	for _, r := range l.t.Every {
		if n%r.When.Every == 0 {
			l.reached(r)
		}
		l.next = min(l.next, (n/r.When.Every+1)*r.When.Every)
	}
}

func (l *looking) reached(r *catalog.Signal) {
	if !l.f.timely(r, l.f.at) {
		return
	}
	data := map[string]string{"event": l.t.Type, "nth": strconv.FormatInt(l.se.n, 10)}
	l.out = append(l.out, fire(l.st, r, l.f.Context, l.f.at, Milestone(l.t.Type, l.se.n), data, eventScore(l.se.n))...)
}

// windows fires the rules on so many facts within a window: as many as asked for that lie at
// most the window apart, none of them used up by the last firing, and not again before the window has
// passed since.
func (l *looking) windows() {
	times := l.se.times
	for _, g := range l.t.Times {
		if len(times) < g.Times {
			l.after(g.Times - len(times))
			return // those for more times still less
		}
		first, last := times[len(times)-g.Times], times[len(times)-1]
		for _, r := range g.Rules { // the longest window first
			within := r.When.Within
			fired, was := l.st.fired(r)
			switch {
			case g.Times > 1 && last.Sub(first) > within:
				l.after(g.Times - since(times, last.Add(-within)))
			case was && first <= fired:
				l.after(g.Times - since(times, fired+1))
				continue
			case was && last < fired.Add(within):
				l.since(fired.Add(within))
				continue
			case !l.f.timely(r, last):
				l.after(1)
				continue
			default:
				l.st.mark(r, last)
				l.after(g.Times)
				l.often(r, int64(g.Times), first, last)
				continue
			}
			break // shorter windows hold fewer
		}
	}
}

// since counts the times at or after a time.
func since(times []clock.Time, from clock.Time) int {
	i, _ := slices.BinarySearch(times, from)
	return len(times) - i
}

// totals fires the rules on so many facts that single times are not kept of them. Parts
// need no mark of what is used up: when the rest is over they all lie after the last firing.
func (l *looking) totals() {
	for _, g := range l.t.Totals {
		p := partsFor(&l.se.totals, g.Within)
		from := p.last - totalParts + 1
		total := int64(p.sum(from, p.last) / quantity.One)
		for _, r := range g.Rules { // the fewest times first
			if short := int64(r.When.Times) - total; short > 0 {
				l.after(int(short))
				break
			}
			fired, was := l.st.fired(r)
			switch {
			case was && l.se.last < fired.Add(g.Within):
				l.since(fired.Add(g.Within))
			case !l.f.timely(r, l.se.last):
				l.after(1)
			default:
				l.st.mark(r, l.se.last)
				l.since(l.se.last.Add(g.Within))
				first := clock.Time(p.oldest(from)) * width(g.Within, totalParts)
				l.often(r, total, first, l.se.last)
			}
		}
	}
}

// often fires a rule on n facts from first to last.
func (l *looking) often(r *catalog.Signal, n int64, first, last clock.Time) {
	data := map[string]string{
		"times": strconv.FormatInt(n, 10), "first_at": first.String(), "last_at": last.String(),
	}
	span := last.Sub(first)
	var evidence string
	var parts []Part
	if gate := l.f.gate; gate != nil {
		data["feature"] = gate.Feature
		evidence, parts = gateEvidence(gate, n, span), gateScore(r, n, span)
	} else {
		data["event"] = l.t.Type
		evidence, parts = oftenEvidence(l.t.Type, n, span), oftenScore(r, n, span)
	}
	l.out = append(l.out, fire(l.st, r, l.f.Context, last, evidence, data, parts)...)
}

// rests says whether a rule that fired at a time still rests at another.
func rests(fired clock.Time, was bool, at clock.Time, rest time.Duration) bool {
	return was && at < fired.Add(rest)
}
