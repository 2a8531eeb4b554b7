package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// The stream of entitlements as an SDK meets it: a real server, over HTTP.

// Told is one event of a stream.
type Told struct {
	Name, ID string
	Account  string
	Catalog  string
	Position string
	Items    []checkedItem
	Removed  []string
}

type checkedItem struct {
	checked
	Feature string
	Message string
	Content struct{ Title, Benefit string }
}

// Of returns the item of a feature, which must be in the event.
func (e Told) Of(t *testing.T, feature string) checkedItem {
	t.Helper()
	for _, it := range e.Items {
		if it.Feature == feature {
			return it
		}
	}
	t.Fatalf("%s of %s says nothing of %s: %+v", e.Name, e.Account, feature, e)
	return checkedItem{}
}

// features lists what an event is about.
func (e Told) features() (keys []string) {
	for _, it := range e.Items {
		keys = append(keys, it.Feature)
	}
	return keys
}

// Ears hear a stream.
type Ears struct {
	t      *testing.T
	events chan Told // closed when the stream ends
	Status int
	Code   string // of the problem
	Leave  func()
}

// Listen opens a stream; headers are name and value in turns.
func Listen(t *testing.T, url, key string, headers ...string) *Ears {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	e := &Ears{t: t, events: make(chan Told), Status: resp.StatusCode, Leave: cancel}
	if e.Status != http.StatusOK {
		var p struct{ Code string }
		_ = json.NewDecoder(resp.Body).Decode(&p)
		_ = resp.Body.Close()
		e.Code = p.Code
		return e
	}
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("the stream is %q", got)
	}
	go func() {
		defer close(e.events)
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 16<<20)
		var ev Told
		for lines.Scan() {
			line := lines.Text()
			switch name, value, _ := strings.Cut(line, ": "); name {
			case "id":
				ev.ID = value
			case "event":
				ev.Name = value
			case "data":
				if err := json.Unmarshal([]byte(value), &ev); err != nil {
					t.Errorf("%s: %v", value, err)
				}
			}
			if line != "" || ev.Name == "" {
				continue
			}
			select {
			case e.events <- ev:
			case <-ctx.Done():
				return
			}
			ev = Told{}
		}
	}()
	return e
}

// Next returns the next event.
func (e *Ears) Next() Told {
	e.t.Helper()
	if e.Status != http.StatusOK {
		e.t.Fatalf("instead of a stream it answers %d %s", e.Status, e.Code)
	}
	select {
	case ev, ok := <-e.events:
		if !ok {
			e.t.Fatal("the stream ended")
		}
		return ev
	case <-time.After(30 * time.Second):
		e.t.Fatal("the stream says nothing")
	}
	return Told{}
}

// Ended waits for the end of the stream and returns the id to come back with.
func (e *Ears) Ended() (last string) {
	e.t.Helper()
	for deadline := time.After(30 * time.Second); ; {
		select {
		case ev, ok := <-e.events:
			if !ok {
				return last
			}
			last = ev.ID
		case <-deadline:
			e.t.Fatal("the stream does not end")
		}
	}
}

// Until returns the first event for which f holds.
func (e *Ears) Until(f func(Told) bool) Told {
	e.t.Helper()
	for {
		if ev := e.Next(); f(ev) {
			return ev
		}
	}
}

func (c *company) listen(account string, headers ...string) *Ears {
	c.t.Helper()
	return Listen(c.t, c.base+"/v1/accounts/"+account+"/entitlements/stream", c.key, headers...)
}

func (c *company) listenAll(accounts []string, headers ...string) *Ears {
	c.t.Helper()
	return Listen(c.t, c.base+"/v1/entitlements/stream?account="+strings.Join(accounts, "&account="), c.key, headers...)
}

