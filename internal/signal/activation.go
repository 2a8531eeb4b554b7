package signal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
)

// Path puts milestones in the order in which accounts are to reach them: one that comes after
// another stands behind it, of the others those with less time first, those without a time last.
// Milestones whose After is not among them begin the path; optional ones that nothing required
// follows end it.
func Path(milestones []*catalog.Milestone) []*catalog.Milestone {
	if len(milestones) < 2 {
		return milestones
	}
	var depth func(m *catalog.Milestone, most int) int
	depth = func(m *catalog.Milestone, most int) int { // the catalog has refused circles; most holds against those of a broken one
		i := slices.IndexFunc(milestones, func(b *catalog.Milestone) bool { return b.Key == m.After })
		if m.After == "" || i < 0 || most == 0 {
			return 0
		}
		return 1 + depth(milestones[i], most-1)
	}
	aside := func(m *catalog.Milestone) int {
		if m.Optional && !slices.ContainsFunc(milestones, func(b *catalog.Milestone) bool { return b.After == m.Key && !b.Optional }) {
			return 1
		}
		return 0
	}
	type placed struct {
		*catalog.Milestone
		depth int
	}
	all := make([]placed, len(milestones))
	for i, m := range milestones {
		all[i] = placed{m, depth(m, len(milestones))}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(aside(a.Milestone), aside(b.Milestone)), cmp.Compare(a.depth, b.depth), cmp.Compare(uint64(a.Within)-1, uint64(b.Within)-1), strings.Compare(a.Key, b.Key))
	})
	out := make([]*catalog.Milestone, len(all))
	for i := range all {
		out[i] = all[i].Milestone
	}
	return out
}
