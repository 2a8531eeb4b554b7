package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Packaging as its users meet it: over HTTP, from what live accounts do.

// added sends that an account added n speakers, each with an id of its own.
func (c *company) added(account string, n int) string {
	c.t.Helper()
	var batch []string
	for i := range n {
		batch = append(batch, fmt.Sprintf(`{"specversion":"1.0","id":"%s-%d","source":"setup","type":"speaker.added","subject":"%s"}`, account, i, account))
	}
	var got ingested
	c.must("POST", "/v1/events", json.RawMessage("["+strings.Join(batch, ",")+"]"), &got)
	if got.Accepted != n {
		c.t.Fatalf("%d of %d events were accepted: %+v", got.Accepted, n, got.Rejected)
	}
	return got.Position
}

type designed struct {
	Feature           string
	Accounts          int
	UnusedAccounts    int `json:"unused_accounts"`
	UnlimitedAccounts int `json:"unlimited_accounts"`
	Segments          []struct {
		Segment   string
		Accounts  int
		Histogram []struct{ From, To, Accounts float64 }
	}
	Clusters    []struct{ Size, Center, Within float64 }
	Breaks      []float64
	Suggestions []struct {
		Limit         float64
		AccountsAbove int `json:"accounts_above"`
		Squeezed      []struct {
			Account, Plan, Next string
			Usage               float64
		}
		Revenue struct {
			Amount, Currency, Interval string
			Assumptions                []string
		}
	}
	Limits []struct {
		Limit    float64
		Plans    []string
		Accounts int
		Ratio    *string
	}
	TopUnlimited []struct {
		Account string
		Usage   float64
		MRR     struct{ Amount string }
		PerUnit string `json:"per_unit"`
	} `json:"top_unlimited"`
}

func TestLimitsAreDesignedFromWhatLiveAccountsUse(t *testing.T) {
	c := newCompany(t, "")
	var at string
	for i := range 14 {
		key, plan, segment, n := fmt.Sprintf("a%02d", i), "starter", "startup", 2+i%3
		switch {
		case i >= 12:
			plan, segment, n = "scale", "enterprise", 90+10*i
		case i >= 8:
			plan, segment, n = "pro", "team", 40+i%2
		}
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"name": strings.ToUpper(key), "traits": map[string]any{"segment": segment}}, nil)
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": plan}, nil)
		at = c.added(key, n)
	}
	c.must("PUT", "/v1/accounts/idle/subscription", map[string]any{"plan": "pro"}, nil)
	c.must("PUT", "/v1/accounts/visitor", map[string]any{"name": "No subscription"}, nil)

	var got designed
	c.must("GET", "/v1/packaging/limits/speakers?segment_by=segment&clusters=3&candidates=30", nil, &got, "Headroom-Position", at)
	if got.Accounts != 14 || got.UnusedAccounts != 1 || got.UnlimitedAccounts != 2 {
		t.Errorf("%d accounts, %d unused, %d unlimited; want 14, 1 and 2", got.Accounts, got.UnusedAccounts, got.UnlimitedAccounts)
	}
	if len(got.Clusters) != 3 || got.Clusters[0].Size != 8 || got.Clusters[1].Center != 40.5 || len(got.Breaks) != 2 {
		t.Errorf("clusters %+v, breaks %v", got.Clusters, got.Breaks)
	}
	if len(got.Segments) != 3 || got.Segments[0].Segment != "startup" || got.Segments[0].Accounts != 8 || len(got.Segments[0].Histogram) != len(got.Segments[2].Histogram) {
		t.Errorf("segments %+v", got.Segments)
	}
	for _, s := range got.Suggestions {
		if s.Limit == 30 && (s.AccountsAbove != 6 || len(s.Squeezed) != 4 || s.Squeezed[0].Account != "a09" || s.Squeezed[2].Next != "scale" ||
			s.Revenue.Amount != "2280.00" || s.Revenue.Interval != "month" || len(s.Revenue.Assumptions) < 3) {
			t.Errorf("a limit of 30: %+v; want four of Pro squeezed, of which a fifth pay 2,850 more", s)
		}
	}
	if len(got.Suggestions) != 3 {
		t.Errorf("%d suggestions, want one for each break and the candidate", len(got.Suggestions))
	}
	if top := got.TopUnlimited; len(top) != 2 || top[0].Account != "a13" || top[0].Usage != 220 || top[0].MRR.Amount != "2999.00" || top[0].PerUnit != "13.63" {
		t.Errorf("top unlimited %+v", top)
	}
	if l := got.Limits; len(l) != 2 || l[0].Limit != 10 || l[0].Accounts != 8 || l[0].Ratio != nil || l[1].Plans[0] != "pro" {
		t.Errorf("limits of today %+v", l)
	}
}

func TestQuestionsAboutLimitsThatCannotBeAnswered(t *testing.T) {
	c := newCompany(t, "")
	for _, x := range []struct {
		name, path string
		status     int
		code       string
	}{
		{"a feature nobody knows", "/v1/packaging/limits/spekers", 404, "unknown_feature"},
		{"a feature that is on or off", "/v1/packaging/limits/recordings", 422, "feature_not_metered"},
		{"a candidate that is no number", "/v1/packaging/limits/speakers?candidates=" + url.QueryEscape("20,NaN"), 422, "candidate_invalid"},
		{"a candidate below zero", "/v1/packaging/limits/speakers?candidates=-3", 422, "candidate_invalid"},
		{"more clusters than anybody could draw", "/v1/packaging/limits/speakers?clusters=1000", 422, "invalid"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if status, p := c.send("GET", x.path, ""); status != x.status || p["code"] != x.code {
				t.Errorf("%d %v: %v", status, p["code"], p["detail"])
			}
		})
	}
	var none designed
	c.must("GET", "/v1/packaging/limits/emails", nil, &none)
	if none.Accounts != 0 || none.Clusters == nil || len(none.Clusters) != 0 {
		t.Errorf("without accounts: %+v", none)
	}
}
