package main

import (
	"fmt"
	"strings"
	"testing"
)

// subscriptionCatalog sells things each interval and once, lets some be tried, and undone
// within two days.
const subscriptionCatalog = `
version: 1
currency: USD
currencies: [EUR]
billing: {undo: 2d}
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  exports:  {fed_by: consume}
features:
  speakers:   {title: Speakers, kind: metered, meter: speakers}
  exports:    {title: Exports, kind: metered, meter: exports}
  recordings: {title: Recordings, kind: boolean, trial: {length: 7d, extend: 7d, extensions: 1}}
plans:
  free:    {title: Free, price: {month: {USD: "0", EUR: "0"}}, reverse: pro, entitlements: {speakers: 2}}
  starter: {title: Starter, above: free, price: {month: {USD: "49", EUR: "45"}}, entitlements: {speakers: 10, exports: {limit: 4, per: month}}}
  pro:
    title: Pro
    above: starter
    version: 2
    price: {month: {USD: "149", EUR: "139"}}
    trial: {length: 14d, then: free, extend: 7d, extensions: 1}
    entitlements: {speakers: 50, exports: {limit: 20, per: month}, recordings: true}
    earlier: {1: {price: {month: {USD: "99", EUR: "95"}}, entitlements: {speakers: 40}}}
  nonprofit: {title: Nonprofit, price: {month: {USD: "9", EUR: "9"}}, eligible: "account.traits.segment == 'nonprofit'"}
  soon:      {title: Soon, price: {month: {USD: "1", EUR: "1"}}, ready: not_ready}
addons:
  sponsors: {title: Sponsor tiers, price: {month: {USD: "79", EUR: "75"}}, needs: [pro], trial: 10d, entitlements: {speakers: 20}}
  exports5: {title: Five exports, kind: top_up, price: {once: {USD: "9", EUR: "8"}}, expires: 365d, entitlements: {exports: 5}}
`

// bought is what the tests look at of a subscription.
type bought struct {
	Plan        string
	PlanVersion int `json:"plan_version"`
	Status      string
	Currency    string
	MRR         struct{ Amount string }
	Now         *struct{ Amount string }
	Lines       []struct {
		Title  string
		Amount struct{ Amount string }
	}
	Dropped []struct{ Addon, Reason string }
	Carried []struct{ Key string }
	Undo    *struct {
		Until string
		Now   struct{ Amount string }
	}
	Token    string
	Position string
}

func sells(t *testing.T) *company {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(subscriptionCatalog), nil)
	return c
}

func (c *company) changes(account string, change map[string]any) bought {
	c.t.Helper()
	var out bought
	c.must("PUT", "/v1/accounts/"+account+"/subscription", change, &out)
	return out
}

// refuses makes a call that must be refused with a code, a sentence and a mend.
func (c *company) refuses(method, path, body string, status int, code string, headers ...string) {
	c.t.Helper()
	got, problem := c.send(method, path, body, headers...)
	if got != status || problem["code"] != code || problem["detail"] == "" {
		c.t.Errorf("%s %s %s: %d %v, want %d %s", method, path, body, got, problem, status, code)
	}
}

func TestAnUpgradeIsShownMadeAndTakenBackToTheCent(t *testing.T) {
	c := sells(t)
	c.changes("nova", map[string]any{"plan": "starter"})
	c.must("POST", "/v1/clock/advance", map[string]any{"to": "2026-01-16T12:00:00Z"}, nil)
	var shown bought
	c.must("POST", "/v1/subscriptions/preview", map[string]any{"account": "nova", "plan": "pro", "once": []map[string]any{{"key": "exports5", "quantity": 2}}}, &shown)
	if shown.Now.Amount != "68.00" || len(shown.Lines) != 3 {
		t.Fatalf("shown %+v", shown)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "1h"}, nil) // the amount shown stands
	c.refuses("PUT", "/v1/accounts/nova/subscription", `{"plan":"free","token":"`+shown.Token+`"}`, 412, "token_mismatch")
	made := c.changes("nova", map[string]any{"token": shown.Token})
	if made.Plan != "pro" || made.PlanVersion != 2 || made.Now.Amount != "68.00" || made.MRR.Amount != "149.00" || made.Undo == nil || made.Undo.Now.Amount != "-68.00" {
		t.Fatalf("made %+v, undo %+v", made, made.Undo)
	}
	if got := c.check("nova", "recordings", made.Position); !got.Allowed {
		t.Fatal("what was bought cannot be used")
	}
	c.refuses("PUT", "/v1/accounts/nova/subscription", `{"token":"`+shown.Token+`"}`, 412, "token_outdated")

	var undo bought
	c.must("POST", "/v1/subscriptions/preview", map[string]any{"account": "nova", "undo": true}, &undo)
	if undo.Now.Amount != "-68.00" || len(undo.Lines) != 3 {
		t.Fatalf("undoing would give back %+v", undo)
	}
	c.refuses("PUT", "/v1/accounts/nova/subscription", `{"token":"`+undo.Token+`"}`, 412, "token_invalid")
	var back bought
	c.must("POST", "/v1/accounts/nova/subscription/undo", map[string]any{"token": undo.Token}, &back)
	if back.Plan != "starter" || back.Now.Amount != "-68.00" || back.MRR.Amount != "49.00" || back.Undo != nil {
		t.Fatalf("undone: %+v", back)
	}
	if got := c.check("nova", "recordings", back.Position); got.Allowed {
		t.Error("what was undone can still be used")
	}
	c.refuses("POST", "/v1/accounts/nova/subscription/undo", `{}`, 409, "nothing_to_undo")
	c.refuses("POST", "/v1/accounts/nova/subscription/undo", `{"token":"`+undo.Token+`"}`, 412, "token_outdated")

	var ledger struct {
		Items []struct{ Movement, Source string }
	}
	c.must("GET", "/v1/revenue/ledger?account=nova", nil, &ledger, "Headroom-Position", back.Position)
	var words []string
	for _, l := range ledger.Items {
		words = append(words, l.Movement+" by "+l.Source)
	}
	if got := strings.Join(words, ", "); got != "new by subscription, expansion by subscription, undo by undo" && got != "undo by undo, expansion by subscription, new by subscription" {
		t.Errorf("the ledger is %s", got)
	}

	c.changes("nova", map[string]any{"plan": "pro"})
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "3d"}, nil)
	c.refuses("POST", "/v1/accounts/nova/subscription/undo", ``, 409, "nothing_to_undo")
}

