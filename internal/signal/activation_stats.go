package signal

import (
	"cmp"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
)

// Step is how one account stands with one milestone.
type Step struct {
	Milestone string
	After     string // the milestone that comes before it, empty for none
	Expected  bool   // the account's plan and segment ask for it now
	StartAt   clock.Time
	DueAt     clock.Time // when it is late; unset: never
	ReachedAt clock.Time // unset: not yet
	Before    bool       // it had happened before anybody asked, nobody knows when
}

// StuckOn says whether an account is stuck on the i-th of its steps: it is late, and what comes
// before it on the way is there. Who has not done the first thing is stuck on that, and on
// nothing that would follow.
func StuckOn(steps []Step, i int, now clock.Time) bool {
	st := &steps[i]
	if !st.Expected || st.ReachedAt != 0 || st.DueAt == 0 || st.DueAt > now {
		return false
	}
	return !slices.ContainsFunc(steps, func(b Step) bool { return b.Milestone == st.After && b.Expected && b.ReachedAt == 0 })
}

// ActivationLine is how the accounts of a segment stand with a milestone.
type ActivationLine struct {
	Milestone string
	Segment   string
	Expected  int64 // accounts that are to reach it
	Reached   int64 // of those
	Before    int64 // of those reached, when nobody knows
	Stuck     int64 // of those, now
	// Median and P90 are the days from the account's start to the milestone, of those who reached
	// it and of whom it is known when: the value that half, and nine of ten, needed at most.
	// Those who have yet to reach it are not in them. -1 when nobody is.
	Median, P90 float64
}

// Activation gathers how accounts stand with milestones. The zero value has none.
type Activation struct {
	lines map[[2]string]*gathered // by milestone and segment
}

type gathered struct {
	ActivationLine
	took []clock.Time
}

// Add counts an account.
func (a *Activation) Add(segment string, steps []Step, now clock.Time) {
	for i := range steps {
		st := &steps[i]
		if !st.Expected {
			continue
		}
		if a.lines == nil {
			a.lines = make(map[[2]string]*gathered)
		}
		key := [2]string{st.Milestone, segment}
		g := a.lines[key]
		if g == nil {
			g = &gathered{ActivationLine: ActivationLine{Milestone: st.Milestone, Segment: segment}}
			a.lines[key] = g
		}
		g.Expected++
		switch {
		case st.ReachedAt == 0:
			if StuckOn(steps, i, now) {
				g.Stuck++
			}
		case st.Before:
			g.Reached++
			g.Before++
		default:
			g.Reached++
			g.took = append(g.took, max(st.ReachedAt-st.StartAt, 0))
		}
	}
}

// Lines returns the counts by milestone and segment.
func (a *Activation) Lines() []ActivationLine {
	out := make([]ActivationLine, 0, len(a.lines))
	for _, key := range slices.SortedFunc(maps.Keys(a.lines), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	}) {
		g := a.lines[key]
		slices.Sort(g.took)
		g.Median, g.P90 = daysAt(g.took, 50), daysAt(g.took, 90)
		out = append(out, g.ActivationLine)
	}
	return out
}

// daysAt returns the days that so many percent needed at most (nearest rank), of times in order.
func daysAt(took []clock.Time, percent int) float64 {
	if len(took) == 0 {
		return -1
	}
	rank := (len(took)*percent + 99) / 100
	return float64(took[max(rank, 1)-1]) / float64(clock.Day)
}
