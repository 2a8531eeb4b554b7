package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The load: what customers' products do to a server, and how clients behave that get no answer.

const killCatalog = `
version: 1
currency: USD
meters:
  steps:   {event: step.done, aggregate: count}
  weights: {event: step.done, aggregate: sum, property: weight}
  exports: {fed_by: consume}
features:
  steps:   {title: Steps, kind: metered, meter: steps}
  weights: {title: Weights, kind: metered, meter: weights}
  exports: {title: Exports, kind: metered, meter: exports}
plans:
  base: {title: Base, family: core, price: {month: "49"}, entitlements: {steps: unlimited, weights: unlimited, exports: {limit: 150, per: lifetime}}}
  plus: {title: Plus, family: core, above: base, price: {month: "79"}, entitlements: {steps: unlimited, weights: unlimited, exports: {limit: 220, per: lifetime}}}
`

const (
	killKey      = "hr_sk_kill_test"
	killAccounts = 5
	killClients  = 6
)

// caller sends requests and hears answers.
type caller struct {
	http http.Client
}

func newCaller() *caller {
	return &caller{http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2}}}
}

// answer is what came back: status 0 when nobody answered.
type answer struct {
	status int
	body   []byte
}

// settles says whether the answer is one that needs no repetition.
func (a answer) settles() bool {
	return a.status != 0 && a.status < 500 && a.status != http.StatusTooManyRequests
}

// send makes one request. The body is JSON, or bytes as they are.
func (c *caller) send(method, url string, body any, headers ...string) answer {
	text, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			panic(err)
		}
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer "+killKey)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}
	}
	return answer{resp.StatusCode, got}
}

// post sends once; ok is false when nobody answered or the answer invites a repetition.
func post(url, path, key string, body any, out any) (status int, ok bool) {
	c := newCaller()
	defer c.http.CloseIdleConnections()
	a := c.send("POST", url+path, body, "Idempotency-Key", key)
	if a.settles() && a.status >= 400 {
		panic(fmt.Sprintf("%s answered %d: %s", path, a.status, a.body))
	}
	if a.settles() && out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			panic(fmt.Sprintf("%s: %v: %s", path, err, a.body))
		}
	}
	return a.status, a.settles()
}

// client is one of those that send. What it does as its n-th deed depends on the seed and n
// only, however the deeds before it went.
type client struct {
	h        *history
	id       int
	seed     uint64
	round    int
	accounts []string
	urls     []string
	stop     *atomic.Bool // begin nothing more
	abort    *atomic.Bool // give up what is under way too
	calls    *caller
}

func (c *client) run() {
	defer c.calls.http.CloseIdleConnections()
	for n := 0; !c.stop.Load(); n++ {
		rng := rand.New(rand.NewPCG(c.seed, uint64(c.round)<<40|uint64(c.id)<<32|uint64(n)))
		time.Sleep(time.Duration(rng.IntN(4)) * time.Millisecond) // it also has other things to do
		account := c.accounts[rng.IntN(len(c.accounts))]
		name := fmt.Sprintf("%d-%d-%d", c.round, c.id, n)
		tries := 0 // until somebody answers
		if rng.IntN(8) == 0 {
			tries = 1 + rng.IntN(2) // or it gives up
		}
		switch kind := rng.IntN(100); {
		case kind < 25:
			c.consume(rng, account, name, tries)
		case kind < 35:
			c.read(rng, account)
		case kind < 37:
			c.change(rng, name)
		default:
			c.events(rng, account, name, tries)
		}
	}
}

