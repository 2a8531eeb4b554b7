package main_test

import (
	"bytes"
	"net/http"
	"testing"

	program "github.com/headroomhq/headroom/cmd/headroom"
)

func TestAKilledServerGoesOnTellingWhereItsReadersAre(t *testing.T) {
	n := newNode(t, t.TempDir())
	n.start()
	defer n.kill()
	n.ready()
	call := func(method, path, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+killKey)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", body)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s was answered %s", method, path, resp.Status)
		}
	}
	call("PUT", "/v1/catalog", `{"version":1,"currency":"USD","meters":{"exports":{"fed_by":"consume"}},"features":{"exports":{"title":"Exports","kind":"metered","meter":"exports"}},`+
		`"plans":{"base":{"title":"Base","price":{"month":"10"},"entitlements":{"exports":{"limit":5,"per":"month"}}}}}`)
	call("PUT", "/v1/accounts/acme/subscription", `{"plan":"base"}`)
	listen := func(id string) *program.Ears {
		t.Helper()
		return program.Listen(t, n.url+"/v1/entitlements/stream?account=acme&account=beta", killKey, "Last-Event-ID", id)
	}
	e := listen("")
	e.Next()
	e.Next()
	call("POST", "/v1/consume", `{"account":"acme","feature":"exports","quantity":1}`)
	ev := e.Next()
	if ev.Name != "change" || *ev.Of(t, "exports").Usage != 1 {
		t.Fatalf("it hears %+v", ev)
	}
	n.kill()
	e.Ended()
	n.start()
	n.ready()
	e = listen(ev.ID)
	call("POST", "/v1/consume", `{"account":"acme","feature":"exports","quantity":2}`)
	if ev := e.Next(); ev.Name != "change" || *ev.Of(t, "exports").Usage != 3 {
		t.Errorf("after a kill it hears %+v", ev)
	}
	n.stop()
	e.Ended()
}