func TestTheStreamTellsAWholeSetFirstAndThenWhatChanged(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	e := c.listen("acme")
	first := e.Next()
	var listed struct{ Items []checkedItem }
	c.must("GET", "/v1/accounts/acme/entitlements", nil, &listed)
	if first.Name != "entitlements" || first.Account != "acme" || first.ID == "" || first.Catalog == "" || len(first.Items) != len(listed.Items) {
		t.Fatalf("the first event is %+v, want all of %+v", first, listed)
	}

	at := c.speakers("acme", 3)
	ev := e.Until(func(ev Told) bool { return *ev.Of(t, "speakers").Usage == 3 })
	if ev.Name != "change" || !slices.Equal(ev.features(), []string{"speakers"}) || *ev.Of(t, "speakers").Remaining != 7 || ev.Of(t, "speakers").Content.Title != "Speakers" {
		t.Errorf("after three speakers it tells %+v", ev)
	}
	c.check("acme", "speakers", ev.Position) // a position like any other
	if at == "" {
		t.Error("events carry no position")
	}

	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro"}, nil)
	if ev := e.Next(); !slices.Equal(ev.features(), []string{"emails", "exports", "recordings", "speakers"}) || *ev.Of(t, "speakers").Limit != 50 || !ev.Of(t, "recordings").Allowed {
		t.Errorf("after the upgrade it tells %+v", ev)
	}
	c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 2}, nil, "Idempotency-Key", "k")
	if ev := e.Next(); !slices.Equal(ev.features(), []string{"exports"}) || *ev.Of(t, "exports").Usage != 2 {
		t.Errorf("after a consume it tells %+v", ev)
	}
}

func TestAReaderThatComesBackHearsOnlyWhatItMissed(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	accounts := []string{"acme", "beta"}
	for _, more := range []int{0, 100} { // with a hash for each account, and with one for several
		for i := range more {
			accounts = append(accounts, fmt.Sprintf("other-%03d", i))
		}
		whole := func(e *Ears) (id string) {
			for range accounts {
				ev := e.Next()
				if ev.Name != "entitlements" {
					t.Fatalf("a new reader hears %+v", ev)
				}
				id = ev.ID
			}
			return id
		}
		e := c.listenAll(accounts)
		id := whole(e)
		e.Leave()

		e = c.listenAll(accounts, "Last-Event-ID", id)
		c.speakers("beta", 1)
		ev := e.Next()
		if ev.Name != "change" || ev.Account != "beta" {
			t.Fatalf("nothing changed while it was away, and it hears %s of %s", ev.Name, ev.Account)
		}
		e.Leave()

		at := c.speakers("beta", 1)
		e = c.listenAll(accounts, "Last-Event-ID", ev.ID, "Headroom-Position", at)
		again := e.Until(func(ev Told) bool { return ev.Account == "beta" })
		usage := *again.Of(t, "speakers").Usage
		if again.Name != "entitlements" || usage != *ev.Of(t, "speakers").Usage+1 {
			t.Errorf("beta changed while it was away, and it hears %+v", again)
		}
		c.speakers("acme", 1)
		acme := e.Until(func(ev Told) bool { return ev.Account == "acme" })
		if acme.Name != "change" {
			t.Errorf("acme did not change meanwhile, and it hears %s", acme.Name)
		}
		e.Leave()

		for name, id := range map[string]string{"an id of nobody": "nonsense", "an id of another list": strings.Split(id, ".")[0] + ".AAAAAAAA",
			"an id of another log": "0123456789abcdef-12." + strings.Split(id, ".")[1], "an id from the future": strings.Split(id, "-")[0] + "-99999999." + strings.Split(id, ".")[1]} {
			e = c.listenAll(accounts, "Last-Event-ID", id)
			t.Log(name)
			whole(e)
			e.Leave()
		}
	}
	e := c.listen("acme")
	id := e.Next().ID
	e.Leave()
	e = c.listen("acme", "Last-Event-ID", id)
	c.restart()
	e.Ended()
	e = c.listen("acme", "Last-Event-ID", id)
	at := c.speakers("acme", 1)
	ev := e.Next()
	if ev.Name != "change" || ev.Of(t, "speakers").Usage == nil {
		t.Errorf("after a restart of the server it hears %+v (%s)", ev, at)
	}
}

