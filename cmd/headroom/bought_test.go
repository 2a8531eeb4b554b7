package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/account"
)

// What people buy and ask for from their own browsers.

// pageOf returns the headers of a person's browser at an account.
func (c *company) pageOf(u access.User) []string {
	c.t.Helper()
	if c.page.Secret == "" {
		c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "page", "scopes": []string{"events:write", "check", "decide"}}, &c.page)
	}
	token, err := access.SignUserToken(c.page.SigningSecret, u, time.Now().Add(time.Hour))
	if err != nil {
		c.t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + c.page.Secret, access.UserTokenHeader, token}
}

func TestAnAdminsBrowserBuysWhatAPreviewShowedAndTakesItBack(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(apiCatalog+"\nbilling: {undo: 1d}\n"), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	admin := c.pageOf(access.User{ID: "ada", Account: "acme", Role: access.RoleAdmin})
	member := c.pageOf(access.User{ID: "mia", Account: "acme", Role: access.RoleMember})
	type quote struct{ Token string }
	preview := func(body string) (q quote) {
		t.Helper()
		status, answer := c.send("POST", "/v1/subscriptions/preview", body, admin...)
		if status != http.StatusOK {
			t.Fatal(status, answer)
		}
		q.Token, _ = answer["token"].(string)
		return q
	}
	confirm := func(token string, as []string, key string) (int, map[string]any) {
		return c.send("POST", "/v1/accounts/acme/subscription/confirm", `{"token":"`+token+`"}`, append(as, "Idempotency-Key", key)...)
	}
	plan := func() string {
		var sub struct{ Plan string }
		c.must("GET", "/v1/accounts/acme/subscription", nil, &sub)
		return sub.Plan
	}

	// Given a change that nobody bought in the product, then no browser takes it back.
	if status, p := c.send("POST", "/v1/accounts/acme/subscription/undo", `{}`, admin...); status != http.StatusConflict || p["code"] != "nothing_bought" {
		t.Errorf("undone what the backend did: %d %v", status, p)
	}
	pro := preview(`{"account":"acme","plan":"pro"}`)
	if status, p := confirm(pro.Token, member, "k0"); status != http.StatusForbidden {
		t.Errorf("a member bought: %d %v", status, p)
	}
	if status, p := c.send("POST", "/v1/accounts/acme/subscription/confirm", `{"token":"`+pro.Token+`"}`, admin...); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		t.Errorf("bought without a key: %d %v", status, p)
	}
	for range 2 { // a click that is sent twice buys once
		if status, p := confirm(pro.Token, admin, "k1"); status != http.StatusOK || p["plan"] != "pro" {
			t.Fatalf("not bought: %d %v", status, p)
		}
	}
	if status, p := confirm(pro.Token, admin, "k2"); status != http.StatusPreconditionFailed {
		t.Errorf("the token was good twice: %d %v", status, p)
	}
	if status, p := c.send("POST", "/v1/accounts/acme/subscription/undo", `{}`, member...); status != http.StatusForbidden {
		t.Errorf("a member took it back: %d %v", status, p)
	}
	if status, p := c.send("POST", "/v1/accounts/acme/subscription/undo", `{}`, append(admin, "Idempotency-Key", "u1")...); status != http.StatusOK || plan() != "starter" {
		t.Errorf("not taken back: %d %v, %s", status, p, plan())
	}
	for what, body := range map[string]string{
		"the end":      `{"account":"acme","cancel":true}`,
		"when it does": `{"account":"acme","plan":"pro","effective":"now"}`,
	} {
		if status, p := confirm(preview(body).Token, admin, "x"+what); status != http.StatusForbidden || p["code"] != "not_for_browsers" {
			t.Errorf("%s: %d %v", what, status, p)
		}
	}
	if plan() != "starter" {
		t.Errorf("now on %s", plan())
	}
}

