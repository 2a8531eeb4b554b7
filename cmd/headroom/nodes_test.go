package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/fault"
)

// Two nodes on one PostgreSQL and one log: whichever is asked, the one that owns the
// account answers.

// twoNodes returns two nodes of one company. The first owns every partition.
func twoNodes(t *testing.T) (owner, other *company) {
	t.Helper()
	nats, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go nats.Start()
	t.Cleanup(nats.Shutdown)
	if !nats.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	database := dbtest.PostgresURL(t)
	owner = newCompany(t, "", func(o *serverOptions) { o.database, o.nats = database, nats.ClientURL() })
	other = &company{t: t, data: t.TempDir(), opts: owner.opts}
	other.opts.data = other.data
	other.open()
	t.Cleanup(func() { other.server.close() })
	return owner, other
}

func TestTheWrongNodeLetsTheRightOneAnswer(t *testing.T) {
	owner, other := twoNodes(t)
	other.must("PUT", "/v1/catalog", []byte(apiCatalog), nil)
	for i := range 6 { // accounts of several partitions
		account := fmt.Sprint("acme-", i)
		other.must("PUT", "/v1/accounts/"+account, map[string]any{"name": "Acme"}, nil)
		other.must("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	const account = "acme-1"
	at := other.speakers(account, 8)
	for _, c := range []*company{other, owner} {
		if got := c.check(account, "speakers", at); *got.Usage != 8 {
			t.Fatalf("the check says %+v", got)
		}
	}
	var bulk struct{ Items []checked }
	other.must("POST", "/v1/check/bulk", map[string]any{"account": account, "features": []string{"speakers", "emails"}}, &bulk)
	var ents struct{ Items []checked }
	other.must("GET", "/v1/accounts/"+account+"/entitlements", nil, &ents)
	if len(bulk.Items) != 2 || *bulk.Items[0].Usage != 8 || len(ents.Items) != 4 {
		t.Fatalf("bulk %+v, entitlements %+v", bulk, ents)
	}

	var allowed int
	for i := range 8 { // five are left, whoever is asked
		c := []*company{other, owner}[i%2]
		var got, again checked
		body, key := map[string]any{"account": account, "feature": "exports", "quantity": 1}, fmt.Sprint("k", i)
		c.must("POST", "/v1/consume", body, &got, "Idempotency-Key", key)
		[]*company{owner, other}[i%2].must("POST", "/v1/consume", body, &again, "Idempotency-Key", key)
		if got.Allowed != again.Allowed || *got.Remaining != *again.Remaining {
			t.Errorf("consume %d: one node says %+v, the other %+v", i, got, again)
		}
		if got.Allowed {
			allowed++
		}
	}
	if allowed != 5 {
		t.Errorf("%d of 5 exports were allowed", allowed)
	}

	var d struct {
		ID     string `json:"decision_id"`
		Status string
	}
	other.must("POST", "/v1/decide", map[string]any{"account": account, "user": "u1", "role": "admin", "placement": "speakers.add"}, &d)
	var quote struct{ Token string }
	other.must("POST", "/v1/subscriptions/preview", map[string]any{"account": account, "decision_id": d.ID}, &quote)
	var accepted struct {
		Subscription struct{ Plan string }
		Position     string
	}
	other.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "accepted", "token": quote.Token}, &accepted, "Idempotency-Key", "accept")
	if d.Status != "show" || accepted.Subscription.Plan != "pro" {
		t.Fatalf("decision %+v, accepted %+v", d, accepted)
	}
	var moved struct{ Items []struct{ End string } }
	other.must("GET", "/v1/revenue/movements", nil, &moved, "Headroom-Position", accepted.Position)
	if n := len(moved.Items); n != 1 || moved.Items[0].End != "394.00" { // five starters and a pro
		t.Fatalf("movements are %+v", moved)
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"a refusal of the owner", "POST", "/v1/check", `{"account":"acme-1","feature":"speakers","quantity":-1}`, 422, "quantity_invalid"},
		{"an account that nobody knows", "GET", "/v1/accounts/nobody", "", 404, "account_not_found"},
		{"a route that is not there", "GET", "/v1/nothing", "", 404, "route_unknown"},
	} {
		status, p := other.send(c.method, c.path, c.body)
		same, q := owner.send(c.method, c.path, c.body)
		if status != c.status || p["code"] != c.code || status != same || p["detail"] != q["detail"] {
			t.Errorf("%s: %d %v, from the owner %d %v", c.name, status, p, same, q)
		}
	}
	// Even what fills a request is passed on whole.
	big := make([]string, 1000)
	for i := range big {
		big[i] = fmt.Sprintf("unknown-feature-%0180d", i)
	}
	body, err := json.Marshal(map[string]any{"account": account, "features": big})
	if err != nil {
		t.Fatal(err)
	}
	if status, p := other.send("POST", "/v1/check/bulk", string(body)); status != http.StatusOK || len(p["items"].([]any)) != len(big) {
		t.Errorf("a large call was answered %d", status)
	}
}

func TestWhenANodeLeavesTheOtherTakesOver(t *testing.T) {
	owner, other := twoNodes(t)
	owner.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	at := owner.speakers("acme", 7)
	owner.server.close()
	deadline := time.Now().Add(20 * time.Second)
	for {
		status, p := other.send("POST", "/v1/check", `{"account":"acme","feature":"speakers"}`, "Headroom-Position", at)
		if status == http.StatusOK {
			if p["usage"] != 7.0 || p["stale"] != false {
				t.Fatalf("the node that took over says %v", p)
			}
			break
		}
		if status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			t.Fatalf("it answers %d %v", status, p)
		}
		time.Sleep(50 * time.Millisecond)
	}
	owner.open() // back as a node without partitions
	if got := owner.check("acme", "speakers", owner.speakers("acme", 1)); *got.Usage != 8 {
		t.Fatalf("the node that came back says %+v", got)
	}
}

func TestANodeWithALogOfItsOwnIsRefused(t *testing.T) {
	owner, _ := twoNodes(t)
	opts := owner.opts
	opts.data, opts.nats = t.TempDir(), ""
	s, err := start(t.Context(), opts)
	if err == nil {
		s.close()
		t.Fatal("it takes events that nobody will ever count")
	}
	if code := fault.CodeOf(err); code != "log_missing" {
		t.Fatalf("it was refused with %v", err)
	}
}
