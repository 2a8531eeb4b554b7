package packaging

import (
	"fmt"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Bounds of what lint with data speaks of.
const (
	enoughAccounts = 10 // on a plan, before anything is said of them
	enoughRefused  = 10 // decisions that turned an offer away, in 90 days
	topTimes       = 5  // the busiest tenth uses so many times the median
)

// LintInput is what the rules of lint that need data look at.
type LintInput struct {
	Catalog *catalog.Catalog
	// Members are the accounts that have a counted feature, with the most they used of it in a
	// period of late; by feature.
	Members map[string][]Member
	// Momentary are the features whose usage is known of this moment only, because their periods
	// leave no record: by that no limit is judged.
	Momentary map[string]bool
	// Heard are the meters for which anything ever came in.
	Heard map[string]bool
	// Refused counts the decisions of the last 90 days in which an offer had a living signal and
	// was turned away by its condition or by what it gives; Qualified those in which it could have
	// been shown, those of its holdout included.
	Refused   map[string]int64
	Qualified map[string]int64
}

// Lint finds what the catalog alone does not show: limits nobody reaches and limits everybody
// meets, rules on what nobody sends, offers nobody qualifies for, and the busiest accounts on
// what their plan does not limit. Findings are in the order of paths.
func Lint(in LintInput) []catalog.Finding {
	var out []catalog.Finding
	say := func(code, path, given, mend, format string, args ...any) {
		if f, wanted := in.Catalog.At(code, path, given, fmt.Sprintf(format, args...), mend); wanted {
			out = append(out, f)
		}
	}
	heard, asked := map[string]bool{}, map[string]int{}
	for _, key := range slices.Sorted(maps.Keys(in.Members)) {
		f := in.Catalog.Features[key]
		if f == nil {
			continue
		}
		plans := map[string][]Member{}
		for _, m := range in.Members[key] {
			plans[m.Plan] = append(plans[m.Plan], m)
			heard[f.Meter] = heard[f.Meter] || m.Usage > 0
		}
		asked[f.Meter] += len(in.Members[key])
		if in.Momentary[key] {
			continue
		}
		for _, plan := range slices.Sorted(maps.Keys(plans)) {
			if p := in.Catalog.Plans[plan]; p != nil && p.Entitlements[key] != nil {
				lintLimit(say, "plans."+plan+".entitlements."+key, f, p, plans[plan])
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(in.Catalog.Meters)) {
		m := in.Catalog.Meters[key]
		if heard[key] || in.Heard[key] || asked[key] < enoughAccounts {
			continue
		}
		if m.FedByConsume {
			say("silent_event", "meters."+key+".fed_by", "consume", "call POST /v1/consume where it is used up", "%d accounts have a feature with this meter, and nobody ever called consume for it", asked[key])
			continue
		}
		at, event := "event", m.Event
		switch {
		case m.Add != "":
			at, event = "add", m.Add
		case m.Set != "":
			at, event = "set", m.Set
		}
		say("silent_event", "meters."+key+"."+at, event, "send "+event+", or mend its name", "%d accounts have a feature with this meter, and no %s ever came in", asked[key], event)
	}
	for _, key := range slices.Sorted(maps.Keys(in.Catalog.Offers)) {
		if n := in.Refused[key]; n >= enoughRefused && in.Qualified[key] == 0 {
			say("unqualified_offer", "offers."+key, "", "look at GET /v1/decisions/{id}/explain for why it was left out", "in %d decisions of 90 days a signal of it was alive, and nobody qualified for it", n)
		}
	}
	slices.SortStableFunc(out, func(a, b catalog.Finding) int {
		return slices.Compare([]int{a.Line, a.Column}, []int{b.Line, b.Column})
	})
	return out
}

// lintLimit looks at how the accounts of a plan use what it gives of a feature.
func lintLimit(say func(code, path, given, mend, format string, args ...any), path string, f *catalog.Feature, p *catalog.Plan, on []Member) {
	e := p.Entitlements[f.Key]
	var usage []quantity.Quantity
	limited, at := 0, 0
	var most quantity.Quantity
	for _, m := range on {
		if m.Unlimited {
			usage = append(usage, m.Usage)
			continue
		}
		if m.Limit <= 0 {
			continue
		}
		limited++
		if m.Usage >= m.Limit {
			at++
		}
		most = max(most, share(m.Usage, m.Limit))
	}
	switch {
	case limited < enoughAccounts:
	case at*2 > limited && e.Overage == nil:
		say("always_at_limit", path, e.Limit.String(), "raise it to where the busier quarter begins: headroom limits suggest", "%d of %d accounts on %s have used all of it", at, limited, p.Key)
	case most < 50:
		say("unreached_limit", path, e.Limit.String(), "lower it to where the busiest are, or leave it out: headroom limits suggest", "the busiest of %d accounts on %s uses %d%% of it", limited, p.Key, int64(most))
	}
	if len(usage) < enoughAccounts || f.Kind == catalog.Seats || f.CountsPeople() {
		return
	}
	slices.Sort(usage)
	median, top := usage[len(usage)/2], usage[len(usage)-len(usage)/10]
	if median > 0 && top >= topTimes*median {
		say("unlimited_top_users", path, "unlimited", "limit it with an overage or a plan above: headroom limits suggest", "the busiest tenth of %d accounts on %s uses %s and more, half of them %s or less, at the same price", len(usage), p.Key, top, median)
	}
}

// share returns usage in percent of a limit.
func share(usage, limit quantity.Quantity) quantity.Quantity {
	if usage > 1<<56 {
		return 1 << 20
	}
	return usage * 100 / limit
}
