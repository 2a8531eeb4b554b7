package main

import (
	"net/http"
	"testing"
)

func TestAccountsAreListedByATraitWithItsValueOnly(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/accounts/acme", map[string]any{"name": "events", "traits": map[string]any{"industry": "events"}}, nil)
	c.must("PUT", "/v1/accounts/bolt", map[string]any{"name": "Bolt", "traits": map[string]any{"industry": ""}}, nil)
	for query, want := range map[string]int{"trait=industry&value=events": 1, "trait=name&value=events": 0} {
		until(t, query, func() bool {
			var l struct{ Items []struct{ Key string } }
			c.must("GET", "/v1/accounts?"+query, nil, &l)
			return len(l.Items) == want
		})
	}
	for _, query := range []string{"trait=industry", "value=events"} {
		if status, p := c.send("GET", "/v1/accounts?"+query, ""); status != http.StatusUnprocessableEntity || p["code"] != "trait_incomplete" {
			t.Errorf("%s: %d %v", query, status, p)
		}
	}
}
