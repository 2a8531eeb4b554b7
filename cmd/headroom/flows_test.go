package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// How use spreads from person to person, over HTTP: with a server's key and with browsers' tokens.

const flowsCatalog = `
version: 1
currency: USD
meters:
  hosts: {aggregate: level, fed_by: consume}
features:
  hosts: {title: Hosts, kind: seats, meter: hosts}
profiles:
  host:     {title: Host, seat: hosts}
  attendee: {title: Attendee, external: true}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {hosts: 2}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {hosts: 10}}
addons:
  extra_hosts: {title: Extra hosts, kind: seat, price: {month: "9"}, entitlements: {hosts: 1}}
placements:
  team.invite: {title: The form that invites, kind: invite, feature: hosts}
signals:
  hosts_full: {when: {limit: hosts, reaches: 50%}, type: upsell}
offers:
  more_hosts: {on: [hosts_full], give: {addon: extra_hosts, fit: true}, at: [team.invite], kind: contextual,
               content: {title: More hosts, body: "{usage} of {limit}", action: Add}}
links: {invite: "https://app.example/join?i={request}&c={code}", refer: "https://app.example/r/{code}", powered: "https://app.example/powered?by={code}"}
referrals:
  friends: {title: Friends, reward: "A month for both", window: 90d}
`

func newFlows(t *testing.T) *company {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(flowsCatalog), nil)
	return c
}

// browser returns the headers of a page of a user.
func (c *company) browser(user, account, role string) []string {
	c.t.Helper()
	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web", "scopes": []string{"events:write", "check", "decide"}}, &key)
	token, err := access.SignUserToken(key.SigningSecret, access.User{ID: user, Account: account, Role: role}, time.Now().Add(time.Hour))
	if err != nil {
		c.t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + key.Secret, access.UserTokenHeader, token}
}

// until asks again until it holds: records that go from one key to the next come a checkpoint later.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestPeopleOfTheDomainOutsideOfThePlanAreToldToTheAccount(t *testing.T) {
	c := newFlows(t)
	c.must("PUT", "/v1/accounts/acme", map[string]any{"domain": "acme.com"}, nil)
	for _, body := range []string{
		`{"userId":"ada","traits":{"email":"ada@acme.com"},"context":{"groupId":"acme"}}`,
		`{"userId":"bob","traits":{"email":"bob@acme.com","profile":"host"},"context":{"groupId":"bobs"}}`,
		`{"userId":"eve","traits":{"email":"eve@acme.com"}}`,
		`{"userId":"dan","traits":{"email":"dan@gmail.com"}}`,
	} {
		if status, p := c.send("POST", "/v1/identify", body); status != http.StatusOK {
			t.Fatal(status, p)
		}
	}
	type answer struct {
		Domain, Words   string
		Outside, Inside int
		Items           []struct{ Profile, Account string }
	}
	var got answer
	until(t, "two outside, one inside", func() bool {
		got = answer{}
		c.must("GET", "/v1/accounts/acme/outside", nil, &got)
		return got.Outside == 2 && got.Inside == 1
	})
	if got.Domain != "acme.com" || got.Words != "2 people of acme.com use this outside your plan" || len(got.Items) != 2 {
		t.Errorf("%+v", got)
	}
	accounts := fmt.Sprint(got.Items)
	if !strings.Contains(accounts, "host bobs") {
		t.Errorf("a server does not hear where: %s", accounts)
	}
	status, seen := c.send("GET", "/v1/accounts/acme/outside", "", c.browser("ada", "acme", "member")...)
	if text := fmt.Sprint(seen); status != http.StatusOK || strings.Contains(text, "bobs") || strings.Contains(text, "bob@") || !strings.Contains(text, "2 people") {
		t.Errorf("a browser hears %d %v", status, seen)
	}
	if status, _ := c.send("GET", "/v1/accounts/acme/outside", "", c.browser("x", "rival", "admin")...); status != http.StatusForbidden {
		t.Errorf("another account's browser hears %d", status)
	}
	if found := c.onDisk("bob@acme.com", "eve@acme"); len(found) > 0 {
		t.Errorf("addresses on disk: %v", found)
	}
}

type invited struct {
	Items []struct {
		ID, User, Status, Email, Code, Link string
	}
	Sent, Waiting int
	Shortfall     int64
	Decision      *struct {
		Status string
		Offer  struct {
			Key, Type string
		}
		OfferKey string `json:"offer_key"`
	}
	Position string
}

