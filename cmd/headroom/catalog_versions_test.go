package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
)

// catalogState is what an applied catalog leaves behind.
func (c *company) activeCatalog() string {
	c.t.Helper()
	var text []byte
	c.must("GET", "/v1/catalog", nil, &text)
	return string(text)
}

type versionLine struct {
	Version, Author, Note string
	Active                bool
}

func TestVersionsOfTheCatalogAreKeptAndComeBack(t *testing.T) {
	c := newCompany(t, "")
	first := c.activeCatalog()
	dearer := strings.Replace(first, `month: "149"`, `month: "159"`, 1)
	if dearer == first {
		t.Fatal("the sample has no such price")
	}
	var applied struct{ Version, Previous string }
	c.must("PUT", "/v1/catalog?"+url.Values{"author": {"ada"}, "note": {"A higher price for Pro"}}.Encode(), []byte(dearer), &applied)

	versions := func() []versionLine {
		var list struct{ Items []versionLine }
		c.must("GET", "/v1/catalog/versions", nil, &list)
		return list.Items
	}
	if v := versions(); len(v) != 2 || v[0] != (versionLine{applied.Version, "ada", "A higher price for Pro", true}) || v[1].Version != applied.Previous || v[1].Active {
		t.Fatalf("versions are %+v", v)
	}
	var old []byte
	c.must("GET", "/v1/catalog?version="+applied.Previous, nil, &old)
	if string(old) != first {
		t.Error("the text of the first version is not what was applied")
	}

	t.Run("a roll-back of another version than is active is refused", func(t *testing.T) {
		status, p := c.send("POST", "/v1/catalog/rollback", `{"version":"`+applied.Previous+`"}`, "If-Match", `"c-0000000000000000"`)
		if status != http.StatusPreconditionFailed || p["code"] != "catalog_changed" {
			t.Fatalf("answered %d %v", status, p)
		}
	})
	t.Run("a version that never was is not found", func(t *testing.T) {
		if status, p := c.send("POST", "/v1/catalog/rollback", `{"version":"c-0000000000000000"}`); status != http.StatusNotFound || p["code"] != "catalog_not_found" {
			t.Fatalf("answered %d %v", status, p)
		}
	})
	t.Run("a dry run says what would change and changes nothing", func(t *testing.T) {
		status, p := c.send("POST", "/v1/catalog/rollback?dry_run=true", `{"version":"`+applied.Previous+`"}`)
		if changes, _ := p["changes"].([]any); status != http.StatusOK || len(changes) != 1 || c.activeCatalog() != dearer {
			t.Fatalf("answered %d %v", status, p)
		}
	})
	t.Run("a roll-back makes the old text active, with its reason", func(t *testing.T) {
		status, p := c.send("POST", "/v1/catalog/rollback", `{"version":"`+applied.Previous+`","note":"Too dear","author":"bea"}`, "If-Match", `"`+applied.Version+`"`)
		if status != http.StatusOK || p["version"] != applied.Previous || c.activeCatalog() != first {
			t.Fatalf("answered %d %v", status, p)
		}
		if v := versions(); len(v) != 3 || v[0].Version != applied.Previous || !v[0].Active || v[1].Active || v[2].Active || v[0].Note != "Too dear" || v[0].Author != "bea" {
			t.Fatalf("versions are %+v", v)
		}
	})
	t.Run("a roll-back to a catalog without a plan that accounts are on is refused", func(t *testing.T) {
		with := first + "" // the same, with one plan more
		with = strings.Replace(with, "\nplans:\n", "\nplans:\n  tiny: {title: Tiny, price: {month: \"9\"}}\n", 1)
		c.must("PUT", "/v1/catalog", []byte(with), nil)
		c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "tiny", "interval": "month"}, nil, "Idempotency-Key", "tiny-1")
		c.must("GET", "/v1/accounts?limit=1", nil, nil)
		status, p := c.send("POST", "/v1/catalog/rollback", `{"version":"`+applied.Previous+`"}`)
		if status != http.StatusConflict || p["code"] != "plan_in_use" || c.activeCatalog() != with {
			t.Fatalf("answered %d %v", status, p)
		}
	})
}

