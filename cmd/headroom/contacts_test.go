package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A person is asked by two tabs, in two accounts of their family, and by an email; facts keep
// everybody quiet; families stay together in experiments.

const contactCatalog = `
version: 1
currency: USD
meters: {seats: {event: seat.added, aggregate: count}}
features: {seats: {title: Seats, meter: seats}}
plans:
  small: {title: Small, price: {month: "10"}, entitlements: {seats: 10}}
  large: {title: Large, above: small, price: {month: "20"}, entitlements: {seats: 20}}
signals: {near: {when: {limit: seats, reaches: 50%}, type: upsell}}
offers:
  tip:    {on: [near], give: {plan: large}, at: [tips, more_tips], kind: contextual}
  banner: {on: [near], give: {plan: large}, at: [banners], kind: ambient}
contact:
  person: {any: 1 per 7d}
  family: {any: 2 per 7d}
experiments:
  onboarding: {title: Shorter way in, hypothesis: Who is led expands, state: running, variants: {control: 50%, fast: 50%}, outcome: near}
`

// nearLimits is a company whose accounts are near their limit: acme is above bolt.
func nearLimits(t *testing.T) *company {
	c := newCompany(t, "2026-03-02T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(contactCatalog), nil)
	for _, key := range []string{"acme", "bolt", "corp"} {
		c.nearLimit(key)
	}
	c.must("PUT", "/v1/accounts/bolt", map[string]any{"parent": "acme"}, nil)
	return c
}

func (c *company) nearLimit(account string) {
	c.t.Helper()
	c.must("PUT", "/v1/accounts/"+account, map[string]any{"name": account}, nil)
	c.must("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": "small"}, nil)
	for i := range 6 {
		c.must("POST", "/v1/events", map[string]any{"specversion": "1.0", "id": fmt.Sprint(account, i), "source": "app", "type": "seat.added", "subject": account}, nil)
	}
}

type contacted struct {
	Allowed  bool
	ClaimID  string `json:"claim_id"`
	Refusals []struct{ Scope, Channel, Code, Reason string }
	Quiet    []struct{ Rule string }
}

func (c *company) decideAt(account, user, placement string) (shown bool, reason string) {
	c.t.Helper()
	var d struct{ Status, Reason string }
	c.must("POST", "/v1/decide", map[string]any{"account": account, "user": user, "role": "admin", "placement": placement}, &d)
	return d.Status == "show", d.Reason
}

func TestTwoTabsAndAnEmailAtOnceSpendOneBudget(t *testing.T) {
	c := nearLimits(t)
	for round := range 5 {
		user := fmt.Sprint("user-", round)
		var mu sync.Mutex
		reached := 0
		count := func(yes bool) {
			mu.Lock()
			defer mu.Unlock()
			if yes {
				reached++
			}
		}
		var all sync.WaitGroup
		all.Go(func() { yes, _ := c.decideAt("acme", user, "tips"); count(yes) })
		all.Go(func() { yes, _ := c.decideAt("corp", user, "more_tips"); count(yes) })
		all.Go(func() {
			var got contacted
			c.must("POST", "/v1/contacts", map[string]any{"account": "corp", "user": user, "channel": "email", "about": "tip"}, &got)
			count(got.Allowed)
		})
		all.Wait()
		if reached > 1 {
			t.Fatalf("round %d: the person was reached %d times", round, reached)
		}
		var got contacted
		c.must("POST", "/v1/contacts", map[string]any{"account": "corp", "user": user, "channel": "people"}, &got)
		if got.Allowed == (reached == 1) { // all three may have stood in each other's way; nothing stays spent then
			t.Fatalf("round %d: reached %d times, and then a call is allowed: %v (%+v)", round, reached, got.Allowed, got.Refusals)
		}
		c.must("DELETE", "/v1/accounts/corp/facts/contacted", nil, nil)
		c.must("POST", "/v1/clock/advance", map[string]any{"by": "8d"}, nil)
		for _, key := range []string{"acme", "corp"} { // the signal is as old as the round
			c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "large"}, nil)
			c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "small"}, nil)
		}
		c.must("POST", "/v1/clock/advance", map[string]any{"by": "31d"}, nil) // the downgrade keeps quiet
	}
}