func TestABulkOfInvitationsOverTheLimitIsSentAsFarAsItGoesAndShowsWhatIsMissing(t *testing.T) {
	c := newFlows(t)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "hosts", "quantity": 1}, nil, "Idempotency-Key", "one")
	people := []map[string]any{{"email": "bob@acme.com", "profile": "host"}, {"user": "eve", "profile": "host"}, {"user": "dan", "profile": "host"}, {"user": "kim", "profile": "attendee"}}
	var none invited
	c.must("POST", "/v1/accounts/acme/invites", map[string]any{"user": "ada", "people": people, "partial": false}, &none)
	if len(none.Items) != 0 || none.Shortfall != 2 || none.Decision == nil || none.Decision.Status != "show" {
		t.Fatalf("all or nothing: %+v", none)
	}
	var got invited
	c.must("POST", "/v1/accounts/acme/invites", map[string]any{"user": "ada", "people": people}, &got, "Idempotency-Key", "bulk")
	var again invited
	c.must("POST", "/v1/accounts/acme/invites", map[string]any{"user": "ada", "people": people}, &again, "Idempotency-Key", "bulk")
	if got.Sent != 2 || got.Waiting != 2 || got.Shortfall != 2 || again.Items[1].ID != got.Items[1].ID {
		t.Fatalf("%+v, again %+v", got, again)
	}
	if got.Items[0].Status != "sent" || got.Items[0].Email != "bob@acme.com" || got.Items[1].Status != "waiting" || got.Items[3].Status != "sent" ||
		!strings.Contains(got.Items[0].Link, "https://app.example/join?i="+got.Items[0].ID+"&c="+got.Items[0].Code) {
		t.Errorf("%+v", got.Items)
	}
	var twice invited
	c.must("POST", "/v1/accounts/acme/invites", map[string]any{"user": "ada", "people": []map[string]any{people[3], people[3], people[1]}}, &twice)
	if len(twice.Items) != 3 || twice.Items[0].ID != got.Items[3].ID || twice.Items[1].ID != got.Items[3].ID || twice.Items[2].ID != got.Items[1].ID {
		t.Errorf("somebody named twice: %+v", twice.Items)
	}
	// With a seat more, the first who waits is sent.
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"addons": []map[string]any{{"key": "extra_hosts", "quantity": 1}}}, nil)
	var list invited
	var position struct{ Position string }
	c.must("GET", "/v1/accounts/acme/entitlements", nil, &position)
	c.must("GET", "/v1/accounts/acme/invites", nil, &list, "Headroom-Position", position.Position)
	status := map[string]string{}
	for _, x := range list.Items {
		status[x.ID] = x.Status
	}
	if status[got.Items[1].ID] != "sent" || status[got.Items[2].ID] != "waiting" {
		t.Errorf("after a seat was added: %v", status)
	}
	if found := c.onDisk("bob@acme.com"); len(found) > 0 {
		t.Errorf("an address on disk: %v", found)
	}
}

