package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// segmentBodies are what the Segment calls of another account look like: the document does not say.
var segmentBodies = map[string]string{
	"/v1/track":    `{"event":"x","userId":"mia","context":{"groupId":"acme"}}`,
	"/v1/identify": `{"userId":"mia","context":{"groupId":"acme"}}`,
	"/v1/page":     `{"name":"x","userId":"mia","context":{"groupId":"acme"}}`,
	"/v1/screen":   `{"name":"x","userId":"mia","context":{"groupId":"acme"}}`,
	"/v1/group":    `{"groupId":"acme","userId":"mia","traits":{"name":"Mine now"}}`,
	"/v1/batch":    `{"batch":[{"type":"group","groupId":"acme","userId":"mia"}]}`,
}

// With the token of one account's user every call is made that the document has and that names
// an account, be it in its path, its query, its body or by the id of something of an account's:
// another one's. None may be answered.
func TestABrowserTokenOpensNoOtherAccount(t *testing.T) {
	c := newCompany(t, "")
	for _, key := range []string{"acme", "rival"} {
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	at := c.speakers("acme", 8)
	var reserved struct {
		ID string `json:"reservation_id"`
	}
	c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "reserve": "1h"}, &reserved, "Idempotency-Key", "reserve")
	var decided struct {
		ID string `json:"decision_id"`
	}
	c.must("POST", "/v1/decide", map[string]any{"account": "acme", "user": "mia", "role": "member", "placement": "speakers.add"}, &decided, "Headroom-Position", at)
	var requested struct {
		ID string `json:"request_id"`
	}
	c.must("POST", "/v1/decisions/"+decided.ID+"/outcomes", map[string]any{"type": "requested", "user": "mia", "role": "member"}, &requested)
	var invited struct{ Items []struct{ ID string } }
	c.must("POST", "/v1/accounts/acme/invites", map[string]any{"user": "ada", "people": []map[string]any{{"user": "bob"}}}, &invited)
	var joins struct{ ID string }
	c.must("POST", "/v1/accounts/acme/access-requests", map[string]any{"user": "eve"}, &joins)
	ids := map[string]string{"reservations": reserved.ID, "decisions": decided.ID, "requests": requested.ID,
		"invites": invited.Items[0].ID, "access-requests": joins.ID}
	for kind, id := range ids {
		if id == "" {
			t.Fatalf("acme has none of %s", kind)
		}
	}

	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web", "scopes": []string{"events:write", "check", "decide"}}, &key)
	token, err := access.SignUserToken(key.SigningSecret, access.User{ID: "mia", Account: "rival", Role: access.RoleAdmin}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	as := []string{"Authorization", "Bearer " + key.Secret, access.UserTokenHeader, token}
	if status, p := c.send("POST", "/v1/check", `{"account":"rival","feature":"speakers"}`, as...); status != http.StatusOK {
		t.Fatalf("the token is no good for its own account: %d %v", status, p)
	}
	before := c.everythingOf("acme")

	var doc map[string]any
	c.must("GET", "/openapi.json", nil, &doc)
	asked, byAccount := 0, 0
	for path, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			op := op.(map[string]any)
			url, body, names := callOf(doc, path, op, ids)
			if !names {
				continue
			}
			asked++
			headers := slices.Concat(as, []string{"Idempotency-Key", method + path})
			status, p := c.send(strings.ToUpper(method), url, body, headers...)
			rejected, _ := p["rejected"].([]any)
			switch {
			case status == http.StatusForbidden && p["code"] == "account_denied", status == http.StatusNotFound && p["code"] != "route_unknown":
				byAccount++
			case status == http.StatusForbidden:
			case status < 300 && p["accepted"] == 0.0 && len(rejected) > 0:
				byAccount++
			default:
				t.Errorf("%s %s with %s was answered %d %v: it must be refused for the account it names", strings.ToUpper(method), url, body, status, p)
			}
		}
	}
	if asked < 45 || byAccount < 15 {
		t.Errorf("only %d calls that name an account were made, %d of them refused for the account: the document is read wrongly", asked, byAccount)
	}
	if after := c.everythingOf("acme"); after != before {
		t.Errorf("acme was\n%s\nand is\n%s", before, after)
	}
}

// pricedCatalog has a limit that may be passed, at a price, and something to buy.
const pricedCatalog = `
version: 1
currency: USD
meters: {emails: {fed_by: consume}}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  recordings: {title: Recordings, kind: boolean}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {emails: {limit: 2, per: month, overage: {unit: 10, price: "7.77"}}}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {emails: unlimited, recordings: true}}
`

