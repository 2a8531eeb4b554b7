package main

import (
	"fmt"
	"net/http"
	"testing"
)

// What a correction says that names the wrong account, or what cannot be counted.

func TestACorrectionForAnAccountThatIsMistypedMakesNone(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/catalog", []byte(voidCatalog), nil)
	c.must("POST", "/v1/events", []byte(ce("a", "speaker.added", "acme", "{}")), nil, "Content-Type", "application/cloudevents+json")
	unknown := func(when string) {
		t.Helper()
		for i := range 40 { // some of them are in the partition of acme
			typo := fmt.Sprint("acme", i)
			body := fmt.Sprintf(`{"account":%q,"source":"app","id":"a"}`, typo)
			if status, p := c.send("POST", "/v1/events/void", body); status != http.StatusNotFound || p["code"] != "event_unknown" {
				t.Errorf("%s, void for %s: answered %d %v", when, typo, status, p)
			}
			if status, p := c.send("POST", "/v1/events/replace", ce("a", "speaker.added", typo, "{}")); status != http.StatusNotFound || p["code"] != "event_unknown" {
				t.Errorf("%s, replace for %s: answered %d %v", when, typo, status, p)
			}
			if status, _ := c.send("GET", "/v1/accounts/"+typo, ""); status != http.StatusNotFound {
				t.Errorf("%s, %s: answered %d", when, typo, status)
			}
		}
	}
	unknown("while the event counts")
	c.must("POST", "/v1/events/void", map[string]any{"account": "acme", "source": "app", "id": "a"}, nil)
	unknown("after it was voided")
}

func TestAReplacementThatCannotBeCountedSaysSo(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/catalog", []byte(voidCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	c.must("POST", "/v1/events", []byte(ce("a", "email.sent", "acme", `{"count":3}`)), nil, "Content-Type", "application/cloudevents+json")
	var got struct {
		Replaced bool
		Meters   []struct {
			Meter string
			By    float64
		}
		Uncorrected []struct{ Meter, Why string }
	}
	c.must("POST", "/v1/events/replace", []byte(ce("a", "email.sent", "acme", `{"count":"three"}`)), &got, "Content-Type", "application/cloudevents+json")
	want := `{true [{emails -3}] [{emails the replacement counts nothing here: property count is "three", not a number}]}`
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	c.uses("acme", map[string]float64{"emails": 0, "mails": 1})
}

func TestARepetitionInPlaceOfAnEventChangesNothing(t *testing.T) {
	c := newCompany(t, "2026-03-10T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(`
version: 1
currency: USD
meters:
  disk:  {event: disk.measured, aggregate: latest, property: gb}
  users: {event: disk.measured, aggregate: unique, property: user}
features: {disk: {meter: disk}, users: {meter: users}}
plans: {starter: {price: {month: "49"}, entitlements: {disk: 10, users: 10}}}
`), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	measured := func(id, user, gb string) []byte {
		return []byte(`{"specversion":"1.0","source":"app","type":"disk.measured","subject":"acme","time":"2026-03-10T08:00:00Z","id":"` + id +
			`","data":{"user":"` + user + `","gb":` + gb + `}}`)
	}
	for _, e := range [][]byte{measured("a", "ada", "1"), measured("b", "bob", "2"), measured("c", "ada", "3")} {
		c.must("POST", "/v1/events", e, nil, "Content-Type", "application/cloudevents+json")
	}
	c.uses("acme", map[string]float64{"disk": 3, "users": 2})
	replace := func(e []byte, uses map[string]float64) {
		t.Helper()
		c.must("POST", "/v1/events/replace", e, nil, "Content-Type", "application/cloudevents+json")
		c.uses("acme", uses)
	}
	replace(measured("a", "ada", "1"), map[string]float64{"disk": 3, "users": 2})
	replace(measured("b", "ada", "2.0"), map[string]float64{"disk": 3, "users": 1})
	replace(measured("a", "cy", "4"), map[string]float64{"disk": 4, "users": 2})
	c.must("POST", "/v1/events/void", map[string]any{"account": "acme", "source": "app", "id": "a"}, nil)
	c.uses("acme", map[string]float64{"disk": 3, "users": 1})
}
