package catalog_test

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
)

func TestTheDocumentHoldsTheTextAsJSONInItsOrder(t *testing.T) {
	text := catalog.Bundle(map[string][]byte{
		"a.yaml": []byte("version: 1\ncurrency: USD\nplans:\n  pro:\n    price: {month: 149, year: \"1490.00\"}\n    entitlements: {talks: 10, mails: {limit: 1000, per: month, overage: {unit: 1000, price: 2}}}\n  basic: {title: Basic, price: {month: \"49\"}}\n"),
		"b.yaml": []byte("features:\n  talks: {kind: metered, meter: talks}\n  mails: {kind: metered, meter: mails}\nmeters:\n  talks: {event: talk}\n  mails: {event: mail}\nplans:\n  top: {title: \"Ünique\"}\nrouting:\n  - to: self_service\n"),
	})
	c, findings := catalog.Parse("", text)
	if c == nil {
		t.Fatal(findings)
	}
	want := `{"version":"` + c.Version + `","currency":"USD",` +
		`"meters":[{"key":"talks","event":"talk"},{"key":"mails","event":"mail"}],` +
		`"features":[{"key":"talks","kind":"metered","meter":"talks"},{"key":"mails","kind":"metered","meter":"mails"}],` +
		`"plans":[{"key":"pro","price":{"month":"149","year":"1490.00"},"entitlements":{"talks":10,"mails":{"limit":1000,"per":"month","overage":{"unit":1000,"price":"2"}}}},` +
		`{"key":"basic","title":"Basic","price":{"month":"49"}},{"key":"top","title":"Ünique"}],` +
		`"addons":[],"bundles":[],"profiles":[],"placements":[],"signals":[],"offers":[],"launches":[],"value":[],"milestones":[],"referrals":[],"surveys":[],"experiments":[],"routing":[{"to":"self_service"}]}`
	if got := string(c.Document()); got != want {
		t.Errorf("got\n%s\nwant\n%s", strings.ReplaceAll(got, ",\"", ",\n\""), strings.ReplaceAll(want, ",\"", ",\n\""))
	}
}

func TestADocumentOfNoCatalogHasNoDefinitions(t *testing.T) {
	if got := string((&catalog.Catalog{}).Document()); !strings.Contains(got, `"plans":[]`) {
		t.Error(got)
	}
}

func TestADocumentSaysWhatABundleComesTo(t *testing.T) {
	c, findings := catalog.Parse("", []byte(`version: 1
currency: USD
currencies: [EUR]
meters:
  talks: {fed_by: consume}
features:
  talks: {meter: talks}
  films: {kind: boolean}
plans:
  pro: {price: {month: {USD: "10", EUR: "9"}}, entitlements: {talks: 1}}
addons:
  more:  {price: {month: {USD: "20", EUR: "18"}}, entitlements: {talks: 5}}
  films: {price: {month: {USD: "10", EUR: "9"}}, entitlements: {films: true}}
bundles:
  both: {includes: {more: 2, films: 1}, discount: 10%}
`))
	if c == nil {
		t.Fatal(findings)
	}
	const want = `"costs":["45.00 USD a month","40.50 EUR a month"],"gives":{"films":"included","talks":"10"}`
	if got := string(c.Document()); !strings.Contains(got, want) {
		t.Errorf("got %s\nwant in it %s", got, want)
	}
}
