package main

import "testing"

func TestAnAdminMayApproveARequestWeeksAfterTheOfferWasShown(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/accounts/fern/subscription", map[string]any{"plan": "starter"}, nil)
	at := c.speakers("fern", 9)
	var d struct {
		ID     string `json:"decision_id"`
		Status string
	}
	c.must("POST", "/v1/decide", map[string]any{"account": "fern", "user": "mia", "role": "member", "placement": "speakers.add"}, &d, "Headroom-Position", at)
	if d.Status != "show" {
		t.Fatalf("decided %+v", d)
	}
	var asked struct {
		ID string `json:"request_id"`
	}
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "requested", "user": "mia", "role": "member"}, &asked, "Idempotency-Key", "please")
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "30d"}, nil)
	// Something else is decided since, so that the old decision is forgotten.
	c.must("POST", "/v1/decide", map[string]any{"account": "fern", "user": "ada", "placement": "speakers.add", "requested": true}, nil)
	var preview struct{ Token string }
	c.must("POST", "/v1/subscriptions/preview", map[string]any{"account": "fern", "decision_id": d.ID}, &preview)
	var approved struct{ Subscription struct{ Plan string } }
	c.must("POST", "/v1/requests/"+asked.ID+"/approve", map[string]any{"user": "ada", "token": preview.Token}, &approved, "Idempotency-Key", "yes")
	if approved.Subscription.Plan != "pro" {
		t.Fatalf("after the approval the account is on %q", approved.Subscription.Plan)
	}
}
