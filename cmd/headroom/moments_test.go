package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

type momentsList struct {
	Items []struct {
		Account, Kind, Feature, Title, Placement, State, Why, Reason, Offer string
		Name                                                                string `json:"account_name"`
		Times                                                               int64
		Value                                                               struct{ Amount string }
	}
}

type missedList struct {
	Items []struct {
		Kind, Feature, Placement string
		Moments, Accounts        int64
		Value                    []struct{ Amount string }
		Reasons                  []struct {
			Why, Mend string
			Moments   int64
		}
	}
	Totals struct {
		Moments, Accounts int64
		Value             []struct{ Amount string }
	}
	Assumptions []string
}

type funnelOf struct {
	Steps []struct {
		Step        string
		Count, Lost int64
		Share, Kept *string
	}
	Moments []struct {
		Feature   string
		WorstStep string `json:"worst_step"`
		Missed    int64
	}
}

// steps tells a funnel in a line.
func (f *funnelOf) steps() string {
	var out []string
	for _, s := range f.Steps {
		out = append(out, fmt.Sprint(s.Step, " ", s.Count))
	}
	return strings.Join(out, ", ")
}

func TestMomentsAreCountedFromTheTouchToWhatIsActiveOrMissed(t *testing.T) {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(strings.ReplaceAll(apiCatalog, "holdout: 10%", "holdout: 0%")), nil)
	for _, account := range []string{"acme", "globex"} {
		c.must("PUT", "/v1/accounts/"+account, map[string]any{"name": strings.ToUpper(account)}, nil)
		c.must("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	touch := func(account string) {
		c.must("POST", "/v1/check", map[string]any{"account": account, "user": "ann", "feature": "recordings", "placement": "talk.page"}, nil)
	}
	touch("acme")
	touch("globex")
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "2m"}, nil)
	touch("acme")
	var d struct {
		Status string
		ID     string `json:"decision_id"`
	}
	c.must("POST", "/v1/decide", map[string]any{"account": "acme", "user": "ann", "placement": "recordings.open", "feature": "recordings"}, &d)
	if d.Status != "show" {
		t.Fatalf("nothing is shown: %+v", d)
	}
	var moved struct{ Position string }
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "clicked", "user": "ann"}, &moved)

	var list momentsList
	c.must("GET", "/v1/moments", nil, &list, "Headroom-Position", moved.Position)
	if got := fmt.Sprintf("%+v", list.Items); len(list.Items) != 2 || !strings.Contains(got, "State:open") || !strings.Contains(got, "State:offered") {
		t.Fatalf("moments: %s", got)
	}
	for _, m := range list.Items {
		if m.Kind != "locked" || m.Feature != "recordings" || m.Placement != "talk.page" || m.Name == "" || m.Title == "" || m.Value.Amount == "0.00" {
			t.Errorf("%+v", m)
		}
		if m.Account == "acme" && (m.Times != 2 || m.Offer == "" || m.Why != "") || m.Account == "globex" && (m.Why != "not_yet" || m.Reason == "") {
			t.Errorf("%+v", m)
		}
	}
	var missed missedList
	c.must("GET", "/v1/moments/missed", nil, &missed)
	if missed.Totals.Moments != 0 {
		t.Errorf("what can still be answered is not missed: %+v", missed)
	}

	c.must("POST", "/v1/clock/advance", map[string]any{"by": "25h"}, nil)
	c.must("GET", "/v1/moments/missed", nil, &missed)
	if missed.Totals.Moments != 1 || missed.Totals.Accounts != 1 || len(missed.Items) != 1 || len(missed.Totals.Value) != 1 || len(missed.Assumptions) != 3 {
		t.Fatalf("a day later: %+v", missed)
	}
	if m := missed.Items[0]; m.Placement != "talk.page" || m.Value[0].Amount != missed.Totals.Value[0].Amount || m.Reasons[0].Why != "not_yet" || m.Reasons[0].Mend == "" {
		t.Errorf("%+v", m)
	}
	var f funnelOf
	c.must("GET", "/v1/offers/funnel", nil, &f)
	if got := f.steps(); got != "moment 2, offered 1, seen 1, clicked 1, confirmed 0, active 0" {
		t.Error(got)
	}
	if f.Steps[1].Lost != 1 || *f.Steps[1].Kept != "0.5000" || f.Moments[0].WorstStep != "offered" || f.Moments[0].Missed != 1 {
		t.Errorf("%+v", f)
	}
	var timeline struct {
		Items []struct{ At, Kind, Words string }
		Next  string
	}
	c.must("GET", "/v1/accounts/acme/timeline?limit=3", nil, &timeline)
	first := fmt.Sprintf("%+v", timeline.Items)
	seen := len(timeline.Items)
	for timeline.Next != "" {
		next := timeline.Next
		timeline.Next, timeline.Items = "", nil
		c.must("GET", "/v1/accounts/acme/timeline?limit=3&cursor="+next, nil, &timeline)
		seen += len(timeline.Items)
		first += fmt.Sprintf("%+v", timeline.Items)
	}
	for _, words := range []string{"Offered ", "Clicked the offer of Pro", "Wanted ", "was shown", "Opened ", "Kind:money"} {
		if !strings.Contains(first, words) {
			t.Errorf("%q is not on the timeline: %s", words, first)
		}
	}
	if seen != 5 { // money, moment, signal, decision, outcome
		t.Errorf("%d entries: %s", seen, first)
	}
	c.must("PUT", "/v1/accounts/acme/facts/incident", map[string]any{"value": true, "ref": "INC-1"}, &moved)
	c.must("DELETE", "/v1/accounts/acme/facts/incident?ref=INC-1", nil, &moved)
	timeline.Items = nil
	c.must("GET", "/v1/accounts/acme/timeline?kind=fact", nil, &timeline, "Headroom-Position", moved.Position)
	if got := fmt.Sprint(timeline.Items); len(timeline.Items) != 2 || !strings.Contains(got, "Incident INC-1 closed") || !strings.Contains(got, "Incident INC-1 opened") {
		t.Errorf("facts on the timeline: %s", got)
	}
	if status, answer := c.send("GET", "/v1/moments?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", ""); status != 422 || answer["code"] != "span_invalid" {
		t.Errorf("a time that ends before it begins: %d %v", status, answer)
	}
	if status, answer := c.send("GET", "/v1/accounts/acme/timeline?kind=weather", ""); status != 422 || answer["code"] != "kind_unknown" {
		t.Errorf("an unknown kind: %d %v", status, answer)
	}
}