// until sends until somebody answers, to one server after the other, at most so many times
// when tries is not 0.
func (c *client) until(tries int, method, path string, body any, headers ...string) answer {
	for try := 0; ; try++ {
		a := c.calls.send(method, c.urls[(c.id+try)%len(c.urls)]+path, body, headers...)
		if a.settles() {
			c.h.mu.Lock()
			c.h.answered++
			if a.status >= 400 {
				c.h.complain("%s %s was answered %d: %s", method, path, a.status, a.body)
			}
			c.h.mu.Unlock()
			return a
		}
		if tries > 0 && try+1 >= tries || c.abort.Load() {
			return answer{}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// anID makes an id of one of the forms customers use.
func anID(rng *rand.Rand, name string) string {
	a, b := rng.Uint64(), rng.Uint64()
	at := uint64(1_790_000_000_000) + rng.Uint64N(1<<30) // ms
	hex := func(a, b uint64) string {
		s := fmt.Sprintf("%016x%016x", a, b)
		return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
	}
	switch rng.IntN(4) {
	case 0:
		return hex(a&^0xf000|0x4000, b&^(3<<62)|1<<63) // UUIDv4
	case 1:
		return hex(at<<16|0x7000|a&0xfff, b&^(3<<62)|1<<63) // UUIDv7
	case 2:
		const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
		var s strings.Builder
		for i := 45; i >= 0; i -= 5 {
			s.WriteByte(letters[at>>i&31])
		}
		for range 16 {
			s.WriteByte(letters[rng.IntN(32)])
		}
		return s.String() // ULID
	default:
		return "Schritt " + name + "/" + strconv.Itoa(int(a%10)) + " ✓ of the \"customer's\" own"
	}
}

// events sends one event or several, and now and then again.
func (c *client) events(rng *rand.Rand, account, name string, tries int) {
	size := 1
	if rng.IntN(3) > 0 {
		size += rng.IntN(20)
	}
	batch := make([]*sent, size)
	for i := range batch {
		batch[i] = &sent{id: anID(rng, fmt.Sprintf("%s-%d", name, i)), weight: 1 + rng.Int64N(1_000_000)}
		if rng.IntN(10) == 0 { // it happened days ago
			batch[i].time = time.Now().Add(-48*time.Hour - time.Duration(rng.IntN(18*24))*time.Hour).UTC().Format(time.RFC3339)
		}
	}
	d := c.h.accounts[account]
	c.h.mu.Lock()
	for _, e := range batch {
		d.events = append(d.events, e)
		d.tried.add(e.weight)
	}
	c.h.mu.Unlock()
	c.deliver(tries, account, batch)
	switch rng.IntN(6) {
	case 0: // all of it again, by a client that missed the answer
		c.again(account, batch)
	case 1: // one of them
		c.again(account, batch[:1])
	}
}

// again sends events a second time, on a connection of their own.
func (c *client) again(account string, batch []*sent) {
	other := *c
	other.calls, other.id = newCaller(), c.id+1
	defer other.calls.http.CloseIdleConnections()
	other.deliver(1, account, batch)
}

// deliver sends events and notes the acknowledgement.
func (c *client) deliver(tries int, account string, batch []*sent) {
	var body any
	headers := []string{}
	switch {
	case len(batch) > 1:
		var list []map[string]any
		for _, e := range batch {
			list = append(list, e.cloudEvent(account))
		}
		body = list
	case batch[0].weight%2 == 0:
		body = batch[0].cloudEvent(account)
	default: // binary mode
		e := batch[0]
		body = []byte(fmt.Sprintf(`{"weight":%d}`, e.weight))
		headers = append(headers, "ce-specversion", "1.0", "ce-id", percent(e.id), "ce-source", "torture", "ce-type", "step.done", "ce-subject", account, "ce-time", e.time)
	}
	a := c.until(tries, "POST", "/v1/events", body, headers...)
	if a.status == 0 {
		return
	}
	var ack struct {
		Accepted, Duplicates int
		Rejected             []json.RawMessage
		Position             string
	}
	err := json.Unmarshal(a.body, &ack)
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	if err != nil || ack.Accepted+ack.Duplicates != len(batch) {
		c.h.complain("%s: %d events were answered %d %s", account, len(batch), a.status, a.body)
		return
	}
	d := c.h.accounts[account]
	for _, e := range batch {
		if !e.acked {
			e.acked = true
			d.acked.add(e.weight)
		}
	}
	c.h.reached(account, ack.Position)
}

// reached notes the position of an acknowledgement.
func (h *history) reached(account, token string) {
	d := h.accounts[account]
	at, err := strconv.ParseUint(token[strings.LastIndexByte(token, '-')+1:], 10, 64)
	if err != nil {
		h.complain("%s: the position %q cannot be read", account, token)
		return
	}
	if at > d.at {
		d.at, d.token = at, token
	}
	if at%16 == 0 || len(d.seen) == 0 {
		d.seen = append(d.seen, token)
	}
}

// percent writes an id as the HTTP binding of CloudEvents has it.
func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (e *sent) cloudEvent(account string) map[string]any {
	m := map[string]any{"specversion": "1.0", "id": e.id, "source": "torture", "type": "step.done", "subject": account,
		"data": map[string]any{"weight": e.weight, "user": "somebody"}}
	if e.time != "" {
		m["time"] = e.time
	}
	return m
}

// consume takes from the hard limit, and now and then asks the same again.
func (c *client) consume(rng *rand.Rand, account, name string, tries int) {
	b := &bought{key: "consume " + name, quantity: 1 + rng.Int64N(7)}
	c.h.mu.Lock()
	c.h.accounts[account].consumes = append(c.h.accounts[account].consumes, b)
	c.h.mu.Unlock()
	c.buy(tries, account, b)
	if rng.IntN(4) == 0 {
		c.buy(1, account, b)
	}
}

func (c *client) buy(tries int, account string, b *bought) {
	a := c.until(tries, "POST", "/v1/consume", map[string]any{"account": account, "feature": "exports", "quantity": b.quantity}, "Idempotency-Key", b.key)
	if a.status != http.StatusOK {
		return
	}
	var heard consumed
	err := json.Unmarshal(a.body, &heard)
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	if err != nil {
		c.h.complain("%s: consume was answered %s", account, a.body)
		return
	}
	c.h.consume(account, b, heard)
}

// read looks at what is counted, and must see what was acknowledged before.
func (c *client) read(rng *rand.Rand, account string) {
	c.h.mu.Lock()
	d := c.h.accounts[account]
	least, token := d.acked, d.token
	c.h.mu.Unlock()
	got, ok := c.usages(1+rng.IntN(2), account, token)
	if !ok {
		return
	}
	c.h.mu.Lock()
	c.h.read(account, least, got)
	c.h.mu.Unlock()
}

// usages reads count and weight of an account's events in one call.
func (c *client) usages(tries int, account, token string) (tally, bool) {
	a := c.until(tries, "POST", "/v1/check/bulk", map[string]any{"account": account, "features": []string{"steps", "weights"}}, "Headroom-Position", token)
	if a.status != http.StatusOK {
		return tally{}, false
	}
	var items struct{ Items []struct{ Usage float64 } }
	if err := json.Unmarshal(a.body, &items); err != nil || len(items.Items) != 2 {
		c.h.mu.Lock()
		c.h.complain("%s: a read was answered %s", account, a.body)
		c.h.mu.Unlock()
		return tally{}, false
	}
	return tally{int64(items.Items[0].Usage), int64(items.Items[1].Usage)}, true
}

// change puts an account on another plan: each client has accounts of its own for that, so
// that the changes of one account are in order.
func (c *client) change(rng *rand.Rand, name string) {
	if c.id >= len(c.accounts) {
		return
	}
	account := c.accounts[c.id]
	plan := []string{"base", "plus"}[rng.IntN(2)]
	c.subscribe(account, plan, "plan "+name)
}

// subscribe notes the plan before it is asked for: the server may have it before we hear so.
func (c *client) subscribe(account, plan, key string) {
	c.h.mu.Lock()
	d := c.h.accounts[account]
	d.plans = append(d.plans, plan)
	c.h.mu.Unlock()
	c.until(0, "PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": plan}, "Idempotency-Key", key)
}

func setUp(t *testing.T, url string) {
	setCatalog(t, url, killCatalog)
	for i := range killAccounts {
		put(t, fmt.Sprintf("%s/v1/accounts/account-%d/subscription", url, i), `{"plan":"base"}`)
	}
}

func setCatalog(t *testing.T, url, text string) { put(t, url+"/v1/catalog", text) }

func put(t *testing.T, url, body string) {
	t.Helper()
	c := newCaller()
	defer c.http.CloseIdleConnections()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		a := c.send("PUT", url, []byte(body))
		if a.status >= 200 && a.status < 300 {
			return
		}
		if a.settles() || time.Now().After(deadline) {
			t.Fatalf("PUT %s answered %d: %s", url, a.status, a.body)
		}
	}
}
