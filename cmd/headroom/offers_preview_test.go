package main

import "testing"

// A preview says that an offer would be shown only where it would be: what the person or the family was asked
// elsewhere counts.
func TestAPreviewKnowsTheBudgetsOfThePersonAndTheFamily(t *testing.T) {
	c := nearLimits(t)
	type obstacle struct{ Code, Reason string }
	preview := func(account, user string) (inTheWay []obstacle, status string) {
		t.Helper()
		var got struct {
			InTheWay []obstacle `json:"in_the_way"`
			Decision struct{ Status string }
		}
		c.must("POST", "/v1/offers/preview", map[string]any{"offer": "tip", "account": account, "placement": "tips", "user": user}, &got)
		return got.InTheWay, got.Decision.Status
	}
	contact := func(account, user string) {
		t.Helper()
		var got contacted
		c.must("POST", "/v1/contacts", map[string]any{"account": account, "user": user, "channel": "email"}, &got)
		if !got.Allowed {
			t.Fatalf("%s of %s is not contacted: %+v", user, account, got.Refusals)
		}
	}
	free := func(what, account, user string) {
		t.Helper()
		if inTheWay, status := preview(account, user); len(inTheWay) != 0 || status != "show" {
			t.Errorf("%s: %+v, decided: %s", what, inTheWay, status)
		}
	}
	spent := func(what, account, user string) {
		t.Helper()
		if inTheWay, status := preview(account, user); len(inTheWay) != 1 || inTheWay[0].Code != "contact_budget" || status != "none" {
			t.Errorf("%s: %+v, decided: %s", what, inTheWay, status)
		}
	}
	free("nobody was asked anything", "acme", "ann")
	contact("corp", "ann")
	spent("ann was written to in another account", "acme", "ann")
	free("nobody in particular", "acme", "")
	contact("acme", "ben")
	free("the family may be asked once more", "bolt", "cem")
	contact("acme", "dan")
	spent("the family was asked twice", "bolt", "cem")
}
