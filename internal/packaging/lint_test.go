package packaging_test

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
)

const watched = shop + `
signals: {full: {when: {limit: reports, reaches: 80%}, type: upsell}}
offers: {up: {on: [full], give: {plan: pro}, at: [here]}}
`

// members are accounts on a plan with the usage given; a limit of 0 is none.
func members(plan string, limit int64, usage ...int64) (list []packaging.Member) {
	for _, n := range usage {
		list = append(list, packaging.Member{Plan: plan, Usage: quantity.Quantity(n) * quantity.One,
			Limit: quantity.Quantity(limit) * quantity.One, Unlimited: limit == 0})
	}
	return list
}

func TestLintWithDataSpeaksWhereItShouldAndNotNearby(t *testing.T) {
	for _, c := range []struct {
		name          string
		usage         []packaging.Member
		fired, shown  int64
		lint, finding string
	}{
		{"half of ten accounts and one more are at the limit", members("basic", 10, 10, 10, 10, 10, 10, 12, 1, 1, 1, 1), 0, 0, "", "warning always_at_limit plans.basic.entitlements.reports"},
		{"half of ten accounts are", members("basic", 10, 10, 10, 10, 10, 10, 1, 1, 1, 1, 1), 0, 0, "", ""},
		{"six of nine accounts are: too few to say", members("basic", 10, 10, 10, 10, 10, 10, 10, 1, 1, 1), 0, 0, "", ""},
		{"nobody uses half of the limit", members("basic", 10, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4), 0, 0, "", "note unreached_limit plans.basic.entitlements.reports"},
		{"one uses half of it", members("basic", 10, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5), 0, 0, "", ""},
		{"the same, where nobody wants to hear of it", members("basic", 10, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4), 0, 0, "lint: {unreached_limit: off}", ""},
		{"the busiest tenth uses five times the median without limit", members("basic", 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 9), 0, 0, "", "warning unlimited_top_users plans.basic.entitlements.reports"},
		{"it uses four times as much", members("basic", 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 4, 9), 0, 0, "", ""},
		{"nobody ever used anything", members("basic", 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 0, "lint: {unreached_limit: off}", "warning silent_event meters.reports.fed_by"},
		{"one did", members("basic", 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9), 0, 0, "", ""},
		{"ten signals and no offer", nil, 10, 0, "", "warning unqualified_offer offers.up"},
		{"nine signals and no offer", nil, 9, 0, "", ""},
		{"ten signals and an offer", nil, 10, 1, "", ""},
		{"an error, where the catalog wants it", nil, 10, 0, "lint: {unqualified_offer: error}", "error unqualified_offer offers.up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cat, findings := catalog.Parse("", []byte(watched+c.lint+"\n"))
			if cat == nil {
				t.Fatal(findings)
			}
			var got []string
			for _, f := range packaging.Lint(packaging.LintInput{Catalog: cat, Members: map[string][]packaging.Member{"reports": c.usage},
				Fired: map[string]int64{"full": c.fired}, Decided: map[string]int64{"up": c.shown}}) {
				if f.Line == 0 || f.Mend == "" || f.Message == "" || catalog.RuleOf(f.Code) == nil || !catalog.RuleOf(f.Code).Data {
					t.Errorf("%+v", f)
				}
				got = append(got, string(f.Severity)+" "+f.Code+" "+f.Path)
			}
			if strings.Join(got, "; ") != c.finding {
				t.Errorf("got %q, want %q", got, c.finding)
			}
		})
	}
}