func TestTrialsOverHTTP(t *testing.T) {
	c := sells(t)
	c.changes("nova", map[string]any{"plan": "starter"})
	var got struct {
		Trial struct {
			ID, State string
			EndsAt    string `json:"ends_at"`
		}
		Entitlements []struct {
			Feature string
			Allowed bool
		}
		Position string
	}
	c.must("POST", "/v1/accounts/nova/trials", map[string]any{"feature": "recordings", "length": "3d"}, &got)
	if got.Trial.ID != "feature:recordings" || got.Trial.State != "running" || got.Trial.EndsAt != "2026-01-04T00:00:00Z" || !c.check("nova", "recordings", got.Position).Allowed {
		t.Fatalf("%+v", got)
	}
	c.must("POST", "/v1/accounts/nova/trials/feature:recordings/extend", nil, &got)
	if got.Trial.EndsAt != "2026-01-11T00:00:00Z" {
		t.Errorf("extended: %+v", got.Trial)
	}
	c.refuses("POST", "/v1/accounts/nova/trials/feature:recordings/extend", ``, 409, "trial_extensions_used")
	c.must("POST", "/v1/clock/advance", map[string]any{"to": "2026-01-11T00:00:00Z"}, nil)
	if c.check("nova", "recordings", "").Allowed {
		t.Error("after its end the feature can be used")
	}
	c.refuses("POST", "/v1/accounts/nova/trials", `{"feature":"recordings"}`, 409, "trial_used")

	free := c.changes("fern", map[string]any{"plan": "free"})
	if free.Plan != "pro" || free.Status != "trialing" {
		t.Fatalf("who takes the free plan tries pro first: %+v", free)
	}
	c.must("DELETE", "/v1/accounts/fern/trials/plan:pro", nil, &got)
	if got.Trial.State != "ended" {
		t.Errorf("ended early: %+v", got.Trial)
	}
	var list struct{ Items []struct{ ID, State string } }
	c.must("GET", "/v1/accounts/fern/trials", nil, &list)
	var now bought
	c.must("GET", "/v1/accounts/fern/subscription", nil, &now)
	if len(list.Items) != 1 || list.Items[0].State != "ended" || now.Plan != "free" || now.Status != "active" {
		t.Errorf("%+v, on %+v", list, now)
	}
	for _, bad := range []struct {
		body   string
		status int
		code   string
	}{
		{`{}`, 422, "trial_of_one"},
		{`{"feature":"recordings","length":"eternity"}`, 422, "trial_length_invalid"},
		{`{"feature":"recordings","length":"8d"}`, 422, "trial_length_invalid"},
		{`{"plan":"pro"}`, 409, "trial_used"},
		{`{"plan":"starter"}`, 409, "trial_not_offered"},
		{`{"addon":"moon"}`, 422, "unknown_addon"},
	} {
		c.refuses("POST", "/v1/accounts/fern/trials", bad.body, bad.status, bad.code)
	}
	c.refuses("DELETE", "/v1/accounts/fern/trials/plan:moon", ``, 404, "trial_unknown")
	c.refuses("GET", "/v1/accounts/nobody/trials", ``, 404, "account_not_found")
}

