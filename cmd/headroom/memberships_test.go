package main

import (
	"net/http"
	"strings"
	"testing"
)

// One person in several accounts, over HTTP.

// joins invites a user to an account and accepts for them; it returns the position of the accept.
func (c *company) joins(account, user, profile string) string {
	c.t.Helper()
	var made invited
	c.must("POST", "/v1/accounts/"+account+"/invites", map[string]any{"user": "ada", "people": []map[string]any{{"user": user, "profile": profile}}}, &made)
	var accepted struct{ Position string }
	c.must("POST", "/v1/invites/"+made.Items[0].ID+"/accept", map[string]any{"user": user}, &accepted)
	return accepted.Position
}

// profileIn is the profile of the only member of an account, and whether there is one.
func (c *company) profileIn(account, position string) (profile string, member bool) {
	c.t.Helper()
	var people struct{ Items []struct{ Profile string } }
	c.must("GET", "/v1/accounts/"+account+"/people", nil, &people, "Headroom-Position", position)
	if len(people.Items) != 1 {
		return "", false
	}
	return people.Items[0].Profile, true
}

func TestWhoJoinsTwoAccountsIsInEachAsItWasSaidThere(t *testing.T) {
	c := newFlows(t)
	for _, a := range []string{"nova", "rival"} {
		c.must("PUT", "/v1/accounts/"+a, map[string]any{"name": a}, nil)
		c.must("PUT", "/v1/accounts/"+a+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	listed := func(n int) func() bool {
		return func() bool {
			found, err := c.server.store.AccountsOf(t.Context(), pseudonym(t, c, "rob"))
			return err == nil && len(found) == n
		}
	}
	if profile, member := c.profileIn("nova", c.joins("nova", "rob", "attendee")); !member || profile != "attendee" {
		t.Errorf("at the position of the accept nova has %q (%v)", profile, member)
	}
	until(t, "the lists have rob in nova", listed(1)) // a checkpoint between both, as a day later
	if profile, member := c.profileIn("rival", c.joins("rival", "rob", "")); !member || profile != "" {
		t.Errorf("at the position of the accept rival has %q (%v)", profile, member)
	}
	until(t, "the lists have rob in both", listed(2))
	for _, x := range []struct {
		account string
		outside bool
	}{{"nova", true}, {"rival", false}} {
		status, got := c.send("POST", "/v1/decide", `{"account":"`+x.account+`","user":"rob","placement":"team.invite","requested":true}`)
		if status != http.StatusOK || (got["reason"] == "external") != x.outside {
			t.Errorf("rob decides in %s: %d %v", x.account, status, got)
		}
	}
	c.server.close()
	if out, err := replayed(t, "--data", c.data); err != nil || !strings.Contains(out, "no difference") {
		t.Errorf("a replay of it: %v\n%s", err, out)
	}
}