func TestWhoIsInvitedAcceptsAndNobodyElse(t *testing.T) {
	c := newFlows(t)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	var got invited
	c.must("POST", "/v1/accounts/acme/invites", map[string]any{"user": "ada", "people": []map[string]any{
		{"email": "bob@acme.com", "profile": "host"}, {"user": "eve", "profile": "host"}}}, &got)
	bob, eve := got.Items[0], got.Items[1]
	stranger, asEve := c.browser("mallory", "rival", "admin"), c.browser("eve", "eves", "admin")
	for _, x := range []struct {
		name    string
		path    string
		body    string
		headers []string
		status  int
	}{
		{"a stranger without the code", "/v1/invites/" + bob.ID + "/accept", `{}`, stranger, http.StatusNotFound},
		{"a stranger with another's code", "/v1/invites/" + bob.ID + "/accept", `{"code":"` + eve.Code + `"}`, stranger, http.StatusNotFound},
		{"a stranger cancels", "/v1/invites/" + eve.ID + "/cancel", `{}`, stranger, http.StatusNotFound},
		{"a member who did not invite cancels", "/v1/invites/" + eve.ID + "/cancel", `{}`, c.browser("zoe", "acme", "member"), http.StatusNotFound},
		{"who was invited, from another account", "/v1/invites/" + eve.ID + "/accept", `{}`, asEve, http.StatusOK},
		{"again", "/v1/invites/" + eve.ID + "/accept", `{}`, asEve, http.StatusOK},
		{"an address, with its code", "/v1/invites/" + bob.ID + "/accept", `{"code":"` + bob.Code + `"}`, c.browser("bob", "bobs", "member"), http.StatusOK},
		{"an address a second time", "/v1/invites/" + bob.ID + "/accept", `{"code":"` + bob.Code + `"}`, stranger, http.StatusConflict},
		{"one that is over", "/v1/invites/" + bob.ID + "/cancel", `{"user":"ada"}`, nil, http.StatusConflict},
		{"one that there never was", "/v1/invites/inv_YWNtZQ.99/accept", `{"user":"x"}`, nil, http.StatusNotFound},
	} {
		if status, p := c.send("POST", x.path, x.body, x.headers...); status != x.status {
			t.Errorf("%s: %d %v, want %d", x.name, status, p, x.status)
		}
	}
	var items struct {
		Items []struct {
			Feature   string
			Usage     float64
			Remaining float64
		}
	}
	c.must("GET", "/v1/accounts/acme/entitlements", nil, &items)
	if len(items.Items) != 1 || items.Items[0].Usage != 2 || items.Items[0].Remaining != 0 {
		t.Errorf("seats afterwards: %+v", items.Items)
	}
	until(t, "bob belongs to acme", func() bool {
		found, err := c.server.store.AccountsOf(t.Context(), pseudonym(t, c, "bob"))
		return err == nil && len(found) == 1 && found[0] == "acme"
	})
}

func TestAMemberOpensNoInvitationThatAnotherMade(t *testing.T) {
	c := newFlows(t)
	c.must("PUT", "/v1/accounts/acme", map[string]any{"name": "Acme"}, nil)
	admin, member := c.browser("ada", "acme", "admin"), c.browser("zoe", "acme", "member")
	invites := func(role, person string, as []string) map[string]any {
		t.Helper()
		status, got := c.send("POST", "/v1/accounts/acme/invites", `{"people":[`+person+`]}`, as...)
		if status != http.StatusOK {
			t.Fatalf("%s invites %s: %d %v", role, person, status, got)
		}
		return got["items"].([]any)[0].(map[string]any)
	}
	boss, host := `{"email":"cfo@acme.com","role":"admin"}`, `{"email":"host@acme.com"}`
	made, asHost := invites("an admin", boss, admin), invites("an admin", host, admin)
	code, id := fmt.Sprint(made["code"]), fmt.Sprint(made["id"])
	again := invites("a member", `{"email":"cfo@acme.com"}`, member)
	if again["id"] != made["id"] || again["code"] != nil || again["link"] != nil || again["email"] != nil {
		t.Errorf("a member is told of an admin's invitation: %v", again)
	}
	if own := invites("a member", `{"email":"new@acme.com"}`, member); own["code"] == nil || own["email"] != "new@acme.com" {
		t.Errorf("a member is told of their own: %v", own)
	}
	if other := invites("an admin", `{"email":"new@acme.com"}`, admin); other["code"] == nil {
		t.Errorf("an admin is told of a member's: %v", other)
	}
	until(t, "the lists have it", func() bool {
		_, list := c.send("GET", "/v1/accounts/acme/invites", "", member...)
		text := fmt.Sprint(list["items"])
		return strings.Contains(text, id) && strings.Contains(text, "new@acme.com") && !strings.Contains(text, code) && !strings.Contains(text, "cfo@")
	})
	for _, x := range []struct {
		name, id, code string
		as             []string
		status         int
	}{
		{"a member, an admin's invitation, by its code", id, code, member, http.StatusForbidden},
		{"a stranger, an admin's invitation, by its code", id, code, c.browser("cfo", "cfos", "admin"), http.StatusForbidden},
		{"the server", id, "", nil, http.StatusOK},
		{"a stranger, a member's invitation, by its code", fmt.Sprint(asHost["id"]), fmt.Sprint(asHost["code"]), c.browser("hal", "hals", "admin"), http.StatusOK},
	} {
		if status, p := c.send("POST", "/v1/invites/"+x.id+"/accept", `{"user":`+map[bool]string{true: `"cfo"`, false: `""`}[x.as == nil]+`,"code":"`+x.code+`"}`, x.as...); status != x.status {
			t.Errorf("%s: %d %v, want %d", x.name, status, p, x.status)
		}
	}
}

