package main

import (
	"fmt"
	"strings"
	"testing"
)

const packsCatalog = `
version: 1
currency: USD
billing: {undo: 24h}
meters:
  exports:  {fed_by: consume}
features:
  exports:  {title: Exports, kind: metered, meter: exports}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {exports: {limit: 5, per: month}}}
addons:
  pack: {title: Export pack, kind: pack, price: {month: "PRICE"}, entitlements: {exports: {limit: 10, per: month}}}
signals:
  full: {when: {limit: exports, reaches: 80%}, type: upsell}
offers:
  more: {on: [full], give: {addon: pack}, at: [exports.page], kind: contextual, content: {title: More, body: More, action: Add}}
`

func TestWhatAnAdminApprovesAlwaysIsBoundedByWhatTheyWereShown(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(strings.Replace(packsCatalog, "PRICE", "15", 1)), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	p := peopleOf(c, "acme")
	call := func(user, method, path, body, want string) map[string]any {
		t.Helper()
		status, answer := p.as(user, method, path, body)
		if got := fmt.Sprint(status); got != want && fmt.Sprint(answer["code"]) != want {
			t.Fatalf("%s: %s %s answered %d %v, want %s", user, method, path, status, answer, want)
		}
		return answer
	}
	asks := func(user string) (id, status, packs string) {
		t.Helper()
		answer := call(user, "POST", "/v1/requests", `{"give":{"addon":"pack"}}`, "200")
		if answer["subscription"] != nil {
			t.Errorf("%s, a member, is shown money: %v", user, answer)
		}
		var sub struct{ Addons []struct{ Quantity int64 } }
		c.must("GET", "/v1/accounts/acme/subscription", nil, &sub)
		return answer["request_id"].(string), answer["request"].(map[string]any)["status"].(string), fmt.Sprint(sub.Addons)
	}
	first, status, _ := asks("mia")
	if status != "open" {
		t.Fatalf("without an approval it is %s", status)
	}
	quote := call("ada", "POST", "/v1/subscriptions/preview", `{"request_id":"`+first+`"}`, "200")
	call("ada", "POST", "/v1/requests/"+first+"/approve", `{"token":"`+quote["token"].(string)+`","always":{"at_most":{"amount":"1.00","currency":"EUR"},"per":"month"}}`, "approval_invalid")
	approved := call("ada", "POST", "/v1/requests/"+first+"/approve", `{"token":"`+quote["token"].(string)+`","always":{"for":"everybody","at_most":{"amount":"30.00","currency":"USD"},"per":"month"}}`, "200")
	approval := approved["approval"].(map[string]any)["id"].(string)
	for i, want := range []string{"approved [{2}]", "approved [{3}]", "open [{3}]"} { // 30.00 are used up
		if id, status, packs := asks([]string{"mo", "kim", "mia"}[i]); status+" "+packs != want {
			t.Fatalf("%s: %s %s, want %s", id, status, packs, want)
		}
	}
	c.must("POST", "/v1/accounts/acme/subscription/undo", map[string]any{}, nil) // kim's
	listed := call("ada", "GET", "/v1/accounts/acme/approvals", "", "200")["items"].([]any)[0].(map[string]any)
	if left := listed["left"].(map[string]any)["amount"]; left != "15.00" || listed["id"] != approval {
		t.Errorf("after an undo %v are left: %v", left, listed)
	}
	// mo joins mia's open request: there is money for it again.
	if _, status, packs := asks("mo"); status+" "+packs != "approved [{3}]" {
		t.Errorf("within what the undo freed: %s %s", status, packs)
	}
	c.must("POST", "/v1/accounts/acme/subscription/undo", map[string]any{}, nil)
	// Whoever gave it is a member by now, and then has left: it stands on nobody's word.
	for _, said := range []map[string]any{{"role": "member"}, {"role": "admin", "left": true}} {
		c.must("PUT", "/v1/accounts/acme/people/ada", said, nil)
		lapsed, status, packs := asks(fmt.Sprint("kay", said["role"]))
		if status+" "+packs != "open [{2}]" {
			t.Errorf("ada is %v, and her approval stands: %s %s", said, status, packs)
		}
		var declined struct{ Position string }
		c.must("POST", "/v1/requests/"+lapsed+"/decline", map[string]any{"user": "bea"}, &declined)
		var heard, listed struct{ Items []map[string]any }
		c.must("GET", "/v1/accounts/acme/notices?role=admin", nil, &heard, "Headroom-Position", declined.Position)
		c.must("GET", "/v1/accounts/acme/approvals", nil, &listed)
		if listed.Items[0]["lapsed"] != true || !strings.Contains(fmt.Sprint(heard.Items), "standing approval is not used") {
			t.Errorf("ada is %v, admins see %v and hear %v", said, listed, heard)
		}
	}
	c.must("PUT", "/v1/accounts/acme/people/ada", map[string]any{"left": false}, nil)
	c.must("PUT", "/v1/catalog?accept=limit_below_usage", []byte(strings.Replace(packsCatalog, "PRICE", "15.01", 1)), nil)
	dear, status, _ := asks("zoe")
	if status != "open" {
		t.Errorf("a cent dearer than what was shown: %s", status)
	}
	call("zoe", "DELETE", "/v1/accounts/acme/approvals/"+approval, "", "not_allowed_to_buy")
	call("ada", "DELETE", "/v1/accounts/acme/approvals/"+approval, "", "200")
	call("ada", "DELETE", "/v1/accounts/acme/approvals/"+approval, "", "approval_unknown")
	call("ada", "POST", "/v1/requests/"+dear+"/decline", `{"reason":"next quarter"}`, "200")
	call("zoe", "POST", "/v1/requests", `{"give":{"addon":"pack"}}`, "request_cooling_off")
}