func TestAContactThatIsRefusedSaysWhyAndSpendsNothing(t *testing.T) {
	c := nearLimits(t)
	ask := func(account, user, channel string) (got contacted) {
		t.Helper()
		c.must("POST", "/v1/contacts", map[string]any{"account": account, "user": user, "channel": channel}, &got)
		return got
	}
	first := ask("acme", "ann", "email")
	if !first.Allowed || first.ClaimID == "" {
		t.Fatalf("the first contact: %+v", first)
	}
	if got := ask("bolt", "ann", "email"); got.Allowed || len(got.Refusals) != 1 || got.Refusals[0].Scope != "person" ||
		got.Refusals[0].Reason != "This person was asked once in the last 7 days, which is as often as it may; next on 9 March" {
		t.Errorf("the same person in another account: %+v", got)
	}
	if got := ask("bolt", "bob", "email"); !got.Allowed {
		t.Errorf("another person of the family: %+v", got)
	}
	if got := ask("bolt", "cyd", "email"); got.Allowed || len(got.Refusals) != 1 || got.Refusals[0].Scope != "family" {
		t.Errorf("a third one: %+v", got)
	}
	if got := ask("corp", "cyd", "email"); !got.Allowed {
		t.Errorf("what was refused is not spent: %+v", got)
	}
	if yes, reason := c.decideAt("bolt", "dan", "tips"); yes || reason != "contact_budget" {
		t.Errorf("an offer for a fourth is shown: %v, %s", yes, reason)
	}
	if yes, _ := c.decideAt("bolt", "dan", "banners"); !yes {
		t.Error("what asks nothing is not shown")
	}
	var list struct {
		Items   []struct{ Channel, ReleasedAt string }
		Budgets []struct {
			Scope, Channel string
			AtMost, Spent  int
			Left           int
		}
	}
	c.must("DELETE", "/v1/contacts/"+first.ClaimID, nil, nil)
	if got := ask("corp", "ann", "email"); !got.Allowed {
		t.Errorf("what was given back is still spent: %+v", got)
	}
	var at struct{ Position string }
	c.must("GET", "/v1/accounts/bolt", nil, &at)
	c.must("GET", "/v1/accounts/bolt/contacts?user=bob", nil, &list, "Headroom-Position", at.Position)
	if len(list.Items) != 1 || len(list.Budgets) != 3 || list.Budgets[0].Scope != "person" || list.Budgets[0].Left != 0 || list.Budgets[2].Spent != 1 {
		t.Errorf("the list says %+v", list)
	}
}

func TestADismissalIsHeardInAllAccountsOfThePerson(t *testing.T) {
	c := nearLimits(t)
	c.must("PUT", "/v1/catalog", []byte(contactCatalog+"  # nothing else\n"), nil)
	var d struct {
		ID string `json:"decision_id"`
	}
	c.must("POST", "/v1/decide", map[string]any{"account": "acme", "user": "ann", "role": "admin", "placement": "tips"}, &d)
	var at struct{ Position string }
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "dismissed"}, &at)
	if yes, reason := c.decideAt("acme", "ann", "more_tips"); yes || reason != "after_dismissal" {
		t.Errorf("in the same account an offer is shown: %v, %s", yes, reason)
	}
	until(t, "the person's key hears of it", func() bool {
		var got contacted
		c.must("POST", "/v1/contacts", map[string]any{"account": "corp", "user": "ann", "channel": "email"}, &got)
		return slices.ContainsFunc(got.Refusals, func(r struct{ Scope, Channel, Code, Reason string }) bool { return r.Code == "after_dismissal" })
	})
}