func TestTheCatalogIsReadAsDocumentsAndEditedByPath(t *testing.T) {
	c := newCompany(t, "")
	before := c.activeCatalog()
	var d struct {
		Version string
		Plans   []map[string]any
	}
	c.must("GET", "/v1/catalog/definitions", nil, &d)
	if len(d.Plans) == 0 || d.Plans[0]["key"] == nil || !strings.HasPrefix(d.Version, "c-") {
		t.Fatalf("definitions are %+v", d)
	}
	var edited struct {
		Text, Version string
		Changes       []struct{ Path, To string }
		Findings      []struct{ Severity, Code string }
	}
	c.must("POST", "/v1/catalog/edit", map[string]any{"base": d.Version, "edits": []any{map[string]any{"path": "plans.pro.price.month", "value": "159"}}}, &edited)
	if len(edited.Changes) != 1 || edited.Changes[0].Path != "plans.pro.price.month" || edited.Changes[0].To != "159.00 USD" {
		t.Fatalf("changes are %+v", edited.Changes)
	}
	if c.activeCatalog() != before {
		t.Fatal("an edit was applied")
	}
	t.Run("an edit of the edited text", func(t *testing.T) {
		text := edited.Text
		c.must("POST", "/v1/catalog/edit", map[string]any{"text": text, "edits": []any{map[string]any{"path": "plans.pro.title", "value": "Professional"}}}, &edited)
		if len(edited.Changes) != 2 {
			t.Fatalf("changes are %+v", edited.Changes)
		}
		c.must("PUT", "/v1/catalog", []byte(edited.Text), nil)
	})
	t.Run("an edit that makes it invalid comes back with what is wrong", func(t *testing.T) {
		c.must("POST", "/v1/catalog/edit", map[string]any{"edits": []any{map[string]any{"path": "plans.pro.above", "value": "nothing"}}}, &edited)
		if len(edited.Findings) == 0 || edited.Findings[0].Code != "unknown_reference" {
			t.Fatalf("findings are %+v", edited.Findings)
		}
	})
	for _, tc := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"for another version", `{"base":"c-0000000000000000","edits":[]}`, 412, "catalog_changed"},
		{"without a value", `{"edits":[{"path":"plans.pro.title"}]}`, 422, "edit_invalid"},
		{"of nothing", `{"edits":[{"path":"plans.none","remove":true}]}`, 422, "edit_path_unknown"},
	} {
		t.Run("an edit "+tc.name+" is refused", func(t *testing.T) {
			if status, p := c.send("POST", "/v1/catalog/edit", tc.body); status != tc.status || p["code"] != tc.code {
				t.Fatalf("answered %d %v", status, p)
			}
		})
	}
}

func TestACatalogThatWouldHurtAccountsIsRefusedAndItsImpactTold(t *testing.T) {
	c := newCompany(t, "")
	before := c.activeCatalog()
	swap := func(from, to string) string {
		t.Helper()
		next := strings.Replace(before, from, to, 1)
		if next == before {
			t.Fatalf("the sample has no %q", from)
		}
		return next
	}
	c.must("PUT", "/v1/accounts/acme", map[string]any{"name": "Acme"}, nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro", "interval": "month"}, nil, "Idempotency-Key", "acme-1")
	c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 3}, nil, "Idempotency-Key", "use-1")
	lower := regexp.MustCompile(`exports: [^,}]*`).FindAllString(before, -1)
	t.Log(lower)
	var dry struct {
		Impact struct {
			Accounts int
			Plans    []struct {
				Plan     string
				Accounts int
				Changes  []string
			}
			Squeezed []struct {
				Account, Feature string
			}
			AtRisk struct {
				Accounts int
				Amount   struct{ Amount string }
				Why      []string
			} `json:"at_risk"`
		}
	}
	t.Run("a lower price puts renewal money at risk", func(t *testing.T) {
		c.must("PUT", "/v1/catalog?dry_run=true", []byte(swap(`month: "149"`, `month: "129"`)), &dry)
		if r := dry.Impact.AtRisk; r.Accounts != 1 || r.Amount.Amount != "240.00" || len(r.Why) != 1 {
			t.Fatalf("at risk: %+v", r)
		}
	})
	t.Run("a catalog without a plan that is in use is refused, and nothing changes", func(t *testing.T) {
		status, p := c.send("PUT", "/v1/catalog", "version: 1\ncurrency: USD\nplans:\n  other: {title: Other, price: {month: \"1\"}}\n")
		if status != http.StatusConflict || p["code"] != "plan_in_use" || !strings.Contains(p["detail"].(string), "1 account") || c.activeCatalog() != before {
			t.Fatalf("answered %d %v", status, p)
		}
	})
	t.Run("a limit below usage", func(t *testing.T) {
		next := swap(proExports(t, before), "exports: 2")
		c.must("PUT", "/v1/catalog?dry_run=true", []byte(next), &dry)
		if s := dry.Impact.Squeezed; len(s) != 1 || s[0].Account != "acme" || s[0].Feature != "exports" || dry.Impact.Accounts != 1 {
			t.Fatalf("impact: %+v", dry.Impact)
		}
		status, p := c.send("PUT", "/v1/catalog", next)
		if status != http.StatusConflict || p["code"] != "limit_below_usage" || c.activeCatalog() != before {
			t.Fatalf("answered %d %v", status, p)
		}
		if status, p := c.send("PUT", "/v1/catalog?accept=anything", next); status != http.StatusUnprocessableEntity || c.activeCatalog() != before {
			t.Fatalf("answered %d %v", status, p)
		}
		if status, p := c.send("PUT", "/v1/catalog?accept=limit_below_usage", next); status != http.StatusOK || c.activeCatalog() != next {
			t.Fatalf("answered %d %v", status, p)
		}
	})
}