func TestALinkToTheBillingPageBuysWhatItShowsAndAnUndoIsCounted(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(strings.Replace(packsCatalog, "PRICE", "15", 1)), nil)
	var position struct{ Position string }
	for i := range 20 { // enough to tell a rate; five of them undo
		account := fmt.Sprint("a", i)
		c.must("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": "starter"}, nil)
		c.must("POST", "/v1/consume", map[string]any{"account": account, "feature": "exports", "quantity": 4}, nil, "Idempotency-Key", account)
		var d struct {
			ID string `json:"decision_id"`
		}
		c.must("POST", "/v1/decide", map[string]any{"account": account, "user": "ada", "role": "admin", "placement": "exports.page", "requested": true}, &d)
		type page struct {
			Token       string
			CanBuy      bool `json:"can_buy"`
			Preselected struct {
				Action string
				Quote  *struct{ Now, Recurring struct{ Amount string } }
			}
		}
		var admin, member page
		c.must("GET", "/v1/accounts/"+account+"/billing?user=ada&decision="+d.ID, nil, &admin)
		c.must("GET", "/v1/accounts/"+account+"/billing?user=mo&role=member&decision="+d.ID, nil, &member)
		if member.CanBuy || member.Token != "" || member.Preselected.Quote != nil || member.Preselected.Action != "request" {
			t.Fatalf("a member sees %+v", member)
		}
		if admin.Preselected.Action != "buy" || admin.Preselected.Quote.Recurring.Amount != "64.00" {
			t.Fatalf("an admin sees %+v", admin)
		}
		var bought struct {
			Subscription struct{ Recurring struct{ Amount string } }
			Position     string
		}
		c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "accepted", "user": "ada", "token": admin.Token}, &bought, "Idempotency-Key", account)
		if position.Position = bought.Position; bought.Subscription.Recurring.Amount != "64.00" {
			t.Fatalf("bought %+v", bought)
		}
		if i < 5 {
			c.must("POST", "/v1/accounts/"+account+"/subscription/undo", map[string]any{}, &position)
			status, p := c.send("POST", "/v1/decisions/"+d.ID+"/outcomes", `{"type":"accepted","user":"ada","token":"`+admin.Token+`"}`, "Idempotency-Key", account+"-again")
			if status != 409 && status != 412 || p["code"] != "decision_closed" {
				t.Errorf("accepting again what was undone answered %d %v", status, p)
			}
		}
	}
	var reversals struct {
		Items []struct {
			Offer, State, Rate, Rule string
			Accepted, Undone         int64
		}
	}
	c.must("GET", "/v1/offers/reversals", nil, &reversals, "Headroom-Position", position.Position)
	if got := fmt.Sprintf("%+v", reversals.Items); len(reversals.Items) != 1 || reversals.Items[0].Undone != 5 || reversals.Items[0].Accepted != 20 || reversals.Items[0].State != "alarm" || reversals.Items[0].Rate != "0.2500" {
		t.Errorf("reversals %s", got)
	}
	var notices struct {
		Items []struct{ Kind, Role string }
	}
	c.must("GET", "/v1/accounts/a0/notices", nil, &notices, "Headroom-Position", position.Position)
	if got := fmt.Sprint(notices.Items); got != "[{undone } {undone admin}]" {
		t.Errorf("notices of an undone purchase: %s", got)
	}
}