// A page asks what is locked to draw itself. That somebody wanted it is only known when they click.
func TestLookingAtALockIsNoTouchOfIt(t *testing.T) {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(strings.ReplaceAll(apiCatalog, "holdout: 10%", "holdout: 0%")), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	type answer struct {
		Allowed  bool
		Position string
		Unlock   []struct{ Title string }
		Decision struct{ Status, Reason string }
	}
	check := func(more map[string]any) (a answer) {
		t.Helper()
		body := map[string]any{"account": "acme", "user": "ann", "feature": "recordings", "placement": "recordings.open"}
		maps.Copy(body, more)
		c.must("POST", "/v1/check", body, &a)
		return a
	}
	// given a page that was drawn again and again, on the short way and the long one
	var last answer
	for range 3 {
		check(map[string]any{"touch": false})
		last = check(map[string]any{"touch": false, "quantity": 1.5})
		c.must("POST", "/v1/clock/advance", map[string]any{"by": "2m"}, nil)
	}
	// then it hears what unlocks the feature and what is offered there, and no signal has fired
	if last.Allowed || len(last.Unlock) == 0 || last.Decision.Status != "none" || last.Position == "" {
		t.Errorf("a look hears %+v", last)
	}
	var list momentsList
	c.must("GET", "/v1/moments", nil, &list, "Headroom-Position", last.Position)
	if len(list.Items) != 0 {
		t.Errorf("nobody wanted anything, and there are moments: %+v", list.Items)
	}
	// when she clicks twice, then the signal fires, and a look hears of the offer too
	check(nil)
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "2m"}, nil)
	clicked := check(map[string]any{"touch": true})
	c.must("GET", "/v1/moments", nil, &list, "Headroom-Position", clicked.Position)
	if len(list.Items) != 1 || list.Items[0].Times != 2 {
		t.Errorf("two clicks are the moments %+v", list.Items)
	}
	if d := check(map[string]any{"touch": false}).Decision; d.Status != "show" {
		t.Errorf("after two clicks a look hears %+v", d)
	}
}
