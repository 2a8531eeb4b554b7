package signal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// stateVersion begins every encoded state. A change of the form takes another number.
const stateVersion = 1

// AppendBinary appends st to dst: the same state gives the same bytes. A state in which
// nothing happened takes a handful of bytes.
func (st *State) AppendBinary(dst []byte) []byte {
	w := writer{append(dst, stateVersion)}
	w.int(st.Fired)
	w.count(len(st.Limits))
	for _, key := range slices.Sorted(maps.Keys(st.Limits)) {
		w.text(key)
		w.int(int64(st.Limits[key].Period))
		w.int(int64(st.Limits[key].Limit))
	}
	w.count(len(st.Gates))
	for _, key := range slices.Sorted(maps.Keys(st.Gates)) {
		w.text(key)
		w.times(st.Gates[key].At)
		w.time(st.Gates[key].Fired)
	}
	w.count(len(st.Events))
	for _, key := range slices.Sorted(maps.Keys(st.Events)) {
		w.text(key)
		w.int(st.Events[key])
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
	return w.b
}

// DecodeState reads what AppendBinary wrote. Anything else is an error, never a panic.
func DecodeState(b []byte) (State, error) {
	if len(b) == 0 || b[0] != stateVersion {
		return State{}, fmt.Errorf("signal state: its version is not %d", stateVersion)
	}
	r := reader{b: b[1:]}
	st := State{Fired: r.int()}
	for range r.count() {
		key := r.text()
		put(&st.Limits, key, LimitFired{Period: r.time(), Limit: quantity.Quantity(r.int())})
	}
	for range r.count() {
		key := r.text()
		put(&st.Gates, key, &GateTouches{At: r.times(), Fired: r.time()})
	}
	for range r.count() {
		key := r.text()
		put(&st.Events, key, r.int())
	}
	for range r.count() {
		key := r.text()
		put(&st.Trials, key, r.time())
	}
	for range r.count() {
		st.Live = append(st.Live, r.signal())
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
