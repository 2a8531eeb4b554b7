package packaging

import (
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// squeeze notes an account that uses more of a feature than the new limit, grants and overrides
// of its own included.
func (im *Impact) squeeze(h *Holder, f *catalog.Feature) {
	if h.Input.Usage == nil {
		return
	}
	in := h.Input
	in.Catalog = im.new
	given, limit := entitlement.Standing(in, f.Key)
	m, per := im.new.Meters[f.Meter], given.Per
	if im.new.Features[f.Key] == nil || m == nil {
		given, limit = entitlement.Given{}, 0
		m = im.old.Meters[f.Meter]
		per = entitlement.GivenOf(im.old, in.Subscription, f.Key).Per
	}
	if given.Unlimited || m == nil {
		return
	}
	u := in.Usage(m.Key)
	if u == nil {
		return
	}
	if f.PartOf != "" && entitlement.Check(in, f.Key, 0).Reason == entitlement.PartLocked {
		limit = 0
	}
	if used := im.used(u, m, f, per, &in); used > limit {
		im.crowded++
		im.squeezed.add(Overfull{h.Account, f.Key, used, limit})
	}
}

// used is what an account has used of f in a period of the new catalog. Of a period that its
// meter was not kept for there is nothing to read: it is then what was used in the period of the
// old limit, on average over it where that is longer.
func (im *Impact) used(u *meter.Usage, m *catalog.Meter, f *catalog.Feature, per catalog.Period, in *entitlement.Input) quantity.Quantity {
	kept := im.old.Meters[m.Key]
	if kept == nil || kept.Aggregate == catalog.Level || keeps(kept, per) {
		// The newest window is open or the current one is empty, wherever windows begin.
		return meter.Value(u, m, per, subscription.Calendar{}, in.Now)
	}
	was := entitlement.GivenOf(im.old, in.Subscription, f.Key).Per
	used := meter.Value(u, kept, was, subscription.Calendar{}, in.Now)
	if long, short := span(was), span(per); long > short && (kept.Aggregate == catalog.Count || kept.Aggregate == catalog.Sum) {
		return quantity.Quantity(float64(used) * float64(short) / float64(long))
	}
	return used
}

func keeps(m *catalog.Meter, per catalog.Period) bool {
	return per == catalog.Lifetime || slices.ContainsFunc(m.Windows(), func(w catalog.Window) bool { return w.Per == per })
}

// span is about how long a period is, the longest of its kind; 0 for an account's life.
func span(per catalog.Period) time.Duration {
	if d, rolling := per.Rolling(); rolling {
		return d
	}
	const day = 24 * time.Hour
	return map[catalog.Period]time.Duration{catalog.Hour: time.Hour, catalog.Day: day, catalog.Week: 7 * day, catalog.Month: 31 * day, catalog.Year: 366 * day}[per]
}
