package meter

import (
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// kept is how many values max, min, latest and levels that are set keep of each window, so
// that what is voided, or comes in late, can be made up for exactly.
const kept = 8

// extremes are the highest (or lowest) values of a window.
type extremes struct {
	values []quantity.Quantity // best first, at most kept
	lost   int64               // how many more there were
	bound  quantity.Quantity   // none of those is better than this
}

// better says whether a is higher than b, lower when lowest is asked for.
func better(a, b quantity.Quantity, lowest bool) bool {
	if lowest {
		return a < b
	}
	return a > b
}

func (x *extremes) add(v quantity.Quantity, lowest bool) {
	if x.lost > 0 && better(x.bound, v, lowest) {
		x.lost++ // one of the lost may be better
		return
	}
	i := len(x.values)
	for i > 0 && better(v, x.values[i-1], lowest) {
		i--
	}
	x.values = slices.Insert(x.values, i, v)
	if len(x.values) > kept {
		v = x.values[kept]
		x.values = x.values[:kept]
		if x.lost == 0 || better(v, x.bound, lowest) {
			x.bound = v
		}
		x.lost++
	}
}

// remove takes v back; false when what is left cannot be told, or v was never there.
func (x *extremes) remove(v quantity.Quantity, lowest, try bool) bool {
	i := slices.Index(x.values, v)
	switch {
	case i < 0 && (x.lost == 0 || better(v, x.bound, lowest)), i >= 0 && len(x.values) == 1 && x.lost > 0:
		return false
	case try:
	case i < 0:
		x.lost--
	default:
		x.values = slices.Delete(x.values, i, i+1)
	}
	if x.lost == 0 {
		x.bound = 0
	}
	return true
}

func (x *extremes) best() quantity.Quantity {
	if len(x.values) == 0 {
		return 0
	}
	return x.values[0]
}

// entry is one change of a level, or one value of latest.
type entry struct {
	at    clock.Time
	value quantity.Quantity
	moves bool // by value; otherwise it sets
}

// journal is a value that is set and moved by events in the order of their own times; of
// one time, in the order of arrival. The newest entries are kept, older ones are one base.
type journal struct {
	entries []entry
	base    quantity.Quantity // what all older entries come to
	folded  int64             // how many those are
	until   clock.Time        // the newest of them
	isSet   bool              // base stands on an entry that sets
	set     clock.Time        // when that was
	hole    bool              // base cannot be told since an older entry was voided; some entry sets
}

// add takes an entry; false when it sets and so many later ones are in base already that
// their share cannot be told.
func (j *journal) add(e entry) bool {
	if j.folded > 0 && e.at < j.until {
		if j.hole || j.isSet && e.at < j.set {
			j.folded++ // a later set says it all
			return true
		}
		if !e.moves {
			return false
		}
		j.base = j.base.Add(e.value)
		j.folded++
		return true
	}
	i := len(j.entries)
	for i > 0 && j.entries[i-1].at > e.at {
		i--
	}
	j.entries = slices.Insert(j.entries, i, e)
	if len(j.entries) > kept {
		old := j.entries[0]
		j.entries = slices.Delete(j.entries, 0, 1)
		j.base = old.onto(j.base)
		j.until = old.at
		j.folded++
		if !old.moves {
			j.isSet, j.set, j.hole = true, old.at, false
		}
	}
	return true
}

// onto returns what v is after e.
func (e entry) onto(v quantity.Quantity) quantity.Quantity {
	if e.moves {
		return v.Add(e.value)
	}
	return e.value
}

func (j *journal) value() quantity.Quantity {
	v := j.base
	for _, e := range j.entries {
		v = e.onto(v)
	}
	return v
}

// remove takes an entry back; false when what is left cannot be told, or it was never there.
func (j *journal) remove(e entry, try bool) bool {
	for i, kept := range slices.Backward(j.entries) {
		if kept != e {
			continue
		}
		if j.hole && !e.moves && j.sets() == 1 {
			return false
		}
		if !try {
			j.entries = slices.Delete(j.entries, i, i+1)
		}
		return true
	}
	switch {
	case j.folded == 0 || e.at > j.until:
		return false
	case j.hole || j.isSet && e.at < j.set: // it had no say any more
	case e.moves && (!j.isSet || e.at > j.set):
		if !try {
			j.base -= e.value
		}
	case j.sets() == 0:
		return false
	case !try:
		j.hole, j.base = true, 0
	}
	if try {
		return true
	}
	if j.folded--; j.folded == 0 {
		*j = journal{entries: j.entries}
	}
	return true
}

// sets counts the entries that set.
func (j *journal) sets() int {
	n := 0
	for _, e := range j.entries {
		if !e.moves {
			n++
		}
	}
	return n
}