func TestWhoIsOfTheDomainAsksToJoinAndAnAdminAnswers(t *testing.T) {
	c := newFlows(t)
	c.must("PUT", "/v1/accounts/acme", map[string]any{"domain": "acme.com"}, nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	for _, body := range []string{`{"userId":"bob","traits":{"email":"bob@acme.com"}}`, `{"userId":"mallory","traits":{"email":"m@evil.com"}}`} {
		if status, p := c.send("POST", "/v1/identify", body); status != http.StatusOK {
			t.Fatal(status, p)
		}
	}
	asBob, admin, member := c.browser("bob", "bobs", "admin"), c.browser("ada", "acme", "admin"), c.browser("zoe", "acme", "member")
	var asked map[string]any
	until(t, "bob may ask", func() bool {
		var status int
		status, asked = c.send("POST", "/v1/accounts/acme/access-requests", `{"profile":"host","reason":"I run the spring summit"}`, asBob...)
		return status == http.StatusOK
	})
	if asked["of_domain"] != true || asked["status"] != "open" || asked["reason"] != "I run the spring summit" {
		t.Errorf("%v", asked)
	}
	id := fmt.Sprint(asked["id"])
	for _, x := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"somebody of another domain asks", "POST", "/v1/accounts/acme/access-requests", `{}`, c.browser("mallory", "evil", "admin"), http.StatusForbidden},
		{"somebody asks at an account that is not there", "POST", "/v1/accounts/nowhere/access-requests", `{}`, c.browser("mallory", "evil", "admin"), http.StatusForbidden},
		{"who asks lists who asks", "GET", "/v1/accounts/acme/access-requests", "", asBob, http.StatusForbidden},
		{"a member lists who asks", "GET", "/v1/accounts/acme/access-requests", "", member, http.StatusForbidden},
		{"an admin lists who asks", "GET", "/v1/accounts/acme/access-requests", "", admin, http.StatusOK},
		{"who asks approves", "POST", "/v1/access-requests/" + id + "/approve", `{}`, asBob, http.StatusForbidden},
		{"a member approves", "POST", "/v1/access-requests/" + id + "/approve", `{}`, member, http.StatusForbidden},
		{"an admin approves", "POST", "/v1/access-requests/" + id + "/approve", `{}`, admin, http.StatusOK},
		{"an admin declines it then", "POST", "/v1/access-requests/" + id + "/decline", `{}`, admin, http.StatusConflict},
	} {
		if status, p := c.send(x.method, x.path, x.body, x.headers...); status != x.status {
			t.Errorf("%s: %d %v, want %d", x.name, status, p, x.status)
		}
	}
	until(t, "bob is inside", func() bool {
		var got struct{ Outside, Inside int }
		c.must("GET", "/v1/accounts/acme/outside", nil, &got)
		return got.Outside == 0 && got.Inside == 1
	})
	if found := c.onDisk("spring summit"); len(found) > 0 {
		t.Errorf("their words on disk: %v", found)
	}
}

type signedUp struct {
	Credited   bool
	Reason, By string
	Program    string
	Position   string
}