// Who may ask and not buy is told no price: not in figures, not in words, whatever they call.
func TestAMemberIsToldNoPrices(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/catalog", []byte(pricedCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	for _, role := range []string{access.RoleAdmin, access.RoleMember} {
		as, told := c.browser("mia", "acme", role), make(map[string]string)
		post := func(path, body string) map[string]any {
			status, got := c.send("POST", path, body, append(as, "Idempotency-Key", role+path+body)...)
			text, err := json.Marshal(got)
			if err != nil || status != http.StatusOK {
				t.Fatalf("%s %s: %d %v %v", path, body, status, got, err)
			}
			told[path+" "+body] = string(text)
			return got
		}
		// given more used than the plan has
		post("/v1/consume", `{"feature":"emails","quantity":3}`)
		id, _ := post("/v1/consume", `{"feature":"emails","quantity":2,"reserve":"1h"}`)["reservation_id"].(string)
		post("/v1/reservations/"+id+"/finalize", `{}`)
		post("/v1/release", `{"account":"acme","feature":"emails"}`)
		post("/v1/check", `{"feature":"emails"}`)
		post("/v1/check/bulk", `{"features":["emails","recordings"]}`)
		_, all := c.send("GET", "/v1/accounts/acme/entitlements", "", as...)
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		told["entitlements"] = string(text)
		e := c.listen("acme", as...)
		told["stream"] = fmt.Sprintf("%+v", e.Next())
		e.Leave()
		priced := 0
		for call, answer := range told {
			for _, price := range []string{"7.77", "149", `"price"`, `"overage":`} {
				if !strings.Contains(answer, price) {
					continue
				}
				priced++
				if role == access.RoleMember {
					t.Errorf("%s tells a member %q: %s", call, price, answer)
				}
			}
		}
		if role == access.RoleAdmin && priced < 10 {
			t.Errorf("an admin is told only %d prices: %v", priced, told)
		}
	}
}

// everythingOf is what can be read of an account, but for the position.
func (c *company) everythingOf(account string) string {
	var out []string
	for _, what := range []string{"", "/subscription", "/usage", "/reservations", "/grants", "/trials"} {
		_, got := c.send("GET", "/v1/accounts/"+account+what, "")
		delete(got, "position")
		text, err := json.Marshal(got)
		if err != nil {
			c.t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return strings.Join(out, "\n")
}

// callOf makes a call of an operation that is about acme; names is false where no account is
// named in it. What the document requires is filled in with something, so that the call is not
// refused for want of it.
func callOf(doc map[string]any, path string, op map[string]any, ids map[string]string) (url, body string, names bool) {
	url = path
	if strings.Contains(path, "{account}") {
		url, names = strings.ReplaceAll(url, "{account}", "acme"), true
	}
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		if p, _ := resolve(doc, p).(map[string]any); p["in"] == "query" && p["name"] == "account" {
			url, names = url+"?account=acme", true
		}
	}
	if strings.Contains(path, "{id}") {
		kind := strings.Split(path, "/")[2]
		url, names = strings.ReplaceAll(url, "{id}", ids[kind]), true
		if ids[kind] == "" {
			url = strings.ReplaceAll(path, "{id}", "x")
		}
	}
	url = strings.NewReplacer("{account}", "acme", "{feature}", "speakers", "{kind}", "accounts", "{key}", "x", "{fact}", "incident").Replace(url)
	if body = segmentBodies[path]; body != "" {
		return url, body, true
	}
	content, _ := at(op, "requestBody", "content").(map[string]any)
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		schema, _ := resolve(doc, content[kind].(map[string]any)["schema"]).(map[string]any)
		properties, _ := schema["properties"].(map[string]any)
		filled := map[string]any{}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			filled[name.(string)] = sampleOf(doc, name.(string), properties[name.(string)])
		}
		for _, name := range []string{"account", "subject"} {
			if _, there := properties[name]; there {
				filled[name], names = "acme", true
			}
		}
		if body == "" || names && properties != nil {
			text, _ := json.Marshal(filled) // plain values
			body = string(text)
		}
	}
	return url, body, names
}

// sampleOf is some value of a field.
func sampleOf(doc map[string]any, name string, schema any) any {
	known := map[string]any{"feature": "exports", "user": "mia", "type": "seen", "specversion": "1.0", "placement": "speakers.add", "value": true,
		"people": []any{map[string]any{"user": "mia"}}}
	if v, ok := known[name]; ok {
		return v
	}
	s, _ := resolve(doc, schema).(map[string]any)
	if enum, _ := s["enum"].([]any); len(enum) > 0 {
		return enum[0]
	}
	switch fmt.Sprint(s["type"]) {
	case "string":
		return "x"
	case "number", "integer":
		return 1
	case "array":
		return []any{}
	default:
		return map[string]any{}
	}
}

// at goes down into a document by names.
func at(v any, names ...string) any {
	for _, n := range names {
		m, _ := v.(map[string]any)
		v = m[n]
	}
	return v
}