func TestAStreamOfSeveralAccountsTellsOfThemAndNobodyElse(t *testing.T) {
	c := newCompany(t, "")
	e := c.listenAll([]string{"acme", "beta", "acme"})
	for _, want := range []string{"acme", "beta"} {
		ev := e.Next()
		if ev.Account != want || ev.Name != "entitlements" || ev.Of(t, "speakers").Allowed || ev.Of(t, "speakers").Reason != "no_subscription" {
			t.Fatalf("of %s, which nobody knows, it tells %+v", want, ev)
		}
	}
	c.speakers("other", 1)
	c.must("PUT", "/v1/accounts/beta/subscription", map[string]any{"plan": "starter"}, nil)
	if ev := e.Next(); ev.Account != "beta" || ev.Name != "change" || !ev.Of(t, "speakers").Allowed {
		t.Errorf("after beta subscribed it tells %+v", ev)
	}
}

func TestAnotherCatalogSendsWholeSets(t *testing.T) {
	c := newCompany(t, "")
	e := c.listenAll([]string{"acme", "beta"}, "Accept-Language", "de")
	e.Next()
	was := e.Next()
	c.must("PUT", "/v1/catalog", []byte(strings.Replace(apiCatalog, "title: Speakers", "title: Voices", 1)), nil)
	for range 2 {
		ev := e.Next()
		if ev.Name != "entitlements" || ev.Catalog == was.Catalog || len(ev.Items) != 4 || ev.Of(t, "speakers").Content.Title != "Voices" {
			t.Errorf("after another catalog it tells %+v", ev)
		}
	}
}

func TestTimeReachesTheStream(t *testing.T) {
	c := newCompany(t, "2026-01-10T00:00:00Z")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 2}, nil, "Idempotency-Key", "k")
	c.must("PUT", "/v1/accounts/tries/subscription", map[string]any{"plan": "pro", "trial_ends_at": "2026-01-20T00:00:00Z"}, nil)
	e := c.listenAll([]string{"acme", "tries"})
	if ev := e.Next(); *ev.Of(t, "exports").Usage != 2 {
		t.Fatalf("it begins with %+v", ev)
	}
	if ev := e.Next(); !ev.Of(t, "recordings").Allowed {
		t.Fatalf("it begins with %+v", ev)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"to": "2026-01-25T00:00:00Z"}, nil)
	if ev := e.Next(); ev.Account != "tries" || ev.Of(t, "recordings").Reason != "trial_expired" {
		t.Errorf("when the trial is over it tells %+v", ev)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"to": "2026-02-12T00:00:00Z"}, nil)
	if ev := e.Next(); ev.Account != "acme" || *ev.Of(t, "exports").Usage != 0 || *ev.Of(t, "exports").Remaining != 5 {
		t.Errorf("in another period it tells %+v", ev)
	}
}

func TestASlowReaderHearsTheLatestAndHoldsNobodyBack(t *testing.T) {
	c := newCompany(t, "")
	features := "features:\n"
	for i := range 12 {
		features += fmt.Sprintf("  talks_%d: {title: Talks, kind: boolean, benefit: %q}\n", i, strings.Repeat("Sell every talk. ", 110))
	}
	c.must("PUT", "/v1/catalog", []byte(strings.Replace(apiCatalog, "features:\n", features, 1)), nil)
	c.must("PUT", "/v1/accounts/zeta/subscription", map[string]any{"plan": "scale"}, nil)
	accounts := []string{"zeta"} // the last of a thousand, each with 20 KB to read
	for i := range 999 {
		accounts = append(accounts, fmt.Sprintf("a-%03d", i))
	}
	slow, quick := c.listenAll(accounts), c.listen("zeta")
	quick.Next()
	const times = 30
	for i := range times {
		c.speakers("zeta", 1)
		quick.Until(func(ev Told) bool { return *ev.Of(t, "speakers").Usage == float64(i+1) })
	}
	heard := 0
	slow.Until(func(ev Told) bool {
		if ev.Account == "zeta" {
			heard++
		}
		return ev.Account == "zeta" && *ev.Of(t, "speakers").Usage == times
	})
	if heard > 2 {
		t.Errorf("a reader that read nothing for %d changes heard of %d", times, heard)
	}
}

