package engine

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
)

// MeterUsage is what an account has used of one meter.
type MeterUsage struct {
	Meter     string            `json:"meter"`
	Aggregate catalog.Aggregate `json:"aggregate"`
	Periods   []PeriodUsage     `json:"periods"`
}

// PeriodUsage is the usage of one period so far.
type PeriodUsage struct {
	Per      string            `json:"per"` // lifetime, month, rolling 24h...
	StartsAt clock.Time        `json:"starts_at"`
	ResetsAt clock.Time        `json:"resets_at"`
	Usage    quantity.Quantity `json:"usage"`
	// Late is the part of Usage that came from events of earlier, closed periods.
	Late          quantity.Quantity `json:"late,omitempty"`
	Approximate   bool              `json:"approximate,omitempty"`
	StandardError float64           `json:"standard_error,omitempty"`
	Parts         []PartUsage       `json:"parts,omitempty"`
}

// PartUsage is the part of the usage whose events had these values.
type PartUsage struct {
	By    map[string]string `json:"by"`
	Usage quantity.Quantity `json:"usage"`
}

// MeterUsages returns the usage of all meters of the catalog, by key, in all periods that are
// kept; a may be nil.
func (a *Account) MeterUsages(c *catalog.Catalog, now clock.Time) []MeterUsage {
	if a == nil {
		a = &Account{}
	}
	cal := a.calendar(c)
	out := make([]MeterUsage, 0, len(c.Meters))
	for _, key := range slices.Sorted(maps.Keys(c.Meters)) {
		m := c.Meters[key]
		u := a.Usage[key]
		used := MeterUsage{Meter: key, Aggregate: m.Aggregate}
		periods := []catalog.Period{catalog.Lifetime}
		for _, w := range m.Windows() {
			periods = append(periods, w.Per)
		}
		for _, per := range periods {
			r := meter.Read(u, m, per, cal, now)
			p := PeriodUsage{Per: string(per), StartsAt: r.Start, ResetsAt: r.ResetsAt, Usage: max(r.Value, 0), Late: r.Late}
			if per == catalog.Lifetime {
				p.Per = "lifetime"
			}
			if r.Approximate {
				p.Approximate, p.StandardError = true, meter.StandardError
			}
			for _, g := range meter.Groups(u, m, per, cal, now) {
				p.Parts = append(p.Parts, PartUsage{g.By, g.Value})
			}
			used.Periods = append(used.Periods, p)
		}
		out = append(out, used)
	}
	return out
}
