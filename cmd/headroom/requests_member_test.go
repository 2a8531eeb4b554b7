package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestAMemberSeesWhatWouldUnlockAndNotWhatItCosts(t *testing.T) {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(apiCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	for _, x := range []struct {
		who    string
		body   string
		prices bool
	}{
		{"a server that does not say for whom", `{"account":"acme","feature":"recordings"}`, true},
		{"an admin", `{"account":"acme","feature":"recordings","user":"ada","role":"admin"}`, true},
		{"a member", `{"account":"acme","feature":"recordings","user":"mia","role":"member"}`, false},
		{"a member, at a place with an offer", `{"account":"acme","feature":"recordings","user":"mia","role":"member","placement":"recordings.open"}`, false},
	} {
		var answer struct {
			Unlock []map[string]any
		}
		c.must("POST", "/v1/check", []byte(x.body), &answer, "Content-Type", "application/json")
		if len(answer.Unlock) == 0 {
			t.Fatalf("%s: nothing would unlock it", x.who)
		}
		for _, u := range answer.Unlock {
			_, price := u["price"]
			_, difference := u["difference"]
			if price != x.prices || difference != x.prices || u["gives"] == nil {
				t.Errorf("%s: %v", x.who, u)
			}
		}
	}
	var raw map[string]any
	headers := c.browser("mia", "acme", "member")
	c.must("POST", "/v1/check/bulk", map[string]any{"features": []string{"recordings"}}, &raw, headers...)
	if text := fmt.Sprint(raw); strings.Contains(text, "149") || !strings.Contains(text, "unlock") {
		t.Errorf("a member's browser: %s", text)
	}
}
