package signal

import (
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// Which actions precede an upgrade. An account is looked at from its start until it first upgrades,
// leaves, or the history ends; an action counts from the first time it was done.

// Precede is what is asked of precursors.
type Precede struct {
	Type   catalog.RevenueType // of the upgrade
	Within int64               // days
	// From and To: only accounts that started between them, From included, looked at up to To. Zero: no bound.
	From, To clock.Time
}

// Watch gathers what accounts do and when they upgrade. Not safe for concurrent use; see Merge.
type Watch struct {
	q        *Precede
	ids      map[string]int32 // by action
	actions  []string
	accounts map[string]*journey
	crowded  int64 // times an action beyond maxActions was met
	last     clock.Time
}

// journey is what is kept of one account.
type journey struct {
	start    clock.Time
	upgraded clock.Time // the first time; zero: never
	left     clock.Time // when it first paid no longer; zero: never
	did      []firstDo  // by action
}

// firstDo is when something was first done.
type firstDo struct {
	action int32
	at     clock.Time
}

// maxActions bounds how many different actions are looked at.
const maxActions = 2_000

// The kinds of action, before a colon and the name.
const (
	actionEvent  = "event:"
	actionGate   = "gate:"
	actionSignal = "signal:"
)

// NewWatch returns an empty watch.
func NewWatch(q *Precede) *Watch {
	return &Watch{q: q, ids: make(map[string]int32), accounts: make(map[string]*journey)}
}

// Record takes a record of an account.
func (w *Watch) Record(r *event.Record) {
	if r.Kind.Broadcast() || r.Key == "" {
		return
	}
	if _, isPerson := event.IsUserKey(r.Key); isPerson {
		return
	}
	at := min(r.When(), r.ReceivedAt) // no clock runs ahead of ours
	j := w.of(r.Key, at)
	switch r.Kind {
	case event.KindEvent:
		w.did(j, actionEvent, r.Type, at)
	case event.KindGate:
		w.did(j, actionGate, r.Type, at)
	}
}

// Fired takes a signal.
func (w *Watch) Fired(s *Signal) { w.did(w.of(s.Account, s.At), actionSignal, s.Key, s.At) }

// Moved takes a line of the ledger; movement is how it reads on its own.
func (w *Watch) Moved(account string, kind catalog.RevenueType, movement string, m Move) {
	if movement == "churn" {
		if j := w.of(account, m.At); j.left == 0 || m.At < j.left {
			j.left = m.At
		}
	}
	if m.Delta <= 0 || movement == "undo" {
		return
	}
	kind = GrewBy(kind, movement)
	if j := w.of(account, m.At); kind == w.q.Type && (j.upgraded == 0 || m.At < j.upgraded) {
		j.upgraded = m.At
	}
}

// Until says up to when the history goes.
func (w *Watch) Until(at clock.Time) { w.last = max(w.last, at) }

func (w *Watch) of(account string, at clock.Time) *journey {
	j := w.accounts[account]
	if j == nil {
		j = &journey{start: at}
		w.accounts[strings.Clone(account)] = j
	}
	j.start = min(j.start, at)
	return j
}

// did notes the first time of an action.
func (w *Watch) did(j *journey, kind, name string, at clock.Time) {
	var few [128]byte
	key := append(append(few[:0], kind...), name...)
	id, known := w.ids[string(key)]
	if !known {
		if len(w.actions) >= maxActions {
			w.crowded++
			return
		}
		id = int32(len(w.actions))
		w.actions = append(w.actions, string(key))
		w.ids[w.actions[id]] = id
	}
	for i := range j.did {
		if j.did[i].action == id {
			j.did[i].at = min(j.did[i].at, at)
			return
		}
	}
	j.did = append(j.did, firstDo{id, at})
}

// Merge adds what another watch of the same question gathered; they have no account in common.
func (w *Watch) Merge(other *Watch) {
	ids := make([]int32, len(other.actions))
	for i, key := range other.actions {
		id, known := w.ids[key]
		if !known {
			id = int32(len(w.actions))
			w.actions = append(w.actions, key)
			w.ids[key] = id
		}
		ids[i] = id
	}
	for key, j := range other.accounts {
		for i := range j.did {
			j.did[i].action = ids[j.did[i].action]
		}
		w.accounts[key] = j
	}
	w.crowded, w.last = w.crowded+other.crowded, max(w.last, other.last)
}

// ages are the bounds of age, in days: an account's bin is the first whose bound its age is below.
// Daily in the first two weeks, by the week to thirteen of them, then by thirty days.
var ages = func() []int64 {
	var out []int64
	for d := int64(1); d <= 14; d++ {
		out = append(out, d)
	}
	for d := int64(21); d <= 91; d += 7 {
		out = append(out, d)
	}
	for d := int64(121); d <= 1200; d += 30 {
		out = append(out, d)
	}
	return out
}()

// binOf returns the bin of an age, len(ages) beyond the last.
func binOf(age clock.Time) int {
	i, found := slices.BinarySearchFunc(ages, age, func(days int64, age clock.Time) int {
		return int(min(max(clock.Time(days)*clock.Day-age, -1), 1))
	})
	if found { // a bound itself is in the next bin
		i++
	}
	return i
}

// strata are the four counts of each age of one action.
type strata struct {
	did, grew   []int64 // who did it at that age, and of them who upgraded within the days
	less, lessG []int64 // of those at risk at the end of that age, who had done it by then
}

// Result works out which actions precede upgrades. The watch must not be used afterwards.
func (w *Watch) Result() *Precursors {
	q := w.q
	end := w.last
	if q.To != 0 {
		end = min(end, q.To)
	}
	out := newPrecursors(q, end, w.crowded)
	within := clock.Time(q.Within) * clock.Day
	all := make([]strata, len(w.actions))
	facts := make([]doneBy, len(w.actions))
	risk, riskG := make([]int64, len(ages)), make([]int64, len(ages))
	for _, j := range w.accounts {
		if j.start < q.From || j.start >= end {
			continue
		}
		out.Accounts++
		up, left := j.upgraded, j.left
		if up > end || left != 0 && up > left { // who comes back is another matter
			up = 0
		}
		if up != 0 {
			out.Upgraded++
		}
		// at says whether the account is at risk at a time, neither upgraded nor gone, and the days
		// after it lie within the history, and whether it upgraded in them.
		at := func(t clock.Time) (risk, grew bool) {
			if up != 0 && up <= t || left != 0 && left <= t {
				return false, false
			}
			if t+within > end {
				return false, false
			}
			return true, up != 0 && up <= t+within
		}
		for k, days := range ages {
			if in, grew := at(j.start + clock.Time(days)*clock.Day); in {
				risk[k]++
				if grew {
					riskG[k]++
				}
			}
		}
		for _, d := range j.did {
			if d.at >= end || up != 0 && d.at >= up || left != 0 && d.at >= left {
				continue // what comes with or after the upgrade, or the end, precedes nothing
			}
			s, f := &all[d.action], &facts[d.action]
			f.add(d.at-j.start, up != 0)
			first := binOf(d.at - j.start)
			if in, grew := at(d.at); !in {
				f.recent++
			} else if first < len(ages) {
				s.make()
				s.did[first]++
				f.followed++
				if grew {
					s.grew[first]++
					f.grew++
				}
			}
			for k := first; k < len(ages); k++ {
				if in, grew := at(j.start + clock.Time(ages[k])*clock.Day); in {
					s.make()
					s.less[k]++
					if grew {
						s.lessG[k]++
					}
				}
			}
		}
	}
	for id, key := range w.actions {
		if facts[id].accounts() > 0 {
			out.Items = append(out.Items, precursor(key, &all[id], &facts[id], risk, riskG))
		}
	}
	out.adjust()
	return out
}

func (s *strata) make() {
	if s.did == nil {
		s.did, s.grew = make([]int64, len(ages)), make([]int64, len(ages))
		s.less, s.lessG = make([]int64, len(ages)), make([]int64, len(ages))
	}
}

// doneBy is when accounts did something first, of those that upgraded and of the others.
type doneBy struct {
	up, rest               []clock.Time
	followed, grew, recent int64
}

func (f *doneBy) add(age clock.Time, upgraded bool) {
	if upgraded {
		f.up = append(f.up, age)
	} else {
		f.rest = append(f.rest, age)
	}
}

func (f *doneBy) accounts() int64 { return int64(len(f.up) + len(f.rest)) }
