package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
)

var (
	prorations    = []string{"second", "day", "none"}
	downgrades    = []string{"now", "renewal"}
	growthTypes   = []string{string(Upsell), string(CrossSell)}
	billingFields = []field[Billing]{
		{"proration", func(r *reader, v value, b *Billing) { b.Proration = r.oneOf(v, prorations...) }},
		{"downgrade", func(r *reader, v value, b *Billing) { b.Downgrade = r.oneOf(v, downgrades...) }},
		{"undo", func(r *reader, v value, b *Billing) { b.Undo = r.duration(v, maxWindow) }},
	}
	// growths are what taxonomy may name.
	growths = append([]string{string(NewFamily), string(NewFeature), string(MoreOfSame)}, append(slices.Clone(addonKinds), string(OfBundle))...)
)

// usual is how changes are charged where the catalog says nothing.
var usual = Billing{Proration: "second", Downgrade: "now"}

// taxonomy reads {service_tier: upsell, new_family: cross_sell}.
func (r *reader) taxonomy(v value, c *Catalog) {
	if v.kind() == "nothing" {
		return
	}
	for _, e := range r.entries(v, "{service_tier: upsell}") {
		if !slices.Contains(growths, e.key) {
			mend := "known: " + strings.Join(growths, ", ")
			if near := condition.Nearest(e.key, growths); near != "" {
				mend = "did you mean " + near + "? " + mend
			}
			r.report(SeverityError, "unknown_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q is not a kind of growth", e.key), mend)
			continue
		}
		if _, again := c.Taxonomy[Growth(e.key)]; again {
			r.report(SeverityError, "duplicate_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q is here a second time", e.key), "keep one of the two")
			continue
		}
		c.Taxonomy[Growth(e.key)] = RevenueType(r.oneOf(e.value, growthTypes...))
	}
}
