package packaging_test

import (
	"fmt"
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
		refused, fits int64
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
		{"ten decisions turn an offer away", nil, 10, 0, "", "warning unqualified_offer offers.up"},
		{"nine do", nil, 9, 0, "", ""},
		{"ten do, and in one it could be shown", nil, 10, 1, "", ""},
		{"an error, where the catalog wants it", nil, 10, 0, "lint: {unqualified_offer: error}", "error unqualified_offer offers.up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cat, findings := catalog.Parse("", []byte(watched+c.lint+"\n"))
			if cat == nil {
				t.Fatal(findings)
			}
			var got []string
			for _, f := range packaging.Lint(packaging.LintInput{Catalog: cat, Members: map[string][]packaging.Member{"reports": c.usage},
				Refused: map[string]int64{"up": c.refused}, Qualified: map[string]int64{"up": c.fits}}) {
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

// TestLintSaysNothingOfUsageThatIsNotKept: nobody has used anything of late in these.
func TestLintSaysNothingOfUsageThatIsNotKept(t *testing.T) {
	const text = `version: 1
currency: USD
meters: {calls: {event: api.call}, seats: {set: seats.counted, to: count}, rooms: {add: room.opened, remove: room.closed}, mails: {fed_by: consume}}
features: {calls: {title: Calls, meter: calls}, seats: {title: Seats, meter: seats}, rooms: {title: Rooms, meter: rooms}, mails: {title: Mails, meter: mails}}
plans: {basic: {title: Basic, price: {month: "20"}, entitlements: {calls: {limit: 5, per: rolling 24h}, seats: 5, rooms: 5, mails: {limit: 5, per: month}}}}
lint: {unused_signal: off, unreached_limit: note}
`
	cat, findings := catalog.Parse("", []byte(text))
	if cat == nil {
		t.Fatal(findings)
	}
	for _, c := range []struct {
		name, feature string
		momentary     bool
		heard         bool
		findings      string // code, path and what is to be sent
	}{
		{"a rolling limit, and events long ago", "calls", true, true, ""},
		{"a rolling limit, and no event ever", "calls", true, false, `silent_event meters.calls.event "api.call"`},
		{"a limit of which periods are kept, and events long ago", "mails", false, true, `unreached_limit plans.basic.entitlements.mails "5"`},
		{"a level that is set, and no event ever", "seats", true, false, `silent_event meters.seats.set "seats.counted"`},
		{"a level that is raised, and no event ever", "rooms", true, false, `silent_event meters.rooms.add "room.opened"`},
	} {
		in := packaging.LintInput{Catalog: cat, Members: map[string][]packaging.Member{c.feature: members("basic", 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
			Momentary: map[string]bool{c.feature: c.momentary}, Heard: map[string]bool{c.feature: c.heard}}
		var got []string
		for _, f := range packaging.Lint(in) {
			if f.Line == 0 || !strings.Contains(f.Message, f.Value) && f.Code == "silent_event" {
				t.Errorf("%s: %+v", c.name, f)
			}
			got = append(got, fmt.Sprintf("%s %s %q", f.Code, f.Path, f.Value))
		}
		if strings.Join(got, "; ") != c.findings {
			t.Errorf("%s: got %q, want %q", c.name, got, c.findings)
		}
	}
}
