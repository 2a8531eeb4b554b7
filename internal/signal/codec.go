package signal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// stateVersion begins every encoded state, or moreVersion one that has something beyond what
// events on streams leave: most have not. A change of the form takes another number.
const (
	stateVersion = 1
	moreVersion  = 2
)

// AppendBinary appends st to dst: the same state gives the same bytes. A state in which
// nothing happened takes a handful of bytes.
func (st *State) AppendBinary(dst []byte) []byte {
	version, more := byte(stateVersion), st.more()
	if more {
		version = moreVersion
	}
	w := writer{append(dst, version)}
	w.int(st.Fired)
	w.count(len(st.Limits))
	for _, key := range slices.Sorted(maps.Keys(st.Limits)) {
		w.text(key)
		w.int(int64(st.Limits[key].Period))
		w.int(int64(st.Limits[key].Limit))
		w.id(st.Limits[key].Rule)
	}
	w.count(len(st.Trials))
	for _, key := range slices.Sorted(maps.Keys(st.Trials)) {
		w.text(key)
		w.time(st.Trials[key])
	}
	w.count(len(st.Live))
	for i := range st.Live {
		w.signal(&st.Live[i])
	}
	w.count(len(st.series))
	for i := range st.series {
		w.series(&st.series[i])
	}
	w.count(len(st.marks))
	for _, m := range st.marks {
		w.id(m.rule)
		w.time(m.at)
	}
	w.count(len(st.begun))
	for _, b := range st.begun {
		w.id(b.id)
		w.time(b.start)
		w.time(b.end - b.start)
	}
	w.time(st.newest)
	w.time(st.wake)
	if more {
		w.daily(st)
	}
	return w.b
}

// DecodeState reads what AppendBinary wrote. Anything else is an error, never a panic.
func DecodeState(b []byte) (State, error) {
	if len(b) == 0 || b[0] != stateVersion && b[0] != moreVersion {
		return State{}, fmt.Errorf("signal state: its version is not %d or %d", stateVersion, moreVersion)
	}
	r := reader{b: b[1:]}
	st := State{Fired: r.int()}
	for range r.count() {
		key := r.text()
		put(&st.Limits, key, LimitFired{Period: r.time(), Limit: quantity.Quantity(r.int()), Rule: r.id()})
	}
	for range r.count() {
		key := r.text()
		put(&st.Trials, key, r.time())
	}
	for range r.count() {
		st.Live = append(st.Live, r.signal())
	}
	for range r.count() {
		st.series = append(st.series, r.series())
	}
	for range r.count() {
		st.marks = append(st.marks, mark{r.id(), r.time()})
	}
	for range r.count() {
		b := begun{id: r.id(), start: r.time()}
		b.end = b.start + r.time()
		st.begun = append(st.begun, b)
	}
	st.newest, st.wake = r.time(), r.time()
	if b[0] == moreVersion {
		r.daily(&st)
	}
	ordered := slices.IsSortedFunc(st.series, func(a, b series) int { return cmp.Compare(a.id, b.id) }) &&
		slices.IsSortedFunc(st.marks, func(a, b mark) int { return cmp.Compare(a.rule, b.rule) }) &&
		slices.IsSortedFunc(st.begun, func(a, b begun) int { return cmp.Compare(a.id, b.id) })
	if !ordered || !st.dailyOrdered() {
		return State{}, errors.New("signal state: its ids are not in order")
	}
	if r.bad || len(r.b) > 0 {
		return State{}, errors.New("signal state: its bytes do not add up")
	}
	return st, nil
}

func put[K comparable, V any](m *map[K]V, key K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = v
}

// writer appends values: whole numbers as varints, texts after their length.
type writer struct{ b []byte }

func (w *writer) int(v int64)       { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) uint(v uint64)     { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) count(n int)       { w.uint(uint64(n)) }
func (w *writer) time(t clock.Time) { w.int(int64(t)) }
func (w *writer) text(s string) {
	w.count(len(s))
	w.b = append(w.b, s...)
}

