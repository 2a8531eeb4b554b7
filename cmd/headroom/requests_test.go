package main

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

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
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "29d"}, nil)
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

func TestWhatFellDueIsInTheListsWhenTheClockHasAnswered(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/accounts/fern/subscription", map[string]any{"plan": "starter"}, nil)
	at := c.speakers("fern", 9)
	var d struct {
		ID string `json:"decision_id"`
	}
	c.must("POST", "/v1/decide", map[string]any{"account": "fern", "user": "mia", "role": "member", "placement": "speakers.add"}, &d, "Headroom-Position", at)
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "requested", "user": "mia", "role": "member"}, nil, "Idempotency-Key", "please")
	var now struct{ Position string }
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "31d"}, &now)
	for _, position := range []string{"", now.Position} {
		var list struct{ Items []struct{ Status string } }
		c.must("GET", "/v1/requests", nil, &list, "Headroom-Position", position)
		if len(list.Items) != 1 || list.Items[0].Status != "expired" {
			t.Errorf("31 days later, at position %q, the requests are %+v", position, list.Items)
		}
	}
	if now.Position == "" {
		t.Error("the clock answers without a position")
	}
}

// people makes calls in the browsers of people of an account.
type people struct {
	c       *company
	account string
	key     string
	secret  string
}

func peopleOf(c *company, account string) *people {
	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web"}, &key)
	return &people{c, account, key.Secret, key.SigningSecret}
}

// as makes a call as a person: "ada" is the admin, everybody else a member.
func (p *people) as(user, method, path, body string) (int, map[string]any) {
	p.c.t.Helper()
	role := access.RoleMember
	if user == "ada" {
		role = access.RoleAdmin
	}
	token, err := access.SignUserToken(p.secret, access.User{ID: user, Account: p.account, Role: role}, time.Now().Add(time.Hour))
	if err != nil {
		p.c.t.Fatal(err)
	}
	headers := []string{"Authorization", "Bearer " + p.key, access.UserTokenHeader, token}
	if method == "POST" {
		headers = append(headers, "Idempotency-Key", rand.Text())
	}
	return p.c.send(method, path, body, headers...)
}

