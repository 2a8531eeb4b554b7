package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

func TestACallerKeepsSoManyStreamsOpenAndNoMore(t *testing.T) {
	c := newCompany(t, "")
	var key struct {
		ID, Secret    string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web"}, &key)
	browser := func(user string) []string {
		token, err := access.SignUserToken(key.SigningSecret, access.User{ID: user, Account: "acme", Role: access.RoleMember}, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return []string{"Authorization", "Bearer " + key.Secret, access.UserTokenHeader, token}
	}
	for _, x := range []struct {
		name string
		most int
		as   []string
	}{
		{"a user's browsers", 16, browser("u1")},
		{"another user of the account", 16, browser("u2")},
		{"a secret key", 256, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			listen := func() *Ears { return Listen(t, c.base+"/v1/entitlements/stream?account=acme", c.key, x.as...) }
			var open []*Ears
			for range x.most {
				e := listen()
				if e.Status != http.StatusOK {
					t.Fatalf("with %d open it answers %d %s", len(open), e.Status, e.Code)
				}
				open = append(open, e)
			}
			if e := listen(); e.Status != http.StatusTooManyRequests || e.Code != "streams_too_many" {
				t.Errorf("with %d open it answers %d %s", len(open), e.Status, e.Code)
			}
			if x.as == nil {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/v1/accounts/beta/entitlements/stream", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+c.key)
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "15" {
					t.Errorf("of another account it answers %s, try again after %q", resp.Status, resp.Header.Get("Retry-After"))
				}
			}
			open[0].Leave()
			for e := listen(); e.Status != http.StatusOK; e = listen() {
				if t.Context().Err() != nil || e.Status != http.StatusTooManyRequests {
					t.Fatalf("after one left it answers %d %s", e.Status, e.Code)
				}
			}
		})
	}
}