// times writes times as the steps from one to the next, which is short for rising ones.
func (w *writer) times(all []clock.Time) {
	w.count(len(all))
	var last clock.Time
	for _, t := range all {
		w.time(t - last)
		last = t
	}
}

func (w *writer) id(id uint64) { w.b = binary.BigEndian.AppendUint64(w.b, id) }

func (w *writer) series(se *series) {
	w.id(se.id)
	w.int(se.n)
	w.time(se.last)
	w.times(se.times)
	w.parts(se.totals)
	w.parts(se.rates)
}

func (w *writer) parts(all []parts) {
	w.count(len(all))
	for i := range all {
		p := &all[i]
		w.int(int64(p.span))
		w.int(p.last)
		w.int(p.last - p.first)
		w.count(len(p.sums))
		for n := p.last - int64(len(p.sums)) + 1; n <= p.last; n++ {
			w.int(int64(*p.at(n)))
		}
	}
}

func (w *writer) signal(s *Signal) {
	for _, text := range []string{s.ID, s.Key, string(s.Type), s.Account, s.User, s.Evidence} {
		w.text(text)
	}
	w.time(s.At)
	w.time(s.DecaysAt - s.At)
	w.int(int64(s.Score))
	w.count(len(s.Data))
	for _, key := range slices.Sorted(maps.Keys(s.Data)) {
		w.text(key)
		w.text(s.Data[key])
	}
	w.count(len(s.ScoreParts))
	for _, p := range s.ScoreParts {
		w.text(p.Name)
		w.int(int64(p.Points))
		w.text(p.Why)
	}
}

// maxPart is far beyond the number of any part of a window.
const maxPart = 1 << 60

// reader reads what writer wrote. After the first value that is not there it gives zeros,
// and bad is set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() { r.b, r.bad = nil, true }

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many things follow. Each takes a byte at least, so a count beyond what
// is left is refused before anything is made for it.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) time() clock.Time { return clock.Time(r.int()) }

func (r *reader) text() string {
	n := r.count()
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) times() []clock.Time {
	n := r.count()
	if n == 0 {
		return nil
	}
	all := make([]clock.Time, n)
	var last clock.Time
	for i := range all {
		last += r.time()
		all[i] = last
	}
	return all
}

func (r *reader) id() uint64 {
	if len(r.b) < 8 {
		r.fail()
		return 0
	}
	id := binary.BigEndian.Uint64(r.b)
	r.b = r.b[8:]
	return id
}

func (r *reader) series() series {
	return series{id: r.id(), n: r.int(), last: r.time(), times: r.times(), totals: r.parts(), rates: r.parts()}
}

func (r *reader) parts() []parts {
	var all []parts
	for range r.count() {
		p := parts{span: time.Duration(r.int()), last: r.int()}
		p.first = p.last - r.int()
		n := r.count()
		if n == 0 || n > totalParts || p.span <= 0 || p.last > maxPart || p.last < -maxPart || p.first > p.last {
			r.fail()
			return nil
		}
		p.sums = make([]quantity.Quantity, n)
		for n := p.last - int64(len(p.sums)) + 1; n <= p.last && !r.bad; n++ {
			*p.at(n) = quantity.Quantity(r.int())
		}
		all = append(all, p)
	}
	return all
}

func (r *reader) signal() Signal {
	s := Signal{ID: r.text(), Key: r.text(), Type: catalog.RevenueType(r.text()), Account: r.text(), User: r.text(), Evidence: r.text()}
	s.At = r.time()
	s.DecaysAt = s.At + r.time()
	s.Score = int(r.int())
	for range r.count() {
		key := r.text()
		put(&s.Data, key, r.text())
	}
	for range r.count() {
		s.ScoreParts = append(s.ScoreParts, Part{Name: r.text(), Points: int(r.int()), Why: r.text()})
	}
	return s
}