// A key that may decide offers buys nothing by itself, and reads nobody's words.
func TestASecretKeyBuysAndReadsOnlyWithTheScopesForIt(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	as := func(scopes ...string) []string {
		t.Helper()
		var key struct{ Secret string }
		c.must("POST", "/v1/keys", map[string]any{"kind": "secret", "name": "some", "scopes": scopes}, &key)
		return []string{"Authorization", "Bearer " + key.Secret}
	}
	decide, read, owner := as("decide"), as("decide", "read"), as("admin")
	for what, body := range map[string]string{"the end": `{"account":"acme","cancel":true}`, "a plan": `{"account":"acme","plan":"pro"}`} {
		var quote struct{ Token string }
		c.must("POST", "/v1/subscriptions/preview", json.RawMessage(body), &quote, decide...)
		confirm := func(as []string) (int, map[string]any) {
			return c.send("POST", "/v1/accounts/acme/subscription/confirm", `{"token":"`+quote.Token+`"}`, append(as, "Idempotency-Key", what)...)
		}
		if status, p := confirm(decide); status != http.StatusForbidden || p["code"] != "scope_missing" {
			t.Errorf("%s with the scope decide: %d %v", what, status, p)
		}
		if status, p := confirm(owner); what == "a plan" && (status != http.StatusOK || p["plan"] != "pro") {
			t.Errorf("%s with the scope admin: %d %v", what, status, p)
		}
		c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	}
	for _, x := range []struct {
		name   string
		as     []string
		query  string
		status int
		code   any
	}{
		{"requests with the scope decide", decide, "", http.StatusForbidden, "scope_missing"},
		{"requests with the scope read", read, "", http.StatusOK, nil},
		{"a member that nobody names", read, "?role=member", http.StatusUnprocessableEntity, "user_missing"},
		{"a member by name", read, "?role=member&user=mia", http.StatusOK, nil},
	} {
		if status, p := c.send("GET", "/v1/accounts/acme/requests"+x.query, "", x.as...); status != x.status || p["code"] != x.code {
			t.Errorf("%s: %d %v", x.name, status, p)
		}
	}
}

// Where the catalog lets a change to less wait for the renewal, no page brings it forward.
func TestAPageCannotTakeBackWhatIsPaidFor(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(apiCatalog+"\nbilling: {downgrade: renewal}\n"), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro"}, nil)
	page := c.pageOf(access.User{ID: "ada", Account: "acme", Role: access.RoleAdmin})
	buy := func(body, key string) (int, map[string]any) {
		t.Helper()
		var quote struct{ Token string }
		c.must("POST", "/v1/subscriptions/preview", json.RawMessage(body), &quote, page...)
		return c.send("POST", "/v1/accounts/acme/subscription/confirm", `{"token":"`+quote.Token+`"}`, append(page, "Idempotency-Key", key)...)
	}
	if status, p := buy(`{"account":"acme","plan":"starter","effective":"now"}`, "d1"); status != http.StatusForbidden || p["code"] != "not_for_browsers" {
		t.Errorf("less at once: %d %v", status, p)
	}
	if status, p := buy(`{"account":"acme","plan":"starter"}`, "d2"); status != http.StatusOK || p["plan"] != "pro" || p["pending"] == nil {
		t.Errorf("less at the renewal: %d %v", status, p)
	}
}

func TestAnAdminSeesWhoAsksByNameAndAMemberOnlyTheirOwn(t *testing.T) {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	ask := func(as []string, body string) {
		t.Helper()
		if status, p := c.send("POST", "/v1/requests", body, as...); status != http.StatusOK {
			t.Fatal(status, p)
		}
	}
	mia := c.pageOf(access.User{ID: "mia", Account: "acme", Role: access.RoleMember, Name: "Mia Lund"})
	tom := c.pageOf(access.User{ID: "tom", Account: "acme", Role: access.RoleMember, Name: "Tom"})
	ask(mia, `{"feature":"recordings","reason":"For the spring summit","name":"Ada, the boss"}`)
	ask(tom, `{"feature":"recordings","reason":"Me too"}`)

	type request struct {
		Name, Reason string
		Joined       []struct{ Name, Reason string }
	}
	list := func(as []string, query string) (got []request) {
		t.Helper()
		var answer struct{ Items []request }
		c.must("GET", "/v1/accounts/acme/requests"+query, nil, &answer, as...)
		return answer.Items
	}
	until(t, "both asked", func() bool {
		got := list(nil, "")
		return len(got) == 1 && len(got[0].Joined) == 1
	})
	got := list(c.pageOf(access.User{ID: "ada", Account: "acme", Role: access.RoleAdmin}), "?status=open")
	if len(got) != 1 || got[0].Name != "Mia Lund" || got[0].Reason != "For the spring summit" || got[0].Joined[0].Name != "Tom" {
		t.Errorf("the admin sees %+v", got)
	}
	got = list(tom, "")
	if len(got) != 1 || got[0].Name != "" || got[0].Reason != "" || got[0].Joined[0].Name != "Tom" || got[0].Joined[0].Reason != "Me too" {
		t.Errorf("who joined sees %+v", got)
	}
	if got = list(c.pageOf(access.User{ID: "eve", Account: "acme", Role: access.RoleMember}), ""); len(got) != 0 {
		t.Errorf("who did not ask sees %+v", got)
	}
	if found := c.onDisk("Mia Lund"); len(found) > 0 {
		t.Errorf("a name on disk: %v", found)
	}
	c.erase("mia")
	if got = list(nil, ""); got[0].Name != account.Erased {
		t.Errorf("the erased one is called %q", got[0].Name)
	}
}
