package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// valueSold has a value metric, a launch of an add-on, one of a feature, and an offer of each.
const valueSold = apiCatalog + `
value:
  hours: {title: Hours saved, unit: hours, formula: "speakers * 2", worth: "10", band: 10% to 50%,
          assumptions: [Two hours of mails for each speaker], main: true}
addons:
  films: {title: Films, price: {month: "20"}, entitlements: {recordings: true}, complements: [starter]}
launches:
  films: {title: Films, addon: films, on: 2026-01-10, case: Every talk sells twice}
  cuts:  {title: Recordings, feature: recordings, on: 2027-01-01, for: "account.traits.segment == 'startup'"}
`

// withFilms is the catalog above with an offer of the add-on.
var withFilms = strings.Replace(valueSold, "\nrouting:", "\n  films_for_all: {on: [wants_recordings], give: {addon: films}, at: [films.page], kind: ambient, content: {title: Films, body: Films, action: Buy}}\nrouting:", 1)

type valued struct {
	Metrics []struct{ Key, Formula, Band string }
	Items   []struct {
		Metric, From, To, State string
		Quantity                float64
		Worth, Price            struct{ Amount string }
		Share                   *string
		Open                    bool
	}
}

func TestWhatAnAccountGainsIsToldByTheMonthAndNeverChanged(t *testing.T) {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(withFilms), nil)
	c.must("PUT", "/v1/accounts/acme", map[string]any{"name": "Acme"}, nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	at := c.added("acme", 6)
	var got valued
	c.must("GET", "/v1/accounts/acme/value", nil, &got, "Headroom-Position", at)
	if len(got.Items) != 1 || !got.Items[0].Open || got.Items[0].Quantity != 12 || got.Items[0].Worth.Amount != "120.00" || got.Metrics[0].Formula != "speakers * 2" {
		t.Fatalf("the open month: %+v", got)
	}
	var moved struct{ Position string }
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "40d"}, nil)
	c.must("PUT", "/v1/accounts/acme", map[string]any{"domain": "acme.example"}, &moved) // whose checkpoint has the lines
	got = valued{}
	c.must("GET", "/v1/accounts/acme/value", nil, &got, "Headroom-Position", moved.Position)
	if len(got.Items) != 2 || got.Items[1].Open || got.Items[1].To != "2026-02-01T00:00:00Z" || *got.Items[1].Share != "0.4083" || got.Items[1].State != "in_band" ||
		got.Items[1].Price.Amount != "49.00" {
		t.Fatalf("after a month: %+v", got.Items)
	}

	var roi struct {
		Title        string
		Numbers      []struct{ Label, Value string }
		Assumptions  []string
		Gained, Paid struct{ Amount string }
		Ratio        *string
		Period       struct{ From, To string }
		Incomplete   bool
	}
	c.must("GET", "/v1/accounts/acme/roi", nil, &roi)
	if roi.Title != "What Acme gained" || roi.Gained.Amount != "120.00" || roi.Paid.Amount != "49.00" || *roi.Ratio != "2.45" || roi.Incomplete ||
		roi.Period.From != "2026-01-01T00:00:00Z" || roi.Period.To != "2026-02-01T00:00:00Z" {
		t.Errorf("the statement: %+v", roi)
	}
	if numbers := fmt.Sprint(roi.Numbers); numbers != "[{Hours saved 12 hours} {Hours saved, worth 120.00 USD} {Price 49.00 USD} {Gained for each USD paid 2.45}]" {
		t.Errorf("numbers %s", numbers)
	}
	if words := strings.Join(roi.Assumptions, " "); !strings.Contains(words, "Two hours of mails for each speaker") || !strings.Contains(words, "Hours saved: 10.00 USD for each of the hours.") {
		t.Errorf("assumptions %q", roi.Assumptions)
	}
	c.must("GET", "/v1/accounts/acme/roi?offer=films_for_all", nil, &roi)
	if roi.Title != "Films for Acme" || roi.Paid.Amount != "69.00" || *roi.Ratio != "1.74" || !strings.Contains(fmt.Sprint(roi.Numbers), "{More a month 20.00 USD} {Pays for itself from 2.0 hours more a month}") {
		t.Errorf("the case for the offer: %+v", roi)
	}

	// Without speakers there is nothing to pay for: above the band.
	var batch []string
	for i := range 6 {
		batch = append(batch, fmt.Sprintf(`{"specversion":"1.0","id":"gone-%d","source":"setup","type":"speaker.removed","subject":"acme"}`, i))
	}
	c.must("POST", "/v1/events", json.RawMessage("["+strings.Join(batch, ",")+"]"), nil)
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "30d"}, nil)
	c.must("PUT", "/v1/accounts/acme", map[string]any{"domain": "acme.example"}, &moved) // whose checkpoint has the lines
	var out struct {
		Items []struct {
			Account, State string
			Name           string `json:"account_name"`
			Share          *string
		}
	}
	c.must("GET", "/v1/packaging/value", nil, &out, "Headroom-Position", moved.Position)
	if len(out.Items) != 1 || out.Items[0].Account != "acme" || out.Items[0].Name != "Acme" || out.Items[0].State != "above" || out.Items[0].Share != nil {
		t.Errorf("out of band: %+v", out.Items)
	}
	c.restart()
	var again valued
	c.must("GET", "/v1/accounts/acme/value", nil, &again)
	if len(again.Items) != 3 || *again.Items[2].Share != "0.4083" {
		t.Errorf("after a restart: %+v", again.Items)
	}
}

