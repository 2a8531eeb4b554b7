package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
)

const valued = `version: 1
currency: USD
meters: {exports: {fed_by: consume}, guests: {event: guest, aggregate: unique, property: id}, odd-one: {event: odd}}
features: {exports: {kind: metered, meter: exports}, guests: {kind: metered, meter: guests}}
plans: {pro: {title: Pro, price: {month: "149"}, entitlements: {exports: 10, guests: {limit: 5, per: day}}}}
`

func TestValueMetricsAreReadAsWritten(t *testing.T) {
	c, findings := catalog.Parse("c.yaml", []byte(valued+`value:
  reach: {title: Reach, unit: guests, formula: guests * 2}
  hours:
    title: Hours saved
    unit: hours
    formula: "exports * 0.5"
    worth: "40"
    per: month
    assumptions: [Half an hour for each export, A week has forty hours]
    band: 5% to 20%
    main: true
`))
	if c == nil || catalog.HasErrors(findings) {
		t.Fatal(findings)
	}
	all := c.ValueMetrics()
	if len(all) != 2 || all[0].Key != "hours" || all[1].Key != "reach" {
		t.Fatalf("%+v, want the main metric first", all)
	}
	if m := all[0]; m.Worth != 40_00 || *m.Band != (catalog.Band{Low: 5, High: 20}) || len(m.Assumptions) != 2 || m.Formula.Source != "exports * 0.5" {
		t.Errorf("%+v", m)
	}
	if got := strings.Join(c.ValueMeters(), " "); got != "exports guests" {
		t.Errorf("meters %q", got)
	}
	var kept []string
	for _, w := range c.Meters["guests"].Windows() {
		kept = append(kept, string(w.Per))
	}
	if fmt.Sprint(kept) != "[month day]" {
		t.Errorf("guests are kept by %v, want months too: value is told by the month", kept)
	}
	changes := catalog.Diff(nil, c)
	var words []string
	for _, ch := range changes {
		words = append(words, ch.Words)
	}
	if all := strings.Join(words, "\n"); !strings.Contains(all, "value metric hours is added: exports * 0.5") {
		t.Errorf("the diff says\n%s", all)
	}
	if d := string(c.Document()); !strings.Contains(d, `"worth":"40"`) {
		t.Error(d)
	}
}

func TestAMetricAloneIsTheMainOne(t *testing.T) {
	c, findings := catalog.Parse("", []byte(valued+"value: {hours: {formula: exports}}\n"))
	if c == nil || !c.Value["hours"].Main || c.Value["hours"].Title != "hours" {
		t.Fatal(findings)
	}
}

func TestMistakesInValueMetricsAreNamedWhereTheyStand(t *testing.T) {
	for _, c := range []struct {
		name, given string
		then        string // code path @line:column
	}{
		{"no formula", "value: {x: {title: X}}", "missing value.x @6:9"},
		{"a meter misspelt", `value: {x: {formula: "2 * exprots"}}`, "invalid_formula value.x.formula @6:27"},
		{"a formula that is a comparison", "value: {x: {formula: exports > 2}}", "invalid_formula value.x.formula @6:22"},
		{"a formula without a meter", `value: {x: {formula: "40"}}`, "invalid_formula value.x.formula @6:22"},
		{"a meter whose name is no name", "value: {x: {formula: odd-one}}", "invalid_formula value.x.formula @6:22"},
		{"a formula that is a list", "value: {x: {formula: [exports]}}", "wrong_type value.x.formula @6:22"},
		{"a worth below nothing", `value: {x: {formula: exports, worth: "-1"}}`, "negative_price value.x.worth @6:38"},
		{"a worth finer than cents", `value: {x: {formula: exports, worth: "0.001"}}`, "invalid_price value.x.worth @6:38"},
		{"another period", "value: {x: {formula: exports, per: year}}", "invalid_value value.x.per @6:36"},
		{"a band upside down", `value: {x: {formula: exports, worth: "1", band: 20% to 5%}}`, "out_of_range value.x.band @6:49"},
		{"a band in one number", `value: {x: {formula: exports, worth: "1", band: 20%}}`, "invalid_percent value.x.band @6:49"},
		{"a band without a worth", "value: {x: {formula: exports, band: 5% to 20%}}", "missing value.x @6:9"},
		{"two main ones", "value: {x: {formula: exports, main: true}, y: {formula: exports, main: true}}", "contradiction value.y.main @6:72"},
		{"a key nobody knows", "value: {x: {formula: exports, wroth: 4}}", "unknown_key value.x.wroth @6:31"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cat, findings := catalog.Parse("c.yaml", []byte(valued+c.given+"\n"))
			if cat != nil || len(findings) == 0 {
				t.Fatal("it was taken")
			}
			f := findings[0]
			if got := fmt.Sprintf("%s %s @%d:%d", f.Code, f.Path, f.Line, f.Column); got != c.then || f.Mend == "" {
				t.Errorf("%s: %s (%s), want %s", got, f.Message, f.Mend, c.then)
			}
		})
	}
}
