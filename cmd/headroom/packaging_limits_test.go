package main

import (
	"strings"
	"testing"
)

// The limit of one plan, over HTTP: what accounts may use is what entitlement says.

type weighed struct {
	Candidate     float64
	CandidatePlan string `json:"candidate_plan"`
	Unlimited     int    `json:"unlimited_accounts"`
	Plans         []struct {
		Plan     string
		Limit    *float64
		Highest  bool
		Accounts int
	}
	Suggestions []struct {
		Limit    float64
		Plan     string
		Today    *float64
		Change   string
		Highest  bool
		Fitting  int `json:"fitting_accounts"`
		Squeezed []struct{ Account, Next string }
		Revenue  struct {
			Amount      string
			Assumptions []string
		}
	}
}

// of returns who is squeezed by a limit, and all that is assumed.
func (w *weighed) of(t *testing.T, limit float64) (squeezed, words string) {
	t.Helper()
	for _, s := range w.Suggestions {
		if s.Limit == limit {
			var names []string
			for _, x := range s.Squeezed {
				names = append(names, x.Account)
			}
			return strings.Join(names, " "), s.Plan + " " + s.Change + " " + s.Revenue.Amount + " " + strings.Join(s.Revenue.Assumptions, " ")
		}
	}
	t.Fatalf("no limit of %g among %+v", limit, w.Suggestions)
	return "", ""
}

func TestALimitIsDesignedForOnePlanWithWhatAccountsReallyMayUse(t *testing.T) {
	c := newCompany(t, "")
	var at string
	for key, x := range map[string]struct {
		plan string
		uses int
	}{"plain": {"starter", 8}, "granted": {"starter", 9}, "endless": {"starter", 9}, "small": {"starter", 3}, "fits": {"pro", 15}, "big": {"pro", 40}, "whale": {"scale", 90}} {
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": x.plan}, nil)
		at = c.added(key, x.uses)
	}
	c.must("POST", "/v1/accounts/granted/grants", map[string]any{"feature": "speakers", "quantity": 5}, nil)
	var last struct{ Position string }
	c.must("POST", "/v1/accounts/endless/overrides", map[string]any{"feature": "speakers", "unlimited": true}, &last)
	if last.Position != "" {
		at = last.Position
	}

	var got weighed
	c.must("GET", "/v1/packaging/limits/speakers?candidates=6", nil, &got, "Headroom-Position", at)
	squeezed, words := got.of(t, 6)
	if squeezed != "plain" || !strings.HasPrefix(words, "starter tightens 20.00 6 becomes the limit of Starter instead of 10; all other plans keep what they give today.") ||
		!strings.Contains(words, "2 accounts that use more keep what they use") {
		t.Errorf("6 squeezes %q: %s; want the one that has nothing but Starter", squeezed, words)
	}
	if got.Unlimited != 2 {
		t.Errorf("%d without a limit, want the one on Scale and the one with an override", got.Unlimited)
	}
	if len(got.Plans) != 3 || got.Plans[0].Plan != "starter" || *got.Plans[0].Limit != 10 || got.Plans[0].Accounts != 4 || !got.Plans[2].Highest {
		t.Errorf("plans %+v", got.Plans)
	}

	got = weighed{}
	c.must("GET", "/v1/packaging/limits/speakers?plan=starter&candidates=20", nil, &got)
	if _, words := got.of(t, 20); !strings.HasPrefix(words, "starter loosens -20.00 ") || !strings.Contains(words, "At risk: 1 account on the plan above uses more than Starter gives today") {
		t.Errorf("20 for Starter: %s", words)
	}
	got = weighed{}
	c.must("GET", "/v1/packaging/limits/speakers?plan=scale&candidates=50", nil, &got)
	if squeezed, words := got.of(t, 50); squeezed != "whale" || !strings.Contains(words, "there is nowhere to go from it") {
		t.Errorf("50 for Scale squeezes %q: %s", squeezed, words)
	}
	for query, want := range map[string]float64{"": 10, "?plan=pro": 50} {
		got = weighed{}
		c.must("GET", "/v1/packaging/limits/speakers"+query, nil, &got)
		if _, words := got.of(t, want); got.Candidate != want || !strings.HasPrefix(words, got.CandidatePlan+" none") {
			t.Errorf("%q begins with %g of %q: %s", query, got.Candidate, got.CandidatePlan, words)
		}
	}
	if status, p := c.send("GET", "/v1/packaging/limits/speakers?plan=gold", ""); status != 422 || p["code"] != "unknown_plan" {
		t.Errorf("a plan nobody knows: %d %v", status, p)
	}
}

func TestWhoHasAFeatureByGrantOverrideOrTrialIsNotLockedOut(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/catalog", []byte(withFilms), nil)
	for _, key := range []string{"given", "lacks", "taken"} {
		plan := "starter"
		if key == "taken" {
			plan = "pro"
		}
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": plan}, nil)
	}
	var last struct{ Position string }
	c.must("POST", "/v1/accounts/taken/overrides", map[string]any{"feature": "recordings", "allowed": false}, nil)
	c.must("POST", "/v1/accounts/given/overrides", map[string]any{"feature": "recordings", "allowed": true}, nil)
	c.must("PUT", "/v1/accounts/last/subscription", map[string]any{"plan": "starter"}, &last)
	var d struct {
		Has       int
		LockedOut int `json:"locked_out"`
	}
	c.must("GET", "/v1/features/recordings/demand", nil, &d, "Headroom-Position", last.Position)
	if d.Has != 1 || d.LockedOut != 3 {
		t.Errorf("%d have it, %d lack it; want the one whose override gives it, not the one whose override takes it", d.Has, d.LockedOut)
	}
	var list struct {
		Items []struct {
			Key, Feature  string
			Has, Eligible int
		}
	}
	c.must("GET", "/v1/launches", nil, &list)
	for _, l := range list.Items {
		if l.Feature == "recordings" && l.Has != 1 {
			t.Errorf("its launch: %+v", l)
		}
	}
}
