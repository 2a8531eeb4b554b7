package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

const familyCatalog = `
version: 1
currency: USD
meters: {seats: {aggregate: level, fed_by: consume}}
features: {seats: {title: Seats, kind: seats, meter: seats, pooled: true}}
plans: {team: {title: Team, price: {month: "10"}, entitlements: {seats: 5}}}
surveys: {nps: {title: Recommend, kind: nps, question: "How likely?", at: [home]}}
contact: {family: {email: 3 per 7d}}
experiments:
  onboarding: {title: Way in, hypothesis: It helps, state: running, variants: {control: 50%, fast: 50%}}
`

// split makes each of two nodes own some of the partitions.
func split(t *testing.T, one, two *company) {
	t.Helper()
	ctx := t.Context()
	until(t, "both nodes own partitions", func() bool {
		leases, err := one.server.store.Partitions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		owners := map[string]int{}
		for _, l := range leases {
			if l.Owner != "" {
				owners[l.Owner]++
			}
		}
		if len(owners) == 2 && owners[leases[0].Owner] == len(leases)/2 {
			return true
		}
		for _, l := range leases {
			if owners[l.Owner] > len(leases)/2 { // whoever is first takes it next
				owners[l.Owner]--
				if err := one.server.store.Release(ctx, l.Partition, l.Epoch); err != nil {
					t.Fatal(err)
				}
			}
		}
		return false
	})
}

// The accounts of a family lie in partitions of two nodes. Each node answers calls that need a
// budget or a pool which the other one holds.
func TestAFamilyOnTwoNodesSharesBudgetsPoolsAndVariants(t *testing.T) {
	one, two := twoNodes(t)
	one.must("PUT", "/v1/catalog", []byte(familyCatalog), nil)
	one.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "team"}, nil)
	children := make([]string, 8)
	for i := range children {
		children[i] = fmt.Sprint("child-", i)
		one.must("PUT", "/v1/accounts/"+children[i], map[string]any{"parent": "acme"}, nil)
	}
	split(t, one, two)
	nodes := []*company{one, two}
	// Calls while a partition moves are refused, and sent again by who makes them.
	settled := func(i int, path string, body map[string]any, out any) {
		until(t, path+" is answered", func() bool {
			return nodes[i%2].call(t.Context(), "POST", path, body, out, "Idempotency-Key", fmt.Sprint(path, i)) == nil
		})
	}
	var mails, seats atomic.Int64
	variants := make([]string, len(children))
	var all sync.WaitGroup
	for i, child := range children {
		all.Go(func() {
			var mail contacted
			settled(i, "/v1/contacts", map[string]any{"account": child, "user": fmt.Sprint("user-", i), "channel": "email", "claim": fmt.Sprint("mail-", i)}, &mail)
			if mail.Allowed {
				mails.Add(1)
			}
			var seat checked
			settled(i, "/v1/consume", map[string]any{"account": child, "feature": "seats", "quantity": 1}, &seat)
			if seat.Allowed {
				seats.Add(1)
			}
			var v struct{ Variant string }
			settled(i, "/v1/variant", map[string]any{"account": child, "experiment": "onboarding"}, &v)
			variants[i] = v.Variant
			var asked struct {
				AskID string `json:"ask_id"`
			}
			settled(i, "/v1/surveys/next", map[string]any{"account": child, "user": fmt.Sprint("user-", i), "placement": "home"}, &asked)
			if asked.AskID == "" {
				t.Errorf("user-%d of %s is not asked", i, child)
			}
		})
	}
	all.Wait()
	if mails.Load() != 3 || seats.Load() != 5 {
		t.Errorf("%d of 3 emails and %d of 5 seats were given", mails.Load(), seats.Load())
	}
	for i, v := range variants {
		if v == "" || v != variants[0] {
			t.Errorf("%s has variant %q, the family %q", children[i], v, variants[0])
		}
	}
}
