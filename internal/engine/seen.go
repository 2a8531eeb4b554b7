package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// Counting once. Fingerprints live in sets by event day, so that old days can stay in SQL
// until an event of that day comes.

// WindowDays is how long (source, id) is remembered, in days of event time. The doors
// refuse older events, which come in only as imports.
const WindowDays = 35

// ImportDay is the day under which import rows are remembered, for good.
const ImportDay int32 = -1 << 31

// seen holds the fingerprints of the days in memory.
type seen struct {
	days  map[int32]map[event.Fingerprint]struct{}
	fresh map[int32][]event.Fingerprint // since the last harvest, in order of arrival
}

// daysOf returns the days whose sets a record must be looked up in; zeros fill up. The
// first is the one it is kept under. A record that does not say when it happened is
// looked up in the day of receipt and the one before it, which gives a retry 24 to 48
// hours; so is what we send to ourselves, which may be older than the days that are kept.
// The Segment door may have corrected the time by when the message was sent and received,
// which a retry does anew: up to a day to either side.
func daysOf(r *event.Record) [3]int32 {
	switch {
	case r.Kind == event.KindImport:
		return [3]int32{ImportDay}
	case r.At == 0 || strings.HasPrefix(r.Source, ownSource):
		d := r.ReceivedAt.Day()
		return [3]int32{d, d - 1}
	case r.Source == "segment" || strings.HasPrefix(r.Source, "segment:"):
		d := r.At.Day()
		return [3]int32{d, d - 1, d + 1}
	default:
		return [3]int32{r.At.Day()}
	}
}

// ownSource begins the source of records that the server makes itself.
const ownSource = "headroom:"

func (s *seen) has(day int32) bool { _, ok := s.days[day]; return ok }

func (s *seen) load(day int32, fingerprints []event.Fingerprint) {
	if s.days == nil {
		s.days = make(map[int32]map[event.Fingerprint]struct{})
	}
	set := make(map[event.Fingerprint]struct{}, len(fingerprints)+len(s.fresh[day]))
	for _, f := range fingerprints {
		set[f] = struct{}{}
	}
	for _, f := range s.fresh[day] {
		set[f] = struct{}{}
	}
	s.days[day] = set
}

// find says whether the record was counted before.
func (s *seen) find(r *event.Record, fp event.Fingerprint) bool {
	for _, d := range daysOf(r) {
		if d == 0 {
			continue
		}
		if _, ok := s.days[d][fp]; ok {
			return true
		}
	}
	return false
}

// add remembers the record.
func (s *seen) add(r *event.Record, fp event.Fingerprint) {
	d := daysOf(r)[0]
	if s.days == nil {
		s.days = make(map[int32]map[event.Fingerprint]struct{})
	}
	if s.days[d] == nil {
		s.days[d] = make(map[event.Fingerprint]struct{})
	}
	s.days[d][fp] = struct{}{}
	if s.fresh == nil {
		s.fresh = make(map[int32][]event.Fingerprint)
	}
	s.fresh[d] = append(s.fresh[d], fp)
}

func (s *seen) changed() bool { return len(s.fresh) > 0 }

func (s *seen) harvest() []Segment {
	var out []Segment
	for _, d := range slices.Sorted(maps.Keys(s.fresh)) {
		out = append(out, Segment{Day: d, Fingerprints: s.fresh[d]})
	}
	s.fresh = nil
	return out
}

// forget drops the days other than the last two by state time that have nothing fresh.
func (s *seen) forget(now clock.Time) {
	today := now.Day()
	for d := range s.days {
		if d < today-1 && len(s.fresh[d]) == 0 {
			delete(s.days, d)
		}
	}
}

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