func TestWhatIsOutOfItsBandIsToldWhileItCanBeMended(t *testing.T) {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(withFilms), nil)
	for _, key := range []string{"stays", "leaves"} {
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "40d"}, nil)
	var moved struct{ Position string }
	for _, key := range []string{"stays", "leaves"} {
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"domain": "acme.example"}, &moved) // whose checkpoint has the lines
	}
	out := func(query string) (accounts []string) {
		var l struct{ Items []struct{ Account string } }
		c.must("GET", "/v1/packaging/value"+query, nil, &l, "Headroom-Position", moved.Position)
		for _, x := range l.Items {
			accounts = append(accounts, x.Account)
		}
		slices.Sort(accounts)
		return accounts
	}
	if got := out(""); !slices.Equal(got, []string{"leaves", "stays"}) {
		t.Fatalf("paying for nothing: %q", got)
	}
	c.must("DELETE", "/v1/accounts/leaves/subscription?effective=now", nil, nil)
	c.must("PUT", "/v1/accounts/leaves", map[string]any{"domain": "gone.example"}, &moved)
	if got := out(""); !slices.Equal(got, []string{"stays"}) {
		t.Errorf("when one has left: %q", got)
	}
	at, end := strings.Index(withFilms, "\nvalue:"), strings.Index(withFilms, "\naddons:")
	c.must("PUT", "/v1/catalog", []byte(withFilms[:at]+withFilms[end:]), nil)
	if got := out(""); got != nil {
		t.Errorf("when the metric is gone: %q", got)
	}
	if got := out("?all=true"); !slices.Equal(got, []string{"leaves", "stays"}) {
		t.Errorf("the ledger: %q", got)
	}
}

func TestQuestionsAboutValueThatCannotBeAnswered(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme", map[string]any{"name": "Acme"}, nil)
	for _, x := range []struct {
		name, path string
		status     int
		code       string
	}{
		{"an account nobody knows", "/v1/accounts/nobody/value", 404, "account_not_found"},
		{"a catalog without value", "/v1/accounts/acme/roi", 409, "no_value_metric"},
		{"an offer nobody knows", "/v1/accounts/acme/roi?offer=gold", 404, "offer_not_found"},
		{"a launch nobody knows", "/v1/launches/gold", 404, "launch_not_found"},
		{"the demand for a feature nobody knows", "/v1/features/gold/demand", 404, "unknown_feature"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if status, p := c.send("GET", x.path, ""); status != x.status || p["code"] != x.code {
				t.Errorf("%d %v: %v", status, p["code"], p["detail"])
			}
		})
	}
	c.must("PUT", "/v1/catalog", []byte(valueSold), nil)
	if status, p := c.send("GET", "/v1/accounts/acme/roi?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", ""); status != 422 || p["code"] != "period_invalid" {
		t.Errorf("a period upside down: %d %v", status, p)
	}
}

