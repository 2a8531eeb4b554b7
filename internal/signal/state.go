package signal

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// maxLive bounds the live signals kept per account; the oldest go first.
const maxLive = 50

// State is what an account's rules remember between facts. Its zero value is an account
// nothing has happened to. It survives AppendBinary and DecodeState at any moment, and is
// small whatever the number of facts: see the README for the bytes.
type State struct {
	Fired  int64                 // signals ever; numbers their ids
	Limits map[string]LimitFired // by rule; absent: armed
	Trials map[string]clock.Time // by rule: the end of the trial it fired for
	Live   []Signal              // oldest first, the newest one of each rule

	left  []left // by rule: what was begun
	ends  int    // how often something open was closed since it was read; not stored
	kept  []kept // by rule and what it is about
	paces []pace // by rule

	series []series   // by id: the streams that something has happened on
	marks  []mark     // by rule: those that have fired and may fire again
	begun  []begun    // by id: beginnings of sequences that have happened
	newest clock.Time // of all steps of sequences
	// wake is a time before which no rule fires by the passing of time; zero: none ever.
	// Every due time that is still to come lies at or after it.
	wake clock.Time
}

// LimitFired says for which period and which limit a limit rule has fired. It fires again
// only when one of them is another, or when usage has fallen below the share of a level.
type LimitFired struct {
	Period clock.Time // start; unset for what never resets
	Limit  quantity.Quantity
	Rule   uint64 // catalog.Signal.Mark of the rule as it was then
}

// series is what is remembered of one stream, for all rules over it.
type series struct {
	id     uint64 // catalog.Stream.ID
	n      int64  // facts in life
	last   clock.Time
	times  []clock.Time // the newest, oldest first, as many as the stream keeps
	totals []parts      // by length of window, for rules of many times
	rates  []parts      // by length of window
	values []valuesMet  // by property: those met, for rules on new ones

	// begun is State.ends+1 while all rules on what is left have something open that began at begunAt
	// or before; not stored.
	begun   int
	begunAt clock.Time

	// No rule on a number fires before fact number nextNumber, and no rule on a window before
	// fact number next, unless one happens at or after nextAt (when set). They are worked
	// out anew when they are zero, and not stored.
	nextNumber, next int64
	nextAt           clock.Time
}

// mark is the newest fact of a rule's last firing.
type mark struct {
	rule uint64 // catalog.Signal.Mark
	at   clock.Time
}

// begun is a beginning of sequences that has happened: of all the ways in which it has, the one
// that began last, and of those the one that was complete first.
type begun struct {
	id         uint64 // catalog.Prefix.ID
	start, end clock.Time
}

