package engine

import (
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
)

func TestWhatAConditionLookedAtIsSaidForPeople(t *testing.T) {
	c := &catalog.Catalog{
		Features:   map[string]*catalog.Feature{"emails": {Key: "emails", Title: "Emails"}},
		Milestones: map[string]*catalog.Milestone{"first_summit": {Key: "first_summit", Title: "First summit"}},
		Signals:    map[string]*catalog.Signal{"hosts_full": {Key: "hosts_full", Title: "hosts_full"}},
	}
	for _, x := range []struct {
		name string
		is   any
		want string
	}{
		{"account.stage", "adopted", "adopted"},
		{"money.months", 6.0091421400866984, "has paid for 6 months"},
		{"money.months", 1.04, "has paid for 1 month"},
		{"money.interval", "month", "pays by the month"},
		{"money.mrr", 1490.0, "pays 1,490 USD a month"},
		{"people.active", 1, "1 active person"},
		{"time.days_to_renewal", nil, "days to renewal is not known"},
		{"milestones.first_summit", true, "has reached first summit"},
		{"usage.emails.percent", 91.66, "91.7% of emails used"},
		{"signals.hosts_full", 0, "hosts full: not alive"},
		{"survey.nps", 9.0, "would recommend us: 9 of 10"},
		{"account.traits.team_size", "large", "team size: large"},
		{"facts.uses_sso", true, "uses sso: yes"},
		{"account.traits", map[string]any{}, ""},
	} {
		if got := inWords(x.name, x.is, c, "USD"); got != x.want {
			t.Errorf("%s of %v is said as %q, want %q", x.name, x.is, got, x.want)
		}
	}
}