func TestWhatCannotBeSoldIsRefusedInWordsAndChangesNothing(t *testing.T) {
	c := sells(t)
	before := c.changes("nova", map[string]any{"plan": "pro", "plan_version": 1, "currency": "EUR", "addons": []map[string]any{{"key": "sponsors"}}})
	if before.MRR.Amount != "170.00" || before.Currency != "EUR" {
		t.Fatalf("%+v", before)
	}
	for _, bad := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"plan":"nonprofit"}`, 409, "not_eligible"},
		{`{"plan":"soon"}`, 409, "not_ready"},
		{`{"plan":"moon"}`, 422, "unknown_plan"},
		{`{"plan_version":9}`, 422, "plan_version_unknown"},
		{`{"currency":"USD"}`, 422, "currency_mismatch"},
		{`{"currency":"GBP"}`, 422, "currency_mismatch"},
		{`{"quantity":-1}`, 422, "quantity_invalid"},
		{`{"quantity":0}`, 422, "quantity_invalid"},
		{`{"addons":[{"key":"sponsors","quantity":0}]}`, 422, "quantity_invalid"},
		{`{"once":[{"key":"exports5","quantity":0}]}`, 422, "quantity_invalid"},
		{`{"quantity":1000001}`, 422, "quantity_invalid"},
		{`{"once":[{"key":"exports5","quantity":-2}]}`, 422, "quantity_invalid"},
		{`{"once":[{"key":"sponsors"}]}`, 422, "addon_not_once"},
		{`{"addons":[{"key":"exports5"}]}`, 422, "addon_once"},
		{`{"plan":"starter","addons":[{"key":"sponsors"}]}`, 409, "addon_needs"},
		{`{"undo":true,"plan":"pro"}`, 422, "undo_alone"},
		{`{"token":"made up"}`, 412, "token_invalid"},
	} {
		c.refuses("PUT", "/v1/accounts/nova/subscription", bad.body, bad.status, bad.code, "Idempotency-Key", bad.body)
	}
	c.refuses("PUT", "/v1/accounts/nova/subscription", `{"once":[{"key":"exports5"}]}`, 422, "idempotency_key_missing") // sent again it would cost again
	var after bought
	c.must("GET", "/v1/accounts/nova/subscription", nil, &after)
	if after.Plan != "pro" || after.PlanVersion != 1 || after.MRR != before.MRR {
		t.Errorf("it was %+v and is %+v", before, after)
	}
	c.must("PUT", "/v1/accounts/nova", map[string]any{"traits": map[string]any{"segment": "nonprofit"}}, nil)
	switched := c.changes("nova", map[string]any{"plan": "nonprofit"})
	if fmt.Sprint(switched.Dropped) != "[{sponsors needs pro}]" || switched.MRR.Amount != "9.00" {
		t.Errorf("switched: %+v", switched)
	}
}

func TestNoAccountIsAboveItself(t *testing.T) {
	c := sells(t)
	for child, parent := range map[string]string{"berlin": "germany", "germany": "europe"} {
		c.must("PUT", "/v1/accounts/"+child, map[string]any{"parent": parent}, nil)
	}
	status, p := c.send("PUT", "/v1/accounts/europe", `{"parent":"berlin"}`)
	if status != 422 || p["code"] != "parent_circle" || !strings.Contains(fmt.Sprint(p["detail"]), "europe → berlin → germany → europe") || p["mend"] == nil {
		t.Errorf("a circle: %d %v", status, p)
	}
	if status, p := c.send("PUT", "/v1/accounts/europe", `{"parent":"europe"}`); status != 422 || p["code"] != "own_parent" || p["mend"] == nil {
		t.Errorf("its own parent: %d %v", status, p)
	}
	c.must("PUT", "/v1/accounts/germany", map[string]any{"parent": nil}, nil)
	c.must("PUT", "/v1/accounts/europe", map[string]any{"parent": "berlin"}, nil)
}

func TestACurrencyThatAccountsPayInStays(t *testing.T) {
	c := sells(t)
	c.changes("nova", map[string]any{"plan": "pro", "currency": "EUR"})
	c.changes("orion", map[string]any{"plan": "pro"})
	only := strings.NewReplacer("currencies: [EUR]\n", "", `, EUR: "0"`, "", `, EUR: "45"`, "", `, EUR: "139"`, "", `, EUR: "95"`, "", `, EUR: "9"`, "",
		`, EUR: "1"`, "", `, EUR: "75"`, "", `, EUR: "8"`, "").Replace(subscriptionCatalog)
	status, p := c.send("PUT", "/v1/catalog", only)
	if status != 409 || p["code"] != "currency_in_use" || !strings.Contains(fmt.Sprint(p["detail"]), "nova") || strings.Contains(fmt.Sprint(p["detail"]), "orion") {
		t.Fatalf("without euros: %d %v", status, p)
	}
	c.must("DELETE", "/v1/accounts/nova/subscription", nil, nil)
	c.must("PUT", "/v1/catalog", []byte(only), nil)
}
