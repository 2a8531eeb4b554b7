package signal

import (
	"cmp"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// maxKept bounds of how many things one rule remembers something; of more it knows nothing.
const maxKept = 64

// kept is what a rule remembers that is looked at once a day, or that happens once: of itself (of
// is 0), or of one thing it is about, such as a feature or a person.
type kept struct {
	rule, of uint64 // catalog.Signal.Mark; hash of what it is about
	// What they are, the rule's kind says.
	at clock.Time
	n  int64
	v  quantity.Quantity
}

func (st *State) findKept(r *catalog.Signal, of uint64) (int, bool) {
	return slices.BinarySearchFunc(st.kept, kept{rule: r.Mark(), of: of}, func(a, b kept) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.of, b.of))
	})
}

// knows returns what a rule remembers of something, nil when it remembers nothing. It is valid
// until the next change.
func (st *State) knows(r *catalog.Signal, of uint64) *kept {
	if i, ok := st.findKept(r, of); ok {
		return &st.kept[i]
	}
	return nil
}

// remember is knows, made when it is not there; nil when the rule remembers too much already.
func (st *State) remember(r *catalog.Signal, of uint64) *kept {
	i, ok := st.findKept(r, of)
	if !ok {
		if len(st.about(r)) >= maxKept {
			return nil
		}
		st.kept = slices.Insert(st.kept, i, kept{rule: r.Mark(), of: of})
	}
	return &st.kept[i]
}

// about returns all that a rule remembers. It is valid until the next change.
func (st *State) about(r *catalog.Signal) []kept {
	from, _ := st.findKept(r, 0)
	to := from
	for to < len(st.kept) && st.kept[to].rule == r.Mark() {
		to++
	}
	return st.kept[from:to]
}

// forget takes away what a rule remembers of something.
func (st *State) forget(r *catalog.Signal, of uint64) {
	if i, ok := st.findKept(r, of); ok {
		st.kept = slices.Delete(st.kept, i, i+1)
	}
}

// forgetBut takes away what a rule remembers of things that are no longer there.
func (st *State) forgetBut(r *catalog.Signal, there map[uint64]bool) {
	from, _ := st.findKept(r, 0)
	to, left := from+len(st.about(r)), from
	for _, k := range st.kept[from:to] {
		if k.of == 0 || there[k.of] {
			st.kept[left] = k
			left++
		}
	}
	if left < to {
		st.kept = slices.Delete(st.kept, left, to)
	}
}

// whileSo fires a rule when what it is about has come true, once as long as it is: again when it
// was not so in between. It ends the rule's signal when it is no longer so. A rule whose further
// condition does not hold yet is asked again.
func (st *State) whileSo(r *catalog.Signal, of uint64, so bool, c Context, tell func() (string, map[string]string, []Part)) []Signal {
	if !so {
		if st.knows(r, of) != nil {
			st.forget(r, of)
			st.end(r)
		}
		return nil
	}
	if st.knows(r, of) != nil || len(st.about(r)) >= maxKept {
		return nil
	}
	evidence, data, parts := tell()
	fired := fire(st, r, c, c.Now, evidence, data, parts)
	if fired != nil {
		st.remember(r, of).at = c.Now
	}
	return fired
}
