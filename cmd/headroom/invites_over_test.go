package main

import (
	"os"
	"testing"
)

func TestInvitingOverTheLimitOffersTheSeatsThatAreMissing(t *testing.T) {
	text, err := os.ReadFile("../../examples/summit/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", text, nil)
	c.must("PUT", "/v1/accounts/nova/subscription", map[string]any{"plan": "pro"}, nil)
	var people []map[string]any
	for _, user := range []string{"u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "u10"} {
		people = append(people, map[string]any{"user": user, "profile": "host"})
	}
	var got struct {
		Sent, Waiting, Shortfall int
		Decision                 struct {
			Status, Reason string
			Offer          *struct{ Key string }
		}
		Position string
	}
	c.must("POST", "/v1/accounts/nova/invites", map[string]any{"user": "ada", "people": people}, &got)
	if got.Shortfall == 0 || got.Decision.Status != "show" || got.Decision.Offer == nil {
		t.Fatalf("nobody uses a seat yet, and invitations hold all: %+v", got)
	}
	var moments struct {
		Items []struct{ Kind, Feature string }
	}
	c.must("GET", "/v1/moments", nil, &moments, "Headroom-Position", got.Position)
	if len(moments.Items) != 1 || moments.Items[0].Kind != "limit" {
		t.Errorf("the moments are %+v", moments.Items)
	}
}