func TestAMemberAsksForALockedFeatureAndBothHear(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(apiCatalog+"\nbilling: {undo: 24h}\n"), nil)
	var subscribed struct{ Position string }
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, &subscribed)
	p := peopleOf(c, "acme")
	position := subscribed.Position
	call := func(user, method, path, body, want string) map[string]any {
		t.Helper()
		status, answer := p.as(user, method, path, body)
		if got := fmt.Sprint(status); got != want && fmt.Sprint(answer["code"]) != want {
			t.Fatalf("%s: %s %s answered %d %v, want %s", user, method, path, status, answer, want)
		}
		if at, ok := answer["position"].(string); ok && path != "/v1/check" {
			position = at
		}
		return answer
	}
	heard := func(user, query string) string {
		t.Helper()
		c.must("GET", "/v1/accounts", nil, nil, "Headroom-Position", position) // what lists show follows the checkpoint
		var kinds []string
		items, _ := call(user, "GET", "/v1/accounts/acme/notices?limit=100"+query, "", "200")["items"].([]any)
		for _, item := range items {
			kinds = append([]string{item.(map[string]any)["kind"].(string)}, kinds...)
		}
		return strings.Join(kinds, " ")
	}
	may := func() bool {
		return call("mia", "POST", "/v1/check", `{"feature":"recordings"}`, "200")["allowed"].(bool)
	}
	if may() {
		t.Fatal("recordings are open on Starter")
	}
	call("mia", "POST", "/v1/requests", `{"feature":"recordingz"}`, "unknown_feature")
	call("mia", "POST", "/v1/requests", `{}`, "request_of_nothing")
	call("mia", "POST", "/v1/requests", `{"account":"rival","feature":"recordings"}`, "403")
	call("mia", "POST", "/v1/requests", `{"user":"ada","feature":"recordings"}`, "403")
	asked := call("mia", "POST", "/v1/requests", `{"feature":"recordings","reason":"to sell the talks"}`, "200")
	id := asked["request_id"].(string)
	if r := asked["request"].(map[string]any); r["reason"] != "to sell the talks" || r["give"].(map[string]any)["plan"] != "pro" || r["status"] != "open" {
		t.Fatalf("the request is %v", r)
	}
	if joined := call("mo", "POST", "/v1/requests", `{"feature":"recordings","reason":"me too"}`, "200"); joined["request_id"] != id || joined["joined"] != true {
		t.Fatalf("asking the same answered %v", joined)
	}
	call("mia", "POST", "/v1/subscriptions/preview", `{"request_id":"`+id+`"}`, "not_allowed_to_buy")
	call("mia", "POST", "/v1/requests/"+id+"/decline", `{}`, "not_allowed_to_buy")
	call("mia", "GET", "/v1/accounts/acme/approvals", "", "not_allowed_to_buy")
	call("mia", "GET", "/v1/accounts/rival/notices", "", "403")
	call("mia", "GET", "/v1/accounts/acme/notices?user=ada", "", "403")
	quote := call("ada", "POST", "/v1/subscriptions/preview", `{"request_id":"`+id+`"}`, "200")
	if quote["recurring"].(map[string]any)["amount"] != "149.00" || quote["next_invoice"] == nil || quote["now"] == nil {
		t.Fatalf("the admin sees %v", quote)
	}
	call("ada", "POST", "/v1/requests/"+id+"/approve", `{}`, "token_missing")
	other := call("ada", "POST", "/v1/subscriptions/preview", `{"plan":"pro"}`, "200")
	call("ada", "POST", "/v1/requests/"+id+"/approve", `{"token":"`+other["token"].(string)+`"}`, "token_invalid")
	done := call("ada", "POST", "/v1/requests/"+id+"/approve", `{"token":"`+quote["token"].(string)+`"}`, "200")
	if !may() || done["subscription"].(map[string]any)["plan"] != "pro" {
		t.Fatalf("after the approval: may %v, %v", may(), done)
	}
	for user, want := range map[string]string{"mia": "joined approved", "mo": "approved", "kim": "", "ada": "asked joined activated"} {
		if got := heard(user, ""); got != want {
			t.Errorf("%s heard %q, want %q", user, got, want)
		}
	}
	items := call("ada", "GET", "/v1/accounts/acme/notices", "", "200")["items"].([]any)
	first := items[len(items)-1].(map[string]any)
	if first["reason"] != "to sell the talks" {
		t.Errorf("the admin reads %v", first)
	}
	call("mia", "POST", "/v1/accounts/acme/notices/"+first["id"].(string)+"/read", `{}`, "notice_unknown")
	call("ada", "POST", "/v1/accounts/acme/notices/"+first["id"].(string)+"/read", `{}`, "200")
	if got := heard("ada", "&unread=true"); got != "joined activated" {
		t.Errorf("unread are %q", got)
	}
	var undone struct{ Plan, Position string }
	c.must("POST", "/v1/accounts/acme/subscription/undo", map[string]any{}, &undone)
	if position = undone.Position; undone.Plan != "starter" || may() {
		t.Errorf("after the undo: %+v", undone)
	}
	for user, want := range map[string]string{"mia": "joined approved undone", "mo": "approved undone", "ada": "asked joined activated undone"} {
		if got := heard(user, ""); got != want {
			t.Errorf("after the undo %s heard %q, want %q", user, got, want)
		}
	}
	var requests struct{ Items []struct{ Status string } }
	c.must("GET", "/v1/requests?account=acme", nil, &requests, "Headroom-Position", position)
	if len(requests.Items) != 1 || requests.Items[0].Status != "undone" {
		t.Errorf("the requests are %+v", requests)
	}
}