// find looks for an id in a list that is ordered by them.
func find[T any](all []T, id uint64, of func(*T) uint64) (int, bool) {
	if n := len(all); n == 1 && of(&all[0]) == id { // most accounts, most of the time
		return 0, true
	}
	low, high := 0, len(all)
	for low < high {
		middle := (low + high) / 2
		if of(&all[middle]) < id {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(all) && of(&all[low]) == id
}

func (se *series) key() uint64 { return se.id }
func (m *mark) key() uint64    { return m.rule }
func (b *begun) key() uint64   { return b.id }

// of returns what is remembered of a stream, nil when nothing has happened on it.
func (st *State) of(id uint64) *series {
	if i, ok := find(st.series, id, (*series).key); ok {
		return &st.series[i]
	}
	return nil
}

// begin is of, made when it is not there. It is valid until the next begin.
func (st *State) begin(id uint64) *series {
	i, ok := find(st.series, id, (*series).key)
	if !ok {
		st.series = slices.Insert(st.series, i, series{id: id})
	}
	return &st.series[i]
}

// fired returns the newest fact of a rule's last firing.
func (st *State) fired(r *catalog.Signal) (clock.Time, bool) {
	if len(st.marks) == 0 {
		return 0, false
	}
	if i, ok := find(st.marks, r.Mark(), (*mark).key); ok {
		return st.marks[i].at, true
	}
	return 0, false
}

func (st *State) mark(r *catalog.Signal, at clock.Time) {
	i, ok := find(st.marks, r.Mark(), (*mark).key)
	if !ok {
		st.marks = slices.Insert(st.marks, i, mark{rule: r.Mark()})
	}
	st.marks[i].at = at
}

// Due returns when OnTime is to be called next, for the timer; zero when never. It may be
// earlier than anything fires: a due time that moves on with every fact is looked at when
// the first one has come.
func (st *State) Due() clock.Time { return st.wake }

// wakeBy sees to it that OnTime is called at or before t.
func (st *State) wakeBy(t clock.Time) {
	if st.wake == 0 || t < st.wake {
		st.wake = t
	}
}

// Alive returns the signals that have not decayed at now, newest first.
func (st *State) Alive(now clock.Time) []Signal {
	var out []Signal
	for _, s := range slices.Backward(st.Live) {
		if s.DecaysAt > now {
			out = append(out, s)
		}
	}
	return out
}

// Prune forgets what no rule of a catalog looks at. Call it when an account is first
// stepped under another version of the catalog. What happened stays as long as some rule is about it; what
// a rule did is forgotten when its name or condition is another.
func (st *State) Prune(rules map[string]*catalog.Signal, streams *catalog.Streams, now clock.Time) {
	for key, fired := range st.Limits {
		if rules[key] == nil || rules[key].Mark() != fired.Rule {
			delete(st.Limits, key)
		}
	}
	for key := range st.Trials {
		if r := rules[key]; r == nil || r.When.TrialEndsIn == 0 && r.When.RenewsIn == 0 && !r.When.TrialExpired {
			delete(st.Trials, key)
		}
	}
	st.left = slices.DeleteFunc(st.left, func(l left) bool { return streams.Rule(l.rule) == nil })
	st.kept = slices.DeleteFunc(st.kept, func(k kept) bool { return streams.Rule(k.rule) == nil })
	st.paces = slices.DeleteFunc(st.paces, func(p pace) bool { return streams.Rule(p.rule) == nil })
	st.Live = slices.DeleteFunc(st.Live, func(s Signal) bool { return rules[s.Key] == nil })
	st.series = slices.DeleteFunc(st.series, func(se series) bool { return streams.Stream(se.id) == nil })
	st.marks = slices.DeleteFunc(st.marks, func(m mark) bool { return streams.Rule(m.rule) == nil })
	st.begun = slices.DeleteFunc(st.begun, func(b begun) bool {
		p := streams.Prefix(b.id)
		return p == nil || !p.Inner
	})
	sequences := false
	for i := range st.series {
		st.series[i].prune(streams.Stream(st.series[i].id))
		sequences = sequences || len(streams.Stream(st.series[i].id).Part) > 0
	}
	if !sequences {
		st.newest = 0
	}
	if st.wake == 0 || st.wake > now { // else OnTime is about to be called and does it
		st.wake = st.nextDue(streams, now)
	}
}

func (se *series) prune(t *catalog.Stream) {
	se.nextNumber, se.next, se.nextAt, se.begun = 0, 0, 0, 0
	se.keeps(t.New)
	if extra := len(se.times) - t.Keep; extra > 0 {
		se.times = slices.Delete(se.times, 0, extra)
	}
	se.totals = slices.DeleteFunc(se.totals, func(p parts) bool {
		return !slices.ContainsFunc(t.Totals, func(g catalog.TotalRules) bool { return g.Within == p.span })
	})
	se.rates = slices.DeleteFunc(se.rates, func(p parts) bool {
		return !slices.ContainsFunc(t.Rates, func(g catalog.RateRules) bool { return g.Over == p.span })
	})
}

// Context is what every fact comes with.
type Context struct {
	Account string
	User    string     // pseudonym, empty when unknown
	Now     clock.Time // state time
	// ID makes the id of a signal. It is called with "signal" and a decimal number that
	// rises from 1 per account.
	ID func(parts ...string) string
	// Holds judges the condition that a rule asks for besides what it noticed; it is called
	// only then. Without it such a rule does not fire.
	Holds func(*catalog.Signal, *condition.Condition) bool
	// Title gives the title of a feature; nil: its key serves. OnTime needs it.
	Title func(feature string) string
}

// UsageChange says that the usage of a metered feature, or its limit, is now another.
type UsageChange struct {
	Feature     string
	Title       string // of the feature
	Before      quantity.Quantity
	Usage       quantity.Quantity
	Limit       quantity.Quantity
	Unlimited   bool
	PeriodStart clock.Time // of the allowance; unset for levels and lifetime
	ResetsAt    clock.Time // unset for levels and lifetime
	// Late: the change comes from an event of a period already closed. It counts and
	// never fires (rule 11).
	Late bool
}

// GateTouch says that somebody tried a feature the account does not have.
type GateTouch struct {
	Feature string
	Title   string // of the feature
	Plan    string // title of the account's plan, empty without one
	// Limit is what the plan has of a metered feature that is used up; zero for what it does
	// not have at all.
	Limit quantity.Quantity
	At    clock.Time // when it happened; taken as now when later than that
}

// Occurrence says that an event happened.
type Occurrence struct {
	At     clock.Time    // when it happened; taken as now when later than that
	Late   bool          // of a period already closed: counts, never fires
	Record *event.Record // with its properties; needed where rules look at new values of one
}

// Fed says that a meter was fed.
type Fed struct {
	Amount quantity.Quantity // by how much its total is more now; less than nothing when it fell
	At     clock.Time        // when it happened; taken as now when later than that
	Late   bool              // of a period already closed: counts, never fires
}

// Trial is a running trial.
type Trial struct {
	Plan   string // key
	Title  string // of the plan
	EndsAt clock.Time
}
