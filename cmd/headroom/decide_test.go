package main

import (
	"maps"
	"strings"
	"testing"
)

func TestADryRunExplainsAndLeavesNothingBehind(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/accounts/fern/subscription", map[string]any{"plan": "starter"}, nil)
	at := c.speakers("fern", 9)
	type decided struct {
		ID         string `json:"decision_id"`
		Status     string
		Reason     string
		Considered []struct{ Offer, Code, Reason string }
		Offer      *struct {
			Type     string
			Expected *struct{ Chance int }
		}
		Again bool
	}
	ask := func(more map[string]any) (d decided) {
		t.Helper()
		body := map[string]any{"account": "fern", "user": "ada", "placement": "speakers.add"}
		maps.Copy(body, more)
		c.must("POST", "/v1/decide", body, &d, "Headroom-Position", at)
		return d
	}
	for range 2 {
		d := ask(map[string]any{"dry_run": true})
		if d.Status != "show" || len(d.Considered) == 0 || d.Considered[0].Reason == "" || d.Offer.Type != "plan_upgrade" || d.Offer.Expected == nil || d.Again {
			t.Fatalf("a dry run says %+v", d)
		}
	}
	if d := ask(map[string]any{"dry_run": true, "at": "2026-06-01T09:00:00Z"}); d.Status != "none" || d.Reason != "no_signal" {
		t.Errorf("three months on the signal has decayed: %+v", d)
	}
	first := ask(nil)
	if first.Status != "show" || first.Again || first.Considered != nil {
		t.Errorf("the first that counts: %+v", first)
	}
	if d := ask(map[string]any{"explain": true}); !d.Again || d.ID != first.ID || len(d.Considered) == 0 {
		t.Errorf("again, explained: %+v", d)
	}
	if d := ask(map[string]any{"intent": "cancel"}); d.Status != "none" || d.Reason != "not_a_save" {
		t.Errorf("somebody is leaving: %+v", d)
	}

	for name, x := range map[string]struct {
		body, code string
		status     int
	}{
		"a past time":              {`{"account":"fern","user":"ada","placement":"speakers.add","dry_run":true,"at":"2026-02-01T09:00:00Z"}`, "at_past", 422},
		"a time that counts":       {`{"account":"fern","user":"ada","placement":"speakers.add","at":"2026-06-01T09:00:00Z"}`, "decide_invalid", 422},
		"an intent there is not":   {`{"account":"fern","user":"ada","placement":"speakers.add","intent":"sulk"}`, "decide_invalid", 422},
		"a plan without an intent": {`{"account":"fern","user":"ada","placement":"speakers.add","plan":"starter"}`, "decide_invalid", 422},
	} {
		if status, p := c.send("POST", "/v1/decide", x.body, "Authorization", "Bearer "+c.key); status != x.status || p["code"] != x.code {
			t.Errorf("%s: %d %v", name, status, p)
		}
	}

	var reader struct{ Secret string }
	c.must("POST", "/v1/keys", map[string]any{"kind": "secret", "name": "analyst", "scopes": []string{"read"}}, &reader)
	dry := `{"account":"fern","user":"ada","placement":"speakers.add","dry_run":true}`
	if status, p := c.send("POST", "/v1/decide", dry, "Authorization", "Bearer "+reader.Secret); status != 200 || p["status"] != "show" {
		t.Errorf("who may read may look: %d %v", status, p)
	}
	if status, p := c.send("POST", "/v1/decide", strings.Replace(dry, `,"dry_run":true`, "", 1), "Authorization", "Bearer "+reader.Secret); status != 403 {
		t.Errorf("who may only read decides nothing: %d %v", status, p)
	}
	p := peopleOf(c, "fern")
	if status, got := p.as("ada", "POST", "/v1/decide", dry); status != 403 || got["code"] != "dry_run_denied" {
		t.Errorf("a browser's dry run: %d %v", status, got)
	}
	if status, got := p.as("ada", "POST", "/v1/decide", `{"placement":"speakers.add","explain":true}`); status != 200 || got["considered"] != nil || got["offer"].(map[string]any)["expected"] != nil {
		t.Errorf("a browser is told how offers are weighed: %d %v", status, got)
	}
}
