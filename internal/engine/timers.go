package engine

import (
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
)

// timers holds one due time per account, the earliest, and finds the next over all.
type timers struct {
	set  map[string]clock.Time
	heap []dueEntry // by (due, key); entries that differ from set are void
}

type dueEntry struct {
	due clock.Time
	key string
}

func (e dueEntry) before(o dueEntry) bool {
	return e.due < o.due || e.due == o.due && e.key < o.key
}

// put sets the account's due time; zero takes it away.
func (t *timers) put(key string, due clock.Time) {
	if t.set[key] == due {
		return
	}
	if due == 0 {
		delete(t.set, key)
		return
	}
	t.set[key] = due
	if len(t.heap) > 2*len(t.set)+64 { // mostly void entries: a timer that moved there and back leaves some
		t.rebuild()
		return
	}
	t.heap = append(t.heap, dueEntry{due, key})
	for i := len(t.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !t.heap[i].before(t.heap[up]) {
			break
		}
		t.heap[i], t.heap[up] = t.heap[up], t.heap[i]
		i = up
	}
}

// rebuild makes the heap anew from the set.
func (t *timers) rebuild() {
	t.heap = t.heap[:0]
	for key, due := range t.set {
		t.heap = append(t.heap, dueEntry{due, key})
	}
	slices.SortFunc(t.heap, func(a, b dueEntry) int { // sorted is a heap, and the same one whatever the map's order
		if a.before(b) {
			return -1
		}
		return 1
	})
}

func (t *timers) popHeap() {
	last := len(t.heap) - 1
	t.heap[0] = t.heap[last]
	t.heap = t.heap[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if t.heap[c].before(t.heap[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		t.heap[i], t.heap[least] = t.heap[least], t.heap[i]
		i = least
	}
}

// head drops void entries and returns the earliest valid one.
func (t *timers) head() (dueEntry, bool) {
	for len(t.heap) > 0 {
		if e := t.heap[0]; t.set[e.key] == e.due {
			return e, true
		}
		t.popHeap()
	}
	return dueEntry{}, false
}

func (t *timers) next() clock.Time {
	e, _ := t.head()
	return e.due
}

// DueOf returns when the account's next timer fires, zero when it has none.
func (s *State) DueOf(key string) clock.Time { return s.due.set[key] }

// upTo calls f for every account due at or before until, in no particular order.
func (t *timers) upTo(until clock.Time, f func(key string)) {
	t.walk(0, until, f)
}

func (t *timers) walk(i int, until clock.Time, f func(key string)) {
	if i >= len(t.heap) || t.heap[i].due > until {
		return
	}
	if e := t.heap[i]; t.set[e.key] == e.due {
		f(e.key)
	}
	t.walk(2*i+1, until, f)
	t.walk(2*i+2, until, f)
}