// proExports returns what the sample's plan pro gives of exports, as it is written.
func proExports(t *testing.T, text string) string {
	t.Helper()
	at := strings.Index(text, "\n  pro:")
	words := regexp.MustCompile(`exports: (\{[^}]*\}|[^,}\n]*)`).FindString(text[max(at, 0):])
	if at < 0 || words == "" {
		t.Fatal("the sample gives no exports in pro")
	}
	return words
}

func TestLintOfTheServerLooksAtWhatAccountsUse(t *testing.T) {
	c := newCompany(t, "")
	for i := range 11 {
		key := fmt.Sprintf("acme-%d", i)
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "starter", "interval": "month"}, nil, "Idempotency-Key", key)
		c.must("POST", "/v1/consume", map[string]any{"account": key, "feature": "exports", "quantity": 5}, nil, "Idempotency-Key", "use-"+key)
	}
	var dry struct{ Version string } // a dry run waits for what was done before it
	c.must("PUT", "/v1/catalog?dry_run=true", []byte(strings.Replace(c.activeCatalog(), `month: "149"`, `month: "150"`, 1)), &dry)
	var lint struct {
		Version  string
		Findings []struct{ Severity, Code, Path string }
	}
	c.must("GET", "/v1/catalog/lint", nil, &lint)
	var codes []string
	for _, f := range lint.Findings {
		codes = append(codes, f.Code+" "+f.Path)
	}
	if !slices.Contains(codes, "always_at_limit plans.starter.entitlements.exports") || lint.Version == "" {
		t.Fatalf("found %q", codes)
	}
}

func TestLintOfTheServerKnowsThatUsageOfARollingLimitPasses(t *testing.T) {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(`
version: 1
currency: USD
meters: {calls: {event: api.call}, mails: {event: mail.sent}}
features: {calls: {title: Calls, meter: calls}, mails: {title: Mails, meter: mails}}
plans: {basic: {price: {month: "10"}, entitlements: {calls: {limit: 5, per: rolling 24h}, mails: {limit: 5, per: hour}}}}
`), nil)
	var in ingested
	for i := range 12 {
		key := fmt.Sprint("a", i)
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "basic"}, nil)
		var batch []string
		for j := range 5 {
			batch = append(batch, fmt.Sprintf(`{"specversion":"1.0","id":"%s-%d","source":"s","type":"api.call","subject":"%s","time":"2026-01-01T00:00:00Z"}`, key, j, key))
		}
		c.must("POST", "/v1/events", json.RawMessage("["+strings.Join(batch, ",")+"]"), &in)
	}
	for _, day := range []string{"0d", "3d"} {
		if day != "0d" {
			c.must("POST", "/v1/clock/advance", map[string]any{"by": day}, nil)
		}
		var lint struct{ Findings []struct{ Code, Path string } }
		c.must("GET", "/v1/catalog/lint", nil, &lint, "Headroom-Position", in.Position)
		var got []string
		for _, f := range lint.Findings {
			if rule := catalog.RuleOf(f.Code); rule != nil && rule.Data {
				got = append(got, f.Code+" "+f.Path)
			}
		}
		if !slices.Equal(got, []string{"silent_event meters.mails.event"}) {
			t.Errorf("after %s: %q", day, got)
		}
	}
}