func TestTheDemandForAFeatureAndHowItsLaunchGoes(t *testing.T) {
	c := newCompany(t, "2026-01-05T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(withFilms), nil)
	var at struct{ Position string }
	for i, plan := range []string{"starter", "starter", "pro", "scale"} {
		key := fmt.Sprintf("a%d", i)
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"name": strings.ToUpper(key), "traits": map[string]any{"segment": []string{"startup", "team"}[i%2]}}, nil)
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": plan}, &at)
	}
	for range 2 { // twice in a minute by the same person is once
		c.must("POST", "/v1/check", map[string]any{"account": "a1", "feature": "recordings", "user": "u1"}, nil)
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "2h"}, nil)
	c.must("POST", "/v1/check", map[string]any{"account": "a1", "feature": "recordings", "user": "u1"}, &at)

	var d struct {
		Kind      string
		Content   struct{ Benefit string }
		Plans     []struct{ Plan, Words string }
		Has       int
		LockedOut int                     `json:"locked_out"`
		LockedMRR struct{ Amount string } `json:"locked_mrr"`
		Touched   []struct {
			Account, Name, Plan string
			MRR                 struct{ Amount string }
			Touches             int
		}
		Unlock  []struct{ Plan, Addon, Price, Gives string }
		Offers  []string
		Signals []string
	}
	c.must("GET", "/v1/features/recordings/demand", nil, &d, "Headroom-Position", at.Position)
	if d.Kind != "boolean" || d.Content.Benefit == "" || d.Has != 2 || d.LockedOut != 2 || d.LockedMRR.Amount != "98.00" {
		t.Errorf("demand %+v", d)
	}
	if len(d.Touched) != 1 || d.Touched[0].Account != "a1" || d.Touched[0].Name != "A1" || d.Touched[0].Touches != 2 || d.Touched[0].MRR.Amount != "49.00" {
		t.Errorf("touched %+v", d.Touched)
	}
	if fmt.Sprint(d.Plans) != "[{starter not included} {pro included} {scale included}]" || len(d.Unlock) != 3 || d.Unlock[2].Addon != "films" ||
		fmt.Sprint(d.Offers) != "[films_for_all pro_for_speakers scale_for_emails]" || fmt.Sprint(d.Signals) != "[wants_recordings]" {
		t.Errorf("around it: %+v %+v %v %v", d.Plans, d.Unlock, d.Offers, d.Signals)
	}

	// One of those that lack it buys the add-on after its launch, through the offer.
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "10d"}, nil)
	var decided struct {
		ID     string `json:"decision_id"`
		Status string
		Reason string
	}
	c.must("POST", "/v1/check", map[string]any{"account": "a1", "feature": "recordings", "user": "u2"}, nil)
	c.must("POST", "/v1/check", map[string]any{"account": "a1", "feature": "recordings", "user": "u3"}, nil)
	c.must("POST", "/v1/decide", map[string]any{"account": "a1", "user": "u1", "role": "admin", "placement": "films.page"}, &decided)
	if decided.Status != "show" {
		t.Fatalf("decided %+v", decided)
	}
	var quote struct{ Token string }
	c.must("POST", "/v1/subscriptions/preview", map[string]any{"account": "a1", "decision_id": decided.ID}, &quote)
	var accepted struct{ Position string }
	c.must("POST", "/v1/decisions/"+decided.ID+"/outcomes", map[string]any{"type": "accepted", "token": quote.Token}, &accepted, "Idempotency-Key", "buy-1")

	type line struct {
		Key, State    string
		Asked         int
		Eligible, Has int
		Used          *int
		Revenue       struct {
			MRR     *struct{ Amount string }
			Offered []struct{ Amount string }
			Words   []string
		}
	}
	var list struct{ Items []line }
	c.must("GET", "/v1/launches", nil, &list, "Headroom-Position", accepted.Position)
	if len(list.Items) != 2 || list.Items[0].Key != "cuts" || list.Items[0].State != "planned" || list.Items[0].Eligible != 1 || list.Items[0].Revenue.MRR != nil {
		t.Fatalf("launches %+v", list.Items)
	}
	if l := list.Items[1]; l.State != "live" || l.Asked != 1 || l.Has != 1 || l.Eligible != 3 || l.Revenue.MRR.Amount != "20.00" ||
		len(l.Revenue.Offered) != 1 || l.Revenue.Offered[0].Amount != "20.00" || len(l.Revenue.Words) != 2 {
		t.Errorf("the launch of films %+v", l)
	}
	var detail struct {
		line
		Case string
		For  []struct {
			Account string
			Case    []string
		}
	}
	c.must("GET", "/v1/launches/films", nil, &detail)
	if len(detail.For) != 3 || detail.For[0].Account != "a3" || detail.For[2].Account != "a0" ||
		strings.Join(detail.For[2].Case, " ") != "It goes well with Starter, which they have. Every talk sells twice" {
		t.Errorf("for whom: %+v", detail.For)
	}
}
