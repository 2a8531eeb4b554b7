package api

import (
	"reflect"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Every field of a change is for pages or is not: a new one has to be given its place here.
func TestAPageBuysPlansIntervalsQuantitiesAndAddonsOnly(t *testing.T) {
	forPages := map[string]subscription.Change{
		"Plan":      {Plan: "pro"},
		"Interval":  {Interval: subscription.Year},
		"Quantity":  {Quantity: 2},
		"Addons":    {Addons: &[]subscription.AddonLine{}},
		"Once":      {Once: []subscription.AddonLine{{Key: "pack"}}},
		"Effective": {Plan: "starter", Effective: subscription.AtRenewal},
	}
	forServers := map[string]subscription.Change{
		"PlanVersion": {Plan: "pro", PlanVersion: 1},
		"Currency":    {Plan: "pro", Currency: "EUR"},
		"Anchor":      {Anchor: 1},
		"StartsAt":    {Plan: "pro", StartsAt: 1},
		"TrialEndsAt": {Plan: "pro", TrialEndsAt: 1},
		"Effective":   {Plan: "starter", Effective: subscription.Now},
		"Cancel":      {Cancel: true},
		"Undo":        {Undo: true},
	}
	fields := reflect.TypeFor[subscription.Change]()
	for field := range fields.Fields() {
		name := field.Name
		page, pages := forPages[name]
		server, servers := forServers[name]
		if !pages && !servers {
			t.Errorf("nobody says whether %s is for pages", name)
		}
		if err := forSaleInPages(&page); pages && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := forSaleInPages(&server); servers && fault.CodeOf(err) != "not_for_browsers" {
			t.Errorf("%s in a page: %v", name, err)
		}
	}
}
