package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// The server as its users meet it: a real one, over HTTP, on SQLite and the embedded log.

const apiCatalog = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  emails:   {event: email.sent, aggregate: sum, property: count}
  exports:  {fed_by: consume}
features:
  recordings: {title: Talk recordings, benefit: "Sell every talk after the day", kind: boolean}
  speakers:   {title: Speakers, kind: metered, meter: speakers}
  emails:     {title: Emails, kind: metered, meter: emails}
  exports:    {title: Exports, kind: metered, meter: exports}
plans:
  starter: {title: Starter, family: core, price: {month: "49", year: "490"},
            entitlements: {speakers: 10, recordings: false, emails: {limit: 1000, per: month}, exports: {limit: 5, per: month}}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, trial: 14d,
            entitlements: {speakers: 50, recordings: true, emails: {limit: 20000, per: month}, exports: unlimited}}
  scale:   {title: Scale, family: core, above: pro, price: {month: "2999"},
            entitlements: {speakers: unlimited, recordings: true, emails: unlimited, exports: unlimited}}
signals:
  speakers_nearly_full: {when: {limit: speakers, reaches: 80%}, type: upsell}
  wants_recordings:     {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
  many_emails:          {when: {limit: emails, reaches: 90%}, type: upsell}
  trial_ending:         {when: {trial_ends_in: 3d}, type: new_logo}
offers:
  pro_for_speakers: {on: [speakers_nearly_full, wants_recordings], give: {plan: pro}, at: [speakers.add, recordings.open], kind: contextual,
                     contact: {cooldown: 14d, at_most: 3 per 90d}, content: {title: "Room for {limit_next} speakers", body: "You have used {usage} of {limit}.", action: Upgrade}}
  scale_for_emails: {on: [many_emails], give: {plan: scale}, at: [billing.page], kind: contextual, content: {title: More emails, body: "{usage} of {limit}", action: Talk to us}}
routing:
  - {when: "amount >= 25000", to: account_executive, play: demo}
  - {to: self_service}
`

// company is a running server with its catalog.
type company struct {
	t *testing.T
	*client
	server *server
	data   string
	opts   serverOptions
	page   struct { // the publishable key, see pageOf
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
}

func newCompany(t *testing.T, testClock string, change ...func(*serverOptions)) *company {
	c := &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 4, secretKey: "hr_sk_test_key", password: "correct horse battery",
		testClock: testClock, logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c.opts)
	}
	c.open()
	t.Cleanup(func() { c.server.close() })
	c.must("PUT", "/v1/catalog", []byte(apiCatalog), nil)
	return c
}

func (c *company) open() {
	s, err := start(context.Background(), c.opts)
	if err != nil {
		c.t.Fatal(err)
	}
	c.server, c.client = s, clientFor(s.url(), c.opts.secretKey)
}

func (c *company) restart() {
	c.server.close()
	c.open()
}

func (c *company) must(method, path string, body, out any, headers ...string) {
	c.t.Helper()
	if err := c.call(context.Background(), method, path, body, out, headers...); err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// refused calls and returns the problem's status and code.
func (c *company) send(method, path, body string, headers ...string) (int, map[string]any) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			c.t.Fatalf("%s %s answered %d with %q, which is not JSON", method, path, resp.StatusCode, text)
		}
	}
	return resp.StatusCode, out
}

type ingested struct {
	Accepted int
	Rejected []struct {
		Index  int
		Code   string
		Detail string
	}
	Position string
}

type checked struct {
	Allowed   bool
	Reason    string
	Usage     *float64
	Limit     *float64
	Remaining *float64
	Shortfall float64
	ResetsAt  string `json:"resets_at"`
	Position  string
}

func (c *company) speakers(account string, n int) string {
	c.t.Helper()
	var batch []string
	for i := range n {
		batch = append(batch, fmt.Sprintf(`{"specversion":"1.0","id":"%s-%d-%d","source":"app","type":"speaker.added","subject":"%s","data":{"user":"u1"}}`, account, time.Now().UnixNano(), i, account))
	}
	var got ingested
	c.must("POST", "/v1/events", json.RawMessage("["+strings.Join(batch, ",")+"]"), &got)
	if got.Accepted != n {
		c.t.Fatalf("%d of %d events were accepted: %+v", got.Accepted, n, got.Rejected)
	}
	return got.Position
}

func (c *company) check(account, feature, position string) checked {
	c.t.Helper()
	var got checked
	c.must("POST", "/v1/check", map[string]any{"account": account, "feature": feature, "user": "u1"}, &got, "Headroom-Position", position)
	return got
}

func TestTheLoopFromAnEventToTheLedger(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	at := c.speakers("acme", 8)
	if got := c.check("acme", "speakers", at); *got.Usage != 8 || *got.Remaining != 2 {
		t.Fatalf("after 8 speakers the check says %+v", got)
	}
	type decision struct {
		ID     string `json:"decision_id"`
		Status string
		Reason string
		Offer  struct{ Title, Body string }
	}
	var d decision
	c.must("POST", "/v1/decide", map[string]any{"account": "acme", "user": "u1", "role": "admin", "placement": "speakers.add", "feature": "speakers"}, &d)
	if d.Status != "show" || d.Offer.Title != "Room for 50 speakers" || d.Offer.Body != "You have used 8 of 10." {
		t.Fatalf("the decision is %+v", d)
	}
	if status, p := c.send("POST", "/v1/decisions/"+d.ID+"/outcomes", `{"type":"accepted"}`); status != 422 || p["code"] != "token_missing" {
		t.Fatalf("accepting without a token answered %d %v", status, p)
	}
	var quote struct {
		Now, Recurring struct{ Amount string }
		Token          string
	}
	c.must("POST", "/v1/subscriptions/preview", map[string]any{"account": "acme", "decision_id": d.ID}, &quote)
	if quote.Recurring.Amount != "149.00" {
		t.Fatalf("the preview says %+v", quote)
	}
	var accepted struct {
		Subscription struct{ Plan string }
		Check        checked
		Position     string
	}
	c.must("POST", "/v1/decisions/"+d.ID+"/outcomes", map[string]any{"type": "accepted", "token": quote.Token}, &accepted, "Idempotency-Key", "buy")
	if accepted.Subscription.Plan != "pro" || *accepted.Check.Limit != 50 {
		t.Fatalf("after acceptance: %+v", accepted)
	}
	if got := c.check("acme", "speakers", ""); *got.Limit != 50 {
		t.Fatalf("the very next check says %+v", got)
	}
	var moved struct {
		Items []struct{ New, Expansion, End string }
	}
	c.must("GET", "/v1/revenue/movements", nil, &moved, "Headroom-Position", accepted.Position)
	if n := len(moved.Items); n != 1 || moved.Items[0].End != "149.00" {
		t.Fatalf("movements are %+v", moved)
	}
	var ledger struct {
		Items []struct{ Movement, Type, Source, Ref, Note string }
	}
	c.must("GET", "/v1/revenue/ledger?account=acme", nil, &ledger, "Headroom-Position", accepted.Position)
	if l := ledger.Items[0]; l.Movement != "expansion" || l.Type != "upsell" || l.Source != "offer" || l.Ref != d.ID {
		t.Fatalf("the ledger line is %+v", l)
	}
	c.restart()
	if got := c.check("acme", "speakers", ""); *got.Limit != 50 || *got.Usage != 8 {
		t.Fatalf("after a restart the check says %+v", got)
	}
	var explained struct {
		Considered []struct {
			Offer  string
			Chosen bool
		}
		Outcomes []struct{ Type string }
	}
	c.must("GET", "/v1/decisions/"+d.ID+"/explain", nil, &explained)
	if len(explained.Considered) == 0 || !explained.Considered[0].Chosen || len(explained.Outcomes) != 1 {
		t.Fatalf("the explanation is %+v", explained)
	}
}

func TestTimePassesOnlyByTheTestClockAndPeriodsFollowTheAnchor(t *testing.T) {
	c := newCompany(t, "2026-01-31T09:00:00Z")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	send := func(id string, n int) string {
		var got ingested
		c.must("POST", "/v1/events", json.RawMessage(fmt.Sprintf(`{"specversion":"1.0","id":"%s","source":"app","type":"email.sent","subject":"acme","data":{"count":%d}}`, id, n)), &got)
		return got.Position
	}
	if got := c.check("acme", "emails", send("e1", 700)); *got.Usage != 700 || got.ResetsAt != "2026-02-28T09:00:00Z" {
		t.Fatalf("an anchor on the 31st resets on the last of February: %+v", got)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"to": "2026-02-28T09:00:00Z"}, nil)
	if got := c.check("acme", "emails", ""); *got.Usage != 0 || got.ResetsAt != "2026-03-31T09:00:00Z" {
		t.Fatalf("in the next period: %+v", got)
	}
	c.must("PUT", "/v1/accounts/bolt/subscription", map[string]any{"plan": "pro", "trial_ends_at": "2026-03-14T09:00:00Z"}, nil)
	if got := c.check("bolt", "recordings", ""); !got.Allowed {
		t.Fatalf("in the trial: %+v", got)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "12d"}, nil)
	var signals struct {
		Items []struct{ Key, Evidence string }
	}
	c.must("GET", "/v1/accounts/bolt/signals", nil, &signals, "Headroom-Position", c.check("bolt", "speakers", "").Position)
	if len(signals.Items) != 1 || signals.Items[0].Key != "trial_ending" || signals.Items[0].Evidence == "" {
		t.Fatalf("two days before the end of the trial the signals are %+v", signals)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "3d"}, nil)
	if got := c.check("bolt", "recordings", ""); got.Allowed || got.Reason != "trial_expired" {
		t.Fatalf("after the trial: %+v", got)
	}
	c.restart()
	var clock struct{ Now string }
	c.must("GET", "/v1/clock", nil, &clock)
	if clock.Now != "2026-03-15T09:00:00Z" {
		t.Fatalf("after a restart the test clock stands at %s", clock.Now)
	}
}

func TestALargeDealGoesToPeopleAndWinningItChangesTheSubscription(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	var got ingested
	c.must("POST", "/v1/events", json.RawMessage(`{"specversion":"1.0","id":"e1","source":"app","type":"email.sent","subject":"acme","data":{"count":950}}`), &got)
	var ops struct {
		Items []struct {
			ID, Type, Motion, Owner, Stage, Reason, Evidence string
			Amount                                           struct{ Amount string }
		}
	}
	c.must("GET", "/v1/opportunities", nil, &ops, "Headroom-Position", got.Position)
	if len(ops.Items) != 1 || ops.Items[0].Owner != "account_executive" || ops.Items[0].Motion != "sales" || ops.Items[0].Amount.Amount != "35400.00" {
		t.Fatalf("opportunities are %+v", ops)
	}
	var d struct{ Status, Reason string }
	c.must("POST", "/v1/decide", map[string]any{"account": "acme", "user": "u1", "placement": "billing.page"}, &d)
	if d.Status != "none" {
		t.Fatalf("what people work on is offered all the same: %+v", d)
	}
	id := ops.Items[0].ID
	if status, p := c.send("PATCH", "/v1/opportunities/"+id, `{"stage":"lost"}`); status != 422 {
		t.Fatalf("losing without a reason answered %d %v", status, p)
	}
	var won struct{ Stage, Position string }
	c.must("PATCH", "/v1/opportunities/"+id, map[string]any{"stage": "won"}, &won)
	var sub struct{ Plan string }
	c.must("GET", "/v1/accounts/acme/subscription", nil, &sub)
	if sub.Plan != "scale" {
		t.Fatalf("after winning, the plan is %q", sub.Plan)
	}
	var ledger struct {
		Items []struct{ Source, Ref, Motion string }
	}
	c.must("GET", "/v1/revenue/ledger?account=acme", nil, &ledger, "Headroom-Position", won.Position)
	if l := ledger.Items[0]; l.Source != "opportunity" || l.Ref != id || l.Motion != "sales" {
		t.Fatalf("the ledger line is %+v", l)
	}
}

func TestAMemberRequestsAndAnAdminApproves(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "web"}, &key)
	browser := func(user, role string) *company {
		token, err := access.SignUserToken(key.SigningSecret, access.User{ID: user, Account: "acme", Role: role}, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return &company{t: t, client: clientFor(c.base, key.Secret+"\x00"+token)}
	}
	as := func(b *company, method, path, body string) (int, map[string]any) {
		k, token, _ := strings.Cut(b.key, "\x00")
		return b.send(method, path, body, "Authorization", "Bearer "+k, access.UserTokenHeader, token, "Idempotency-Key", path)
	}
	member, admin := browser("mia", access.RoleMember), browser("ada", access.RoleAdmin)
	at := c.speakers("acme", 9)
	c.check("acme", "speakers", at)
	if status, p := as(member, "POST", "/v1/check", `{"account":"other","feature":"speakers"}`); status != 403 {
		t.Fatalf("a browser asking for another account heard %d %v", status, p)
	}
	status, d := as(member, "POST", "/v1/decide", `{"placement":"speakers.add","feature":"speakers"}`)
	offer, _ := d["offer"].(map[string]any)
	if status != 200 || offer == nil || offer["price"] != nil || offer["cta"].(map[string]any)["action"] != "request" || d["considered"] != nil {
		t.Fatalf("the member is shown %v", d)
	}
	decision := d["decision_id"].(string)
	if status, p := as(member, "POST", "/v1/subscriptions/preview", `{"decision_id":"`+decision+`"}`); status != 403 {
		t.Fatalf("a member saw the price: %d %v", status, p)
	}
	status, r := as(member, "POST", "/v1/decisions/"+decision+"/outcomes", `{"type":"requested","reason":"we have 12 talks"}`)
	if status != 200 || r["request_id"] == nil {
		t.Fatalf("the request answered %d %v", status, r)
	}
	request := r["request_id"].(string)
	if status, p := as(member, "POST", "/v1/requests/"+request+"/approve", `{}`); status != 403 {
		t.Fatalf("a member approved: %d %v", status, p)
	}
	status, quote := as(admin, "POST", "/v1/subscriptions/preview", `{"decision_id":"`+decision+`"}`)
	if status != 200 {
		t.Fatalf("the admin's preview answered %d %v", status, quote)
	}
	status, done := as(admin, "POST", "/v1/requests/"+request+"/approve", `{"token":"`+quote["token"].(string)+`"}`)
	if status != 200 || done["subscription"].(map[string]any)["plan"] != "pro" {
		t.Fatalf("the approval answered %d %v", status, done)
	}
	if got := c.check("acme", "speakers", ""); *got.Limit != 50 {
		t.Fatalf("the next check says %+v", got)
	}
}

func TestConsumeNeverPassesAHardLimitAndRetriesHearTheSame(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	type result struct {
		key     string
		allowed bool
	}
	results := make(chan result, 64)
	for i := range 64 {
		go func() {
			key := fmt.Sprint("key-", i)
			var got checked
			if err := c.call(context.Background(), "POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 1}, &got, "Idempotency-Key", key); err != nil {
				t.Error(err)
			}
			results <- result{key, got.Allowed}
		}()
	}
	said := map[string]bool{}
	allowed := 0
	for range 64 {
		r := <-results
		said[r.key] = r.allowed
		if r.allowed {
			allowed++
		}
	}
	if allowed != 5 {
		t.Fatalf("%d consumes were allowed of a limit of 5", allowed)
	}
	c.restart()
	for key, before := range said {
		var got checked
		c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 1}, &got, "Idempotency-Key", key)
		if got.Allowed != before {
			t.Fatalf("consume %s was answered %v, and after a restart %v", key, before, got.Allowed)
		}
	}
}

func TestBadInputIsRefusedInWordsAndHarmsNothing(t *testing.T) {
	c := newCompany(t, "")
	var subscribed struct{ Position string }
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, &subscribed)
	c.must("GET", "/v1/accounts", nil, nil, "Headroom-Position", subscribed.Position)
	good := `{"specversion":"1.0","id":"%s","source":"app","type":"speaker.added","subject":"acme"}`
	huge := `[` + strings.Repeat(`{"a":1},`, 1_000_000) + `{}]`
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{name: "malformed JSON", method: "POST", path: "/v1/events", body: `{"specversion":`, status: 400, code: "malformed_json"},
		{name: "a body of 20 MB", method: "POST", path: "/v1/events", body: `"` + strings.Repeat("x", 20<<20) + `"`, status: 413, code: "body_too_large"},
		{name: "a batch of a million", method: "POST", path: "/v1/events", body: huge, status: 413, code: "too_many_events"},
		{name: "an encoding we do not take", method: "POST", path: "/v1/events", body: "{}", headers: []string{"Content-Encoding", "br"}, status: 415, code: "unsupported_encoding"},
		{name: "gzip that is not", method: "POST", path: "/v1/events", body: "{}", headers: []string{"Content-Encoding", "gzip"}, status: 422, code: "body_unreadable"},
		{name: "a media type we do not take", method: "POST", path: "/v1/events", body: "<a/>", headers: []string{"Content-Type", "application/xml"}, status: 415, code: "unsupported_media_type"},
		{name: "a wrong type", method: "POST", path: "/v1/check", body: `{"account":5,"feature":"speakers"}`, status: 422, code: "invalid"},
		{name: "an unknown field", method: "POST", path: "/v1/check", body: `{"acount":"acme","feature":"speakers"}`, status: 422, code: "unknown_field"},
		{name: "NaN", method: "POST", path: "/v1/check", body: `{"account":"acme","feature":"speakers","quantity":NaN}`, status: 400, code: "malformed_json"},
		{name: "a huge quantity", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"exports","quantity":1e400}`, headers: []string{"Idempotency-Key", "a"}, status: 422, code: "quantity_invalid"},
		{name: "no feature", method: "POST", path: "/v1/check", body: `{"account":"acme"}`, status: 422, code: "feature_missing"},
		{name: "consume of no feature", method: "POST", path: "/v1/consume", body: `{"account":"acme"}`, headers: []string{"Idempotency-Key", "d"}, status: 422, code: "feature_missing"},
		{name: "a negative quantity", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"exports","quantity":-1}`, headers: []string{"Idempotency-Key", "b"}, status: 422, code: "quantity_invalid"},
		{name: "consume without a key", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"exports"}`, status: 422, code: "idempotency_key_missing"},
		{name: "consume of what events feed", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"speakers"}`, headers: []string{"Idempotency-Key", "c"}, status: 409, code: "meter_fed_by_events"},
		{name: "no account", method: "POST", path: "/v1/check", body: `{"feature":"speakers"}`, status: 422, code: "account_missing"},
		{name: "a plan nobody sells", method: "PUT", path: "/v1/accounts/acme/subscription", body: `{"plan":"platinum"}`, status: 422, code: "unknown_plan"},
		{name: "an account that is its own parent", method: "PUT", path: "/v1/accounts/acme", body: `{"parent":"acme"}`, status: 422, code: "own_parent"},
		{name: "an account nobody named", method: "GET", path: "/v1/accounts/nobody", status: 404, code: "account_not_found"},
		{name: "a catalog that is not YAML", method: "PUT", path: "/v1/catalog", body: "plans: [", status: 422, code: "catalog_invalid"},
		{name: "a catalog that contradicts itself", method: "PUT", path: "/v1/catalog", body: "version: 1\ncurrency: USD\nplans:\n  a: {title: A, above: b, family: f, price: {month: \"1\"}}\n  b: {title: B, above: a, family: f, price: {month: \"2\"}}\n", status: 422, code: "catalog_invalid"},
		{name: "another catalog than the one named", method: "PUT", path: "/v1/catalog", body: apiCatalog, headers: []string{"If-Match", `"c-0000000000000000"`}, status: 412, code: "catalog_changed"},
		{name: "no key", method: "GET", path: "/v1/accounts", headers: []string{"Authorization", ""}, status: 401, code: "key_missing"},
		{name: "an unknown key", method: "GET", path: "/v1/accounts", headers: []string{"Authorization", "Bearer hr_sk_wrong"}, status: 401, code: ""},
		{name: "a catalog without a plan that accounts are on", method: "PUT", path: "/v1/catalog", body: "version: 1\ncurrency: USD\nplans:\n  other: {title: Other, price: {month: \"1\"}}\n", status: 409, code: "plan_in_use"},
		{name: "a decision for nobody", method: "POST", path: "/v1/decide", body: `{"account":"acme","placement":"speakers.add"}`, status: 422, code: "user_missing"},
		{name: "a method there is not", method: "GET", path: "/v1/check", status: 405, code: "method_unknown"},
		{name: "an unknown route", method: "GET", path: "/v1/nothing", status: 404, code: "route_unknown"},
		{name: "a position of another log", method: "POST", path: "/v1/check", body: `{"account":"acme","feature":"speakers"}`, headers: []string{"Headroom-Position", "abc-1"}, status: 422, code: "position_unknown"},
		{name: "a clock that is not a test clock", method: "POST", path: "/v1/clock/advance", body: `{"by":"1d"}`, status: 409, code: "no_test_clock"},
		{name: "a month that is none", method: "GET", path: "/v1/revenue/movements?from=2026-13", status: 422, code: "month_invalid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := *c
			c.t = t
			status, p := c.send(tc.method, tc.path, tc.body, tc.headers...)
			if status != tc.status || tc.code != "" && p["code"] != tc.code {
				t.Fatalf("answered %d %v, want %d %s", status, p, tc.status, tc.code)
			}
			if p["detail"] == "" || p["title"] == "" {
				t.Fatalf("the problem does not say what is wrong: %v", p)
			}
		})
	}
	t.Run("bad events of a batch come back and good ones go in", func(t *testing.T) {
		now := time.Now().UTC()
		batch := strings.Join([]string{
			fmt.Sprintf(good, "ok-1"),
			`{"specversion":"1.0","id":"x","source":"app","subject":"acme"}`,
			`{"specversion":"1.0","id":"x","source":"app","type":"speaker.added"}`,
			fmt.Sprintf(`{"specversion":"1.0","id":"x","source":"app","type":"speaker.added","subject":"acme","time":"%s"}`, now.AddDate(0, -2, 0).Format(time.RFC3339)),
			fmt.Sprintf(`{"specversion":"1.0","id":"x","source":"app","type":"speaker.added","subject":"acme","time":"%s"}`, now.AddDate(0, 0, 5).Format(time.RFC3339)),
			`{"specversion":"1.0","id":"x","source":"app","type":"speaker.added","subject":"acme","data":{"n":1e400}}`,
			"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"app\",\"type\":\"speaker.added\",\"subject\":\"\xff\xfe\"}",
			`17`,
			`{"specversion":"1.0","source":"app","type":"speaker.added","subject":"new-account"}`,
			fmt.Sprintf(good, "ok-2"),
		}, ",")
		var got ingested
		resp, err := http.NewRequest("POST", c.base+"/v1/events", bytes.NewReader([]byte("["+batch+"]")))
		if err != nil {
			t.Fatal(err)
		}
		resp.Header.Set("Authorization", "Bearer "+c.key)
		answer, err := http.DefaultClient.Do(resp)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || answer.StatusCode != 202 {
			t.Fatal(answer.StatusCode, err)
		}
		var codes []string
		for _, r := range got.Rejected {
			codes = append(codes, fmt.Sprint(r.Index, " ", r.Code))
		}
		want := "[1 missing_type 2 missing_subject 3 time_too_old 4 time_in_future 5 number_out_of_range 6 not_utf8 7 not_an_object]"
		if got.Accepted != 3 || fmt.Sprint(codes) != want {
			t.Fatalf("accepted %d, rejected %v, want 3 and %s", got.Accepted, codes, want)
		}
		if after := c.check("acme", "speakers", got.Position); *after.Usage != 2 {
			t.Fatalf("the good events count %v", *after.Usage)
		}
		var account struct{ Unknown bool }
		c.must("GET", "/v1/accounts/new-account", nil, &account, "Headroom-Position", got.Position)
		if !account.Unknown {
			t.Fatal("an account first named by an event is not flagged")
		}
	})
}
