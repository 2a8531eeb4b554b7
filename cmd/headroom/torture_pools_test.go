package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
)

const poolsCatalog = `
version: 1
currency: USD
meters:
  seats: {aggregate: level, fed_by: consume}
features:
  seats: {title: Seats, kind: seats, meter: seats, pooled: true}
plans:
  team: {title: Team, family: core, price: {month: "49"}, entitlements: {seats: 60}}
`

// Many clients of the accounts of a family take seats of its pool and give them back, while some
// of the accounts buy a plan of their own and lose it again, and the server is killed, be it
// between the two records of a call. Whoever hears nothing asks again with the same key, and
// whoever has heard asks again too: the same is told. In the end each account holds what its
// answers say, and no limit was passed.
func TestCallsOnPoolsCountOnceThoughTheServerIsKilled(t *testing.T) {
	n := newNode(t, t.TempDir())
	n.start()
	t.Cleanup(func() { n.kill() })
	n.ready()
	setCatalog(t, n.url, poolsCatalog)
	put(t, n.url+"/v1/accounts/acme/subscription", `{"plan":"team"}`)
	children := []string{"berlin", "paris", "rome", "oslo"}
	for _, child := range children {
		put(t, n.url+"/v1/accounts/"+child, `{"parent":"acme"}`)
	}
	const clients, calls, kills = 64, 10, 5
	begin := seed(t)
	c := newCaller()
	defer c.http.CloseIdleConnections()
	// settled sends until there is an answer.
	settled := func(method, path string, body any, headers ...string) answer {
		for {
			if a := c.send(method, n.url+path, body, headers...); a.settles() || t.Failed() {
				return a
			}
		}
	}
	var mu sync.Mutex
	held := map[string]int{} // by holder and who holds
	var answered atomic.Int64
	due, over := make(chan struct{}, kills), make(chan struct{})
	var crowd, beside sync.WaitGroup
	for k := range clients {
		crowd.Go(func() {
			rng := rand.New(rand.NewPCG(begin, uint64(k)))
			who, mine := children[k%len(children)], 0
			for i := range calls {
				path, quantity := "/v1/consume", 1+rng.IntN(3)
				if mine > 0 && rng.IntN(2) == 0 {
					path, quantity = "/v1/release", 1+rng.IntN(mine)
				}
				body, key := map[string]any{"account": who, "feature": "seats", "quantity": quantity}, fmt.Sprint("k", k, "-", i)
				first := settled("POST", path, body, "Idempotency-Key", key)
				again := settled("POST", path, body, "Idempotency-Key", key)
				if answered.Add(1)%(clients*calls/(kills+1)) == 0 {
					select {
					case due <- struct{}{}:
					default:
					}
				}
				var told, toldAgain map[string]any
				if json.Unmarshal(first.body, &told) != nil || json.Unmarshal(again.body, &toldAgain) != nil {
					t.Errorf("%s was answered %d %s, and again %d %s", path, first.status, first.body, again.status, again.body)
					return
				}
				delete(told, "position")
				delete(toldAgain, "position")
				if first.status != again.status || !reflect.DeepEqual(told, toldAgain) {
					t.Errorf("%s of %d by %s heard %d %s\nand again %d %s", path, quantity, who, first.status, first.body, again.status, again.body)
				}
				if first.status != http.StatusOK {
					if told["code"] != "not_held" {
						t.Errorf("%s was answered %d %s", path, first.status, first.body)
					}
					continue
				}
				holder, _ := told["holder"].(string)
				if holder == "" {
					holder = who
				}
				change := quantity
				switch {
				case path == "/v1/release":
					change = -quantity
				case told["allowed"] != true:
					change = 0
				}
				mine += change
				mu.Lock()
				held[holder+"/"+who] += change
				mu.Unlock()
			}
		})
	}
	beside.Go(func() { // what belongs where changes all the time
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
				child := children[i%2]
				settled("PUT", "/v1/accounts/"+child+"/subscription", map[string]any{"plan": "team"}, "Idempotency-Key", fmt.Sprint("plan", i))
				settled("DELETE", "/v1/accounts/"+child+"/subscription", nil, "Idempotency-Key", fmt.Sprint("end", i))
			}
		}
	})
	beside.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-due:
				n.kill()
				n.start()
			}
		}
	})
	crowd.Wait()
	close(over)
	beside.Wait()
	n.ready()
	for _, child := range children {
		settled("PUT", "/v1/accounts/"+child+"/subscription", map[string]any{"plan": "team"}) // shows what it has of its own
	}
	for _, holder := range append(children, "acme") {
		var pools struct {
			Items []struct {
				Usage, Limit int
				Holders      []struct {
					Account  string
					Quantity int
				}
			}
		}
		if a := settled("GET", "/v1/accounts/"+holder+"/pools", nil); json.Unmarshal(a.body, &pools) != nil || len(pools.Items) != 1 {
			t.Fatalf("the pools of %s are %s", holder, a.body)
		}
		for _, h := range pools.Items[0].Holders {
			if at := holder + "/" + h.Account; h.Quantity != held[at] {
				t.Errorf("of the seats of %s %s has %d, its answers say %d", holder, h.Account, h.Quantity, held[at])
			}
			delete(held, holder+"/"+h.Account)
		}
		if pools.Items[0].Usage > 60 {
			t.Errorf("%d of 60 seats of %s are taken", pools.Items[0].Usage, holder)
		}
	}
	for at, n := range held {
		if n != 0 {
			t.Errorf("%s: the answers say %d, the pool nothing", at, n)
		}
	}
	t.Logf("the server was started %d times", n.starts)
	if n.starts < 3 {
		t.Errorf("it was started only %d times", n.starts)
	}
}