func TestWhoMayListenToWhat(t *testing.T) {
	c := newCompany(t, "")
	var key struct {
		ID, Secret    string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web"}, &key)
	token, err := access.SignUserToken(key.SigningSecret, access.User{ID: "u1", Account: "acme", Role: access.RoleMember}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprint("account=a", i)
	}
	browser := []string{"Authorization", "Bearer " + key.Secret, access.UserTokenHeader, token}
	for _, x := range []struct {
		name, path string
		headers    []string
		status     int
		code       string
	}{
		{"a secret key, any account", "/v1/accounts/beta/entitlements/stream", nil, 200, ""},
		{"a browser, its account", "/v1/accounts/acme/entitlements/stream", browser, 200, ""},
		{"a browser, its account without a name", "/v1/entitlements/stream", browser, 200, ""},
		{"a browser, another account", "/v1/accounts/beta/entitlements/stream", browser, 403, "account_denied"},
		{"a browser, another account among others", "/v1/entitlements/stream?account=acme&account=beta", browser, 403, "account_denied"},
		{"no key that is known", "/v1/accounts/acme/entitlements/stream", []string{"Authorization", "Bearer hr_sk_nobody"}, 401, "key_unknown"},
		{"no account", "/v1/entitlements/stream", nil, 422, "account_missing"},
		{"too many accounts", "/v1/entitlements/stream?" + strings.Join(many, "&"), nil, 413, "accounts_too_many"},
		{"a mistyped parameter", "/v1/entitlements/stream?acount=acme", nil, 422, "unknown_parameter"},
		{"a position of another log", "/v1/accounts/acme/entitlements/stream", []string{"Headroom-Position", "x-1"}, 422, "position_unknown"},
	} {
		t.Run(x.name, func(t *testing.T) {
			e := Listen(t, c.base+x.path, c.key, x.headers...)
			if e.Status != x.status || e.Code != x.code {
				t.Fatalf("it answers %d %s, want %d %s", e.Status, e.Code, x.status, x.code)
			}
			if e.Status == http.StatusOK {
				if ev := e.Next(); ev.Name != "entitlements" {
					t.Errorf("it hears %+v", ev)
				}
			}
		})
	}
}

func TestAStreamHearsOfAccountsOfSeveralNodes(t *testing.T) {
	owner, other := twoNodes(t)
	accounts := make([]string, 12)
	for i := range accounts {
		accounts[i] = fmt.Sprintf("acme-%02d", i)
	}
	one := other.listen("acme-03")
	if ev := one.Next(); ev.Account != "acme-03" || ev.Name != "entitlements" {
		t.Fatalf("the wrong node tells %+v", ev)
	}
	// What one node gives up, either may take: until both have something.
	owners := func() (n map[string]int) {
		n = make(map[string]int)
		leases, err := owner.server.store.Partitions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range leases {
			n[l.Owner]++
		}
		return n
	}
	for deadline := time.Now().Add(60 * time.Second); len(owners()) != 2 || owners()[""] > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("one node keeps everything")
		}
		leases, err := owner.server.store.Partitions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(owners()) == 1 {
			if err := owner.server.store.Release(t.Context(), leases[0].Partition, leases[0].Epoch); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := owner.listenAll(accounts)
	seen := make(map[string]bool)
	for len(seen) < len(accounts) {
		ev := e.Next()
		if ev.Name != "entitlements" || seen[ev.Account] {
			t.Fatalf("it hears %s of %s", ev.Name, ev.Account)
		}
		seen[ev.Account] = true
	}
	var last Told
	for _, account := range accounts {
		owner.speakers(account, 1)
		last = e.Until(func(ev Told) bool { return ev.Account == account })
		if last.Name != "change" || *last.Of(t, "speakers").Usage != 1 {
			t.Errorf("after an event it hears %+v", last)
		}
	}
	other.server.close() // the one that is listened to takes over
	for _, account := range accounts {
		owner.speakers(account, 1)
		ev := e.Until(func(ev Told) bool { return ev.Account == account })
		if ev.Name != "change" || *ev.Of(t, "speakers").Usage != 2 {
			t.Errorf("after a node left it hears %+v", ev)
		}
	}
	other.open()
}

func TestTheStreamTellsOfPoolsGrantsAndLanguages(t *testing.T) {
	c := newCompany(t, "2026-01-10T00:00:00Z")
	catalog := strings.Replace(apiCatalog, "exports:    {title: Exports, kind: metered, meter: exports}",
		"exports:    {title: Exports, kind: metered, meter: exports, pooled: true, locked: hidden, translations: {de: {title: Ausfuhren}}}", 1)
	c.must("PUT", "/v1/catalog", []byte(catalog), nil)
	c.must("PUT", "/v1/accounts/parent/subscription", map[string]any{"plan": "starter"}, nil)
	c.must("PUT", "/v1/accounts/child", map[string]any{"parent": "parent"}, nil)
	e := Listen(t, c.base+"/v1/accounts/child/entitlements/stream?lang=de-AT", c.key)
	first := e.Next().Of(t, "exports")
	if !first.Allowed || *first.Remaining != 5 || first.Content.Title != "Ausfuhren" {
		t.Fatalf("of its parent's pool the child hears %+v", first)
	}
	c.must("POST", "/v1/consume", map[string]any{"account": "parent", "feature": "exports", "quantity": 2}, nil, "Idempotency-Key", "k")
	if got := e.Next().Of(t, "exports"); *got.Remaining != 3 {
		t.Errorf("after the parent took two the child hears %+v", got)
	}
	c.must("POST", "/v1/accounts/parent/grants", map[string]any{"feature": "exports", "quantity": 4, "for": "24h"}, nil, "Idempotency-Key", "g")
	if got := e.Until(func(ev Told) bool { return *ev.Of(t, "exports").Remaining != 3 }).Of(t, "exports"); *got.Remaining != 7 {
		t.Errorf("after a grant to the parent the child hears %+v", got)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "25h"}, nil)
	if got := e.Next().Of(t, "exports"); *got.Remaining != 3 {
		t.Errorf("when the grant is over the child hears %+v", got)
	}

	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web"}, &key)
	token, err := access.SignUserToken(key.SigningSecret, access.User{ID: "u1", Account: "alone", Role: access.RoleMember}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	browser := c.listen("alone", "Authorization", "Bearer "+key.Secret, access.UserTokenHeader, token)
	if ev := browser.Next(); slices.Contains(ev.features(), "exports") || len(ev.Items) != 3 {
		t.Errorf("a browser hears of what is hidden: %+v", ev)
	}
	c.must("PUT", "/v1/accounts/alone/subscription", map[string]any{"plan": "starter"}, nil)
	if ev := browser.Until(func(ev Told) bool { return ev.Of(t, "exports").Allowed }); ev.Name != "change" {
		t.Errorf("once it is unlocked the browser hears %+v", ev)
	}
	c.must("DELETE", "/v1/accounts/alone/subscription", nil, nil)
	if ev := browser.Next(); !slices.Equal(ev.Removed, []string{"exports"}) {
		t.Errorf("once it is locked again the browser hears %+v", ev)
	}
}
