package signal

import (
	"fmt"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
)

// OnUsage fires the limit rules of a feature and keeps what fired in st. Call it on every
// change of usage and of the limit. A rule fires when usage has risen to or above its
// share of the limit: once per period for allowances that reset; for others again after
// usage has fallen below the share; and anew once the limit itself is another. A fall of
// usage, or a change of the limit alone, never fires.
func OnUsage(st *State, in UsageChange, rules []*catalog.Signal, c Context) []Signal {
	var out []Signal
	for _, r := range rules {
		if r.State == retired || r.When.Limit != in.Feature {
			continue
		}
		fired, was := st.Limits[r.Key]
		percent := in.Usage.Percent(in.Limit)
		below := in.Unlimited || in.Limit <= 0 || percent < r.When.Reaches
		// A period's allowance fires once even when usage dips and climbs again; what never
		// resets is armed by the dip.
		again := fired.Period != in.PeriodStart || fired.Limit != in.Limit || (in.PeriodStart == 0 && below)
		if was && again {
			delete(st.Limits, r.Key)
			was = false
		}
		if was || below || in.Late || in.Usage <= in.Before {
			continue
		}
		if st.Limits == nil {
			st.Limits = make(map[string]LimitFired)
		}
		st.Limits[r.Key] = LimitFired{Period: in.PeriodStart, Limit: in.Limit}
		evidence := fmt.Sprintf("Used %s of %s %s", Grouped(in.Usage.String()), Grouped(in.Limit.String()), Inside(in.Title))
		data := map[string]string{
			"feature": in.Feature, "usage": in.Usage.String(), "limit": in.Limit.String(),
			"percent": strconv.FormatInt(percent, 10),
		}
		if in.ResetsAt > c.Now {
			evidence += ", " + Span(in.ResetsAt.Sub(c.Now)) + " before reset"
			data["resets_at"] = in.ResetsAt.String()
		}
		out = append(out, fire(st, r, c, c.Now, evidence, data, limitScore(in, percent, c.Now)))
	}
	return out
}