func TestASignUpIsCreditedToTheCodeThatWasSeenLast(t *testing.T) {
	c := newFlows(t)
	code := map[string]string{}
	for _, acct := range []string{"acme", "globex"} {
		c.must("PUT", "/v1/accounts/"+acct+"/subscription", map[string]any{"plan": "starter"}, nil)
		var got struct{ Code, Link, Powered string }
		c.must("POST", "/v1/accounts/"+acct+"/referrals", map[string]any{"user": "ada", "program": "friends"}, &got)
		if code[acct] = got.Code; !strings.HasSuffix(got.Link, "/r/"+got.Code) || !strings.HasSuffix(got.Powered, "by="+got.Code) {
			t.Fatalf("%+v", got)
		}
	}
	c.must("PUT", "/v1/accounts/acmes-team", map[string]any{"parent": "acme"}, nil)
	var key struct{ Secret string }
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web", "scopes": []string{"events:write"}}, &key)
	page := []string{"Authorization", "Bearer " + key.Secret}
	see := func(acct, visitor string, counted bool) {
		t.Helper()
		status, p := c.send("POST", "/v1/exposures", `{"code":"`+code[acct]+`","visitor":"`+visitor+`","place":"footer"}`, page...)
		if status != http.StatusOK || p["counted"] != counted {
			t.Errorf("%s sees %s: %d %v, want counted %v", visitor, acct, status, p, counted)
		}
	}
	see("acme", "v1", true)
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "1d"}, nil)
	see("globex", "v1", true)
	see("acme", "v2", true)
	see("acme", "v3", true)
	see("acme", "v3", false) // once a visitor, code and day
	if status, _ := c.send("POST", "/v1/exposures", `{"code":"`+code["acme"]+`x"}`, page...); status != http.StatusNotFound {
		t.Errorf("a made-up code: %d", status)
	}
	c.must("PUT", "/v1/accounts/here-long", map[string]any{"name": "Free for years"}, nil)
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "2d"}, nil)
	see("globex", "v5", true)
	up := func(body map[string]any) (got signedUp) {
		t.Helper()
		c.must("POST", "/v1/signups", body, &got)
		return got
	}
	for _, x := range []struct {
		name   string
		body   map[string]any
		reason string
		by     string
	}{
		{"who saw two codes", map[string]any{"account": "new1", "visitor": "v1"}, "credited", "globex"},
		{"the same account again", map[string]any{"account": "new1", "visitor": "v2"}, "already_here", "globex"},
		{"with the code itself", map[string]any{"account": "new2", "code": code["acme"], "visitor": "v1"}, "credited", "acme"},
		{"who saw none", map[string]any{"account": "new3", "visitor": "v9"}, "not_referred", ""},
		{"an account that was there before", map[string]any{"account": "here-long", "visitor": "v5"}, "already_here", ""},
		{"of the same family", map[string]any{"account": "acmes-team", "visitor": "v2"}, "self_referral", ""},
		{"an account that pays already", map[string]any{"account": "globex", "visitor": "v2"}, "already_here", ""},
	} {
		if got := up(x.body); got.Reason != x.reason || got.By != x.by || got.Credited != (x.reason == "credited") {
			t.Errorf("%s: %+v", x.name, got)
		}
	}
	// Who was anonymous has a name since.
	if status, _ := c.send("POST", "/v1/alias", `{"userId":"kim","previousId":"v3"}`); status != http.StatusOK {
		t.Fatal(status)
	}
	until(t, "kim has seen what v3 saw", func() bool {
		return c.sawCode("kim")
	})
	if got := up(map[string]any{"account": "new4", "user": "kim"}); got.By != "acme" {
		t.Errorf("under a later id: %+v", got)
	}
	c.must("PUT", "/v1/accounts/new2/subscription", map[string]any{"plan": "starter"}, nil)
	// 91 days later nothing that was seen counts.
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "91d"}, nil)
	if got := up(map[string]any{"account": "new5", "visitor": "v2"}); got.Reason != "not_referred" {
		t.Errorf("too late: %+v", got)
	}
	var list struct {
		Items []struct {
			Account                     string
			Exposures, Visitors, Paying int64
			SignUps                     int64 `json:"sign_ups"`
			MRR                         struct{ Amount string }
			Accounts                    []struct {
				Account     string
				PayingSince string `json:"paying_since"`
			}
		}
	}
	until(t, "the numbers of both", func() bool {
		list.Items = nil
		c.must("GET", "/v1/referrals?program=friends", nil, &list)
		return len(list.Items) == 2 && list.Items[0].Exposures == 3 && list.Items[0].SignUps == 3 && list.Items[0].Paying == 1
	})
	acme := list.Items[0]
	if acme.Account != "acme" || acme.Visitors != 3 || acme.MRR.Amount != "49.00" || acme.Accounts[0].PayingSince == "" || acme.Accounts[1].PayingSince != "" {
		t.Errorf("%+v", acme)
	}
}

// sawCode says whether a sign-up of the user would be credited to somebody.
func (c *company) sawCode(user string) bool {
	c.t.Helper()
	var got signedUp
	c.must("POST", "/v1/signups", map[string]any{"account": "probe-" + fmt.Sprint(time.Now().UnixNano()), "user": user}, &got)
	return got.Credited
}
