package main

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// A check goes a short way where it can. Whichever it goes, the answer is the same.

func TestAShortCheckIsAnsweredAsALongOne(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	c.must("PUT", "/v1/accounts/big/subscription", map[string]any{"plan": "pro"}, nil)
	at := c.speakers("acme", 9)
	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web"}, &key)
	token, err := access.SignUserToken(key.SigningSecret, access.User{ID: "u1", Account: "acme", Role: access.RoleMember}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var reader struct{ Secret string }
	c.must("POST", "/v1/keys", map[string]any{"kind": "secret", "name": "reader", "scopes": []string{"read"}}, &reader)
	browser := []string{"Authorization", "Bearer " + key.Secret, access.UserTokenHeader, token}
	for _, x := range []struct {
		name, body string
		headers    []string
		status     int
	}{
		{"a yes", `{"account":"acme","user":"u1","feature":"speakers"}`, nil, 200},
		{"a yes without a limit", `{"account":"big","user":"u1","feature":"exports"}`, nil, 200},
		{"a boolean feature", `{"account":"big","user":"u1","feature":"recordings"}`, nil, 200},
		{"a no with what unlocks it", `{"account":"acme","user":"u1","feature":"recordings"}`, nil, 200},
		{"too much of it", `{"account":"acme","user":"u1","feature":"speakers","quantity":2}`, nil, 200},
		{"none of it", `{"account":"acme","feature":"speakers","quantity":0}`, nil, 200},
		{"a no with an offer", `{"account":"acme","user":"u1","role":"admin","feature":"speakers","quantity":2,"placement":"speakers.add"}`, nil, 200},
		{"a browser", `{"feature":"speakers"}`, browser, 200},
		{"a browser that meets a closed gate", `{"feature":"recordings","placement":"recordings.open"}`, browser, 200},
		{"a browser that only looks", `{"feature":"recordings","touch":false,"placement":"recordings.open"}`, browser, 200},
		{"a position", `{"account":"acme","feature":"speakers"}`, []string{"Headroom-Position", at}, 200},
		{"a feature that is none", `{"account":"acme","feature":"nothing"}`, nil, 200},
		{"an account that nobody knows", `{"account":"nobody","feature":"speakers"}`, nil, 200},
		{"a browser, another account", `{"account":"big","feature":"speakers"}`, browser, 403},
		{"a browser, another user", `{"user":"u2","feature":"speakers"}`, browser, 403},
		{"no account", `{"feature":"speakers"}`, nil, 422},
		{"a feature that is too long", `{"account":"acme","feature":"` + strings.Repeat("x", 300) + `"}`, nil, 422},
		{"a key that nobody knows", `{"account":"acme","feature":"speakers"}`, []string{"Authorization", "Bearer hr_sk_nobody"}, 401},
		{"no key", `{"account":"acme","feature":"speakers"}`, []string{"Authorization", ""}, 401},
		{"a key that may not", `{"account":"acme","feature":"speakers"}`, []string{"Authorization", "Bearer " + reader.Secret}, 403},
		{"a position of another log", `{"account":"acme","feature":"speakers"}`, []string{"Headroom-Position", "x-1"}, 422},
		{"a position that is ahead", `{"account":"acme","feature":"speakers"}`, []string{"Headroom-Position", strings.Split(at, "-")[0] + "-999999"}, 422},
		{"half a body", `{"account":"acme",`, nil, 400},
		{"no body", ``, nil, 400},
	} {
		t.Run(x.name, func(t *testing.T) {
			// An escape that means the same sends it the long way.
			long := strings.Replace(x.body, `"feature"`, `"\u0066eature"`, 1)
			status, got := c.send("POST", "/v1/check", x.body, x.headers...)
			same, want := c.send("POST", "/v1/check", long, x.headers...)
			if status != x.status || same != x.status {
				t.Fatalf("the short way answers %d %v, the long one %d %v, want %d", status, got, same, want, x.status)
			}
			for _, m := range []map[string]any{got, want} {
				if d, ok := m["decision"].(map[string]any); ok { // the second is the first shown again
					delete(d, "again")
				}
				delete(m, "position")
			}
			if !maps.EqualFunc(got, want, func(a, b any) bool { return reflect.DeepEqual(a, b) }) && status == http.StatusOK {
				t.Errorf("the short way answers\n%v, the long one\n%v", got, want)
			}
			if status != http.StatusOK && got["code"] != want["code"] {
				t.Errorf("the short way says %v, the long one %v", got["code"], want["code"])
			}
		})
	}
	big := fmt.Sprintf(`{"account":"acme","feature":"speakers","user":"u1"%s}`, strings.Repeat(" ", 5000))
	if status, got := c.send("POST", "/v1/check", big); status != http.StatusOK || got["allowed"] != true {
		t.Errorf("a long body is answered %d %v", status, got)
	}
}
