package engine

import (
	"encoding/binary"
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
	days  map[int32]*daySet
	last  *daySet                       // the day asked for last, which nearly always is the next one too
	fresh map[int32][]event.Fingerprint // since the last harvest, in order of arrival
	// drained: nothing is harvested, see Drain.
	drained bool
}

// daySet is one day's fingerprints.
type daySet struct {
	fingerprints
	day   int32
	asked clock.Time // state time it was last looked into
}

// daysOf returns the days whose sets a record must be looked up in; zeros fill up. The
// first is the one it is kept under. A record that does not say when it happened is
// looked up in the day of receipt and the one before it, which gives a retry 24 to 48
// hours: by state time, which unlike the nodes' clocks is never behind what it was at the first
// time. What we send to ourselves, which may be older than the days that are kept, goes by the
// time it was made, which every repetition carries.
// The Segment door may have corrected the time by when the message was sent and received,
// which a retry does anew: up to a day to either side.
func daysOf(r *event.Record, now clock.Time) [3]int32 {
	switch {
	case r.Kind == event.KindImport:
		return [3]int32{ImportDay}
	case strings.HasPrefix(r.Source, ownSource):
		d := r.ReceivedAt.Day()
		return [3]int32{d, d - 1}
	case r.At == 0:
		d := max(now, r.ReceivedAt).Day()
		return [3]int32{d, d - 1}
	case segmentSource(r.Source):
		d := r.At.Day()
		return [3]int32{d, d - 1, d + 1}
	default:
		return [3]int32{r.At.Day()}
	}
}

// segmentSource says whether a record came through the Segment door, be it with a browser's key.
func segmentSource(source string) bool {
	rest, found := strings.CutPrefix(strings.TrimPrefix(source, "browser:"), "segment")
	return found && (rest == "" || rest[0] == ':')
}

// ownSource begins the source of records that the server makes itself.
const ownSource = "headroom:"

func (s *seen) of(day int32) *daySet {
	if s.last != nil && s.last.day == day {
		return s.last
	}
	d := s.days[day]
	if d != nil {
		s.last = d
	}
	return d
}

func (s *seen) has(day int32) bool { return s.of(day) != nil }

func (s *seen) load(day int32, stored []event.Fingerprint) {
	d := s.begin(day)
	d.fingerprints = fingerprints{}
	d.grow(len(stored) + len(s.fresh[day]))
	for _, f := range stored {
		d.insert(f)
	}
	for _, f := range s.fresh[day] {
		d.insert(f)
	}
}

// begin returns the set of a day, made when it is not there.
func (s *seen) begin(day int32) *daySet {
	d := s.of(day)
	if d == nil {
		if s.days == nil {
			s.days = make(map[int32]*daySet)
		}
		d = &daySet{day: day}
		if s.drained && s.last != nil && s.last.day < day {
			d.grow(s.last.used) // as many as the day before: a history goes by day after day
		}
		s.days[day], s.last = d, d
	}
	return d
}

// find says whether the record was counted before; now is state time.
func (s *seen) find(r *event.Record, now clock.Time, fp event.Fingerprint) bool {
	for _, day := range daysOf(r, now) {
		if day == 0 {
			continue
		}
		if d := s.of(day); d != nil {
			d.asked = max(d.asked, r.ReceivedAt)
			if d.has(fp) {
				return true
			}
		}
	}
	return false
}

// add remembers the record.
func (s *seen) add(r *event.Record, now clock.Time, fp event.Fingerprint) {
	day := daysOf(r, now)[0]
	s.begin(day).insert(fp)
	if s.drained {
		return
	}
	if s.fresh == nil {
		s.fresh = make(map[int32][]event.Fingerprint)
	}
	s.fresh[day] = append(s.fresh[day], fp)
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

// keepAsked is how long an older day stays in memory after it was last looked into, so that
// a trickle of late events does not load it again and again.
const keepAsked = 5 * clock.Minute

// forget drops the days other than the last two by state time that nobody has asked for in a while.
func (s *seen) forget(now clock.Time) {
	today := now.Day()
	for day, d := range s.days {
		if day < today-1 && len(s.fresh[day]) == 0 && d.asked+keepAsked < now {
			delete(s.days, day)
			s.last = nil
		}
	}
}

// fingerprints is a set of them: open addressing, at 21 to 43 bytes a member. They are
// evenly spread by what they are, so their first bytes are the hash.
type fingerprints struct {
	slots []event.Fingerprint // a power of two; the zero fingerprint is an empty slot
	used  int
}

func (f *fingerprints) has(fp event.Fingerprint) bool {
	if len(f.slots) == 0 {
		return false
	}
	return f.slots[f.slot(fp)] == fp
}

// slot returns where fp is, or would be.
func (f *fingerprints) slot(fp event.Fingerprint) int {
	mask := len(f.slots) - 1
	i := int(binary.LittleEndian.Uint64(fp[:8])) & mask
	for f.slots[i] != fp && f.slots[i] != (event.Fingerprint{}) {
		i = (i + 1) & mask
	}
	return i
}

func (f *fingerprints) insert(fp event.Fingerprint) {
	f.grow(1)
	if i := f.slot(fp); f.slots[i] != fp {
		f.slots[i] = fp
		f.used++
	}
}

// grow makes room for n more.
func (f *fingerprints) grow(n int) {
	if (f.used+n)*4 <= len(f.slots)*3 {
		return
	}
	size := 64
	for (f.used+n)*4 > size*3 {
		size *= 2
	}
	old := f.slots
	f.slots = make([]event.Fingerprint, size)
	for _, fp := range old {
		if fp != (event.Fingerprint{}) {
			f.slots[f.slot(fp)] = fp
		}
	}
}
