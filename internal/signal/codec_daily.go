package signal

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/headroomhq/headroom/internal/quantity"
)

// daily writes what rules remember that are looked at once a day, what was begun, and values met.
func (w *writer) daily(st *State) {
	w.count(len(st.left))
	for i := range st.left {
		l := &st.left[i]
		w.id(l.rule)
		w.time(l.first)
		w.time(l.ended)
	}
	w.count(len(st.kept))
	for i := range st.kept {
		k := &st.kept[i]
		w.id(k.rule)
		w.uint(k.of)
		w.time(k.at)
		w.int(k.n)
		w.int(int64(k.v))
	}
	w.count(len(st.paces))
	for i := range st.paces {
		p := &st.paces[i]
		w.id(p.rule)
		w.times(p.times)
		var last quantity.Quantity
		for _, q := range p.totals {
			w.int(int64(q - last))
			last = q
		}
	}
	for i := range st.series {
		for _, v := range st.series[i].values {
			w.count(i + 1)
			w.id(v.property)
			w.hashes(v.hashes)
		}
	}
	w.count(0)
}

// more says whether there is anything for daily to write.
func (st *State) more() bool {
	return len(st.left)+len(st.kept)+len(st.paces) > 0 || slices.ContainsFunc(st.series, func(se series) bool { return len(se.values) > 0 })
}

func (r *reader) daily(st *State) {
	for range r.count() {
		st.left = append(st.left, left{rule: r.id(), first: r.time(), ended: r.time()})
	}
	for range r.count() {
		st.kept = append(st.kept, kept{rule: r.id(), of: r.uint(), at: r.time(), n: r.int(), v: quantity.Quantity(r.int())})
	}
	for range r.count() {
		p := pace{rule: r.id(), times: r.times()}
		var last quantity.Quantity
		for range p.times {
			last += quantity.Quantity(r.int())
			p.totals = append(p.totals, last)
		}
		st.paces = append(st.paces, p)
	}
	for {
		n := r.uint()
		if n == 0 {
			break
		}
		if n > uint64(len(st.series)) {
			r.fail()
			return
		}
		se := &st.series[n-1]
		se.values = append(se.values, valuesMet{property: r.id(), hashes: r.hashes()})
	}
	if !st.more() {
		r.fail() // nothing is written as nothing at all
	}
}

// dailyOrdered says whether what daily read is in the order in which it is looked for.
func (st *State) dailyOrdered() bool {
	for i := range st.series {
		values := st.series[i].values
		if !slices.IsSortedFunc(values, byProperty) || slices.ContainsFunc(values, func(v valuesMet) bool { return !slices.IsSorted(v.hashes) }) {
			return false
		}
	}
	return slices.IsSortedFunc(st.left, func(a, b left) int { return cmp.Compare(a.rule, b.rule) }) &&
		slices.IsSortedFunc(st.paces, func(a, b pace) int { return cmp.Compare(a.rule, b.rule) }) &&
		slices.IsSortedFunc(st.kept, func(a, b kept) int { return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.of, b.of)) })
}

func byProperty(a, b valuesMet) int { return cmp.Compare(a.property, b.property) }

// hashes writes hashes of four bytes each.
func (w *writer) hashes(all []uint32) {
	w.count(len(all))
	for _, h := range all {
		w.b = binary.BigEndian.AppendUint32(w.b, h)
	}
}

func (r *reader) hashes() []uint32 {
	n := r.count()
	if n == 0 || n > maxValues || 4*n > len(r.b) {
		r.fail()
		return nil
	}
	all := make([]uint32, n)
	for i := range all {
		all[i] = binary.BigEndian.Uint32(r.b[4*i:])
	}
	r.b = r.b[4*n:]
	return all
}