func TestFactsKeepOffersAway(t *testing.T) {
	c := nearLimits(t)
	shown := func(user string) bool { yes, _ := c.decideAt("acme", user, "more_tips"); return yes }
	put := func(fact string, body map[string]any) {
		t.Helper()
		c.must("PUT", "/v1/accounts/acme/facts/"+fact, body, nil)
	}
	put("incident", map[string]any{"value": true, "ref": "T-1", "note": "Ann cannot sign in"})
	if shown("ann") {
		t.Error("an offer is shown while an incident is open")
	}
	var facts struct {
		Items []struct {
			Name, Note string
			Holds      bool
		}
	}
	c.must("GET", "/v1/accounts/acme/facts", nil, &facts)
	if len(facts.Items) != 1 || facts.Items[0].Note != "Ann cannot sign in" || !facts.Items[0].Holds {
		t.Errorf("the facts are %+v", facts)
	}
	c.must("DELETE", "/v1/accounts/acme/facts/incident?ref=T-1", nil, nil)
	if shown("ann") {
		t.Error("an offer is shown right after it")
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "25h"}, nil)
	if !shown("ann") {
		t.Error("a day later no offer is shown")
	}
	put("satisfaction", map[string]any{"value": 3})
	var got contacted
	c.must("POST", "/v1/contacts", map[string]any{"account": "acme", "user": "bob", "channel": "email"}, &got)
	if got.Allowed || len(got.Quiet) != 1 || got.Quiet[0].Rule != "dissatisfied" {
		t.Errorf("an email to who is dissatisfied: %+v", got)
	}
	if status, p := c.send("PUT", "/v1/accounts/acme/facts/overdue", `{"value":"very"}`); status != http.StatusUnprocessableEntity || p["code"] != "fact_invalid" {
		t.Errorf("an odd fact is answered %d %v", status, p)
	}
}

func TestAFamilyHasOneVariantAndAnAccountKeepsItsOwn(t *testing.T) {
	c := nearLimits(t)
	variant := func(account string) string {
		t.Helper()
		var got struct{ Variant, Reason string }
		c.must("POST", "/v1/variant", map[string]any{"account": account, "experiment": "onboarding"}, &got)
		if got.Reason != "assigned" || got.Variant == "" {
			t.Fatalf("%s gets %+v", account, got)
		}
		return got.Variant
	}
	if status, p := c.send("POST", "/v1/variant", `{"account":"nobody","experiment":"onboarding"}`); status != http.StatusNotFound || p["code"] != "account_not_found" {
		t.Errorf("an account that there is not is answered %d %v", status, p)
	}
	if status, _ := c.send("GET", "/v1/accounts/nobody", ""); status != http.StatusNotFound {
		t.Errorf("asking for a variant left an account behind: %d", status)
	}
	bolt := variant("bolt")
	if acme := variant("acme"); acme != bolt {
		t.Errorf("the family is divided: %s and %s", acme, bolt)
	}
	other := ""
	for i := range 20 { // a root on the other side
		key := fmt.Sprint("root-", i)
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"name": key}, nil)
		if variant(key) != bolt {
			other = key
			break
		}
	}
	c.must("PUT", "/v1/accounts/bolt", map[string]any{"parent": other}, nil)
	if got := variant("bolt"); got != bolt {
		t.Errorf("it moved to another family and went from %s to %s", bolt, got)
	}
	var at struct{ Position string }
	c.must("GET", "/v1/accounts/bolt", nil, &at)
	var list struct {
		Items []struct {
			Key      string
			Variants []struct {
				Variant            string
				Accounts, Families int
			}
		}
	}
	c.must("GET", "/v1/experiments", nil, &list, "Headroom-Position", at.Position)
	if len(list.Items) != 1 || len(list.Items[0].Variants) != 2 {
		b, _ := json.Marshal(list)
		t.Fatalf("the list says %s", b)
	}
	for _, v := range list.Items[0].Variants {
		if v.Variant == bolt && (v.Accounts < 2 || v.Families >= v.Accounts) {
			t.Errorf("acme and bolt are one family: %+v", v)
		}
	}
}

func TestExportsOfOtherToolsKeepOffersAway(t *testing.T) {
	for _, c := range []struct {
		name, kind, file string
		rules            string // in force at acme
		facts            int
	}{
		{"an open ticket that is an incident", "tickets",
			"ticket_id,account,created_at,resolved_at,type\nT-1,acme,2026-03-01,,Incident\nT-2,acme,2026-01-01,2026-01-02,Incident\nT-3,acme,2026-03-01,,Question\n", "incident", 2},
		{"by its priority where no kind is given", "tickets", "id,customer,opened_at,priority\n1,acme,2026-03-01,Urgent\n2,acme,2026-03-01,Low\n", "incident", 1},
		{"a call yesterday", "activities", "account,type,date\nacme,call,2026-03-01\nacme,note,2026-03-02\nacme,email,2025-12-01\n", "contacted", 1},
		{"a call long ago", "activities", "account,type,date\nacme,call,2026-02-01\n", "", 1},
		{"facts of any name", "facts", "account,name,value\nacme,overdue,true\nacme,satisfaction,8\nacme,owner,Kim\n", "overdue", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			co := newCompany(t, "2026-03-02T09:00:00Z")
			co.must("PUT", "/v1/accounts/acme", map[string]any{"name": "Acme"}, nil)
			file := filepath.Join(t.TempDir(), c.kind+".csv")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // again changes nothing
				im := importer{client: co.client, kind: c.kind, file: file, out: io.Discard}
				if err := im.run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			until(t, fmt.Sprintf("in force are %q, of %d facts", c.rules, c.facts), func() bool {
				var facts struct{ Items []struct{ Name string } }
				var said struct{ Quiet []struct{ Rule string } }
				co.must("GET", "/v1/accounts/acme/contacts", nil, &said)
				co.must("GET", "/v1/accounts/acme/facts", nil, &facts)
				var rules []string
				for _, q := range said.Quiet {
					rules = append(rules, q.Rule)
				}
				return strings.Join(rules, " ") == c.rules && len(facts.Items) == c.facts
			})
		})
	}
}

// Given five tabs of one person that ask at once, again and again, then all show what the budget was spent on.
func TestTabsThatAskAtOnceShowTheSame(t *testing.T) {
	c := nearLimits(t)
	for n := range 20 {
		account := fmt.Sprintf("dune-%d", n)
		c.nearLimit(account)
		type decided struct {
			Status, Reason string
			ID             string `json:"decision_id"`
		}
		answers := make([]decided, 5)
		var tabs sync.WaitGroup
		for i := range answers {
			tabs.Go(func() {
				c.must("POST", "/v1/decide", map[string]any{"account": account, "user": "mia-" + account, "role": "admin", "placement": "tips"}, &answers[i])
			})
		}
		tabs.Wait()
		for i, d := range answers {
			if d.ID == "" || d.Status != "show" || d.ID != answers[0].ID {
				t.Errorf("%s: tab %d shows %+v, the first one %+v", account, i, d, answers[0])
			}
		}
	}
}

// Given a person whose week is spent in one account, then a rehearsal in another says so, and spends nothing itself.
func TestARehearsalAsksThePersonsBudgetAndSpendsNothing(t *testing.T) {
	c := nearLimits(t)
	rehearse := func(user string) (status, reason string) {
		t.Helper()
		var d struct {
			Status, Reason string
			Refusals       []struct{ Scope string }
		}
		c.must("POST", "/v1/decide", map[string]any{"account": "corp", "user": user, "placement": "tips", "dry_run": true}, &d)
		if d.Status == "none" && (len(d.Refusals) == 0 || d.Refusals[0].Scope != "person") {
			t.Errorf("refused by %+v", d.Refusals)
		}
		return d.Status, d.Reason
	}
	for range 2 {
		if status, reason := rehearse("mia"); status != "show" {
			t.Fatalf("before: %s %s", status, reason)
		}
	}
	if shown, reason := c.decideAt("acme", "mia", "tips"); !shown {
		t.Fatal(reason)
	}
	if status, reason := rehearse("mia"); status != "none" || reason != "contact_budget" {
		t.Errorf("after: %s %s", status, reason)
	}
}
